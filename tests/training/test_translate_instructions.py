"""The command, before a server that does whatever a row's text says: fails, cuts, rambles, answers in English."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.completions_server import Body, CompletionsServer, cut, status
from training import served_models
from training.asking import Api
from training.columns import Row
from training.manifests import read_manifest
from training.shards import rows_of

pytestmark = pytest.mark.django_db

QUESTION = "Zein da munduko mendirik garaiena, eta zenbat metro ditu?"
ANSWER = "Everest mendia da munduko garaiena, eta 8.849 metro ditu gutxi gorabehera."


def asked(body: Body) -> list[dict[str, str]]:
    """The conversation that a prompt wants translated."""
    line = [line for line in body["prompt"].split("\n") if line.startswith("English: ")][-1]
    return list(json.loads(line.removeprefix("English: ")))


def translated(body: Body) -> list[dict[str, str]]:
    texts = {"user": QUESTION, "assistant": ANSWER, "system": "Laguntzaile atsegina zara."}
    return [{"role": turn["role"], "content": texts[turn["role"]]} for turn in asked(body)]


def answer(body: Body) -> str:
    """A good translation, unless the first word of the conversation is the name of something else."""
    good = json.dumps(translated(body), ensure_ascii=False)
    said: dict[str, Callable[[], str]] = {
        "REPAIRED": lambda: good[:-1] + ", ",
        "CUT": lambda: good[: len(good) - 10],
        "BROKEN": lambda: "Ezin dut hori itzuli.",
        "ENGLISH": lambda: json.dumps(asked(body)),
        "HALF": lambda: json.dumps([translated(body)[0], asked(body)[1]]),
        "SWAPPED": lambda: json.dumps(translated(body)[::-1], ensure_ascii=False),
        "MORE": lambda: json.dumps(translated(body) * 2, ensure_ascii=False),
        "EMPTY": lambda: json.dumps([{**turn, "content": " "} for turn in translated(body)]),
        "ENDLESS": lambda: '[{"role": "user", "content": "' + "eta " * 300,
    }
    return said.get(asked(body)[0]["content"].split()[0], lambda: good)()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_models, "Api", partial(Api, pause=0.01))


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with CompletionsServer(answer) as running:
        yield running


def row(number: int, start: str = "What", **further: Any) -> Row:
    text = "What is the highest mountain of the world, and how many metres has it?"
    said = "Mount Everest is the highest one of the world, with about 8,849 metres."
    named = {"conversation_id": f"c{number}", "language": "EN", "instruct_reward": 1.5, "difficulty": "easy"}
    return {**named, "uuid": f"u{number}", "instruction": f"{start} {text}", "response": said, **further}


def write(folder: Path, *rows: Row | str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in rows))
    return path


def translate(input: Path, server: CompletionsServer, output: Path, **options: Any) -> None:
    given = {"model": "latxa", "base_url": server.base_url, "output": output, "max_new_tokens": 200, "at_once": 4}
    call_command("translate_instructions", input, **(given | options))


def found(folder: Path) -> tuple[list[Row], list[Row], dict[str, int]]:
    manifest = read_manifest(folder)
    return list(rows_of(manifest)), list(rows_of(manifest, "broken")), dict(manifest.counts)


def test_each_row_has_its_status_and_what_stays_broken_keeps_its_id(server: CompletionsServer, tmp_path: Path) -> None:
    names = ["REPAIRED", "CUT", "BROKEN", "ENGLISH", "HALF", "SWAPPED", "MORE", "EMPTY", "ENDLESS", "REFUSED", "DOWN"]
    server.always = {"DOWN What": status(500), "REFUSED What": status(400, "context length")}
    input = write(tmp_path, row(0), *[row(number, name) for number, name in enumerate(names, start=1)])
    translate(input, server, tmp_path / "out", attempts=1)
    kept, broken, counts = found(tmp_path / "out")
    assert [(each["conversation_id"], each["translation_status"]) for each in kept] == [
        ("c0", "ok"),
        ("c1", "repaired"),
    ]
    statuses = {names[int(each["conversation_id"][1:]) - 1]: each["translation_status"] for each in broken}
    assert statuses == {
        "CUT": "wrong_roles",
        "BROKEN": "broken",
        "ENGLISH": "wrong_language",
        "HALF": "wrong_language",
        "SWAPPED": "wrong_roles",
        "MORE": "wrong_roles",
        "EMPTY": "broken",
        "ENDLESS": "too_long",
        "REFUSED": "failed",
        "DOWN": "failed",
    }
    assert set(broken[0]) == {"source_row", "conversation_id", "uuid", "translation_status", "reason"}
    assert "context length" in broken[8]["reason"]
    assert counts == {
        "broken": 2,
        "failed": 2,
        "ok": 1,
        "repaired": 1,
        "too_long": 1,
        "wrong_language": 2,
        "wrong_roles": 3,
    }


def test_a_translated_row(server: CompletionsServer, tmp_path: Path) -> None:
    turns = [("system", "Be brief."), ("human", "One"), ("gpt", "Two"), ("human", "Three"), ("gpt", "Four")]
    conversation = [{"from": role, "value": value} for role, value in turns]
    translate(write(tmp_path, row(7, conversations=conversation)), server, tmp_path / "out")
    (only,), _broken, _counts = found(tmp_path / "out")
    assert [turn["from"] for turn in only["conversations"]] == [role for role, _value in turns]
    assert (only["instruction"], only["response"]) == (QUESTION, ANSWER)
    assert (only["instruction_length"], only["response_length"]) == (len(QUESTION), len(ANSWER))
    assert (only["language"], only["source_language"], only["language_share"]) == ("eu", "EN", 1.0)
    assert (only["difficulty"], only["instruct_reward"]) == ("easy", None)
    assert (only["uuid"], only["source_row"], only["translation_model"]) == ("u7", 0, "latxa")


def test_the_request_is_that_of_the_study(server: CompletionsServer, tmp_path: Path) -> None:
    call_command(
        "translate_instructions",
        write(tmp_path, row(0)),
        model="latxa",
        base_url=server.base_url,
        output=tmp_path / "out",
    )
    body = server.bodies[-1]
    assert {name: body[name] for name in ("model", "temperature", "top_p", "frequency_penalty", "max_tokens")} == {
        "model": "latxa",
        "temperature": 0.9,
        "top_p": 0.15,
        "frequency_penalty": 0.15,
        "max_tokens": 8192,
    }
    assert '"role": "user"' in body["structured_outputs"]["regex"]


def test_broken_rows_are_asked_again_with_another_seed(tmp_path: Path) -> None:
    asked_for: list[int] = []

    def better(body: Body) -> str:
        if "stop" in body:
            return ""
        asked_for.append(body["seed"])
        return "ez" if len(asked_for) < 3 else answer(body)

    with CompletionsServer(better) as server:
        translate(write(tmp_path, row(0)), server, tmp_path / "out", attempts=3)
    assert found(tmp_path / "out")[2] == {"ok": 1}
    assert len(set(asked_for)) == 3


def test_a_model_that_never_writes_json(server: CompletionsServer, tmp_path: Path) -> None:
    input = write(tmp_path, *[row(number, "BROKEN") for number in range(3)])
    with pytest.raises(CommandError, match=r"no row gave a translation that can be used \(broken 3\)"):
        translate(input, server, tmp_path / "out")
    kept, broken, _counts = found(tmp_path / "out")
    assert (len(kept), len(broken)) == (0, 3)


def test_a_hopeless_model_is_not_asked_for_ever(server: CompletionsServer, tmp_path: Path) -> None:
    input = write(tmp_path, *[row(number, "BROKEN") for number in range(20)])
    with pytest.raises(CommandError, match="The last 4 rows gave nothing that can be used"):
        translate(input, server, tmp_path / "out", rows_per_shard=2, give_up=4)
    assert len(server.bodies) == 1 + 4
    assert not (tmp_path / "out/manifest.json").exists()


def test_ranges_share_out_the_rows(server: CompletionsServer, tmp_path: Path) -> None:
    input = write(tmp_path, *[row(number) for number in range(10)])
    ranges = [(0, 4), (4, 7), (7, None)]
    for start, stop in ranges:
        translate(input, server, tmp_path / str(start), start=start, stop=stop, rows_per_shard=3)
    rows = [row for start, _stop in ranges for row in found(tmp_path / str(start))[0]]
    assert [row["source_row"] for row in rows] == list(range(10))
    with pytest.raises(CommandError, match="There are no rows from 10 to 10: .* has 10 rows"):
        translate(input, server, tmp_path / "none", start=10)


def test_shares_and_what_was_cut_off_give_the_same_rows(server: CompletionsServer, tmp_path: Path) -> None:
    input = write(tmp_path, *[row(number) for number in range(10)])
    translate(input, server, tmp_path / "one", rows_per_shard=2, seed=5)
    seeds = sorted(body["seed"] for body in server.bodies[1:])
    server.bodies.clear()
    for shard in (1, 0):
        translate(input, server, tmp_path / "two", rows_per_shard=2, seed=5, shard=shard, num_shards=2)
    assert sorted(body["seed"] for body in server.bodies if "stop" not in body) == seeds
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_a_server_that_leaves_costs_no_finished_shard(tmp_path: Path) -> None:
    input = write(tmp_path, *[row(number) for number in range(6)])
    with CompletionsServer(answer, leaves_after=4) as server, pytest.raises(CommandError, match="finished shards stay"):
        translate(input, server, tmp_path / "out", rows_per_shard=2, at_once=1)
    assert len(list((tmp_path / "out/shards").glob("*.json"))) == 1
    with CompletionsServer(answer) as server:
        translate(input, server, tmp_path / "out", rows_per_shard=2)
        assert len(server.bodies) == 1 + 4
    assert found(tmp_path / "out")[2] == {"ok": 6}


def test_passing_faults_are_asked_through(server: CompletionsServer, tmp_path: Path) -> None:
    server.faults = [status(500), cut, status(429)]
    translate(write(tmp_path, row(0), row(1)), server, tmp_path / "out")
    assert found(tmp_path / "out")[2] == {"ok": 2}


def test_a_server_that_does_not_take_the_constraint(server: CompletionsServer, tmp_path: Path) -> None:
    server.always = {"structured_outputs": status(400, "unknown field")}
    input = write(tmp_path, row(0))
    with pytest.raises(CommandError, match="(?s)unknown field.*or --no-constraint"):
        translate(input, server, tmp_path / "out")
    assert not list((tmp_path / "out").glob("shards/*"))
    translate(input, server, tmp_path / "free", constraint="none")
    assert found(tmp_path / "free")[2] == {"ok": 1}


def test_broken_rows_of_the_input(server: CompletionsServer, tmp_path: Path) -> None:
    input = write(tmp_path, row(0), "{", row(2, response=None), row(3, conversations=[{"from": "cat", "value": "x"}]))
    with pytest.raises(CommandError, match=r"row 2: it is no JSON.*--skip-bad"):
        translate(input, server, tmp_path / "out")
    translate(input, server, tmp_path / "some", skip_bad=True)
    assert found(tmp_path / "some")[2] == {"bad_rows": 3, "ok": 1}


@pytest.mark.parametrize(
    "options, why",
    [
        ({"min_share": 1.5}, "a share is from 0 to 1"),
        ({"language": "fr"}, "the examples here are in Basque"),
        ({"base_url": ""}, "No server is named"),
        ({"start": -1}, "There are no rows from -1"),
    ],
)
def test_options_that_cannot_be(server: CompletionsServer, tmp_path: Path, options: dict[str, Any], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        translate(write(tmp_path, row(0)), server, tmp_path / "out", **options)


def test_texts_that_are_too_short_to_judge_are_believed(tmp_path: Path) -> None:
    short = '[{"role": "user", "content": "2+2"}, {"role": "assistant", "content": "4"}]'
    with CompletionsServer(lambda body: short) as server:
        translate(write(tmp_path, row(0)), server, tmp_path / "out")
    (only,), _broken, _counts = found(tmp_path / "out")
    assert (only["translation_status"], only["language_share"]) == ("ok", None)
