"""The grid of the study: all of its variants, and the released models that some of its cells equal.

Source: Sainz et al., EMNLP 2025 (arXiv 2506.07597), its public configurations and data cards. A name is
`exp_{backbone}_{corpus_eu}{instructions_eu}{instructions_en}`; a digit 1 means that the part is in the mix. No Django.
"""

import re
from dataclasses import dataclass

from training.exceptions import UnknownVariant

PARTS = ("corpus_eu", "instructions_eu", "instructions_en")
SIZES = ("8B", "70B")
_NAME = re.compile(r"exp_([0-2])_([01])([01])([01])")
_INSTRUCTIONS = {(False, False): "none", (False, True): "en", (True, False): "eu", (True, True): "eu+en"}


@dataclass(frozen=True, slots=True)
class Backbone:
    """A model that training starts from."""

    digit: int
    name: str
    hub_id: str
    is_instruct: bool


@dataclass(frozen=True, slots=True)
class Setup:
    """On what a size was trained, and how its parameters were spread."""

    nodes: int
    gpus_per_node: int
    sharding: str
    sequences_per_step: int
    sequences_per_device: int = 2


SETUPS = {
    "8B": Setup(nodes=32, gpus_per_node=4, sharding="hybrid", sequences_per_step=256),
    "70B": Setup(nodes=64, gpus_per_node=4, sharding="full", sequences_per_step=512),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One cell of the grid: a backbone, and what is in the mix."""

    name: str
    size: str
    backbone: Backbone
    corpus_eu: bool
    instructions_eu: bool
    instructions_en: bool
    seed: int = 33

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the mix, in the order of the name's digits."""
        return tuple(part for part in PARTS if getattr(self, part))

    @property
    def mix(self) -> str:
        """The last three digits of the name: variants of other backbones with the same mix have the same."""
        return self.name[-3:]

    @property
    def full_name(self) -> str:
        """The name, with the size where that is not the grid's 8B: no two variants share it."""
        return self.name if self.size == SIZES[0] else f"{self.name}_{self.size}"

    @property
    def setup(self) -> Setup:
        """On what the study trained it."""
        return SETUPS[self.size]

    @property
    def factors(self) -> dict[str, str]:
        """Its levels in the arena, as the rankings read them off the name of a variant at 8B."""
        return {
            "backbone": self.backbone.name,
            "corpus": "eu" if self.corpus_eu else "none",
            "instructions": _INSTRUCTIONS[self.instructions_eu, self.instructions_en],
            "instructions_en": "yes" if self.instructions_en else "no",
            "instructions_eu": "yes" if self.instructions_eu else "no",
        }


BACKBONES = {
    "8B": (
        Backbone(0, "Llama-3.1-8B", "meta-llama/Llama-3.1-8B", is_instruct=False),
        Backbone(1, "Latxa-Llama-3.1-8B", "HiTZ/Latxa-Llama-3.1-8B", is_instruct=False),
        Backbone(2, "Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", is_instruct=True),
    ),
    "70B": (Backbone(2, "Llama-3.1-70B-Instruct", "meta-llama/Llama-3.1-70B-Instruct", is_instruct=True),),
}

TRAINED = {
    "8B": (
        *("exp_0_010", "exp_0_011", "exp_0_101", "exp_0_110", "exp_0_111"),
        *("exp_1_001", "exp_1_010", "exp_1_011", "exp_1_101", "exp_1_110", "exp_1_111"),
        *("exp_2_010", "exp_2_011", "exp_2_100", "exp_2_101", "exp_2_110", "exp_2_111"),
    ),
    "70B": ("exp_2_101",),
}

#: Cells at 8B that were not trained, and the released model that each equals.
RELEASED = {
    "exp_0_000": "meta-llama/Llama-3.1-8B",
    "exp_0_001": "meta-llama/Llama-3.1-8B-Instruct",
    "exp_0_100": "HiTZ/Latxa-Llama-3.1-8B",
    "exp_1_000": "HiTZ/Latxa-Llama-3.1-8B",
    "exp_1_100": "HiTZ/Latxa-Llama-3.1-8B",
    "exp_2_000": "meta-llama/Llama-3.1-8B-Instruct",
    "exp_2_001": "meta-llama/Llama-3.1-8B-Instruct",
}

#: Seeds that are not 33.
_SEEDS = {("exp_2_010", "8B"): 42}


def _variant(name: str, size: str) -> Variant:
    digits = _NAME.fullmatch(name)
    if digits is None:
        raise ValueError(name)
    backbone = next(each for each in BACKBONES[size] if each.digit == int(digits[1]))
    corpus, basque, english = (digit == "1" for digit in digits.groups()[1:])
    return Variant(name, size, backbone, corpus, basque, english, _SEEDS.get((name, size), 33))


GRID = tuple(_variant(name, size) for size in SIZES for name in TRAINED[size])
"""The eighteen: 17 at 8B, then one at 70B."""


def variants_of(size: str) -> tuple[Variant, ...]:
    """The variants of a size, in the order of their names."""
    return tuple(variant for variant in GRID if variant.size == size)


def variant_named(name: str, size: str = "8B") -> Variant:
    """The variant of that name. Raises UnknownVariant, which says what it equals, or lists those that there are."""
    for variant in variants_of(size):
        if variant.name == name:
            return variant
    known = ", ".join(TRAINED.get(size, ()))
    if size not in TRAINED:
        raise UnknownVariant(f"No variant has the size {size!r}. Sizes are {' and '.join(SIZES)}.")
    if size == SIZES[0] and name in RELEASED:
        raise UnknownVariant(
            f"{name} equals the released model {RELEASED[name]}: there is nothing to train. To be trained at {size} "
            f"are {known}."
        )
    raise UnknownVariant(f"The grid has no variant {name!r} at {size}. It has {known}.")
