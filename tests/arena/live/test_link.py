"""Two processes in one battle: each has its link, and here both are in one event loop, on the layer that is set up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from arena.live.link import Link
from arena.live.rooms import Delta, Frame
from tests.arena.live.conftest import forget_channel_layer

BATTLE = "0b0a7c1e-3a53-4a2f-a8f3-0b7a4a3f6f11"
Told = dict[str, object]


class Tab:
    """A socket that keeps what it is offered."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def offer(self, frame: Frame) -> None:
        self.frames.append(frame)

    def texts(self) -> str:
        return "".join(delta[4] for frame in self.frames if not isinstance(frame, dict) for delta in frame)

    async def until(self, check: Callable[["Tab"], bool]) -> None:
        async with asyncio.timeout(5):
            while not check(self):
                await asyncio.sleep(0.01)


class Answer:
    """A stream that has said something before anybody else came."""

    has_ended = False

    def __init__(self, text: str) -> None:
        self.text = text

    def fresh(self) -> Delta | None:
        return None

    def so_far(self) -> list[Frame]:
        return [[(1, "a", 1, 0, self.text)]]


@pytest.fixture
async def links() -> AsyncIterator[tuple[Link, Link]]:
    here, there = Link(), Link()
    yield here, there
    await here.close()
    await there.close()
    await forget_channel_layer()


async def enter(link: Link) -> Tab:
    tab = Tab()
    link.room(BATTLE).sockets.add(tab)
    await link.enter(BATTLE)
    return tab


async def test_frames_reach_the_other_process_in_order(links: tuple[Link, Link]) -> None:
    here, there = links
    await enter(here)
    tab = await enter(there)
    here_room = here.room(BATTLE)
    async with asyncio.timeout(5):
        while not here.knows_others(BATTLE):
            await asyncio.sleep(0.01)
    for at in range(50):
        here_room.publish([(1, "a", 1, at, str(at % 10))])
    here_room.publish({"type": "answer", "status": "complete"})
    await tab.until(lambda tab: {"type": "answer", "status": "complete"} in tab.frames)
    assert tab.texts() == "".join(str(at % 10) for at in range(50))
    assert isinstance(tab.frames[-1], dict), "the status comes after the text"


async def test_who_comes_later_is_told_what_was_said_before(links: tuple[Link, Link]) -> None:
    here, there = links
    await enter(here)
    here.room(BATTLE).streams.add(Answer("Kaixo, zer moduz?"))
    tab = await enter(there)
    await tab.until(lambda tab: tab.texts() == "Kaixo, zer moduz?")


async def test_a_battle_in_one_process_costs_no_message(links: tuple[Link, Link]) -> None:
    here, there = links
    tab = await enter(here)
    other = "9f5a1a55-9a0e-4f3c-8a3e-6a0b8c1d2e3f"
    there.room(other).sockets.add(Tab())
    await there.enter(other)
    here.room(BATTLE).publish([(1, "a", 1, 0, "Kaixo")])
    assert tab.texts() == "Kaixo"
    assert not here.knows_others(BATTLE)


async def test_who_has_left_is_sent_nothing(links: tuple[Link, Link]) -> None:
    here, there = links
    await enter(here)
    tab = await enter(there)
    async with asyncio.timeout(5):
        while not here.knows_others(BATTLE):
            await asyncio.sleep(0.01)
    there.room(BATTLE).sockets.discard(tab)
    await there.quit_if_empty(BATTLE)
    async with asyncio.timeout(5):
        while here.knows_others(BATTLE):
            await asyncio.sleep(0.01)
    assert BATTLE not in there.rooms


async def test_a_word_for_all_reaches_processes_that_the_sender_does_not_know(links: tuple[Link, Link]) -> None:
    here, there = links
    tab = await enter(there)
    await here.tell_all(BATTLE, {"type": "closed", "status": "voted"})
    await tab.until(lambda tab: tab.frames == [{"type": "closed", "status": "voted"}])


async def test_a_layer_that_fails_for_a_while_is_come_back_to(
    links: tuple[Link, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Redis does when it restarts: groups and messages are gone, and both processes find each other again."""
    from channels.layers import get_channel_layer

    monkeypatch.setattr("arena.live.link._PAUSE_SECONDS", 0.05)
    here, there = links
    await enter(here)
    layer = get_channel_layer()
    receive = layer.receive
    is_away = True

    async def failing(channel: str) -> Told:
        if is_away:
            raise ConnectionError("the layer is away")
        told: Told = await receive(channel)
        return told

    monkeypatch.setattr(layer, "receive", failing)
    tab = await enter(there)
    await asyncio.sleep(0.1)
    is_away = False
    async with asyncio.timeout(5):
        while not here.knows_others(BATTLE):
            await asyncio.sleep(0.01)
    here.room(BATTLE).publish([(1, "b", 1, 0, "Hemen gaude")])
    await tab.until(lambda tab: tab.texts() == "Hemen gaude")


async def test_a_layer_that_swallows_a_cancellation_does_not_keep_the_process(
    links: tuple[Link, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As channels_redis does where a message and the cancellation come at once."""
    from channels.layers import get_channel_layer

    swallowed = []

    async def deaf(channel: str) -> Told:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if swallowed:
                raise
            swallowed.append(channel)
        return {"kind": "gone", "battle": BATTLE, "from": "somebody"}

    monkeypatch.setattr(get_channel_layer(), "receive", deaf)
    here, _ = links
    await enter(here)
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        await here.close()
    assert swallowed
