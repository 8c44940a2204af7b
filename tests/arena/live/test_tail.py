"""Pieces of an answer: lost, overlapping, early and late ones make up the text again."""

from hypothesis import given
from hypothesis import strategies as st

from arena.live.tail import Tail

TEXT = "Kaixo 🙂, zer moduz? Gaur eguraldi ona dago Donostian."


def _sent(tail: Tail, *offers: tuple[int, int, str]) -> str:
    """What goes to the browser, checked for having neither holes nor repetitions."""
    sent = ""
    for offer in offers:
        for at, text in tail.offer(*offer):
            assert at == len(sent) and text
            sent += text
    assert tail.length == len(sent)
    return sent


def test_pieces_in_order_pass_as_they_come() -> None:
    assert Tail().offer(1, 0, "Kaixo") == [(0, "Kaixo")]
    assert _sent(Tail(), (1, 0, "Kai"), (1, 3, "xo")) == "Kaixo"


def test_what_came_twice_is_cut() -> None:
    assert _sent(Tail(), (1, 0, "Kaix"), (1, 0, "Kaix"), (1, 2, "ixo"), (1, 1, "ai")) == "Kaixo"


def test_what_came_too_early_waits_for_the_gap_to_close() -> None:
    tail = Tail()
    assert tail.offer(1, 3, "xo") == [] and tail.has_gap
    assert tail.offer(1, 0, "Kai") == [(0, "Kai"), (3, "xo")] and not tail.has_gap


def test_offsets_count_code_points() -> None:
    assert _sent(Tail(), (1, 0, "🙂"), (1, 1, "é")) == "🙂é"


def test_a_new_run_starts_from_an_empty_text_and_the_old_one_is_silent() -> None:
    tail = Tail()
    tail.offer(1, 0, "zaharra")
    assert tail.offer(2, 0, "berria") == [(0, "berria")]
    assert tail.offer(1, 7, "!") == []
    assert (tail.run, tail.length) == (2, 6)


def test_pieces_that_wait_are_dropped_with_the_run() -> None:
    tail = Tail()
    tail.offer(1, 9, "zaharra")
    tail.restart(2)
    assert not tail.has_gap and tail.length == 0


def test_a_gap_of_any_length_is_closed_by_the_whole_text() -> None:
    """Hundreds of pieces wait: what closes the gap stands before them all, and must not be the one that is dropped."""
    tail, whole = Tail(), "x" * 5000
    for at in range(1, 3000):
        assert tail.offer(1, at, "x") == []
    assert tail.offer(1, 0, whole) == [(0, whole)]
    assert not tail.has_gap


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT))), max_size=12), st.randoms())
def test_any_pieces_in_any_order_make_a_beginning_of_the_text(cuts: list[tuple[int, int]], rng: object) -> None:
    tail = Tail()
    pieces = [(1, min(cut), TEXT[min(cut) : max(cut)]) for cut in cuts]
    assert TEXT.startswith(_sent(tail, *pieces))
    assert "".join(text for _at, text in tail.offer(1, 0, TEXT)) == TEXT[len(_sent(Tail(), *pieces)) :]
    assert tail.length == len(TEXT) and not tail.has_gap
