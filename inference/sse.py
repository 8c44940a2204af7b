"""Server-sent events, split by hand from the bytes of a response. No Django in it.

The SDK's own reader costs five times the CPU a chunk, mostly for building a validated object of each one.
"""

from inference.exceptions import AnswerFailed, FailureKind

MAX_EVENT_BYTES = 1024 * 1024
"""An event larger than this is no part of an answer, and is not gathered up in memory."""


class EventSplitter:
    """Gathers bytes as they come and gives back the data of each event that is complete.

    Lines end in LF or CRLF. Comments and fields other than `data` are passed over. Bytes are cut at line ends
    only, so a character split across two network reads is whole again when the data is decoded.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        """The data of the events that `received` completes. Raises AnswerFailed(OVER_LIMIT) on an endless event."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        events: list[bytes] = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise AnswerFailed(FailureKind.OVER_LIMIT, f"an event of more than {MAX_EVENT_BYTES} bytes")
        return events
