"""`filter_instructions`, from files to files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from training.columns import MAGPIE, Row
from training.filtering.presets import PRESETS
from training.filtering.rules import Rules
from training.management.commands.filter_instructions import Command, rules_of
from training.manifests import Manifest, read_manifest
from training.shards import rows_of

GOLDEN = Path(__file__).parent / "golden/filter"
ROWS = [json.loads(line) for line in (GOLDEN / "rows.jsonl").read_text().splitlines()]
pytestmark = pytest.mark.django_db


def name_of(row: Row) -> str:
    return str(row["conversation_id"] or row["uuid"])


def filtered(source: Path, folder: Path, *more: Any) -> Manifest:
    call_command("filter_instructions", source, "--output", folder, *more)
    return read_manifest(folder)


def names(manifest: Manifest, aside: str = "shards") -> list[str]:
    return [name_of(row) for row in rows_of(manifest, aside)]


def write(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_on_the_golden_rows(tmp_path: Path, preset: str) -> None:
    expected = json.loads((GOLDEN / f"{preset}.json").read_text())
    manifest = filtered(GOLDEN / "rows.jsonl", tmp_path, "--preset", preset, "--rows-per-shard", 10)
    assert names(manifest) == expected["kept"]
    rejected = {name_of(row): row["reasons"] for row in rows_of(manifest, "rejected")}
    assert rejected == expected["rejected"]
    reasons = [reason for each in expected["rejected"].values() for reason in each]
    assert manifest.counts == {
        "read": len(ROWS),
        "kept": len(expected["kept"]),
        "rejected": len(expected["rejected"]),
        "bad": 0,
        **{f"reason:{reason}": reasons.count(reason) for reason in reasons},
    }


def test_rows_leave_as_they_came(tmp_path: Path) -> None:
    manifest = filtered(GOLDEN / "rows.jsonl", tmp_path)
    first = next(rows_of(manifest))
    assert list(first) == list(MAGPIE)
    assert {name: first[name] for name in ROWS[0]} == ROWS[0]


def test_columns_of_the_public_sets(tmp_path: Path) -> None:
    """Structures, numbers that may be missing as data frames have them, and a column nobody knows."""
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    extra = {
        "gen_input_configs": {"temperature": 0.8, "seed": None},
        "conversations": turns,
        "other_task_category": ["Math", "Planning"],
        "repeat_count": float("nan"),
        "votes": 3,
    }
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([ROWS[0] | extra, ROWS[1] | extra]), path)
    rows = list(rows_of(filtered(path, tmp_path / "out")))
    assert [json.loads(row["gen_input_configs"]) for row in rows] == [extra["gen_input_configs"]] * 2
    assert rows[0]["conversations"] == turns
    assert (rows[0]["repeat_count"], rows[0]["votes"]) == (None, 3)
    assert rows[0]["other_task_category"] == ["Math", "Planning"]


def test_a_sample_is_the_same_whatever_the_shards(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", [ROWS[0] | {"instruction": f"Question {n}?"} for n in range(60)])
    whole = filtered(source, tmp_path / "a", "--sample", 20, "--seed", 5)
    small = filtered(source, tmp_path / "b", "--sample", 20, "--seed", 5, "--rows-per-shard", 7)
    for share in (1, 0):
        options = ("--sample", 20, "--seed", 5, "--rows-per-shard", 7, "--num-shards", 2, "--shard", share)
        call_command("filter_instructions", source, "--output", tmp_path / "c", *options)
    shared = read_manifest(tmp_path / "c")
    drawn = [row["instruction"] for row in rows_of(whole)]
    assert len(drawn) == 20
    assert [row["instruction"] for row in rows_of(small)] == drawn
    assert list(rows_of(shared)) == list(rows_of(small))
    assert whole.counts["unsampled"] == len(list(rows_of(whole, "unsampled"))) == 40
    other = filtered(source, tmp_path / "d", "--sample", 20, "--seed", 6)
    assert [row["instruction"] for row in rows_of(other)] != drawn


def test_a_sample_of_more_than_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = filtered(GOLDEN / "rows.jsonl", tmp_path, "--sample", 1000)
    assert "fewer than --sample 1000" in capsys.readouterr().err
    assert manifest.counts["unsampled"] == 0


def test_rules_in_the_place_of_the_presets(tmp_path: Path) -> None:
    options = ("--preset", "none", "--languages", "es", "--not-modes", "code", "--reward-above", 1)
    assert names(filtered(GOLDEN / "rows.jsonl", tmp_path, *options)) == ["c25"]


@pytest.mark.parametrize(
    "options, expected",
    [
        ([], PRESETS["hitz"]),
        (["--preset", "none"], Rules()),
        (["--preset", "magpie", "--same-word", "50", "--safe"], replace(PRESETS["magpie"], same_word=50, safe=True)),
        (["--without", "quality", "reward"], replace(PRESETS["hitz"], qualities=(), reward_above=None)),
        (["--qualities", "excellent", "--without", "quality"], replace(PRESETS["hitz"], qualities=("excellent",))),
        (["--qualities", "very poor"], replace(PRESETS["hitz"], qualities=("very poor",))),
    ],
)
def test_rules_of_options(options: list[str], expected: Rules) -> None:
    parsed = Command().create_parser("manage.py", "filter_instructions").parse_args(["in", "--output", "out", *options])
    assert rules_of(vars(parsed)) == expected


def test_a_rule_that_is_left_out(tmp_path: Path) -> None:
    options = ("--without", "colon", "neighbours", "same-word", "reward")
    kept = names(filtered(GOLDEN / "rows.jsonl", tmp_path, *options))
    assert {"c6", "c8", "c9", "c10", "c13", "u14", "c17", "c18", "c19"} <= set(kept)


@pytest.mark.parametrize(
    "lost, advice",
    [
        (["input_quality"], "'input_quality'.* --missions quality"),
        (["instruct_reward"], "'instruct_reward'.* --missions reward"),
        (
            ["repeat_count", "min_neighbor_distance", "min_similar_conversation_id", "min_similar_uuid"],
            "'repeat_count', .* --missions neighbours",
        ),
    ],
)
@pytest.mark.parametrize("empty", [True, False])
def test_what_was_never_tagged_is_named(tmp_path: Path, lost: list[str], advice: str, empty: bool) -> None:
    rows = [{name: None if name in lost else value for name, value in row.items()} for row in ROWS]
    if not empty:
        rows = [{name: value for name, value in row.items() if name not in lost} for row in rows]
    source = write(tmp_path / "rows.jsonl", rows)
    with pytest.raises(CommandError, match=advice):
        filtered(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_broken_rows(tmp_path: Path) -> None:
    broken = [
        ROWS[0],
        ROWS[0] | {"instruct_reward": "high"},
        ROWS[0] | {"instruction": None},
        ROWS[0] | {"response": "\ud800"},
        ROWS[1],
    ]
    source = write(tmp_path / "rows.jsonl", broken)
    with source.open("a") as file:
        file.write("{not json\n")
    with pytest.raises(CommandError, match=r"row 2: 'instruct_reward' is no finite number"):
        filtered(source, tmp_path / "out")
    manifest = filtered(source, tmp_path / "out", "--skip-bad")
    assert (manifest.counts["read"], manifest.counts["bad"]) == (2, 4)


def test_a_file_without_rows(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="has no rows"):
        filtered(write(tmp_path / "rows.jsonl", []), tmp_path / "out")


def test_a_filter_of_what_was_rejected(tmp_path: Path) -> None:
    """A folder of one filter can be read by another."""
    first = filtered(GOLDEN / "rows.jsonl", tmp_path / "a", "--format", "jsonl")
    again = filtered(tmp_path / "a", tmp_path / "b")
    assert names(again) == names(first)
    assert again.counts["rejected"] == 0
