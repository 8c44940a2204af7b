"""`tag_instructions`, from files to files: missions together, in several processes, and after interruptions."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.completions_server import Body, CompletionsServer
from training.columns import MAGPIE, Row
from training.manifests import MANIFEST, Manifest, read_manifest
from training.served_models import api_of
from training.shards import rows_of
from training.tagging import choosing

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
TEXTS = (
    "Nola egiten da patata-tortilla bat lau lagunentzat?",
    "¿Cómo se prepara una tortilla de patatas para cuatro?",
    "How do you make a potato omelette for four people?",
    "How do you make a potato omelette for four people?",
    "Comment prépare-t-on une omelette pour quatre personnes ?",
    "12 + 30 = ?",
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"conversation_id": f"c{n}", "uuid": f"u{n}", "instruction": text, "response": "Bai.", "model": "m", "extra": n}
        for n, text in enumerate(TEXTS * 2)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with CompletionsServer(answer) as server:
        yield server


def answer(body: Body) -> str:
    if body["model"] == "guard":
        return "unsafe\nS3" if "12 + 30" in body["messages"][0]["content"] else "safe"
    good = '"quality_explanation": "Clear.", "input_quality": "good"}'
    return "I cannot tell." if "tortilla" in body["messages"][0]["content"] else good


def tagged(source: Path, folder: Path, *more: Any) -> Manifest:
    call_command("tag_instructions", source, "--output", folder, *more)
    return read_manifest(folder)


def column(manifest: Manifest, name: str) -> list[Any]:
    return [row[name] for row in rows_of(manifest)]


def asked(server: CompletionsServer) -> tuple[str, ...]:
    return "--base-url", server.base_url, "--model", "tagger", "--safety-model", "guard"


def test_missions_together(source: Path, tmp_path: Path, server: CompletionsServer) -> None:
    missions = ("--missions", "safety", "language", "quality", "--rows-per-shard", 5)
    manifest = tagged(source, tmp_path / "out", *missions, *asked(server))
    assert column(manifest, "language") == ["eu", "es", "en", "en", "fr", None] * 2
    assert column(manifest, "input_quality") == [None, None, "good", "good", "good", "good"] * 2
    assert column(manifest, "llama_guard_2") == ["safe"] * 5 + ["unsafe\nS3"] + ["safe"] * 5 + ["unsafe\nS3"]
    assert column(manifest, "instruction") == list(TEXTS) * 2
    assert list(next(rows_of(manifest))) == [*MAGPIE, "extra"]
    assert manifest.counts == {
        "read": 12,
        "bad": 0,
        "quality": 8,
        "quality_invalid": 4,
        "quality_failed": 0,
        "safety": 12,
        "safety_unsafe": 2,
        "safety_invalid": 0,
        "safety_failed": 0,
        "language_eu": 2,
        "language_es": 2,
        "language_en": 4,
        "language_fr": 2,
        "language_unknown": 2,
    }
    assert manifest.plan["arguments"]["missions"]["quality"]["model"] == "tagger"


def test_missions_one_after_the_other(source: Path, tmp_path: Path, server: CompletionsServer) -> None:
    """The output of one is the input of another, and keeps what the first found."""
    first = tagged(source, tmp_path / "a", "--missions", "language")
    second = tagged(tmp_path / "a", tmp_path / "b", "--missions", "quality", *asked(server))
    assert column(second, "language") == column(first, "language")
    assert column(second, "input_quality").count("good") == 8


def test_neighbours_are_the_same_whatever_the_processes(source: Path, tmp_path: Path, tiny_model: Path) -> None:
    options = ("--missions", "neighbours", "--embedder", tiny_model, "--near", 1e-5)
    whole = tagged(source, tmp_path / "a", *options)
    assert column(whole, "repeat_count") == [1, 1, 3, 3, 1, 1] * 2
    assert column(whole, "min_similar_conversation_id") == ["c0", "c1", "c2", "c2", "c4", "c5"] * 2
    assert column(whole, "min_similar_uuid") == ["u0", "u1", "u2", "u2", "u4", "u5"] * 2
    for share in (2, 0, 1):
        more = ("--rows-per-shard", 2, "--num-shards", 3, "--shard", share)
        call_command("tag_instructions", source, "--output", tmp_path / "b", *options, *more)
    rows, others = list(rows_of(whole)), list(rows_of(read_manifest(tmp_path / "b")))
    distances = [[row.pop("min_neighbor_distance") for row in each] for each in (rows, others)]
    assert rows == others
    assert distances[0] == pytest.approx(distances[1], abs=2e-6)


def test_a_model_that_never_returns_json(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with CompletionsServer(lambda body: "Ez dakit, barkatu.") as server:
        manifest = tagged(source, tmp_path / "out", "--missions", "quality", "difficulty", *asked(server))
    said = capsys.readouterr().err
    assert "quality: of the 12 rows none was tagged: no reply of tagger" in said
    assert "difficulty: of the 12 rows none was tagged" in said
    assert manifest.counts["quality_invalid"] == manifest.counts["difficulty_invalid"] == 12
    replies = [row["reply"] for row in rows_of(read_manifest(tmp_path / "out/missions/quality"), "invalid")]
    assert replies == ["Ez dakit, barkatu."] * 12
    with pytest.raises(CommandError, match="no row with 'input_quality'.*--missions quality"):
        call_command("filter_instructions", tmp_path / "out", "--output", tmp_path / "filtered")


def test_a_server_that_leaves_and_comes_back(
    source: Path, tmp_path: Path, server: CompletionsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was tagged is not asked again, and the rows are those of a run that was never broken off."""
    monkeypatch.setattr(choosing, "api_of", lambda *of: replace(api_of(*of), pause=0.01))
    options = ("--missions", "language", "quality", "--rows-per-shard", 4, "--at-once", 1)
    whole = tagged(source, tmp_path / "whole", *options, *asked(server))
    with CompletionsServer(answer, leaves_after=9) as leaving, pytest.raises(CommandError):
        tagged(source, tmp_path / "broken", *options, *asked(leaving))
    assert not (tmp_path / "broken" / MANIFEST).exists()
    assert (tmp_path / "broken/missions/quality/shards/00000.json").exists()
    server.bodies.clear()
    again = tagged(source, tmp_path / "broken", *options, *asked(server))
    assert list(rows_of(again)) == list(rows_of(whole))
    assert len(server.bodies) < 16


