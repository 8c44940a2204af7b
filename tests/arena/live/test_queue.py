"""Answers that wait for their turn at a model with a limit, through real sockets and a scripted model server."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from pytest_django.fixtures import Settings

from arena.enums import AnswerStatus
from arena.live import queue
from arena.models import Answer, Battle
from inference.models import Place, ServedModel
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.arena.live.sockets import BattleSocket, session_cookie
from tests.factories import BattleFactory, ConsentFactory, PlaceFactory
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.thorough


@pytest.fixture
def limited(battle: Battle) -> ServedModel:
    """Side A's model takes one answer at a time."""
    return set_limit(battle, 1)


@pytest.fixture
async def in_front(limited: ServedModel) -> Place:
    """Somebody who is being answered by side A's model for as long as the test wants."""
    place: Place = await sync_to_async(PlaceFactory)(served_model=limited, admitted=True, holder="in front")
    return place


def set_limit(battle: Battle, limit: int | None) -> ServedModel:
    model = battle.competitor_a.served_model
    assert model is not None
    ServedModel.objects.filter(pk=model.pk).update(max_concurrent_answers=limit)
    model.refresh_from_db()
    return model


def another_battle(battle: Battle) -> Battle:
    """The same two models before another volunteer."""
    other: Battle = BattleFactory(
        campaign=battle.campaign,
        matchup=battle.matchup,
        competitor_a=battle.competitor_a,
        competitor_b=battle.competitor_b,
    )
    ConsentFactory(participant=other.participant, campaign=other.campaign, version=other.campaign.consent_version)
    return other


async def open_battle(battle: Battle) -> BattleSocket:
    return BattleSocket(battle, await sync_to_async(session_cookie)(battle.participant), [MODEL_A, MODEL_B])


async def ask(socket: BattleSocket) -> None:
    await socket.send(type="prompt", turn=1, text="Kaixo!")
    await socket.until("turn")


def no_places() -> bool:
    return not Place.objects.exists()


async def comes_true(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    for _try in range(round(seconds / 0.05)):
        if await sync_to_async(condition)():
            return True
        await asyncio.sleep(0.05)
    return False


async def test_the_place_is_told_and_the_wait_is_written_down(
    battle: Battle, open_socket: OpenSocket, in_front: Place
) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        told = await socket.until("queue")
        assert told == {"type": "queue", "turn": 1, "side": "a", "run": 1, "place": 1}
        assert await socket.until_ended(sides="b") == {"b": "complete"}, "the other side does not wait"
        await asyncio.sleep(0.5)
        await in_front.adelete()
        await socket.until("answer", lambda frame: (frame["side"], frame["status"]) == ("a", "waiting"))
        assert await socket.until_ended(sides="a") == {"a": "complete"}
        await socket.until("ballot", lambda frame: frame["ballot_open"])
    answers = {answer.side: answer async for answer in Answer.objects.filter(turn__battle=battle)}
    assert answers["a"].queued_ms is not None and answers["a"].queued_ms >= 500
    assert answers["a"].first_token_ms is not None and answers["a"].first_token_ms < answers["a"].queued_ms
    assert answers["b"].queued_ms is None
    assert await comes_true(no_places)


async def test_a_reload_shows_the_place(open_socket: OpenSocket, in_front: Place) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
    async with open_socket() as socket:
        turn = (await socket.hello())["turns"][0]
        assert turn["a"] == {"run": 1, "status": "waiting", "at": 0, "text": "", "length": 0, "place": 1}
        assert "place" not in turn["b"]
        await in_front.adelete()
        assert await socket.until_ended(sides="a") == {"a": "complete"}, "its page was closed, and it kept its place"


async def test_two_volunteers_queue_in_the_order_in_which_they_came(
    battle: Battle, open_socket: OpenSocket, in_front: Place
) -> None:
    later = await open_battle(await sync_to_async(another_battle)(battle))
    async with open_socket() as first, later as second:
        await first.hello()
        await second.hello()
        await ask(first)
        assert (await first.until("queue"))["place"] == 1
        await ask(second)
        assert (await second.until("queue"))["place"] == 2
        await in_front.adelete()
        assert await first.until_ended(sides="a") == {"a": "complete"}
        assert await second.until_ended(sides="a") == {"a": "complete"}
        places = [frame["place"] for frame in second.frames if frame["type"] == "queue"]
        assert places in ([2], [2, 1])


async def test_both_sides_on_one_model_that_answers_one_at_a_time(battle: Battle, open_socket: OpenSocket) -> None:
    model = await sync_to_async(set_limit)(battle, 1)
    battle.competitor_b.served_model = model
    await battle.competitor_b.asave()
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}
        assert [frame["place"] for frame in socket.frames if frame["type"] == "queue"] == [1]
    assert await comes_true(no_places)


