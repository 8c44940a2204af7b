"""The whole grid: what of it is trained, what can be, and training the rest of it one after the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.exceptions import DoesNotDivide, TrainingError, UnknownVariant
from training.grid import Variant, variant_named, variants_of
from training.launching.building import launch_of, of_grid
from training.launching.describing import shared, table
from training.launching.hardware import Here
from training.launching.launch import Launch
from training.launching.standing import Standing, standing_of

NO_DATA = "no data yet"


@dataclass(frozen=True, slots=True)
class Entry:
    """A variant of the study, and its launch; or why it cannot be started."""

    variant: Variant
    launch: Launch | None
    state: str
    problem: str = ""

    @property
    def is_ready(self) -> bool:
        return self.launch is not None and self.state in (Standing.NEW, Standing.STARTED, NO_DATA)


def chosen(size: str, only: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of a size, all or those named. Raises UnknownVariant."""
    return tuple(variant_named(name, size) for name in dict.fromkeys(only)) if only else variants_of(size)


def data_of(root: Path, variant: Variant) -> Path:
    """`ROOT/exp_2_101`, or `ROOT/101`: the same mix serves all backbones."""
    own, mix = root / variant.full_name, root / variant.mix
    return mix if mix.is_dir() and not own.is_dir() else own


def entries(
    variants: Iterable[Variant], *, options: Mapping[str, Any], here: Here | None, project: Path
) -> list[Entry]:
    """How each of them stands. Raises DoesNotDivide, which is wrong for all of them."""
    return [_entry(variant, options, here, project) for variant in variants]


def overview(found: Sequence[Entry]) -> str:
    """A table of them, and what is wrong with those that cannot be started."""
    rows = [
        (
            entry.variant.full_name,
            entry.variant.backbone.name,
            " + ".join(entry.variant.parts),
            entry.state,
            f"{entry.launch.steps:,}" if entry.launch and entry.launch.steps is not None else "",
        )
        for entry in found
    ]
    launches = [entry.launch for entry in found if entry.launch]
    problems = [f"{entry.variant.full_name}: {entry.problem}" for entry in found if entry.problem]
    return "\n".join(
        [table(("variant", "backbone", "mix", "state", "steps"), rows), *map(shared, launches[:1]), *problems]
    )


def train_each(
    found: Sequence[Entry], train: Callable[[Launch], None], *, fail_fast: bool, say: Callable[[str], None]
) -> list[str]:
    """Train those that are ready, one after the other; a sentence for each that failed."""
    failures = []
    for entry in found:
        if not entry.is_ready or entry.launch is None:
            continue
        say(f"{entry.variant.full_name}: training")
        try:
            train(entry.launch)
        except TrainingError as error:
            failures.append(f"{entry.variant.full_name}: {error}")
            say(failures[-1])
            if fail_fast:
                break
    return failures


def _entry(variant: Variant, options: Mapping[str, Any], here: Here | None, project: Path) -> Entry:
    launch = None
    try:
        launch = launch_of(
            of_grid(variant, base=_base(variant, options)),
            data=data_of(options["data_root"], variant),
            output=options["output"] / variant.full_name,
            options=options,
            here=here,
            project=project,
        )
        standing = standing_of(launch)
        is_bare = standing is Standing.NEW and launch.rows is None
        return Entry(variant, launch, NO_DATA if is_bare else standing.value)
    except (DoesNotDivide, UnknownVariant):
        raise
    except TrainingError as error:
        return Entry(variant, launch, "not ready", str(error))


def _base(variant: Variant, options: Mapping[str, Any]) -> str:
    if options["base_root"]:
        return str((options["base_root"] / variant.backbone.name).absolute())
    return str(options["base"])
