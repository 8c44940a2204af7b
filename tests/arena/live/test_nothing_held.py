"""No transaction, lock or connection of the database is held while a token is awaited (invariant 4)."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from arena.models import Battle
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

#: Whether connections are given back, as they are, and the control in which they are not.
GIVEN_BACK = pytest.mark.parametrize("given_back", [True, False], ids=["given back", "control"])


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[BaseDatabaseWrapper]]:
    """Every connection that a thread of the live part has opened so far. What the control leaves open is closed."""
    opened: set[BaseDatabaseWrapper] = set()
    connect = BaseDatabaseWrapper.connect

    def watched(self: BaseDatabaseWrapper) -> None:
        connect(self)
        if threading.current_thread().name.startswith("live-db"):
            opened.add(self)

    monkeypatch.setattr(BaseDatabaseWrapper, "connect", watched)
    yield opened
    for wrapper in opened:
        wrapper.inc_thread_sharing()
        wrapper.close()
        wrapper.dec_thread_sharing()


def held(connections: set[BaseDatabaseWrapper]) -> int:
    return sum(wrapper.connection is not None for wrapper in connections)


async def waits(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    """Whether it comes true in time."""
    for _try in range(round(seconds / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


@GIVEN_BACK
async def test_nothing_is_held_while_a_token_is_awaited(
    given_back: bool,
    battle: Battle,
    connections: set[BaseDatabaseWrapper],
    open_socket: OpenSocket,
    openai_server: StubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not given_back:
        monkeypatch.setattr("arena.live.database.close_old_connections", lambda: None)
    for model in (MODEL_A, MODEL_B):
        openai_server.behave(model, Behaviour.SLOW)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        assert await waits(lambda: openai_server.open_answers == 2), "both models are asked"
        assert connections, "the database was asked on the way"
        # The saves of each second come and go; between them there is nothing.
        assert await waits(lambda: held(connections) == 0, 3.0 if given_back else 0.5) is given_back
