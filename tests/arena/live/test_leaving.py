"""A web process that leaves: what it takes no more, and whom it sends away when."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

import pytest

from arena.live import leaving
from arena.live.close_codes import GOING_AWAY
from arena.models import Battle, Turn
from tests.arena.live.conftest import MODEL_A, OpenSocket
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def stays_after_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    monkeypatch.setattr(leaving, "_sockets", set())


@dataclass(eq=False)
class Closable:
    """A socket that notes when it is told to close."""

    closings: list["Closable"]
    uid: str = "no-battle-that-runs"
    codes: list[int] = field(default_factory=list)
    fault: Exception | None = None

    async def close(self, code: int) -> None:
        self.codes.append(code)
        self.closings.append(self)
        if self.fault:
            raise self.fault


def open_many(number: int) -> tuple[list[Closable], list[Closable]]:
    """Open sockets, and the list of those that were closed."""
    closings: list[Closable] = []
    opened = [Closable(closings) for _ in range(number)]
    for socket in opened:
        leaving.opened(socket)
    return opened, closings


async def test_sockets_go_in_groups_and_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    opened, closings = open_many(120)
    let_others_run = partial(asyncio.sleep, 0)

    async def count_pause(_seconds: float) -> None:
        await let_others_run()
        pauses.append(len(closings))

    monkeypatch.setattr(asyncio, "sleep", count_pause)
    await leaving.leave(5)
    assert pauses[:2] == [50, 100]
    assert {socket.codes[0] for socket in opened} == {GOING_AWAY}
    assert len(closings) == 120
    assert closings != sorted(closings, key=opened.index)


async def test_a_socket_that_cannot_be_closed_keeps_none_of_the_others() -> None:
    opened, closings = open_many(3)
    opened[0].fault = RuntimeError("gone")
    await leaving.leave(5)
    assert set(closings) == set(opened)


async def test_idle_sockets_go_at_once_and_others_with_their_answers(
    open_socket: OpenSocket, openai_server: StubServer
) -> None:
    (idle,), _closings = open_many(1)
    openai_server.script.text = "luzea " * 200
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        await socket.until("delta")
        leave = asyncio.create_task(leaving.leave(10))
        await socket.send(type="ping")
        await socket.until("pong")
        assert idle.codes == [GOING_AWAY]
        await socket.until("ballot", lambda frame: bool(frame["ballot_open"]))
        assert await socket.closed_with() == GOING_AWAY
        await leave


async def test_answers_that_take_longer_are_stopped(open_socket: OpenSocket, openai_server: StubServer) -> None:
    openai_server.behave(MODEL_A, Behaviour.SILENCE)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        await socket.until("delta", lambda frame: frame["side"] == "a")
        leave = asyncio.create_task(leaving.leave(0.5))
        await socket.until("answer", lambda frame: frame["side"] == "a" and frame["status"] == "stopped")
        assert await socket.closed_with() == GOING_AWAY
        await leave


async def test_answers_that_have_said_nothing_begin_again_at_another(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    """The page comes back at once, and its `hello` starts them: nobody waits for a heartbeat to stop."""
    openai_server.behave(MODEL_A, Behaviour.SLOW)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        await socket.until("answer", lambda frame: frame["side"] == "b" and frame["status"] == "complete")
        await leaving.leave(0.2)
        assert await socket.closed_with() == GOING_AWAY
    openai_server.behave(MODEL_A, Behaviour.OK)
    leaving._leaving.clear()
    async with open_socket() as socket:
        (turn,) = (await socket.hello())["turns"]
        assert (turn["a"]["run"], turn["a"]["status"], turn["b"]["run"]) == (2, "waiting", 1)
        assert await socket.until_ended(sides="a") == {"a": "complete"}


async def test_prompts_and_retries_are_left_to_other_processes(battle: Battle, open_socket: OpenSocket) -> None:
    for frame in ({"type": "prompt", "turn": 1, "text": "Kaixo!"}, {"type": "retry", "turn": 1, "side": "a"}):
        async with open_socket() as socket:
            await socket.hello()
            leaving._leaving.set()
            await socket.send(**frame)
            assert await socket.closed_with() == GOING_AWAY
            leaving._leaving.clear()
    assert not await Turn.objects.filter(battle=battle).aexists()


async def test_a_socket_that_comes_too_late_goes_on_to_another(open_socket: OpenSocket) -> None:
    await leaving.leave(0)
    async with open_socket() as socket:
        assert await socket.closed_with() == GOING_AWAY


async def test_leaving_twice_is_leaving_once() -> None:
    await leaving.leave(0)
    opened, closings = open_many(1)
    await leaving.leave(0)
    assert closings == []
