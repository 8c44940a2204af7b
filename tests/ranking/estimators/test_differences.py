"""Comparisons of two models: their own intervals, and what is left of them once all pairs are looked at."""

import numpy as np
import pytest
from scipy.stats import norm, studentized_range

from ranking.estimators import EstimationError, Options, solve
from ranking.estimators.differences import differences
from ranking.estimators.estimates import ELO_PER_LOG_ODDS
from ranking.estimators.joint import DRAWS, joint_of_covariance, joint_of_resamples
from tests.ranking.estimators.samples import RING, draw_rows, voters_for, votes_of

ROWS = draw_rows([0.0, 0.3, 0.6, 1.2], 800)


def found(rows=ROWS, voter=None, **options):
    return differences(solve(votes_of(rows, voter=voter), Options(**{"interval": "sandwich", **options})))


def candidates(n):
    return ~np.eye(n, dtype=bool)


class TestByHand:
    """Three models of known strength and covariance: every number from its formula."""

    def test_holm(self):
        joint = joint_of_covariance(np.array([2.5, 0.0, -0.5]) * np.sqrt(2), np.eye(3), candidates(3))
        p = 2 * norm.sf([2.5, 3.0, 0.5])
        assert joint.p_values() == pytest.approx(p)
        assert joint.p_holm() == pytest.approx([2 * p[0], 3 * p[1], p[2]])

    def test_max_t_of_independent_models_is_tukeys(self):
        """Largest of all |differences| over their error: the studentised range over the root of two."""
        joint = joint_of_covariance(np.zeros(5), np.eye(5), candidates(5))
        exact = studentized_range.ppf(0.95, 5, np.inf) / np.sqrt(2)
        assert joint.critical_value(0.05) == pytest.approx(exact, abs=0.04)

    def test_max_t_steps_down(self):
        """The smallest |z| is in the end compared with itself only: its adjusted p is its own, or a larger one's."""
        joint = joint_of_covariance(np.array([4.0, 0.0, -4.5]), np.eye(3), candidates(3))
        plain, adjusted = joint.p_values(), joint.p_max_t()
        smallest = np.argmin(np.abs(joint.z()))
        assert adjusted[smallest] == pytest.approx(plain[smallest], abs=4 * np.sqrt(plain[smallest] / DRAWS))
        assert (adjusted <= joint.p_holm() + 1e-12).all()
        assert (adjusted >= plain - 4 * np.sqrt(plain / DRAWS)).all()

    def test_resamples_find_what_the_covariance_says(self):
        covariance = np.diag([1.0, 2.0, 0.5, 1.0])
        strength = np.array([3.0, 1.0, 0.0, -2.0])
        values = np.random.default_rng(3).multivariate_normal(strength, covariance, 20_000)
        drawn = joint_of_resamples(strength, values, candidates(4))
        exact = joint_of_covariance(strength, covariance, candidates(4))
        assert drawn.error == pytest.approx(exact.error, rel=0.03)
        assert drawn.p_max_t() == pytest.approx(exact.p_max_t(), abs=0.02)


class TestResamplesWithoutNumber:
    strength = np.array([2.0, 0.0])

    def joint(self, spoiled, value):
        values = np.random.default_rng(4).normal(self.strength, 0.3, (1000, 2))
        values[:spoiled, 0] = value
        return joint_of_resamples(self.strength, values, candidates(2))

    def test_unknown_ones_count_against_the_claim(self):
        joint = self.joint(40, np.nan)
        assert joint.p_max_t() == pytest.approx([0.04 + 1 / 1001], abs=1e-6)
        assert joint.open_low.all() and joint.open_high.all()

    def test_infinite_ones_on_the_far_side_do_not(self):
        joint = self.joint(40, np.inf)
        assert joint.p_max_t() == pytest.approx([1 / 1001])
        assert (joint.open_low.any(), joint.open_high.all()) == (False, True)

    def test_infinite_ones_on_the_other_side_do(self):
        assert self.joint(60, -np.inf).p_max_t()[0] > 0.06

    def test_all_of_them(self):
        joint = self.joint(1000, np.nan)
        assert np.isnan(joint.p_max_t()).all() and np.isnan(joint.p_values()).all() and np.isnan(joint.p_holm()).all()


def test_chunks_of_pairs_are_no_matter(monkeypatch):
    rng = np.random.default_rng(5)
    strength = np.linspace(0, 2, 7)
    values = rng.normal(strength, 0.4, (300, 7))
    values[:20, 2], values[5:9, 4] = np.nan, np.inf
    at_once = joint_of_resamples(strength, values, candidates(7))
    claims = at_once.p_max_t(), at_once.critical_value(0.1)
    monkeypatch.setattr("ranking.estimators.joint.IN_CACHE", 700)
    by_twos = joint_of_resamples(strength, values, candidates(7))
    assert by_twos.error.tolist() == at_once.error.tolist()
    assert by_twos.p_max_t().tolist() == claims[0].tolist()
    assert by_twos.critical_value(0.1) == claims[1]


@pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
class TestDifferences:
    def test_better_first_with_ends_around(self, interval):
        result = found(interval=interval)
        assert [(pair.model_a, pair.model_b) for pair in result.pairs] == [
            ("m03", "m02"), ("m03", "m01"), ("m03", "m00"), ("m02", "m01"), ("m02", "m00"), ("m01", "m00"),
        ]  # fmt: skip
        for pair in result.pairs:
            assert pair.simultaneous_low < pair.ci_low < pair.difference < pair.ci_high < pair.simultaneous_high
            assert pair.difference >= 0 and pair.p_better >= 0.5
            assert pair.p <= pair.p_holm + 1e-9 and pair.p <= pair.p_max_t + 0.01

    def test_difference_is_that_of_the_ratings(self, interval):
        solution = solve(votes_of(ROWS), Options(interval=interval, rounds=200))
        rating = {line.model: line.rating for line in solution.ranking.ratings}
        for pair in differences(solution).pairs:
            assert pair.difference == pytest.approx(rating[pair.model_a] - rating[pair.model_b], abs=2e-6)

    def test_relabelling_changes_no_claim_and_turning_changes_signs(self, interval):
        plain = found(interval=interval).between("m03", "m00")
        turned = found(interval=interval).between("m00", "m03")
        assert (turned.difference, turned.ci_low, turned.ci_high) == (-plain.difference, -plain.ci_high, -plain.ci_low)
        assert turned.p_better == pytest.approx(1 - plain.p_better, abs=1e-6)
        assert (turned.p, turned.p_holm, turned.p_max_t) == (plain.p, plain.p_holm, plain.p_max_t)

    def test_probabilities_of_being_best(self, interval):
        best = found(draw_rows([0.0, 1.0, 1.02], 600), interval=interval).best
        assert sum(best.values()) == pytest.approx(1, abs=1e-5)
        assert best["m00"] == 0 and 0.05 < best["m01"] < 0.95

    def test_the_same_every_time(self, interval):
        assert found(interval=interval) == found(list(reversed(ROWS)), interval=interval)


def test_standard_error_is_of_the_difference():
    """From the full covariance: not the root of the sum of two squares, as ratings share their errors."""
    solution = solve(votes_of(ROWS, voter=voters_for(ROWS, 60)), Options(interval="sandwich"))
    covariance, names = solution.estimate.covariance, solution.cells.models
    pair = differences(solution).pairs[0]
    i, j = names.index(pair.model_a), names.index(pair.model_b)
    exact = np.sqrt(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]) * ELO_PER_LOG_ODDS
    assert pair.se == pytest.approx(exact, abs=1e-5)
    assert pair.p_better == pytest.approx(norm.cdf(pair.difference / pair.se), rel=1e-4)
    assert pair.ci_high - pair.difference == pytest.approx(1.959964 * exact, abs=1e-4)


def test_overlap_separates_fewer_than_a_difference_does():
    """The example of two intervals that overlap although the models differ."""
    result = found(draw_rows([0.0, 0.32], 1200, ties=0))
    assert result.separability.overlap <= result.separability.uncorrected
    counts = found(draw_rows(np.linspace(0, 1.5, 12), 3000)).separability
    assert counts.pairs == 66 and counts.unrated == 0
    assert counts.overlap < counts.uncorrected and counts.holm <= counts.max_t < counts.uncorrected


class TestHardCases:
    def test_no_votes(self):
        result = found([])
        assert (result.pairs, dict(result.best), result.separability.pairs) == ((), {}, 0)

    def test_without_intervals(self):
        result = found(interval="none")
        assert {pair.p_better for pair in result.pairs} == {None} and set(result.best.values()) == {None}
        assert all(pair.difference is not None for pair in result.pairs)

    def test_never_lost(self):
        result = found([*ROWS, ("top", "m00", "a"), ("top", "m01", "a")])
        assert result.pairs[0].model_a == "top" and result.pairs[0].difference is None
        assert set(result.best.values()) == {None}
        assert (result.separability.pairs, result.separability.unrated) == (6, 4)

    def test_never_won(self):
        result = found([*ROWS, ("low", "m00", "b"), ("low", "m01", "b")])
        assert result.best["low"] == 0 and result.best["m03"] > 0.9

    def test_only_ties(self):
        result = found([("x", "y", "tie")] * 5)
        assert result.pairs[0].difference == 0 and result.pairs[0].p is None

    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
    def test_groups_that_never_met(self, interval):
        result = found([*RING * 9, *[(f"{a}2", f"{b}2", o) for a, b, o in RING * 5]], interval=interval, rounds=50)
        assert len(result.pairs) == 6
        assert sum(result.best.values()) == pytest.approx(2, abs=1e-5)
        with pytest.raises(EstimationError, match="“p” and “q2” never met"):
            result.between("p", "q2")

    def test_unknown_names(self):
        with pytest.raises(EstimationError, match="“nobody” is no model of these votes. They are: m00, m01"):
            found().between("m00", "nobody")
        with pytest.raises(EstimationError, match="cannot be compared with itself"):
            found().between("m00", "m00")

    def test_elo(self):
        result = found(method="elo", interval="bootstrap", rounds=100)
        assert all(0 < pair.p <= 1 for pair in result.pairs)

    def test_object_for_programs_is_plain(self):
        found_dict = found().as_dict()
        assert [*found_dict] == ["pairs", "best", "separability"] and len(found_dict["pairs"]) == 6