def test_killed_and_run_again(source: Path, tmp_path: Path, server: CompletionsServer) -> None:
    options = ["--missions", "language", "quality", "--rows-per-shard", "1", "--at-once", "1", *asked(server)]
    whole = tagged(source, tmp_path / "whole", *options)
    server.seconds = 0.1
    command = [sys.executable, "manage.py", "tag_instructions", str(source), "--output", str(tmp_path / "killed")]
    apart = os.environ | {"LEHIA_VAR_DIR": str(tmp_path / "var")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, *options], cwd=ROOT, env=apart, **quiet) as process:
        record = tmp_path / "killed/missions/quality/shards/00003.json"
        deadline = time.monotonic() + 60
        while not record.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "killed" / MANIFEST).exists()
    server.seconds = 0
    again = tagged(source, tmp_path / "killed", *options)
    assert list(rows_of(again)) == list(rows_of(whole))


@pytest.mark.parametrize(
    "options, message",
    [
        (("quality",), "The mission quality asks a served model. Name it by --model"),
        (("quality", "--model", "m"), "No server is named"),
        (("safety",), "No server is named"),
        (("neighbours", "--near", "5"), "squared distances go from 0 to 4"),
    ],
)
def test_an_option_that_is_missing(source: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        tagged(source, tmp_path / "out", "--missions", *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "row, mission, reason",
    [
        ({"response": "Bai."}, "language", "'instruction' is missing"),
        ({"instruction": 3}, "language", "'instruction' is no text"),
        ({"instruction": "Kaixo?"}, "reward", "'response' is missing"),
        ({"instruction": "Kaixo?"}, "neighbours", "'conversation_id' and 'uuid' are both missing"),
        ({"instruction": "Kaixo?", "conversations": "hi"}, "language", "'conversations' is no list of turns"),
    ],
)
def test_broken_rows_are_named(source: Path, tmp_path: Path, row: Row, mission: str, reason: str) -> None:
    with source.open("a") as file:
        file.write(json.dumps(row) + "\n")
    with pytest.raises(CommandError, match=f"rows.jsonl, row 13: {reason}"):
        tagged(source, tmp_path / "out", "--missions", mission, "--embedder", "/nowhere", "--reward-model", "/nowhere")


def test_broken_rows_are_skipped_when_asked(source: Path, tmp_path: Path) -> None:
    with source.open("a") as file:
        file.write('{"instruction": null}\nrubbish\n')
    with pytest.raises(CommandError, match="row 13"):
        tagged(source, tmp_path / "out", "--missions", "language", "--rows-per-shard", 3)
    manifest = tagged(source, tmp_path / "out", "--missions", "language", "--rows-per-shard", 3, "--skip-bad")
    assert (manifest.rows, manifest.counts["bad"]) == (12, 2)


def test_a_missions_shard_that_was_changed(source: Path, tmp_path: Path) -> None:
    tagged(source, tmp_path / "out", "--missions", "language")
    shard = tmp_path / "out/missions/language/shards/00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(CommandError, match="Remove it to make the shard again"):
        tagged(source, tmp_path / "out", "--missions", "language")
