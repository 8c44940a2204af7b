"""What `make demo-training` makes of real texts, and what it says in the end. The demo itself takes half an hour."""

import json
from pathlib import Path

import pytest

from tools.demo_training.story import figures, verdict
from tools.demo_training.texts import Row, choices, excerpts, pages, translations, write_rows
from tools.demo_training.work import Failed, Work, run
from training.benchmarks.local_tasks import write_local_tasks
from training.languages import language_of
from training.sft.turns import messages_of

PAIRS: list[Row] = [
    {"en": f"Open file number {number} now.", "eu": f"Ireki {number}. fitxategia orain.", "source": f"s{number}"}
    for number in range(40)
]


def test_pairs_become_instructions_with_known_answers_in_both_directions() -> None:
    rows = translations(PAIRS, count=12, seed=1)
    assert rows == translations(PAIRS, count=12, seed=1) != translations(PAIRS, count=12, seed=2)
    known = {pair["source"]: pair for pair in PAIRS}
    for number, row in enumerate(rows):
        given, wanted = ("en", "eu") if number % 2 == 0 else ("eu", "en")
        pair = known[row["conversation_id"]]
        assert row["instruction"].endswith(f"\n\n{pair[given]}")
        assert row["response"] == pair[wanted]
        assert not isinstance(messages_of(row), str)


def test_a_question_has_one_right_answer_of_four() -> None:
    rows = choices(PAIRS, count=20, seed=3)
    assert len({row["question"] for row in rows}) == 20
    right = {pair["en"]: pair["eu"] for pair in PAIRS}
    for row in rows:
        english = next(text for text in right if text in row["question"])
        assert len(set(row["choices"])) == 4
        assert row["choices"][row["answer"]] == right[english]
    assert {row["answer"] for row in rows} == {0, 1, 2, 3}


def test_excerpts_are_whole_lines_of_some_documents() -> None:
    documents = [
        {"text": "bat\nbi\n" + "hiru" * 10},
        {"text": "lerro bakarra"},
        {"text": "lau\nbost"},
        {"text": "a\nb"},
    ]
    assert excerpts(documents, count=2, length=20) == [{"text": "bat\nbi"}, {"text": "lau\nbost"}]


def test_pairs_of_a_page_are_a_text() -> None:
    pairs = [{"eu": text, "source": source} for text, source in (("bat", "a#1"), ("bi", "b#1"), ("lau", "a#2"))]
    assert pages(pairs) == [{"text": "bat\nlau"}, {"text": "bi"}]


def test_what_is_written_are_tasks(tmp_path: Path) -> None:
    texts, questions = tmp_path / "texts.jsonl", tmp_path / "choices.jsonl"
    write_rows(texts, [{"text": "Kaixo, mundua.\nEgun on."}])
    write_rows(questions, choices(PAIRS, count=4, seed=0))
    assert write_local_tasks(tmp_path / "tasks", texts=texts, choices=questions) == ["heldout_eu", "help_choice_eu"]
    assert language_of(json.loads(questions.read_text().splitlines()[0])["choices"][0]) == "eu"


def test_the_verdict_says_it_either_way() -> None:
    assert (
        verdict(1.8, 2.4) == "The variant with the Basque corpus beat the original on held-out Basque: 25% fewer bits."
    )
    for variant in (2.4, 2.5):
        assert "did NOT beat" in verdict(variant, 2.4)


def test_figures_of_a_result_file(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results = {"heldout_eu": {"bits_per_character,none": 2.5}, "help_choice_eu": {"acc,none": 0.25}}
    file.write_text(json.dumps({"results": results}))
    assert figures(file) == (2.5, 0.25)
    file.write_text(json.dumps({"results": {}}))
    with pytest.raises(Failed, match="does not have both scores: KeyError: 'heldout_eu'"):
        figures(file)


def test_a_step_that_was_done_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = Work(tmp_path, tmp_path, steps=2)
    with work.step("first", work.path("made")) as missing:
        assert missing
        work.path("made").mkdir(parents=True)
    with work.step("first", work.path("made")) as missing:
        assert not missing
    assert "[2/2] first: is there" in capsys.readouterr().out


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["/bin/sh", "-c", "echo shown; echo why >&2; exit 3"]
    with pytest.raises(Failed, match=r"(?s)ended with code 3.*why"):
        run(command, tmp_path)
    assert "    shown" in capsys.readouterr().out
    assert run(command, tmp_path, accept=(0, 3)) == 3
