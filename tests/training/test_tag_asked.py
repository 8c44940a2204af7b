"""Missions that a served model answers: over a real port, with a server that does what it is told."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.training.completions_server import Body, CompletionsServer, status
from training.asking import Api
from training.columns import Row
from training.exceptions import AskingFailed
from training.shares import Share
from training.sources import open_source
from training.stages import Made
from training.tagging.asked import AskedMission
from training.tagging.constraints import Constraint, regex_of, schema_of
from training.tagging.missions import Mission
from training.tagging.questions import CATEGORIES, QUESTIONS, Question
from training.tagging.replies import object_in
from training.tagging.safety import SafetyMission, verdict_in

ANSWERS = {
    "quality": {"quality_explanation": "Clear.", "input_quality": "Good"},
    "difficulty": {"intent": "Bread.", "knowledge": "Baking.", "difficulty": "[very easy]"},
    "category": {"task_category": "math", "other_task_category": ["Reasoning", "Math", "Astrology"]},
}
FILLED = {
    "quality": {"input_quality": "good", "quality_explanation": "Clear.", "quality_generator": "tagger"},
    "difficulty": {
        "intent": "Bread.",
        "knowledge": "Baking.",
        "difficulty": "very easy",
        "difficulty_generator": "tagger",
    },
    "category": {"task_category": "Math", "other_task_category": ["Reasoning"], "task_category_generator": "tagger"},
}


def instructions(folder: Path, count: int) -> Path:
    path = folder / "rows.jsonl"
    rows = [{"instruction": f"Question {number}?", "response": f"Answer {number}."} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def api_of(server: CompletionsServer) -> Api:
    return Api(server.base_url, "tagger", pause=0.001)


def run(mission: Mission, tmp_path: Path, count: int = 4) -> Made:
    source = open_source(instructions(tmp_path, count))
    [(number, made)] = mission.make(source, {0}, tmp_path, Share())
    assert number == 0 and [row.pop("row") for row in made.rows] == list(range(count))
    return made


def number_in(body: Body) -> int:
    text = str(body["messages"][0]["content"])
    return int(text[text.index("Question ") + 9 : text.index("?", text.index("Question "))])


@pytest.mark.parametrize("name", QUESTIONS)
def test_columns_are_filled_in(tmp_path: Path, name: str) -> None:
    with CompletionsServer(lambda body: json.dumps(ANSWERS[name])[1:]) as server:
        made = run(AskedMission(QUESTIONS[name], api_of(server)), tmp_path)
    assert made.rows == [FILLED[name]] * 4
    assert set(FILLED[name]) == set(QUESTIONS[name].columns)
    assert made.counts == {name: 4, f"{name}_invalid": 0, f"{name}_failed": 0}
    first = server.bodies[0]
    assert [message["role"] for message in first["messages"]] == ["user", "assistant"]
    assert first["messages"][1]["content"] == "{"
    assert (first["continue_final_message"], first["add_generation_prompt"], first["temperature"]) == (True, False, 0.0)


@pytest.mark.parametrize("name", QUESTIONS)
def test_prompts_show_the_instruction_as_it_is(name: str) -> None:
    text = 'Say {"a": 1} and {instruction} and ``` too'
    prompt = QUESTIONS[name].prompt(text)
    assert text in prompt
    assert all(f'"{column}"' in prompt for column in QUESTIONS[name].columns[:-1])


def test_the_twelve_categories_are_offered() -> None:
    assert all(f"\n{category} = " in QUESTIONS["category"].prompt("x") for category in CATEGORIES)


def test_a_server_that_takes_no_opened_answer(tmp_path: Path) -> None:
    with CompletionsServer(lambda body: json.dumps(ANSWERS["quality"])) as server:
        server.always = {"continue_final_message": status(400, "unknown field")}
        mission = AskedMission(QUESTIONS["quality"], api_of(server))
        assert run(mission, tmp_path).rows == [FILLED["quality"]] * 4
        assert len(server.bodies) == 8
        assert run(mission, tmp_path).rows == [FILLED["quality"]] * 4
        assert len(server.bodies) == 12


@pytest.mark.parametrize(
    "reply",
    [
        "I would say that it is good.",
        '"quality_explanation": "Clear", "input_quality": "splendid"}',
        '"quality_explanation": "", "input_quality": "good"}',
        '"quality_explanation": "Clear", "input_quality": 4}',
        '"input_quality": "good"}',
    ],
)
def test_what_is_no_answer_stays_null_and_is_counted(tmp_path: Path, reply: str) -> None:
    with CompletionsServer(lambda body: reply if number_in(body) == 2 else json.dumps(ANSWERS["quality"])) as server:
        made = run(AskedMission(QUESTIONS["quality"], api_of(server), attempts=3), tmp_path)
    assert [row["input_quality"] for row in made.rows] == ["good", "good", None, "good"]
    assert made.rows[2] == dict.fromkeys(QUESTIONS["quality"].columns)
    assert made.counts == {"quality": 3, "quality_invalid": 1, "quality_failed": 0}
    [invalid] = made.aside["invalid"]
    assert (invalid["row"], invalid["reply"]) == (2, reply)
    again = [body for body in server.bodies if number_in(body) == 2]
    assert [body["temperature"] for body in again] == [0.0, 0.7, 0.7]
    assert len({body.get("seed") for body in again}) == 3


def test_a_further_attempt_that_succeeds(tmp_path: Path) -> None:
    def answer(body: Body) -> str:
        return json.dumps(ANSWERS["quality"]) if body["temperature"] else "Hm."

    with CompletionsServer(answer) as server:
        made = run(AskedMission(QUESTIONS["quality"], api_of(server)), tmp_path)
        seeds = [body["seed"] for body in server.bodies if "seed" in body]
        other = AskedMission(QUESTIONS["quality"], api_of(server), seed=1)
        run(other, tmp_path)
    assert made.counts["quality"] == 4 and not made.aside["invalid"]
    assert len(set(seeds)) == 4
    assert set(seeds).isdisjoint(body["seed"] for body in server.bodies[8:] if "seed" in body)


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"\\\\'), min_size=1, max_size=400)


def answers(question: Question) -> st.SearchStrategy[Row]:
    """Any answer in the form that was asked for."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in question.fields:
        word = st.sampled_from(field.allowed) if field.allowed else WORDS
        fields[field.name] = st.lists(word, max_size=3) if field.many else word
    return st.fixed_dictionaries(fields)


