"""`magpie_generate`, from a model to rows: with transformers, with a server, killed, shared out, and refused."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.completions_server import Body, CompletionsServer, cut, status
from tests.training.tiny import make_tokenizer
from training import asking
from training.columns import MAGPIE, Row
from training.manifests import MANIFEST, read_manifest
from training.shards import rows_of

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--max-tokens", "8", "--answer-max-tokens", "8", "--context", "256", "--rows-per-shard", "4")
TOTAL = 24
"""Six shards: enough for a kill after two to find the process at work."""
PREFIX = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"


def arguments(model: object, folder: Path, *more: object, engine: str = "hf", total: int = TOTAL) -> list[str]:
    fixed = ["--model", model, "--engine", engine, "--total", total, "--output", folder]
    return [str(each) for each in [*fixed, *SHORT, *more]]


def generate(*args: Any, **options: Any) -> list[Row]:
    folder = args[1]
    call_command("magpie_generate", *arguments(*args, **options))
    return list(rows_of(read_manifest(folder)))


def files(folder: Path) -> dict[str, bytes]:
    """All but logs and records of runs."""
    kept = [*folder.glob("*.json"), *folder.rglob("shards/*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept if not path.name.startswith("run-")}


@pytest.fixture(scope="module")
def whole(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    """What nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    with django_db_blocker.unblock():
        call_command("magpie_generate", *arguments(tiny_model, folder))
    return folder


def test_rows_from_transformers(whole: Path, tiny_model: Path) -> None:
    manifest = read_manifest(whole)
    rows = list(rows_of(manifest))
    assert manifest.counts["asked"] == len(rows) == TOTAL
    assert list(rows[0]) == list(MAGPIE)
    assert all(row["instruction"] and row["response"] for row in rows)
    assert len({row["instruction"] for row in rows}) == len({row["uuid"] for row in rows}) == TOTAL
    assert {row["model"] for row in rows} == {tiny_model.name}
    assert manifest.plan["revision"].startswith("sha256:")
    assert manifest.plan["arguments"]["prefix"] == PREFIX
    assert json.loads(rows[0]["gen_input_configs"])["pre_query_template"] == PREFIX


