"""Launches for tests: options as the commands parse them, and folders as prepare_sft leaves them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from training.columns import Kind
from training.grid import Variant, variant_named
from training.launching.building import launch_of, of_grid
from training.launching.hardware import Here
from training.launching.launch import Launch
from training.launching.options import add_lora, add_overrides, add_places, add_slurm
from training.manifests import Plan
from training.shares import Share
from training.stages import Layout, Made, only, run_stage


def options(*argv: str) -> dict[str, Any]:
    """What the shared options are where the command line has `argv`."""
    parser = ArgumentParser()
    for add in (add_places, add_overrides, add_lora, add_slurm):
        add(parser)
    return vars(parser.parse_args([*argv, "--python", "/venv/bin/python"]))


def launch(
    *argv: str,
    variant: Variant | str = "exp_2_101",
    data: Path = Path("/data"),
    output: Path = Path("/models"),
    here: Here | None = None,
) -> Launch:
    """A launch of a variant, by default in a dry run, without data."""
    found = variant_named(variant) if isinstance(variant, str) else variant
    given = options(*argv)
    return launch_of(of_grid(found), data=data, output=output, options=given, here=here, project=Path("/lehia"))


def prepared(
    folder: Path, *, rows: int = 100, length: int = 64, parts: tuple[str, ...] = ("corpus_eu", "instructions_en")
) -> Path:
    """A finished folder of `prepare_sft`, with rows that nobody could train on."""
    plan = Plan("prepare_sft", {"parts": list(parts), "sequence_length": length}, 1)
    made = Made([{"number": number} for number in range(rows)])
    layout = Layout(folder, {"number": Kind.INTEGER})
    run_stage(plan, layout, only(lambda _number: made), share=Share(), watch=lambda *news: None)
    return folder
