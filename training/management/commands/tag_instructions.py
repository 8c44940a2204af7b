"""`manage.py tag_instructions`: what models and numbers say of instructions, filled into their columns."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.columns import Columns, Row
from training.commands import StageCommand, positive
from training.exceptions import BadSource
from training.instructions import checks, columns_with, has_id
from training.manifests import Manifest
from training.shares import Share
from training.sources import Check, Source, open_source
from training.stages import Layout
from training.tagging.choosing import add_mission_arguments, missions_of
from training.tagging.merging import merged_plan, merger
from training.tagging.missions import INVALID, Mission, folder_of, layout_of, plan_of


class Command(StageCommand):
    help = "Tag instructions: quality, difficulty, category, safety, reward, language, near-duplicates."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "input", type=Path, help="a folder of magpie_generate, a .parquet or .jsonl file, or a folder of such"
        )
        super().add_arguments(parser)
        add_mission_arguments(parser, positive)

    def run(self, options: dict[str, Any]) -> None:
        missions = missions_of(options)
        source = open_source(options["input"], skip_bad=options["skip_bad"], per_piece=options["rows_per_shard"])
        if not source.input.rows:
            raise BadSource(f"{source.path} has no rows.")
        columns = columns_with(source.columns())
        source = replace(source, check=check_of(columns, missions))
        for mission in missions:
            self._run_mission(mission, source, options)
        self._merge(missions, source, columns, options)

    def _run_mission(self, mission: Mission, source: Source, options: dict[str, Any]) -> None:
        folder = folder_of(options["output"], mission)
        share = Share.of(options["shard"], options["num_shards"])
        manifest = self.go(
            plan_of(source, mission, options["seed"]),
            layout_of(options["output"], mission, options["format"]),
            lambda wanted: mission.make(source, wanted, folder, share),
            options,
        )
        if manifest and is_all_invalid(manifest, mission.name):
            self.stderr.write(
                f"{mission.name}: of the {manifest.rows:,} rows none was tagged: no reply of {mission.model} was what "
                f"was asked for. The replies are in {folder / INVALID}. Another model, or --max-tokens, may help."
            )

    def _merge(self, missions: list[Mission], source: Source, columns: Columns, options: dict[str, Any]) -> None:
        merge = merger(source, missions, options["output"], columns)
        self.go(
            merged_plan(source, missions, options["seed"]),
            Layout(options["output"], columns, form=options["format"]),
            lambda wanted: ((piece.number, merge(piece)) for piece in source.each(wanted.__contains__)),
            options,
        )


def check_of(columns: Columns, missions: list[Mission]) -> Check:
    """What a row needs for all of these missions."""
    fits = checks(columns, *dict.fromkeys(name for mission in missions for name in mission.requires))
    is_to_be_named = any(mission.name == "neighbours" for mission in missions)

    def check(row: Row) -> str | None:
        return fits(row) or (has_id(row) if is_to_be_named else None)

    return check


def is_all_invalid(manifest: Manifest, name: str) -> bool:
    """Whether a mission got no answer that can be read."""
    missed = manifest.counts.get(f"{name}_invalid", 0) + manifest.counts.get(f"{name}_failed", 0)
    return 0 < manifest.rows == missed