@given(st.data(), st.sampled_from(list(QUESTIONS.values())))
def test_constraints_let_through_what_can_be_read(data: st.DataObject, question: Question) -> None:
    drawn = data.draw(answers(question))
    value = {field.name: drawn[field.name] for field in question.fields}
    text = json.dumps(value, ensure_ascii=False)
    assert re.fullmatch(regex_of(question), text)
    if all(str(value[field.name]).strip() for field in question.fields):
        assert set(question.read(object_in(text))) == {field.name for field in question.fields}


@pytest.mark.parametrize(
    "text", ["{}", '{"quality_explanation": "", "input_quality": "good"}', '{"input_quality": "good"}']
)
def test_constraints_let_nothing_else_through(text: str) -> None:
    assert not re.fullmatch(regex_of(QUESTIONS["quality"]), text)


def test_the_schema_of_an_answer() -> None:
    word = {"type": "string", "enum": list(CATEGORIES)}
    assert schema_of(QUESTIONS["category"]) == {
        "type": "object",
        "properties": {"task_category": word, "other_task_category": {"type": "array", "items": word, "maxItems": 3}},
        "required": ["task_category", "other_task_category"],
        "additionalProperties": False,
    }
    words = {"type": "string", "minLength": 1, "maxLength": 400}
    assert schema_of(QUESTIONS["quality"])["properties"]["quality_explanation"] == words


@pytest.mark.parametrize(
    "constraint, name", [(Constraint.REGEX, "structured_outputs"), (Constraint.SCHEMA, "response_format")]
)
def test_a_constraint_takes_the_place_of_the_first_brace(tmp_path: Path, constraint: Constraint, name: str) -> None:
    with CompletionsServer(lambda body: json.dumps(ANSWERS["category"])) as server:
        made = run(AskedMission(QUESTIONS["category"], api_of(server), constraint=constraint), tmp_path)
    assert made.rows == [FILLED["category"]] * 4
    assert all(name in body and len(body["messages"]) == 1 for body in server.bodies)


def test_a_row_that_the_server_refuses_costs_no_other(tmp_path: Path) -> None:
    with CompletionsServer(lambda body: json.dumps(ANSWERS["quality"])) as server:
        server.always = {"Question 1?": status(400, "maximum context length")}
        made = run(AskedMission(QUESTIONS["quality"], api_of(server)), tmp_path)
    assert made.counts == {"quality": 3, "quality_invalid": 0, "quality_failed": 1}
    [failed] = made.aside["invalid"]
    assert failed["row"] == 1 and "maximum context length" in failed["why"]


@pytest.mark.parametrize("make", [lambda api: AskedMission(QUESTIONS["quality"], api), SafetyMission])
@pytest.mark.parametrize("fault", [status(401), status(404, "no such model"), status(500)])
def test_a_server_that_answers_nobody(
    tmp_path: Path, make: Callable[[Api], Mission], fault: Callable[[], web.Response]
) -> None:
    with CompletionsServer(lambda body: "") as server:
        server.always = {"Question": fault}
        with pytest.raises(AskingFailed, match="answered with status"):
            run(make(api_of(server)), tmp_path)


@pytest.mark.parametrize(
    "reply, verdict",
    [
        ("safe", "safe"),
        ("\n\nSafe\n", "safe"),
        ("unsafe\nS6", "unsafe\nS6"),
        ("\nUnsafe \n S1,S2 ", "unsafe\nS1,S2"),
        ("unsafe", "unsafe"),
        ("", None),
        ("I think it is safe", None),
        ("safely", None),
    ],
)
def test_verdicts(reply: str, verdict: str | None) -> None:
    assert verdict_in(reply) == verdict


def test_safety(tmp_path: Path) -> None:
    said: list[Any] = ["safe", "unsafe\nS6", "As an AI, I", "safe"]

    def answer(body: Body) -> str:
        return str(said[number_in(body)])

    with CompletionsServer(answer) as server:
        server.always = {"Question 3?": status(413)}
        made = run(SafetyMission(api_of(server)), tmp_path)
        turns: list[Row] = next(body for body in server.bodies if number_in(body) == 1)["messages"]
    assert turns == [{"role": "user", "content": "Question 1?"}, {"role": "assistant", "content": "Answer 1."}]
    assert [row["llama_guard_2"] for row in made.rows] == ["safe", "unsafe\nS6", None, None]
    assert made.counts == {"safety": 2, "safety_unsafe": 1, "safety_invalid": 1, "safety_failed": 1}
    assert [row["row"] for row in made.aside["invalid"]] == [2, 3]
