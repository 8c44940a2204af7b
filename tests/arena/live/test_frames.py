"""Frames from the browser, as docs/protocol.md describes them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.exceptions import FrameTooLarge, FrameUnknown, FrameUnreadable, Refusal
from arena.live.frames import MAX_FRAME_BYTES, Hello, Ping, Prompt, Retry, Stop, encode, parse_frame


@pytest.mark.parametrize(
    ("frame", "read"),
    [
        ({"type": "hello"}, Hello({})),
        ({"type": "hello", "have": []}, Hello({})),
        ({"type": "hello", "have": [{"turn": 1, "side": "a", "run": 2, "length": 0}]}, Hello({(1, "a"): (2, 0)})),
        ({"type": "prompt", "turn": 1, "text": "Kaixo 🙂"}, Prompt(1, "Kaixo 🙂")),
        ({"type": "stop"}, Stop(("a", "b"))),
        ({"type": "stop", "side": "b"}, Stop(("b",))),
        ({"type": "retry", "turn": 3, "side": "a"}, Retry(3, "a")),
        ({"type": "ping"}, Ping()),
        ({"type": "ping", "further": "keys are left for the future"}, Ping()),
    ],
)
def test_frames_are_read(frame: dict[str, Any], read: object) -> None:
    assert parse_frame(json.dumps(frame), None) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kaixo",
        "{",
        "[]",
        '"ping"',
        "null",
        "NaN",
        '{"type": "ping"} trailing',
        "[" * 5000,
        '{"type": "prompt", "turn": 1}',
        '{"type": "prompt", "turn": 0, "text": "x"}',
        '{"type": "prompt", "turn": -1, "text": "x"}',
        '{"type": "prompt", "turn": "1", "text": "x"}',
        '{"type": "prompt", "turn": 1.5, "text": "x"}',
        '{"type": "prompt", "turn": true, "text": "x"}',
        '{"type": "prompt", "turn": 1, "text": ["x"]}',
        '{"type": "prompt", "turn": 1, "text": "\\ud800"}',
        '{"type": "prompt", "turn": 1, "text": "\ud800"}',
        '{"type": "stop", "side": "c"}',
        '{"type": "stop", "side": null}',
        '{"type": "stop", "side": {}}',
        '{"type": "retry", "turn": 1}',
        '{"type": "hello", "have": {}}',
        '{"type": "hello", "have": null}',
        '{"type": "hello", "have": [1]}',
        '{"type": "hello", "have": [{"turn": 1, "side": "a", "run": 1, "length": -1}]}',
        '{"type": "hello", "have": [{"turn": 1, "side": "a", "run": 0, "length": 1}]}',
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(FrameUnreadable):
        parse_frame(text, None)


@pytest.mark.parametrize(
    "frame", ["{}", '{"type": "vote"}', '{"type": ["ping"]}', '{"type": null}', '{"type": "state"}']
)
def test_an_unknown_type_is_refused(frame: str) -> None:
    with pytest.raises(FrameUnknown):
        parse_frame(frame, None)


def test_bytes_are_no_frame() -> None:
    with pytest.raises(FrameUnreadable):
        parse_frame(None, b'{"type": "ping"}')


def test_the_limit_counts_bytes() -> None:
    frame = '{"type": "ping", "x": "%s"}'
    fitting = "é" * ((MAX_FRAME_BYTES - len(frame) + 2) // 2)
    assert parse_frame(frame % fitting, None) == Ping()
    with pytest.raises(FrameTooLarge):
        parse_frame(frame % (fitting + "éé"), None)


def test_what_is_written_can_be_read() -> None:
    frame = {"type": "delta", "turn": 1, "side": "a", "run": 1, "at": 3, "text": "ñ 🙂\n"}
    assert json.loads(encode(frame)) == frame


@given(st.text(max_size=60) | st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4)).map(json.dumps))
def test_nothing_breaks_the_reader(text: str) -> None:
    try:
        parse_frame(text, None)
    except Refusal as refusal:
        assert refusal.code.startswith("frame_")
