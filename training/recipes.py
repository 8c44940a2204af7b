"""All that one training run needs to know, as a file: written by the launcher, read by the worker. No Django.

Figures are the study's, from its public configurations, unless a field says otherwise.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from training.disk import write_json
from training.exceptions import BadRecipe, DoesNotDivide

FORMAT = 1
DTYPES = ("bf16", "fp32")
ATTENTIONS = ("flash_attention_2", "sdpa", "eager")
SHARDINGS = ("none", "full", "hybrid")
ALL_LINEAR = "all-linear"
STOPPED = 75
"""The exit code of a worker that was told to stop and saved what it had: start it again (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter instead of full training. The study trained none: rank, alpha and dropout are chosen here."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: str | tuple[str, ...] = ALL_LINEAR
    """Names of modules, or `all-linear` for every linear layer but the head."""

    def __post_init__(self) -> None:
        _require(_is_whole(self.rank, 1), "lora.rank must be a whole number from 1", self.rank)
        _require(_is_number(self.alpha, 0), "lora.alpha must be a number from 0", self.alpha)
        _require(_is_number(self.dropout, 0) and self.dropout < 1, "lora.dropout must be from 0 to 1", self.dropout)
        _require(bool(self.targets), "lora.targets must name modules", self.targets)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run. Lengths are in tokens, sequences are packed rows of the prepared data."""

    name: str
    base: str
    """A folder, or an id of the hub."""
    base_revision: str = ""
    data: str
    """The folder that `prepare_sft` made."""
    data_sha256: str = ""
    """The SHA-256 of its manifest.json when the run was launched; empty where it was not there yet."""
    output: str
    sequence_length: int = 8192
    epochs: float = 4
    sequences_per_step: int = 256
    """Of all devices together, gradients accumulated."""
    sequences_per_device: int = 2
    """Of one device at once."""
    learning_rate: float = 1e-5
    betas: tuple[float, float] = (0.9, 0.95)
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    max_grad_norm: float = 1.0
    """Unknown in the study; 1 is the default of transformers, which its trainer uses."""
    warmup: float = 0.1
    """As a share of all steps."""
    scheduler: str = "cosine_with_min_lr"
    min_lr_rate: float = 0.33
    neftune: float = 5
    """The alpha of the noise on embeddings; 0 for none."""
    dtype: str = "bf16"
    gradient_checkpointing: bool = True
    attention: str = "flash_attention_2"
    liger: bool = True
    seed: int = 33
    evaluations_per_epoch: int = 4
    """Each is followed by a checkpoint."""
    max_steps: int = 0
    """0 trains for `epochs`."""
    lora: Lora | None = None
    sharding: str = "none"
    factors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("name", "base", "data", "output", "scheduler"):
            value = getattr(self, name)
            _require(isinstance(value, str) and bool(value.strip()), f"{name} must be a text", value)
        for name in ("sequence_length", "sequences_per_step", "sequences_per_device", "evaluations_per_epoch"):
            _require(_is_whole(getattr(self, name), 1), f"{name} must be a whole number from 1", getattr(self, name))
        for name in ("max_steps", "seed"):
            _require(_is_whole(getattr(self, name), 0), f"{name} must be a whole number from 0", getattr(self, name))
        for name in ("weight_decay", "neftune", "max_grad_norm"):
            _require(_is_number(getattr(self, name), 0), f"{name} must be a number from 0", getattr(self, name))
        for name in ("epochs", "learning_rate", "epsilon"):
            value = getattr(self, name)
            _require(_is_number(value, 0) and value > 0, f"{name} must be a number above 0", value)
        for name in ("warmup", "min_lr_rate"):
            value = getattr(self, name)
            _require(_is_number(value, 0) and value <= 1, f"{name} must be from 0 to 1", value)
        _require(_are_betas(self.betas), "betas must be two numbers from 0 to below 1", self.betas)
        for name, known in (("dtype", DTYPES), ("attention", ATTENTIONS), ("sharding", SHARDINGS)):
            value = getattr(self, name)
            _require(value in known, f"{name} must be {' or '.join(known)}", value)

    def as_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Raises BadRecipe for a key that is unknown or missing, and for a value that cannot be."""
        given = {key: each for key, each in value.items() if key != "format"}
        known = {each.name for each in fields(cls)}
        _require(value.get("format") == FORMAT, f"format must be {FORMAT}", value.get("format"))
        if unknown := sorted(given.keys() - known):
            raise BadRecipe(f"A recipe has no {', '.join(unknown)}. It has {', '.join(sorted(known))}.")
        try:
            given["betas"] = tuple(given.get("betas", cls.betas))
            if given.get("lora") is not None:
                given["lora"] = _lora(given["lora"])
            return cls(**given)
        except TypeError as error:
            raise BadRecipe(f"The recipe cannot be read: {error}.") from error


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Raises CannotWrite."""
    write_json(path, recipe.as_json())


def read_recipe(path: Path) -> Recipe:
    """Raises BadRecipe, which names the file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise BadRecipe("It is no JSON object.")
        return Recipe.from_json(value)
    except (OSError, ValueError) as error:
        raise BadRecipe(f"{path} cannot be read: {error}.") from error
    except BadRecipe as error:
        raise BadRecipe(f"{path}: {error}") from error


def accumulation(sequences_per_step: int, sequences_per_device: int, devices: int, what: str = "GPUs") -> int:
    """Of how many backward passes a step consists. Raises DoesNotDivide, with the arithmetic and what would divide."""
    at_once = devices * sequences_per_device
    steps, rest = divmod(sequences_per_step, at_once)
    if steps and not rest:
        return steps
    steps = max(steps, 1)
    shares = sequences_per_step / sequences_per_device
    counts = [each for each in range(1, int(shares) + 1) if shares % each == 0]
    near = [*[each for each in counts if each < devices][-1:], *[each for each in counts if each > devices][:1]]
    smaller = [each for each in range(1, sequences_per_device) if sequences_per_step % (devices * each) == 0]
    ways = [f"{_either(near)} {what}"] if near else []
    ways.append(f"--sequences-per-step {_either([steps * at_once, (steps + 1) * at_once])}")
    ways += [f"--per-device {smaller[-1]}"] if smaller else []
    raise DoesNotDivide(
        f"{sequences_per_step} sequences a step over {devices} {what} × {sequences_per_device} a device: "
        f"{sequences_per_step} / {at_once} = {sequences_per_step / at_once:.2f} is no whole number of passes. "
        f"Take {', or '.join(ways)}."
    )


def _either(numbers: Sequence[int]) -> str:
    return " or ".join(str(number) for number in numbers)


def _lora(value: Any) -> Lora:
    if not isinstance(value, Mapping):
        raise TypeError(f"lora is {value!r}")
    targets = value.get("targets", ALL_LINEAR)
    return Lora(**{**value, "targets": targets if isinstance(targets, str) else tuple(targets)})


def _require(is_fine: bool, rule: str, value: Any) -> None:
    if not is_fine:
        raise BadRecipe(f"{rule}, and {value!r} is not.")


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value < float("inf")


def _are_betas(value: Any) -> bool:
    return len(value) == 2 and all(_is_number(each, 0) and each < 1 for each in value)
