"""From this process to the others that are in the same battle, over the channel layer.

A process has one channel of its own, whatever the number of its sockets. When it enters a battle it says so to the
battle's group; those who are in it answer, with what their streams have said so far, and from then on each sends the
others its frames, gathered into one message for each process. A battle that is in one process only, as nearly all are,
costs two messages when a page opens it and none for its text.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer

from arena.live.rooms import Frame, Room

log = structlog.get_logger(__name__)

Message = dict[str, Any]

_PAUSE_SECONDS = 1.0
_PATIENCE_SECONDS = 0.5


def group_of(battle_uid: str) -> str:
    """The group of the channel layer in which the processes of a battle are."""
    return f"battle.{battle_uid}"


class Link:
    """This process among the others; one for each event loop."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self._channel = ""
        self._peers: dict[str, set[str]] = {}
        self._pending: dict[str, list[tuple[str, Frame]]] = {}
        self._has_pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_up = True

    def room(self, battle_uid: str) -> Room:
        """The battle in this process, from now on."""
        if battle_uid not in self.rooms:
            self.rooms[battle_uid] = Room(partial(self.post, battle_uid))
        return self.rooms[battle_uid]

    async def enter(self, battle_uid: str) -> None:
        """Makes this process known to the battle's others, and them to it. Done again, it finds those it missed."""
        if not self._tasks:
            self._channel = await get_channel_layer().new_channel("lehia")
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send_pending())]
        await self._announce(battle_uid)

    async def quit_if_empty(self, battle_uid: str) -> None:
        """Leaves a battle of which nothing is here any more."""
        room = self.rooms.get(battle_uid)
        if room is None or not room.is_empty:
            return
        del self.rooms[battle_uid]
        peers = self._peers.pop(battle_uid, ())
        await self._try(get_channel_layer().group_discard(group_of(battle_uid), self._channel))
        for channel in peers:
            await self._send(channel, {"kind": "gone", "battle": battle_uid})

    def post(self, battle_uid: str, frame: Frame) -> None:
        """Sends a frame to the processes that are known to be in the battle. Never waits."""
        for channel in self._peers.get(battle_uid, ()):
            self._pending.setdefault(channel, []).append((battle_uid, frame))
            self._has_pending.set()

    def knows_others(self, battle_uid: str) -> bool:
        """Whether frames of the battle go to another process too."""
        return bool(self._peers.get(battle_uid))

    async def tell_all(self, battle_uid: str, frame: Frame) -> None:
        """Sends a frame to all processes in the battle, also where this one is not in it."""
        await self._send_to_group(battle_uid, {"kind": "frames", "items": [(battle_uid, frame)]})

    async def close(self) -> None:
        """Ends the tasks of the link."""
        running, self._tasks = set(self._tasks), []
        while running:
            for task in running:
                task.cancel()
            # Once is not always enough: channels_redis's `receive` swallows a cancellation that comes with a message.
            _, running = await asyncio.wait(running, timeout=_PATIENCE_SECONDS)

    async def _announce(self, battle_uid: str) -> None:
        await self._try(get_channel_layer().group_add(group_of(battle_uid), self._channel))
        await self._send_to_group(battle_uid, {"kind": "here", "battle": battle_uid, "is_new": True})

    async def _listen(self) -> None:
        while True:
            try:
                message = await get_channel_layer().receive(self._channel)
            except Exception as error:
                self._is_down(error)
                await asyncio.sleep(_PAUSE_SECONDS)
                # Whatever was said meanwhile is lost, and so are the groups of a layer that was started anew.
                for battle_uid in list(self.rooms):
                    await self._announce(battle_uid)
            else:
                await self._take(message)

    async def _take(self, message: Message) -> None:
        if message["from"] == self._channel:
            return
        match message["kind"]:
            case "here":
                await self._meet(message["battle"], message["from"], is_new=message["is_new"])
            case "gone":
                self._peers.get(message["battle"], set()).discard(message["from"])
            case "frames":
                for battle_uid, frame in message["items"]:
                    if room := self.rooms.get(battle_uid):
                        room.offer(frame)

    async def _meet(self, battle_uid: str, channel: str, *, is_new: bool) -> None:
        room = self.rooms.get(battle_uid)
        if room is None:
            return
        self._peers.setdefault(battle_uid, set()).add(channel)
        if is_new:
            await self._send(channel, {"kind": "here", "battle": battle_uid, "is_new": False})
            if frames := room.so_far():
                await self._send(channel, {"kind": "frames", "items": [(battle_uid, frame) for frame in frames]})

    async def _send_pending(self) -> None:
        while True:
            await self._has_pending.wait()
            self._has_pending.clear()
            pending, self._pending = self._pending, {}
            for channel, items in pending.items():
                await self._send(channel, {"kind": "frames", "items": items})

    async def _send(self, channel: str, message: Message) -> None:
        try:
            await self._try(get_channel_layer().send(channel, {**message, "from": self._channel}))
        except ChannelFull:
            # Nobody reads there any more: a process that was killed says no goodbye.
            for peers in self._peers.values():
                peers.discard(channel)

    async def _send_to_group(self, battle_uid: str, message: Message) -> None:
        await self._try(get_channel_layer().group_send(group_of(battle_uid), {**message, "from": self._channel}))

    async def _try(self, sending: Any) -> None:
        """Awaits a call of the layer. One that is gone costs the frame and not the answer: the text is in the database
        as well, and sockets find the gap by the offsets."""
        try:
            await sending
        except ChannelFull:
            raise
        except Exception as error:
            # Whatever the layer raises: redis, sockets, time-outs.
            self._is_down(error)
        else:
            self._is_up = True

    def _is_down(self, error: Exception) -> None:
        """Said once, and not for every frame."""
        if self._is_up:
            log.warning("channel_layer_unreachable", error=error)
        self._is_up = False


_links: dict[asyncio.AbstractEventLoop, Link] = {}


def link_of_this_loop() -> Link:
    """The link of the running event loop, made at first use."""
    loop = asyncio.get_running_loop()
    if loop not in _links:
        for stale in [known for known in _links if known.is_closed()]:
            del _links[stale]
        _links[loop] = Link()
    return _links[loop]


async def close_link() -> None:
    """Ends the running loop's link. Call it before the loop ends."""
    with suppress(KeyError):
        await _links.pop(asyncio.get_running_loop()).close()