async def test_a_stop_leaves_the_queue(
    battle: Battle, open_socket: OpenSocket, in_front: Place, openai_server: StubServer
) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        for _time in range(3):
            await socket.send(type="stop", side="a")
        assert await socket.until_ended(sides="a") == {"a": "stopped"}
        assert await comes_true(lambda: list(Place.objects.values_list("holder", flat=True)) == ["in front"])
        assert [seen.model for seen in openai_server.requests] == [MODEL_B], "the model was never asked"
        answer = await Answer.objects.aget(turn__battle=battle, side="a")
        assert answer.duration_ms is None and answer.queued_ms is not None
        # Trying again is a new run, at the end of the queue.
        await socket.send(type="retry", turn=1, side="a")
        assert (await socket.until("queue"))["run"] == 2
        await in_front.adelete()
        assert await socket.until_ended(sides="a") == {"a": "complete"}


async def test_a_stop_from_another_process_leaves_the_queue(
    battle: Battle, open_socket: OpenSocket, in_front: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        monkeypatch.setattr("arena.live.consumer.live_stream", lambda *_key: None)
        monkeypatch.setattr("arena.live.consumer.stop_streams", lambda *_key: None)
        await socket.send(type="stop", side="a")
        assert await socket.until_ended(sides="a") == {"a": "stopped"}
        assert await sync_to_async(Place.objects.count)() == 1


async def test_the_time_limits_start_when_the_model_is_asked(
    battle: Battle, open_socket: OpenSocket, in_front: Place
) -> None:
    await ServedModel.objects.aupdate(connect_timeout=0.3, first_token_timeout=0.3)
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        await asyncio.sleep(0.6)
        await in_front.adelete()
        assert await socket.until_ended(sides="a") == {"a": "complete"}


async def test_who_waits_long_is_not_lost(
    battle: Battle, open_socket: OpenSocket, in_front: Place, settings: Settings
) -> None:
    settings.ANSWER_SAVE_SECONDS = 0.1
    # Long enough for a busy machine to open a socket and ask.
    settings.ANSWER_LOST_SECONDS = 4
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        # Who is in front is of another process, which dies without a word.
        assert await socket.until_ended(sides="a", timeout=20) == {"a": "complete"}
    answer = await Answer.objects.aget(turn__battle=battle, side="a")
    assert (answer.run, answer.status) == (1, AnswerStatus.COMPLETE)
    assert answer.queued_ms is not None and answer.queued_ms > 500


async def test_an_admin_removes_the_limit(battle: Battle, open_socket: OpenSocket, in_front: Place) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        await sync_to_async(set_limit)(battle, None)
        assert await socket.until_ended(sides="a") == {"a": "complete"}


@pytest.mark.parametrize("name", ["ask_for_place", "admit", "keep_places", "give_back"])
async def test_a_database_that_is_away_for_a_moment_is_waited_for(
    name: str,
    open_socket: OpenSocket,
    in_front: Place,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ANSWER_SAVE_SECONDS = 0.1
    calls = 0
    original = getattr(queue, name)

    def away_at_first(**options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise OperationalError("the database is away")
        return original(**options)

    monkeypatch.setattr(queue, name, away_at_first)
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        await socket.until("queue")
        if name == "give_back":
            await in_front.adelete()
        else:
            assert await comes_true(lambda: calls > 2)
            await in_front.adelete()
        assert await socket.until_ended(sides="a") == {"a": "complete"}


async def test_a_failed_answer_gives_its_place_back(
    battle: Battle, open_socket: OpenSocket, limited: ServedModel, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_A, Behaviour.HTTP_500)
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        assert await socket.until_ended(sides="a") == {"a": "failed"}
    assert await comes_true(no_places)
    answer = await Answer.objects.aget(turn__battle=battle, side="a")
    assert answer.attempts == 2, "both attempts from one place"


async def test_without_a_limit_nobody_queues(
    battle: Battle, open_socket: OpenSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(**_options: Any) -> None:
        raise AssertionError("nobody waits here")

    monkeypatch.setattr(queue, "wait_for_turn", never)
    async with open_socket() as socket:
        await socket.hello()
        await ask(socket)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}
