"""Frames of the battle's WebSocket, as docs/protocol.md describes them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from arena.enums import Side
from arena.exceptions import FrameTooLarge, FrameUnknown, FrameUnreadable
from arena.live.rooms import Frame

MAX_FRAME_BYTES = 64 * 1024

#: (turn, side) → (run, how many code points the browser has).
Have: TypeAlias = dict[tuple[int, str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Hello:
    have: Have


@dataclass(frozen=True, slots=True)
class Prompt:
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    sides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retry:
    turn: int
    side: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


ClientFrame: TypeAlias = Hello | Prompt | Stop | Retry | Ping


def parse_frame(text: str | None, data: bytes | None) -> ClientFrame:
    """Reads a message. Raises FrameTooLarge, FrameUnreadable or FrameUnknown."""
    if text is None:
        raise FrameUnreadable
    raw = text.encode(errors="surrogatepass")
    if len(raw) > MAX_FRAME_BYTES:
        raise FrameTooLarge
    try:
        frame = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise FrameUnreadable from None
    if not isinstance(frame, dict):
        raise FrameUnreadable
    match frame.get("type"):
        case "hello":
            return Hello(_have(frame.get("have", [])))
        case "prompt":
            return Prompt(turn=_positive(frame, "turn"), text=_text(frame, "text"))
        case "stop":
            return Stop((_side(frame),) if "side" in frame else tuple(Side.values))
        case "retry":
            return Retry(turn=_positive(frame, "turn"), side=_side(frame))
        case "ping":
            return Ping()
        case _:
            raise FrameUnknown


def encode(frame: Frame) -> str:
    """A frame as it goes over the wire."""
    return orjson.dumps(frame).decode()


def _have(items: Any) -> Have:
    if not isinstance(items, list):
        raise FrameUnreadable
    have: Have = {}
    for item in items:
        if not isinstance(item, dict):
            raise FrameUnreadable
        have[_positive(item, "turn"), _side(item)] = (_positive(item, "run"), _natural(item, "length"))
    return have


def _natural(frame: Mapping[str, Any], name: str) -> int:
    value = frame.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FrameUnreadable
    return value


def _positive(frame: Mapping[str, Any], name: str) -> int:
    value = _natural(frame, name)
    if value < 1:
        raise FrameUnreadable
    return value


def _text(frame: Mapping[str, Any], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str):
        raise FrameUnreadable
    return value


def _side(frame: Mapping[str, Any]) -> str:
    value = frame.get("side")
    if value not in Side.values:
        raise FrameUnreadable
    return str(value)
