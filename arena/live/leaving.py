"""The end of a web process, in good order: nothing new begins, running answers end, sockets go to other processes."""

import asyncio
import random
from collections.abc import Iterable
from typing import Protocol

import structlog

from arena.live.close_codes import GOING_AWAY
from arena.live.streams import drain, running_streams

log = structlog.get_logger(__name__)

#: So many sockets are closed at a time, and so long after each other (in seconds): their pages come back at random
#: within half a second, and not thousands at once.
_GROUP = 50
_BETWEEN_GROUPS = 0.1
#: The last frames of an answer are on their way to the sockets when its task has ended.
_LAST_FRAMES = 0.2


class Socket(Protocol):
    """A battle's socket, as far as leaving is concerned."""

    uid: str

    async def close(self, code: int) -> None: ...


_sockets: set[Socket] = set()
_leaving = asyncio.Event()


def is_leaving() -> bool:
    """Whether this process takes no more prompts."""
    return _leaving.is_set()


def opened(socket: Socket) -> None:
    """A socket is told when the process leaves, until it is `closed`."""
    _sockets.add(socket)


def closed(socket: Socket) -> None:
    _sockets.discard(socket)


async def leave(seconds: float) -> None:
    """Returns when no answer is running and no socket is open in this process.

    From now on prompts are not taken. Idle sockets are closed at once, the others when the answers of their battle have
    ended. Answers that take longer than `seconds` are stopped with what they have said, or begin anew elsewhere.
    """
    if is_leaving():
        return
    _leaving.set()
    log.info("leaving", answers=len(running_streams()), sockets=len(_sockets), seconds=seconds)
    deadline = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as closing:
        await _close_idle(closing)
        while (streams := running_streams()) and (left := deadline - asyncio.get_running_loop().time()) > 0:
            tasks = [stream.task for stream in streams]
            await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(_LAST_FRAMES)
            await _close_idle(closing)
        await drain(0)
        await asyncio.sleep(_LAST_FRAMES)
        await _close(closing, _sockets)


async def _close_idle(closing: asyncio.TaskGroup) -> None:
    busy = {stream.key.battle_uid for stream in running_streams()}
    await _close(closing, [socket for socket in _sockets if socket.uid not in busy])


async def _close(closing: asyncio.TaskGroup, sockets: Iterable[Socket]) -> None:
    """Closes sockets in groups. A page that has gone without a word takes seconds to be given up: none waits for it."""
    shuffled = list(sockets)
    random.shuffle(shuffled)
    _sockets.difference_update(shuffled)
    for start in range(0, len(shuffled), _GROUP):
        if start:
            await asyncio.sleep(_BETWEEN_GROUPS)
        for socket in shuffled[start : start + _GROUP]:
            closing.create_task(_close_one(socket))


async def _close_one(socket: Socket) -> None:
    try:
        await socket.close(code=GOING_AWAY)
    except Exception as error:
        # It went away by itself meanwhile, or its server has trouble: that must not keep the others here.
        log.warning("socket_not_closed", battle=socket.uid, error=error)
