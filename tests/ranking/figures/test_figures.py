"""Figures are the same bytes from the same votes, draw hard cases, and take names as they are."""

import random
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pytest
from matplotlib.figure import Figure

from ranking.estimators import EstimationError, Options, Votes, solve
from ranking.estimators.factors import analyse_factors
from ranking.estimators.groups import rank_groups
from ranking.estimators.ranking import Solution
from ranking.estimators.rates import battle_counts, measured_rates, predicted_rates
from ranking.figures.canvas import short_names, style, written
from ranking.figures.factors import factors_figure
from ranking.figures.heatmaps import battles_figure, predicted_figure, wins_figure
from ranking.figures.history import _apart, history_figure, rating_history
from ranking.figures.intervals import intervals_figure
from tests.ranking.estimators.samples import draw_rows, votes_of

NAMES = ["exp_0_010", "exp_0_111", "exp_1_010", "exp_1_111", r"$\alpha$_b^{2}\textbf", "比較 🙂"]
FACTORS = {name: {"backbone": name[4], "corpus": name[6]} for name in NAMES[:4]}
MAGIC = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}


@pytest.fixture(scope="module")
def votes() -> Votes:
    return votes_of(draw_rows([0.5, -0.2, 0.3, 0, -0.4, 0.1], 900, names=NAMES))


@pytest.fixture(scope="module")
def solution(votes: Votes) -> Solution:
    return solve(votes, Options(interval="sandwich"))


def hard() -> Votes:
    """Two components, a model that never lost, and one without a rating at either end."""
    rows = [("w", "b", "a"), ("w", "c", "a"), ("b", "c", "a"), ("c", "b", "tie"), ("d", "e", "a"), ("e", "d", "a")]
    return votes_of([*rows, ("f", "g", "a")])


def drawings(votes: Votes) -> dict[str, Callable[[], Figure]]:
    solution = solve(votes, Options(interval="sandwich"))
    return {
        "intervals": lambda: intervals_figure(solution.ranking),
        "battles": lambda: battles_figure(solution),
        "wins": lambda: wins_figure(solution),
        "predicted": lambda: predicted_figure(solution),
        "history": lambda: history_figure(rating_history(votes, Options(interval="sandwich"), steps=3)),
    }


def texts(draw: Callable[[], Figure]) -> list[str]:
    with style():
        figure = draw()
        figure.draw_without_rendering()
        return [
            text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()
        ]


@pytest.mark.parametrize("name", ["intervals", "battles", "wins", "predicted", "history"])
def test_the_same_bytes_from_the_same_votes(votes: Votes, name: str) -> None:
    draw = drawings(votes)[name]
    first = written(draw, "svg")
    assert first.startswith(MAGIC["svg"])
    assert written(draw, "svg") == first


@pytest.mark.parametrize("kind", ["png", "svg", pytest.param("pdf", marks=pytest.mark.thorough)])
def test_every_format_is_the_same_again_and_tells_nothing_of_the_machine(solution: Solution, kind: str) -> None:
    found = written(lambda: intervals_figure(solution.ranking), kind)
    assert found.startswith(MAGIC[kind])
    assert written(lambda: intervals_figure(solution.ranking), kind) == found
    for word in (b"CreationDate", b"/home", b"/root", version("matplotlib").encode(), b"<dc:date>"):
        assert word not in found


@pytest.mark.parametrize("name", ["intervals", "battles", "wins", "predicted", "history"])
def test_hard_cases_are_drawn(name: str) -> None:
    assert written(drawings(hard())[name], "png").startswith(MAGIC["png"])


def test_names_are_no_formulas(solution: Solution) -> None:
    assert r"$\alpha$_b^{2}\textbf" in texts(lambda: intervals_figure(solution.ranking))


def test_groups_that_never_met_are_apart() -> None:
    found = texts(lambda: intervals_figure(solve(hard(), Options(interval="sandwich")).ranking))
    assert [text for text in found if text.startswith("Group")] == ["Group 1", "Group 2", "Group 3"]


def test_without_intervals_the_axis_does_not_name_any(votes: Votes) -> None:
    found = texts(lambda: intervals_figure(solve(votes, Options(interval="none")).ranking))
    assert "Rating (Elo)" in found


