"""Rows from an engine that says what a test tells it: what is drawn again, left out, and counted."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from training.asking import Told
from training.columns import MAGPIE
from training.generation.chats import Chat
from training.generation.engines import EngineFailed, Request, Sampled
from training.generation.prompts import Prompts
from training.generation.rows import Order, make_rows
from training.generation.sampling import Part, Sampling, seed_of
from training.generation.settings import ANSWER, INSTRUCTION
from training.generation.tasks import Task
from training.generation.tokens import Tokens

CHAT = Chat("[", "<", ">", "]")
TOKENS = Tokens(
    encode=lambda text: [ord(letter) for letter in text],
    decode=lambda ids: "".join(map(chr, ids)),
    render=lambda messages, to_answer: "",
    bos="",
    controls=("[", "]"),
    headings=(35,),
    ends_of=lambda end: (ord(end),),
)
PROMPTS = Prompts("[", CHAT, TOKENS, 100)
ORDER = Order("latxa", "hf", Task.MATH, 7, INSTRUCTION, ANSWER, "identity", tries=3)


@dataclass
class Scripted:
    """An engine that answers as `say` does; `asked` has all requests."""

    say: Callable[[Request, Sampling], Sampled | str]
    asked: list[Request] = field(default_factory=list)

    def sample(self, requests: Sequence[Request], sampling: Sampling, told: Told) -> list[Sampled]:
        self.asked += requests
        said = [self.say(request, sampling) for request in requests]
        return [each if isinstance(each, Sampled) else Sampled(each, True, len(each)) for each in said]


def by_seed(texts: dict[int, str], otherwise: str = "ondo") -> Scripted:
    return Scripted(lambda request, sampling: texts.get(request.seed, otherwise))


def test_a_row_has_what_it_was_made_with() -> None:
    engine = by_seed({seed_of(7, 4, Part.INSTRUCTION, 0): " Zenbat? ", seed_of(7, 4, Part.ANSWER, 0): "Lau."})
    made = make_rows([4], ORDER, PROMPTS, engine)
    (row,) = made.rows
    assert (row["instruction"], row["response"]) == ("Zenbat?", "Lau.")
    assert row["conversations"] == [{"from": "human", "value": "Zenbat?"}, {"from": "gpt", "value": "Lau."}]
    assert (row["gen_mode"], row["model"]) == ("math", "latxa")
    assert (row["instruction_length"], row["response_length"]) == (7, 4)
    assert json.loads(row["gen_input_configs"]) == {
        "temperature": 0.8,
        "top_p": 1.0,
        "max_tokens": 1024,
        "stop": ["assistant"],
        "heading_ban": True,
        "seed": seed_of(7, 4, Part.INSTRUCTION, 0),
        "engine": "hf",
        "sanitize": False,
        "input_generator": "latxa",
        "pre_query_template": "[",
    }
    answer = json.loads(row["gen_response_configs"])
    assert (answer["temperature"], answer["top_p"], answer["max_tokens"]) == (0.6, 0.9, 4096)
    assert row.keys() <= MAGPIE.keys()
    assert [request.text for request in engine.asked] == ["[", "<Zenbat?>"]
    assert made.counts == {"asked": 1}


def test_ids_are_the_rows_own_and_always_the_same() -> None:
    rows = [make_rows(numbers, ORDER, PROMPTS, by_seed({})).rows for numbers in ([0, 1, 2], [2, 1])]
    ids = [{(row["uuid"], row["conversation_id"]) for row in some} for some in rows]
    assert len(ids[0]) == 3 and ids[1] < ids[0]
    other = make_rows([0], replace(ORDER, identity="other"), PROMPTS, by_seed({})).rows
    assert not {row["uuid"] for row in other} & {row["uuid"] for row in rows[0]}


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    engine = Scripted(lambda request, sampling: f"text {request.seed}")
    together = make_rows(range(5), ORDER, PROMPTS, engine).rows
    assert together == [row for number in range(5) for row in make_rows([number], ORDER, PROMPTS, engine).rows]


def test_what_cannot_be_used_is_drawn_again_with_another_seed() -> None:
    engine = by_seed(
        {
            seed_of(7, 1, Part.INSTRUCTION, 0): "# Title",
            seed_of(7, 1, Part.INSTRUCTION, 1): "  ",
            seed_of(7, 1, Part.INSTRUCTION, 2): "third",
            seed_of(7, 2, Part.ANSWER, 0): "",
        }
    )
    made = make_rows(range(4), ORDER, PROMPTS, engine)
    assert [row["instruction"] for row in made.rows] == ["ondo", "third", "ondo", "ondo"]
    assert made.counts == {"asked": 4, "instruction_heading": 1, "instruction_empty": 1, "answer_empty": 1}
    assert len(engine.asked) == 8 + 3


def test_a_row_is_given_up_after_some_tries() -> None:
    engine = Scripted(lambda request, sampling: "" if sampling.heading_ban else "ondo")
    made = make_rows(range(2), ORDER, PROMPTS, engine)
    assert made.rows == []
    assert made.counts == {"asked": 2, "instruction_empty": 6, "instruction_given_up": 2}
    assert len(engine.asked) == 6


def test_headings_may_be_allowed() -> None:
    order = replace(ORDER, instruction=replace(INSTRUCTION, heading_ban=False))
    assert make_rows([0], order, PROMPTS, by_seed({}, "# Bat")).rows[0]["instruction"] == "# Bat"


def test_sanitising_is_counted_where_the_text_is_used() -> None:
    order = replace(ORDER, sanitize=True)
    engine = Scripted(lambda request, sampling: Sampled("Bat]. Bi", False, 3))
    made = make_rows(range(2), order, PROMPTS, engine)
    assert {row["instruction"] for row in made.rows} == {"Bat."}
    assert made.counts == {
        "asked": 2,
        **{f"{part}_{what}": 2 for part in Part for what in ("debris", "unfinished", "at_limit")},
    }


def test_a_failure_stops_unless_such_rows_are_to_be_skipped() -> None:
    failing = seed_of(7, 2, Part.ANSWER, 0)
    engine = Scripted(
        lambda request, sampling: Sampled("", False, failure="No.") if request.seed == failing else "ondo"
    )
    with pytest.raises(EngineFailed, match=r"Row 3 has no answer: No\. With --skip-bad"):
        make_rows(range(4), ORDER, PROMPTS, engine)
    made = make_rows(range(4), replace(ORDER, skip_bad=True), PROMPTS, engine)
    assert len(made.rows) == 3
    assert made.counts == {"asked": 4, "answer_failed": 1}


def test_texts_end_where_the_context_does() -> None:
    engine = by_seed({seed_of(7, 0, Part.INSTRUCTION, 0): "x" * 60, seed_of(7, 1, Part.INSTRUCTION, 0): "x" * 98})
    made = make_rows(range(2), ORDER, PROMPTS, engine)
    assert [request.max_tokens for request in engine.asked] == [99, 99, 38]
    assert made.counts == {"asked": 2, "answer_too_long": 1}
    assert len(made.rows) == 1


def test_without_a_tokenizer_answers_are_the_servers_chat() -> None:
    engine = by_seed({seed_of(7, 0, Part.INSTRUCTION, 0): "x" * 60, seed_of(7, 1, Part.INSTRUCTION, 0): "x" * 745})
    made = make_rows(range(2), ORDER, Prompts("[", None, None, 1000), engine)
    assert [(request.is_user_turn, request.max_tokens) for request in engine.asked] == [
        (False, 1024),
        (False, 1024),
        (True, 684),
    ]
    assert made.counts == {"asked": 2, "answer_too_long": 1}


def test_seeds_are_all_different_and_fit_servers() -> None:
    seeds = {seed_of(7, row, part, attempt) for row in range(500) for part in Part for attempt in range(3)}
    assert len(seeds) == 3000
    assert max(seeds) < 2**62
