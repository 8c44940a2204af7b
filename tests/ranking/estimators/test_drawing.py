"""Counts of resamples: each way to draw them has the multinomial distribution."""

import numpy as np
import pytest
from scipy import stats

from ranking.estimators import drawing
from ranking.estimators.drawing import Drawer, poisson_table

WAYS = {
    "one by one": np.array([1] * 50 + [2] * 10),
    "class by class": np.array([5, 40, 333]),
    "by tables": np.repeat([3, 7, 50], 40),
}


def test_each_way_is_taken():
    one, classes, tables = (Drawer(multiplicity) for multiplicity in WAYS.values())
    assert one._one_by_one
    assert not classes._one_by_one
    assert not classes._tables
    assert len(tables._tables) == 3


@pytest.mark.parametrize("way", WAYS)
def test_counts_are_multinomial(way):
    multiplicity, rounds = WAYS[way], 20_000
    total = int(multiplicity.sum())
    counts = Drawer(multiplicity).draw(np.random.default_rng(8), rounds)
    assert counts.shape == (len(multiplicity), rounds)
    assert (counts.sum(axis=0) == total).all()
    share = multiplicity / total
    error = np.sqrt(total * share * (1 - share) / rounds)
    assert np.abs(counts.mean(axis=1) - multiplicity).max() < 5 * error.max()
    # Every class alone is binomial: no chi-square test, corrected for their number, sees a difference.
    pieces = [_chi_square_p(counts[row], total, share[row]) for row in (0, len(multiplicity) // 2, -1)]
    assert min(pieces) > 0.001 / 3
    covariance = np.cov(counts[[0, -1]])[0, 1]
    assert covariance == pytest.approx(-total * share[0] * share[-1], abs=6 * error[0] * error[-1] * np.sqrt(rounds))


def _chi_square_p(drawn, total, share):
    expected = stats.binom(total, share)
    inside = np.arange(int(expected.ppf(0.02)), int(expected.ppf(0.98)) + 1)
    found = np.array([(drawn == value).sum() for value in inside] + [(~np.isin(drawn, inside)).sum()])
    mass = expected.pmf(inside)
    return stats.chisquare(found, np.r_[mass, 1 - mass.sum()] * len(drawn)).pvalue


def test_column_whose_sum_came_out_too_large_is_drawn_again(monkeypatch):
    monkeypatch.setattr(drawing, "MARGIN", 0.0)  # so that half of them do
    multiplicity = WAYS["by tables"]
    counts = Drawer(multiplicity).draw(np.random.default_rng(3), 4000)
    assert (counts.sum(axis=0) == multiplicity.sum()).all()
    assert np.abs(counts.mean(axis=1) / multiplicity - 1).max() < 0.05


def test_units_are_found_without_a_table_of_them_too(monkeypatch):
    usual = Drawer(WAYS["by tables"]).draw(np.random.default_rng(1), 50)
    monkeypatch.setattr(drawing, "WHOLE_TABLE", 0)
    assert (Drawer(WAYS["by tables"]).draw(np.random.default_rng(1), 50) == usual).all()


@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0, 17.0, 4000.0])
def test_table_is_the_poisson_distribution(mean):
    table = poisson_table(mean)
    mass = np.zeros(int(table.counts.max()) + 1)
    for entry, keep in enumerate(table.keep):
        mass[int(table.counts[2 * entry + 1])] += keep / len(table.keep)
        mass[int(table.counts[2 * entry])] += (1 - keep) / len(table.keep)
    assert mass == pytest.approx(stats.poisson(mean).pmf(np.arange(len(mass))), abs=1e-12)