def test_killed_and_started_again_it_gives_the_same_rows(whole: Path, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    command = [sys.executable, "manage.py", "magpie_generate", *arguments(tiny_model, folder)]
    variables = {**os.environ, "LEHIA_VAR_DIR": str(tmp_path / "var")}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL)
    try:
        wait_for(folder / "shards/00001.json", process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (folder / MANIFEST).exists()
    times = {path: path.stat().st_mtime_ns for path in folder.glob("shards/0000[01].*")}
    generate(tiny_model, folder)
    assert files(folder) == files(whole)
    assert times == {path: path.stat().st_mtime_ns for path in times}


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


def test_shares_and_sizes_of_files_do_not_change_rows(whole: Path, tiny_model: Path, tmp_path: Path) -> None:
    for share in (1, 0):
        call_command("magpie_generate", *arguments(tiny_model, tmp_path / "two", "--shard", share, "--num-shards", 2))
    assert files(tmp_path / "two") == files(whole)
    bigger = generate(tiny_model, tmp_path / "bigger", "--rows-per-shard", 7)
    assert bigger == list(rows_of(read_manifest(whole)))


def test_another_seed_or_task_gives_other_rows(whole: Path, tiny_model: Path, tmp_path: Path) -> None:
    first = next(rows_of(read_manifest(whole)))
    for name, more in {"seed": ("--seed", 1), "task": ("--task", "math", "--context", 1024)}.items():
        (row,) = generate(tiny_model, tmp_path / name, *more, total=1)
        assert row["instruction"] != first["instruction"] and row["uuid"] != first["uuid"]
    assert (row["gen_mode"], "mathematician" in row["gen_input_configs"]) == ("math", True)


def test_another_plan_in_the_same_folder_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    generate(tiny_model, tmp_path, total=1)
    with pytest.raises(CommandError, match="temperature is 0.8 there, and 0.9 here"):
        generate(tiny_model, tmp_path, "--temperature", "0.9", total=1)


# With a server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are asked again at once."""
    monkeypatch.setattr(asking.Api.__init__, "__defaults__", ("", 16, 600.0, 4, 0.001))


@pytest.fixture
def server(quick: None) -> Iterator[CompletionsServer]:
    with CompletionsServer(said) as server:
        yield server


def said(body: Body) -> str:
    """Another text for each seed; every third instruction is a heading."""
    if "prompt" in body and body["temperature"] == 0.8 and body["seed"] % 3 == 0:
        return f"# Title {body['seed']}"
    return f"Text {body['seed']}"


def from_server(server: CompletionsServer, model: object, folder: Path, *more: object, **options: Any) -> list[Row]:
    return generate(model, folder, "--base-url", server.base_url, *more, engine="openai", **options)


def test_a_server_with_a_tokenizer_is_asked_in_tokens(
    server: CompletionsServer, tiny_model: Path, tmp_path: Path
) -> None:
    rows = from_server(server, "latxa", tmp_path, "--tokenizer", tiny_model)
    assert len(rows) == TOTAL
    assert not any(row["instruction"].startswith("#") for row in rows)
    assert read_manifest(tmp_path).counts["instruction_heading"] > 0
    first = server.bodies[0]
    assert (first["model"], first["temperature"], first["top_p"], first["max_tokens"]) == ("latxa", 0.8, 1.0, 8)
    assert first["stop"] == ["assistant"]
    assert len(first["prompt"]) == len("user\n\n") + 3 and len(first["stop_token_ids"]) == 1
    answer = server.bodies[-1]
    assert (answer["temperature"], answer["top_p"], "stop" in answer) == (0.6, 0.9, False)
    assert list(rows[0]) == list(MAGPIE)


def test_a_server_with_no_more_than_a_prefix(server: CompletionsServer, tmp_path: Path) -> None:
    rows = from_server(server, "latxa", tmp_path, "--prefix", "<user>\n", "--context", "4096", total=2)
    assert (server.bodies[0]["prompt"], server.bodies[0]["add_special_tokens"]) == ("<user>\n", False)
    asked = [body["messages"] for body in server.bodies if "messages" in body]
    assert asked == [[{"role": "user", "content": row["instruction"]}] for row in rows]


def test_a_servers_bad_moments_change_no_row(server: CompletionsServer, tiny_model: Path, tmp_path: Path) -> None:
    calm = from_server(server, "latxa", tmp_path / "calm", "--tokenizer", tiny_model)
    server.faults = [status(500), status(429), cut, status(503), cut]
    assert from_server(server, "latxa", tmp_path / "rough", "--tokenizer", tiny_model) == calm
    assert files(tmp_path / "calm") == files(tmp_path / "rough")


def test_a_server_that_goes_away_and_comes_back(quick: None, tiny_model: Path, tmp_path: Path) -> None:
    more = ("--tokenizer", tiny_model, "--at-once", 1)
    with CompletionsServer(said) as server:
        steady = from_server(server, "latxa", tmp_path / "steady", *more)
    with CompletionsServer(said, leaves_after=25) as server, pytest.raises(CommandError, match="Nothing answers at"):
        from_server(server, "latxa", tmp_path / "left", *more)
    assert 1 <= len(list(tmp_path.glob("left/shards/*.json"))) < 6
    with CompletionsServer(said) as server:
        assert from_server(server, "latxa", tmp_path / "left", *more) == steady


def test_a_refused_row_stops_unless_it_is_to_be_skipped(
    server: CompletionsServer, tiny_model: Path, tmp_path: Path
) -> None:
    rows = from_server(server, "latxa", tmp_path / "all", "--tokenizer", tiny_model, total=4)
    refused = str(json.loads(rows[2]["gen_response_configs"])["seed"])
    server.always = {f"'seed': {refused}": status(400, "too long")}
    with pytest.raises(CommandError, match=r"Row 3 has no answer: .*too long.*--skip-bad"):
        from_server(server, "latxa", tmp_path / "some", "--tokenizer", tiny_model, total=4)
    kept = from_server(server, "latxa", tmp_path / "some", "--tokenizer", tiny_model, "--skip-bad", total=4)
    assert kept == [rows[0], rows[1], rows[3]]
    assert read_manifest(tmp_path / "some").counts["answer_failed"] == 1


def test_a_model_that_says_nothing_of_use(tiny_model: Path, tmp_path: Path) -> None:
    with CompletionsServer(lambda _body: "…") as server, pytest.raises(CommandError, match="not one row"):
        from_server(server, "latxa", tmp_path, "--tokenizer", tiny_model, total=4)
    assert read_manifest(tmp_path).counts["instruction_given_up"] == 4


# What is refused


def test_a_tokenizer_without_a_chat_template(tmp_path: Path) -> None:
    make_tokenizer(tmp_path / "bare", chat_template=None)
    (tmp_path / "bare/config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(CommandError, match="has no chat template"):
        generate(tmp_path / "bare", tmp_path / "out")


def test_a_server_without_tokenizer_and_prefix(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--tokenizer, or give the text before the user's turn by --prefix"):
        generate(tmp_path / "nothing", tmp_path / "out", "--base-url", "http://127.0.0.1:9/v1", engine="openai")


@pytest.mark.parametrize(
    "more, reason",
    [
        (("--prefix", "x", "--task", "math"), "It does not go with --task"),
        (("--temperature", "-1"), "--temperature must be 0 or more"),
        (("--answer-top-p", "0"), "--answer-top-p more than 0"),
        (("--base-url", "http://127.0.0.1:9/v1"), "Use --engine openai"),
        (("--engine-arg", "seed=1"), "is for --engine vllm"),
        (("--engine-arg", "seed"), "is not NAME=JSON"),
        (("--task", "math"), "fills the context of 256 tokens"),
        (("--tokenizer", "./nowhere"), "There is no folder ./nowhere"),
        (("--task", "poetry"), "'general', 'math', 'code', 'translation'"),
        (("--total", "0"), "invalid positive value: '0'"),
        (("--shard", "3", "--num-shards", "2"), "shards are numbered from 0 to 1"),
    ],
)
def test_arguments_that_make_no_sense(tiny_model: Path, tmp_path: Path, more: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        generate(tiny_model, tmp_path / "out", *more)
    assert not (tmp_path / "out/shards").exists()


def test_a_server_needs_an_address(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Give it by --base-url"):
        generate(tiny_model, tmp_path / "out", engine="openai")
