import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.exceptions import AnswerFailed, FailureKind
from inference.sse import MAX_EVENT_BYTES, EventSplitter


def split(*pieces: bytes) -> list[bytes]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)]


def test_one_event_a_blank_line() -> None:
    assert split(b"data: one\n\ndata: two\n\n") == [b"one", b"two"]


def test_lines_may_end_in_crlf() -> None:
    assert split(b"data: one\r\n\r\ndata: two\r\n\r\n") == [b"one", b"two"]


def test_space_after_the_colon_is_optional_and_only_one_is_taken() -> None:
    assert split(b"data:one\n\ndata:  two\n\n") == [b"one", b" two"]


def test_comments_and_other_fields_are_passed_over() -> None:
    assert split(b": ping\nevent: message\nid: 3\nretry: 10\ndata: one\n\n: ping\n\n") == [b"one"]


def test_data_of_several_lines_is_joined() -> None:
    assert split(b"data: {\ndata: }\n\n") == [b"{\n}"]


def test_an_event_that_is_not_complete_is_held_back() -> None:
    assert split(b"data: one\n\ndata: tw") == [b"one"]


@given(
    events=st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), max_size=5),
    newline=st.sampled_from([b"\n", b"\r\n"]),
    data=st.data(),
)
def test_where_the_network_cuts_makes_no_difference(events: list[str], newline: bytes, data: st.DataObject) -> None:
    stream = b"".join(b"data: " + event.encode() + newline * 2 for event in events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert split(*pieces) == [event.encode() for event in events]


@pytest.mark.parametrize("line", [b"data: " + b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_endless_event_is_not_gathered_up(line: bytes) -> None:
    with pytest.raises(AnswerFailed) as caught:
        split(*[line] * (MAX_EVENT_BYTES // 1000 + 2))
    assert caught.value.kind is FailureKind.OVER_LIMIT
