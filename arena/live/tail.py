"""What a socket has sent of one answer, and the pieces that wait for a gap to close. Pure."""

from dataclasses import dataclass, field

#: A piece of text and the offset, in code points, at which it starts.
Piece = tuple[int, str]

#: Pieces kept while a gap is open; older ones are dropped, since what closes the gap holds them.
_MOST_WAITING = 400


@dataclass(slots=True)
class Tail:
    """Keeps the pieces of an answer in order: what came twice is cut, what came too early waits.

    Frames can be lost (a channel layer that restarts, a full channel) or overlap (a socket that connects while an
    answer streams); their offsets tell.
    """

    run: int = 1
    length: int = 0
    _waiting: list[Piece] = field(default_factory=list)

    @property
    def has_gap(self) -> bool:
        return bool(self._waiting)

    def restart(self, run: int) -> None:
        """A new run begins from an empty text."""
        self.run, self.length, self._waiting = run, 0, []

    def offer(self, run: int, at: int, text: str) -> list[Piece]:
        """Takes a piece from anywhere; returns those that can be sent now, in order."""
        if run < self.run:
            return []
        if run > self.run:
            self.restart(run)
        if at == self.length and not self._waiting:
            # As nearly all do.
            self.length += len(text)
            return [(at, text)] if text else []
        self._waiting.append((at, text))
        self._waiting.sort(key=lambda piece: piece[0])
        ready = self._ready()
        del self._waiting[:-_MOST_WAITING]
        return ready

    def _ready(self) -> list[Piece]:
        ready: list[Piece] = []
        while self._waiting and self._waiting[0][0] <= self.length:
            at, text = self._waiting.pop(0)
            fresh = text[self.length - at :]
            if fresh:
                ready.append((self.length, fresh))
                self.length += len(fresh)
        return ready
