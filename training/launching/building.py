"""From what was asked to a launch: the study's figures, what this machine or the data say, and what was given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.exceptions import BadManifest, CannotLaunch
from training.grid import SETUPS, SIZES, Setup, Variant
from training.launching.data import Prepared, check_fits, read_prepared
from training.launching.hardware import ELSEWHERE, Here, suited
from training.launching.launch import NOT_READY, Launch, Launcher, checked
from training.launching.machines import Machines, sharding_for
from training.launching.options import OVERRIDES
from training.recipes import ALL_LINEAR, Lora, Recipe

LORA_LEARNING_RATE = 1e-4
"""Chosen here: the study trained no adapters, and they want about ten times the rate of full training."""
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is trained: a variant of the grid, or one of a lab's own."""

    name: str
    base: str
    factors: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] | None = None
    """None where any mix will do."""
    setup: Setup = SETUPS[SIZES[0]]
    seed: int = 33
    note: str = ""


def of_grid(variant: Variant, *, base: str = "", factors: Mapping[str, str] | None = None) -> Subject:
    """A variant of the grid, its backbone read from `base` where that is given."""
    levels = {**variant.factors, **(factors or {})}
    where = base or variant.backbone.hub_id
    is_said = not base or "backbone" in (factors or {})
    note = "" if is_said else f"{base} is taken for a copy of {variant.backbone.name}; if not, say --factors backbone=…"
    return Subject(variant.full_name, where, levels, variant.parts, variant.setup, variant.seed, note)


def of_ones_own(name: str, *, base: str, factors: Mapping[str, str]) -> Subject:
    """A variant that is not the study's. Raises CannotLaunch."""
    if not _NAME.fullmatch(name):
        raise CannotLaunch(f"{name!r} is no name for a variant: letters, digits, '.', '_' and '-' are.")
    if not base:
        raise CannotLaunch(f"What does {name} start from? --own needs --base, a folder or an id of the hub.")
    return Subject(name, base, dict(factors))


def launch_of(
    subject: Subject, *, data: Path, output: Path, options: Mapping[str, Any], here: Here | None, project: Path
) -> Launch:
    """The launch of `subject`. `here` is this machine, or None where the run is for another.

    Raises CannotLaunch, DoesNotDivide, BadRecipe and BadManifest. In a dry run the data may be missing.
    """
    launcher = Launcher(options["launcher"])
    machines = _machines(launcher, options, here, subject.setup)
    prepared, missing = _prepared(data)
    is_here = here is not None and machines.gpus_per_node <= here.gpus
    instead = suited(here if here and is_here else ELSEWHERE, uses_gpus=machines.gpus_per_node > 0)
    given = {name: options[name] for name in OVERRIDES if options[name] is not None}
    lora = _lora(options)
    values: dict[str, Any] = {
        "sequences_per_step": subject.setup.sequences_per_step,
        "sequences_per_device": subject.setup.sequences_per_device,
        "sequence_length": (prepared.sequence_length if prepared else 0) or Recipe.sequence_length,
        "seed": subject.seed,
        **({"learning_rate": LORA_LEARNING_RATE} if lora else {}),
        **{name: value for name, (value, _) in instead.items()},
        **given,
    }
    recipe = Recipe(
        name=subject.name,
        base=_base(subject.base),
        base_revision=options.get("base_revision") or "",
        data=str(data.absolute()),
        data_sha256=prepared.sha256 if prepared else "",
        output=str(output.absolute()),
        lora=lora,
        sharding=options["sharding"] or sharding_for(machines, subject.setup.sharding),
        factors=dict(subject.factors),
        **values,
    )
    notes = [note for name, (_, note) in instead.items() if name not in given]
    launch = checked(
        Launch(
            recipe=recipe,
            machines=machines,
            launcher=launcher,
            python=str(options["python"].absolute()),
            project=project,
            resume=_resume(options["resume"]),
            rows=prepared.rows if prepared else None,
            notes=tuple(note for note in (*notes, subject.note, missing and f"{NOT_READY}{missing}") if note),
        )
    )
    if prepared:
        check_fits(prepared, name=subject.name, parts=subject.parts, sequence_length=recipe.sequence_length)
    if missing and not options["dry_run"]:
        raise missing
    if here and not is_here and not options["dry_run"]:
        raise CannotLaunch(f"--gpus-per-node {machines.gpus_per_node}: torch finds {here.gpus} GPUs on this machine.")
    return launch


def _machines(launcher: Launcher, options: Mapping[str, Any], here: Here | None, setup: Setup) -> Machines:
    nodes, gpus = options["nodes"], options["gpus_per_node"]
    if launcher is Launcher.SLURM:
        nodes, gpus = nodes or setup.nodes, setup.gpus_per_node if gpus is None else gpus
    elif gpus is None:
        found = here.gpus if here else 0
        gpus = min(found, 1) if launcher is Launcher.LOCAL else found
    return Machines(nodes or 1, gpus, options["cpu_processes"])


def _prepared(data: Path) -> tuple[Prepared | None, BadManifest | None]:
    """What is to be trained on; or what is wrong with it, to be told after what is wrong without it."""
    try:
        return read_prepared(data), None
    except BadManifest as error:
        return None, error


def _base(text: str) -> str:
    """The absolute path of a folder, or an id of the hub. Raises CannotLaunch for a path where no folder is."""
    path = Path(text).expanduser()
    if path.is_dir():
        return str(path.absolute())
    if text.startswith((".", "/", "~")) or text.count("/") > 1 or path.is_file():
        raise CannotLaunch(f"--base {text}: there is no such folder.")
    return text


def _lora(options: Mapping[str, Any]) -> Lora | None:
    if not options["lora"]:
        return None
    targets = options["lora_targets"]
    return Lora(
        rank=options["lora_rank"],
        alpha=options["lora_alpha"],
        dropout=options["lora_dropout"],
        targets=tuple(targets) if targets else ALL_LINEAR,
    )


def _resume(text: str) -> str:
    """`auto`, `never`, or a checkpoint's folder. Raises CannotLaunch."""
    if text in ("auto", "never"):
        return text
    path = Path(text).absolute()
    if not path.is_dir():
        raise CannotLaunch(f"--resume {text}: there is no such checkpoint. It is auto, never, or a folder.")
    return str(path)
