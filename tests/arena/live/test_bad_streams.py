"""What a broken model server sends: its side fails in neutral words and keeps its text; the other never hears of it."""

import pytest
from asgiref.sync import sync_to_async

from arena.models import Answer, Battle, Competitor
from inference.models import ServedModel
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import TOKENS_BEFORE_FAULT, StubServer

pytestmark = pytest.mark.thorough

TEXT = "Bat bi hiru lau bost sei."
SAID = " ".join(TEXT.split()[:TOKENS_BEFORE_FAULT])


@pytest.mark.parametrize(
    ("behaviour", "kind", "said", "attempts"),
    [
        (Behaviour.JSON, "not_a_stream", "", 1),
        (Behaviour.HTML, "not_a_stream", "", 1),
        (Behaviour.GARBAGE, "garbage", SAID, 1),
        (Behaviour.EMPTY, "empty", "", 2),
        (Behaviour.ENDLESS, "over_limit", SAID + " eta gero", 1),
        (Behaviour.HUGE_EVENT, "over_limit", SAID, 1),
        (Behaviour.ENDS_EARLY, "cut_off", SAID, 1),
        (Behaviour.CUT, "cut_off", SAID, 1),
        (Behaviour.ERROR_EVENT, "http_status", SAID, 1),
        (Behaviour.DISCONNECT, "cut_off", "", 2),
        (Behaviour.HTTP_429, "http_status", "", 2),
        (Behaviour.HTTP_400, "request_refused", "", 1),
    ],
)
async def test_a_bad_stream_costs_its_own_side_only(
    battle: Battle,
    open_socket: OpenSocket,
    openai_server: StubServer,
    behaviour: Behaviour,
    kind: str,
    said: str,
    attempts: int,
) -> None:
    await Competitor.objects.aupdate(max_tokens=20)
    openai_server.script.text = TEXT
    openai_server.behave(MODEL_A, behaviour)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        assert await socket.until_ended() == {"a": "failed", "b": "complete"}
        assert socket.texts[1, "b"] == TEXT
        failed = await answer_of(battle, "a")
        assert (failed.failure_kind, failed.attempts) == (kind, attempts)
        assert failed.text == socket.texts.get((1, "a"), "")
        assert failed.text.startswith(said) if behaviour is Behaviour.ENDLESS else failed.text == said
        ended = [frame for frame in socket.frames if frame["type"] == "answer" and frame["status"] == "failed"]
        assert ended == [
            {"type": "answer", "turn": 1, "side": "a", "run": 1, "status": "failed", "length": len(failed.text)}
        ]
        openai_server.behave(MODEL_A, Behaviour.OK)
        await socket.send(type="retry", turn=1, side="a")
        assert await socket.until_ended(sides="a") == {"a": "complete"}
        await socket.until("ballot", lambda frame: frame["ballot_open"])
    assert [seen.model for seen in openai_server.requests].count(MODEL_B) == 1


@sync_to_async
def answer_of(battle: Battle, side: str) -> Answer:
    return Answer.objects.get(turn__battle=battle, side=side)


async def test_a_server_that_has_just_died_costs_an_answer_one_attempt_where_the_model_has_another(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    """Whichever is asked first: the second attempt goes to the other."""
    nowhere = "http://127.0.0.1:1/v1"
    await ServedModel.objects.aupdate(base_url=nowhere, replica_urls=[openai_server.base_url])
    for turn in range(1, 5):
        async with open_socket() as socket:
            await socket.hello()
            await socket.send(type="prompt", turn=turn, text="Kaixo!")
            assert await socket.until_ended(turn=turn) == {"a": "complete", "b": "complete"}


async def test_what_a_server_told_of_an_answer_that_failed_is_kept(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    """Tokens were spent on nothing that is shown, and the finish reason says why."""
    openai_server.behave(MODEL_A, Behaviour.HIDDEN)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        assert (await socket.until_ended())["a"] == "failed"
    failed = await answer_of(battle, "a")
    assert (failed.failure_kind, failed.finish_reason) == ("empty", "length")
    assert (failed.prompt_tokens, failed.completion_tokens) == (2, 0)
    assert failed.model_revision == "main"
    assert failed.duration_ms is not None


async def test_what_is_known_of_an_answer_that_was_stopped_is_kept(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    """Everything that was sent, and the times; the server has counted no tokens yet."""
    openai_server.script.text = "luzea " * 500
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        for side in "ab":
            await socket.until("delta", lambda frame, side=side: bool(frame["side"] == side))
        await socket.send(type="stop")
        assert await socket.until_ended() == {"a": "stopped", "b": "stopped"}
    stopped = await answer_of(battle, "b")
    assert stopped.text == socket.texts[1, "b"]
    assert stopped.parameters["max_tokens"] == battle.competitor_b.max_tokens
    assert (stopped.model_name, stopped.model_revision, stopped.attempts) == (MODEL_B, "main", 1)
    assert stopped.first_token_ms is not None and stopped.duration_ms is not None
    assert stopped.duration_ms >= stopped.first_token_ms
    assert stopped.finish_reason == ""
