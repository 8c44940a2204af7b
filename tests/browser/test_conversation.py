"""What the page makes of frames that come twice, too late, or not at all: `conversation.mjs` by itself."""

from typing import Any

import pytest
from playwright.sync_api import JSHandle

from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor

Frame = dict[str, Any]


@pytest.fixture
def conversation(visitor: Visitor, site: RunningSite) -> JSHandle:
    """A conversation of one turn that is being answered."""
    visitor.page.goto("/about/")
    handle = visitor.page.evaluate_handle(
        "async (address) => new (await import(address)).Conversation()", site.static_url("js/battle/conversation.mjs")
    )
    apply(handle, "Turn", {"turn": 1, "prompt": "Kaixo"})
    return handle


def apply(conversation: JSHandle, kind: str, frame: Frame) -> bool:
    """Gives it a frame; whether it is still in step."""
    return bool(conversation.evaluate(f"(conversation, frame) => conversation.apply{kind}(frame)", frame))


def delta(at: int, text: str, run: int = 1) -> Frame:
    return {"turn": 1, "side": "a", "run": run, "at": at, "text": text}


def answer(status: str, length: int, run: int = 1) -> Frame:
    return {"turn": 1, "side": "a", "run": run, "status": status, "length": length}


def side_a(conversation: JSHandle) -> Frame:
    found: Frame = conversation.evaluate("(conversation) => conversation.turns[0].a")
    return found


def test_offsets_count_code_points(conversation: JSHandle) -> None:
    assert apply(conversation, "Delta", delta(0, "🙂🙂"))
    assert apply(conversation, "Delta", delta(2, " bai"))
    assert side_a(conversation) == {"run": 1, "status": "streaming", "text": "🙂🙂 bai", "length": 6, "place": None}


def test_what_comes_twice_is_taken_once(conversation: JSHandle) -> None:
    apply(conversation, "Delta", delta(0, "🙂bat"))
    assert apply(conversation, "Delta", delta(0, "🙂bat"))
    assert apply(conversation, "Delta", delta(2, "at bi"))
    assert side_a(conversation)["text"] == "🙂bat bi"


def test_a_gap_is_noticed_and_nothing_is_put_after_it(conversation: JSHandle) -> None:
    apply(conversation, "Delta", delta(0, "bat"))
    assert not apply(conversation, "Delta", delta(9, "bost"))
    assert side_a(conversation)["text"] == "bat"


def test_an_end_that_is_longer_than_the_text_is_a_gap(conversation: JSHandle) -> None:
    assert apply(conversation, "Answer", answer("streaming", 3))
    assert not apply(conversation, "Answer", answer("complete", 3))
    assert apply(conversation, "Delta", delta(0, "bat"))
    assert apply(conversation, "Answer", answer("complete", 3))


def test_a_new_run_starts_from_nothing_and_the_old_one_is_not_heard(conversation: JSHandle) -> None:
    apply(conversation, "Delta", delta(0, "zaharra"))
    assert apply(conversation, "Answer", answer("waiting", 0, run=2))
    assert side_a(conversation) == {"run": 2, "status": "waiting", "text": "", "length": 0, "place": None}
    assert apply(conversation, "Delta", delta(7, " gehiago", run=1))
    assert apply(conversation, "Answer", answer("complete", 15, run=1))
    assert apply(conversation, "Delta", delta(0, "berria", run=2))
    assert side_a(conversation) == {"run": 2, "status": "streaming", "text": "berria", "length": 6, "place": None}


def test_the_place_in_the_queue(conversation: JSHandle) -> None:
    queue = {"turn": 1, "side": "a", "run": 1, "place": 2}
    assert apply(conversation, "Queue", queue)
    assert side_a(conversation)["place"] == 2
    assert apply(conversation, "Answer", answer("waiting", 0))
    assert side_a(conversation)["place"] is None, "its turn has come"
    apply(conversation, "Delta", delta(0, "bat"))
    assert apply(conversation, "Queue", queue)
    assert side_a(conversation)["place"] is None, "too late"
    assert apply(conversation, "Answer", answer("waiting", 0, run=2))
    assert apply(conversation, "Queue", queue)
    assert side_a(conversation)["place"] is None, "of the run before"
    assert not apply(conversation, "Queue", {**queue, "turn": 2})


def test_a_turn_that_was_missed_is_a_gap(conversation: JSHandle) -> None:
    assert apply(conversation, "Turn", {"turn": 1, "prompt": "Kaixo"})
    assert not apply(conversation, "Turn", {"turn": 3, "prompt": "Hirugarrena"})
    assert not apply(conversation, "Delta", {**delta(0, "x"), "turn": 2})


def test_a_state_adds_what_is_missing(conversation: JSHandle) -> None:
    apply(conversation, "Delta", delta(0, "bat bi"))
    assert conversation.evaluate("(conversation) => conversation.have()") == [
        {"turn": 1, "side": "a", "run": 1, "length": 6},
        {"turn": 1, "side": "b", "run": 1, "length": 0},
    ]
    rest = {"run": 1, "status": "complete", "at": 6, "text": " hiru", "length": 11}
    new = {"run": 2, "status": "failed", "at": 0, "text": "lau", "length": 3}
    state = {"status": "open", "ballot_open": False, "can_prompt": False, "max_turns": 5, "max_prompt_chars": 100}
    assert apply(conversation, "State", {**state, "turns": [{"turn": 1, "prompt": "Kaixo", "a": rest, "b": new}]})
    assert side_a(conversation)["text"] == "bat bi hiru"
    assert conversation.evaluate("(conversation) => conversation.turns[0].b.text") == "lau"


def test_a_ballot_that_should_be_open(conversation: JSHandle) -> None:
    for side in "ab":
        assert not conversation.evaluate("(conversation) => conversation.ballotIsLate")
        apply(conversation, "Delta", {**delta(0, "bat"), "side": side})
        apply(conversation, "Answer", {**answer("complete", 3), "side": side})
    assert conversation.evaluate("(conversation) => conversation.ballotIsLate")
    apply(conversation, "Ballot", {"ballot_open": True, "can_prompt": True})
    assert not conversation.evaluate("(conversation) => conversation.ballotIsLate")
