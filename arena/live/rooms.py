"""The battles that this process is in, and who of this process is in them."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from django.conf import settings

from arena.live.pace import Pace

#: More text of an answer, as it goes over the wire: turn, side, run, the offset at which it starts, the text.
Delta: TypeAlias = tuple[int, str, int, int, str]
#: What a battle's sockets are sent: the text that has come since the last time, or an object with a `type`.
Frame: TypeAlias = list[Delta] | dict[str, Any]


class Socket(Protocol):
    """One browser tab."""

    def offer(self, frame: Frame) -> None:
        """Takes a frame; returns at once, however slow the browser is."""


class Stream(Protocol):
    """One answer on its way."""

    has_ended: bool

    def fresh(self) -> Delta | None:
        """What has come since it was asked last."""

    def so_far(self) -> Iterable[Frame]:
        """The frames that bring a newcomer up to now."""


class Room:
    """One battle in this process. `post` sends a frame to other processes that are in it."""

    def __init__(self, post: Callable[[Frame], None]) -> None:
        self.sockets: set[Socket] = set()
        self.streams: set[Stream] = set()
        self._post = post
        self._pace = Pace(self._show, per_second=settings.ANSWER_FRAMES_PER_SECOND)

    @property
    def is_empty(self) -> bool:
        return not self.sockets and not self.streams

    def publish(self, frame: Frame) -> None:
        """Sends a frame to every socket of the battle. Never waits."""
        self.offer(frame)
        self._post(frame)

    def offer(self, frame: Frame) -> None:
        """Sends a frame to the sockets of this process."""
        for socket in self.sockets:
            socket.offer(frame)

    def news(self) -> None:
        """A stream has more text. That of both sides goes out together, so many times a second at most."""
        self._pace.news()

    def flush(self) -> None:
        """Sends what the streams have now."""
        self._pace.now()

    def so_far(self) -> list[Frame]:
        """What another process that enters the battle has missed of this one's streams."""
        return [frame for stream in self.streams for frame in stream.so_far()]

    def _show(self) -> None:
        deltas = [delta for stream in self.streams if (delta := stream.fresh()) is not None]
        if deltas:
            self.publish(deltas)


def joined(frames: Iterable[Frame]) -> list[Frame]:
    """The same frames in fewer: text that follows on the text of its side before it is joined to that."""
    result: list[Frame] = []
    growing: dict[tuple[int, str, int], Delta] = {}
    for frame in frames:
        if isinstance(frame, dict):
            # What comes after a change of status stays after it.
            result += [list(growing.values())] if growing else []
            growing = {}
            result.append(frame)
            continue
        for turn, side, run, at, text in frame:
            before = growing.get((turn, side, run))
            if before is None:
                growing[turn, side, run] = (turn, side, run, at, text)
            elif before[3] + len(before[4]) == at:
                growing[turn, side, run] = (turn, side, run, before[3], before[4] + text)
            else:
                result.append(list(growing.values()))
                growing = {(turn, side, run): (turn, side, run, at, text)}
    return [*result, list(growing.values())] if growing else result