def test_no_votes_are_drawn_as_nothing() -> None:
    empty = solve(votes_of([]), Options(interval="none"))
    for draw in (lambda: intervals_figure(empty.ranking), lambda: battles_figure(empty), lambda: wins_figure(empty)):
        assert written(draw, "png").startswith(MAGIC["png"])


def test_history_ends_with_the_ranking_of_all_votes(votes: Votes) -> None:
    moments = rating_history(votes, Options(interval="sandwich"), steps=7)
    assert [moment.votes for moment in moments][-1] == len(votes)
    assert moments[-1].ranking == solve(votes, Options(interval="sandwich")).ranking
    assert len(moments) == 7
    with pytest.raises(EstimationError, match="'nobody' is none of the ranked models: .*exp_0_010"):
        history_figure(moments, models=["nobody"])
    with pytest.raises(EstimationError, match="no votes"):
        rating_history(votes_of([]), Options())


def test_factors_with_groups_and_with_what_cannot_be_told(votes: Votes, solution: Solution) -> None:
    factors = {name: levels | {"twin": levels["corpus"]} for name, levels in FACTORS.items()}
    analysis = analyse_factors(solution, factors, ["backbone", "corpus", "twin"])
    groups = [rank_groups(votes, factors, (name,), Options(interval="sandwich")) for name in ("backbone", "corpus")]
    found = texts(lambda: factors_figure(analysis, groups))
    assert {"backbone", "corpus", "twin", "Merged groups", "0  (2)"} <= set(found)
    assert " cannot be told by these models" in found
    assert written(lambda: factors_figure(analysis), "pdf").startswith(MAGIC["pdf"])


def test_long_names_are_cut_where_they_stay_different() -> None:
    long = "a-model-with-a-very-long-name-of-"
    assert short_names([long + "forty-characters", "b\nc"]) == ["a-model-with-a-…orty-characters", "b c"]
    twins = [f"{long}{middle}-and-the-same-ending-here" for middle in "xy"]
    assert short_names(twins) == twins


def test_labels_are_moved_apart_no_more_than_needed() -> None:
    assert _apart([10, 5, 1], 2) == [10, 5, 1]
    assert _apart([5, 5], 2) == [6, 4]
    placed = _apart(sorted((random.Random(1).gauss(0, 3) for _ in range(20)), reverse=True), 1)
    assert np.diff(placed).max() <= -1 + 1e-9


class TestRates:
    ROWS = [("x", "y", "a"), ("y", "x", "a"), ("x", "y", "tie"), ("x", "y", "a"), ("y", "z", "b"), ("z", "y", "b")]

    def test_measured_by_hand(self) -> None:
        found = solve(votes_of(self.ROWS), Options(interval="none"))
        assert battle_counts(found).tolist() == [[0, 4, 0], [4, 0, 2], [0, 2, 0]]
        rates = measured_rates(found)
        assert rates[0, 1] == pytest.approx(2.5 / 4)
        assert rates[1, 0] == pytest.approx(1.5 / 4)
        assert rates[1, 2] == pytest.approx(0.5)
        assert np.isnan(rates[0, 2]) and np.isnan(rates[0, 0])

    @pytest.mark.parametrize(("method", "tolerance"), [("bradley-terry", 1e-6), ("davidson", 1e-4), ("rao-kupper", 2)])
    def test_predicted_rates_add_up_to_what_was_measured(self, method: str, tolerance: float) -> None:
        """The score equations: a model's expected wins, a tie being half, are those it had (Rao-Kupper's, about)."""
        found = solve(votes_of(draw_rows([0.6, 0, -0.4, 0.1], 500)), Options(method=method, interval="none"))
        counts, measured, predicted = battle_counts(found), measured_rates(found), predicted_rates(found)
        np.testing.assert_allclose(predicted + predicted.T, np.where(np.eye(4, dtype=bool), np.nan, 1), atol=1e-12)
        np.testing.assert_allclose(
            np.nansum(counts * predicted, axis=1), np.nansum(counts * measured, axis=1), atol=tolerance
        )

    def test_nothing_is_predicted_for_models_without_rating(self) -> None:
        found = solve(hard(), Options(interval="none"))
        predicted = predicted_rates(found)
        w, b, c = (found.cells.models.index(name) for name in "wbc")
        assert np.isnan(predicted[w, b])
        assert predicted[b, c] > 0.5
        with pytest.raises(EstimationError, match="Elo"):
            predicted_rates(solve(hard(), Options(method="elo", interval="none")))
