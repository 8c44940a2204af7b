"""Text that waits goes out in fewer frames, and loses nothing; frames go out so many times a second."""

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from arena.live.pace import Pace
from arena.live.rooms import Delta, Frame, joined
from arena.live.tail import Tail

DONE: Frame = {"type": "answer", "side": "a", "status": "complete"}


def test_text_of_each_side_is_joined_until_a_status_comes() -> None:
    frames: list[Frame] = [
        [(1, "a", 1, 0, "Kai"), (1, "b", 1, 0, "Egun")],
        [(1, "a", 1, 3, "xo")],
        DONE,
        [(1, "b", 1, 4, " on")],
    ]
    assert joined(frames) == [[(1, "a", 1, 0, "Kaixo"), (1, "b", 1, 0, "Egun")], DONE, [(1, "b", 1, 4, " on")]]


def test_text_after_a_gap_and_of_another_run_is_not_joined() -> None:
    frames: list[Frame] = [[(1, "a", 1, 0, "Kai")], [(1, "a", 1, 5, "!")], [(1, "a", 2, 0, "Ai")]]
    assert [delta for frame in joined(frames) for delta in frame] == [
        (1, "a", 1, 0, "Kai"),
        (1, "a", 1, 5, "!"),
        (1, "a", 2, 0, "Ai"),
    ]


def shown(frames: list[Frame]) -> list[object]:
    """The statuses, and between them what a browser shows of each side."""
    tails: dict[str, Tail] = {"a": Tail(), "b": Tail()}
    texts = {"a": "", "b": ""}
    seen: list[object] = []
    for frame in frames:
        if isinstance(frame, dict):
            seen += [dict(texts), frame]
            continue
        for _turn, side, run, at, text in frame:
            for _at, piece in tails[side].offer(run, at, text):
                texts[side] += piece
    return [*seen, texts]


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("ab"), st.text(max_size=3))), max_size=40))
def test_joining_changes_nothing_that_is_shown(script: list[tuple[str, str] | None]) -> None:
    lengths = {"a": 0, "b": 0}
    frames: list[Frame] = []
    for step in script:
        if step is None:
            frames.append(DONE)
            continue
        side, text = step
        delta: Delta = (1, side, 1, lengths[side], text)
        frames.append([delta])
        lengths[side] += len(text)
    assert shown(joined(frames)) == shown(frames)
    assert len(joined(frames)) <= len(frames)


async def test_the_first_news_is_shown_at_once_and_the_rest_at_its_pace() -> None:
    times: list[float] = []
    pace = Pace(lambda: times.append(time.monotonic()), per_second=50)
    pace.news()
    assert len(times) == 1
    for _token in range(30):
        pace.news()
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert min(gaps) > 0.015 and len(times) <= 12


async def test_what_cannot_wait_is_shown_now_and_once() -> None:
    times: list[float] = []
    pace = Pace(lambda: times.append(time.monotonic()), per_second=50)
    pace.news()
    pace.news()
    pace.now()
    assert len(times) == 2
    await asyncio.sleep(0.03)
    assert len(times) == 2, "what had been due is not shown again"
