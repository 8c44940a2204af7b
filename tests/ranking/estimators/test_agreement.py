"""Our numbers against other people's: choix, scipy on the raw likelihood, and the literature."""

import choix
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit

from ranking.estimators import OUTCOMES, Options, encode_votes, rank
from ranking.estimators.cells import reduce_votes
from ranking.estimators.estimates import ELO_PER_LOG_ODDS
from ranking.estimators.fitting import fit, fit_bradley_terry
from ranking.estimators.options import Method
from ranking.estimators.pairs import pair_up
from tests.ranking.estimators.samples import draw_rows, ranked, rating_of, votes_of

STRENGTHS = [0.0, 0.3, 0.6, 1.0, 1.8]


def _raw_fit(rows, method):
    """Maximum likelihood by BFGS on the votes one by one, written from the papers' formulas."""
    names = sorted({name for a, b, _ in rows for name in (a, b)})
    a = np.array([names.index(row[0]) for row in rows])
    b = np.array([names.index(row[1]) for row in rows])
    outcome = np.array([OUTCOMES.index(row[2]) for row in rows])

    def loss(x):
        d = x[a] - x[b]
        if method == "bradley-terry":
            score = np.array([1, 0, 0.5])[outcome]
            return -(score * log_expit(d) + (1 - score) * log_expit(-d)).sum()
        if method == "davidson":
            weights = np.stack([np.exp(d / 2), np.exp(-d / 2), np.full_like(d, np.exp(x[-1]))])
        else:
            theta = np.exp(np.exp(x[-1]))
            pa, pb = np.exp(x[a]), np.exp(x[b])
            win, loss_ = pa / (pa + theta * pb), pb / (pb + theta * pa)
            weights = np.stack([win, loss_, (theta**2 - 1) * win * loss_])
        chances = weights / weights.sum(axis=0)
        return -np.log(chances[outcome, np.arange(len(rows))]).sum()

    start = np.zeros(len(names) + 1)
    best = minimize(lambda x: loss(x) + 1e-9 * (x[:-1] @ x[:-1]), start, method="BFGS", options={"gtol": 1e-7})
    strengths = best.x[:-1] - best.x[:-1].mean()
    return dict(zip(names, 1000 + ELO_PER_LOG_ODDS * strengths, strict=True))


@pytest.mark.parametrize("method", ["bradley-terry", "davidson", "rao-kupper"])
def test_maximum_of_the_raw_likelihood(method):
    rows = draw_rows(STRENGTHS, 800)
    ours = rating_of(ranked(rows, method=method, interval="none"))
    assert ours == pytest.approx(_raw_fit(rows, method), abs=0.01)


def test_choix_on_lists():
    """The documented way of choix, one entry a comparison; a tie is a win in each direction, and wins count twice."""
    rows = draw_rows(STRENGTHS, 500)
    names = sorted({row[0] for row in rows} | {row[1] for row in rows})
    data = []
    for a, b, outcome in rows:
        i, j = names.index(a), names.index(b)
        data += {"a": [(i, j)] * 2, "b": [(j, i)] * 2, "tie": [(i, j), (j, i)]}[outcome]
    strengths = choix.ilsr_pairwise(len(names), data, tol=1e-12)
    theirs = dict(zip(names, 1000 + ELO_PER_LOG_ODDS * (strengths - strengths.mean()), strict=True))
    assert rating_of(ranked(rows, interval="none")) == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("shape", ["dense", "chain", "star"])
def test_choix_and_our_newton_find_the_same(shape, monkeypatch):
    n = 12
    met = {
        "dense": [(i, j) for i in range(n) for j in range(i)],
        "chain": [(i, i + 1) for i in range(n - 1)],
        "star": [(0, i) for i in range(1, n)],
    }[shape]
    rng = np.random.default_rng(5)
    rows = [(f"m{i}", f"m{j}", OUTCOMES[rng.choice(3, p=[0.5, 0.3, 0.2])]) for i, j in met for _ in range(40)]
    pairs, units = pair_up(reduce_votes(votes_of(rows), by_voter=False))
    tally, block = units.all_tallies(), np.zeros(n, dtype=np.int64)
    by_choix = fit_bradley_terry(pairs, tally, block)
    monkeypatch.setattr("ranking.estimators.fitting._is_optimal", lambda *args: False)
    by_newton = fit_bradley_terry(pairs, tally, block)
    assert by_choix == pytest.approx(by_newton, abs=1e-9)


@pytest.mark.parametrize("fault", [RuntimeError("did not converge"), ValueError("two absorbing classes")])
def test_newton_takes_over_where_choix_does_not_get_there(fault, monkeypatch):
    rows = draw_rows(STRENGTHS, 300)
    usual = ranked(rows, interval="none")

    def fail(*args, **kwargs):
        raise fault

    monkeypatch.setattr(choix, "ilsr_pairwise_dense", fail)
    assert ranked(rows, interval="none") == usual


def test_a_fit_of_choix_that_is_not_the_maximum_is_not_taken(monkeypatch):
    rows = draw_rows(STRENGTHS, 300)
    usual = ranked(rows, interval="none")
    monkeypatch.setattr(choix, "ilsr_pairwise_dense", lambda wins, **kwargs: np.zeros(len(wins)))
    assert ranked(rows, interval="none") == usual


def test_strengths_far_apart():
    """Each beat the next two thousand times and the last beat the first once: 10,000 Elo from end to end."""
    n = 30
    rows = [(f"m{i:02d}", f"m{i + 1:02d}", "a") for i in range(n - 1)] * 2000 + [("m29", "m00", "a")]
    ratings = rating_of(ranked(rows, interval="none"))
    assert [*ratings] == [f"m{i:02d}" for i in range(n)]
    assert ratings["m00"] - ratings["m29"] > 10_000


# Agresti, Categorical Data Analysis (2nd ed., 2002), table 10.10 and section 10.6.1: American League baseball, 1987.
# Row beats column this many times; each pair met 13 times.
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
WINS = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
# His estimates, with Baltimore at 0.
AGRESTI = [1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0]


def test_baseball_of_1987():
    rows = [(TEAMS[i], TEAMS[j], "a") for i, row in enumerate(WINS) for j, n in enumerate(row) for _ in range(n)]
    ratings = rating_of(ranked(rows, interval="none"))
    ours = [(ratings[team] - ratings["Baltimore"]) / ELO_PER_LOG_ODDS for team in TEAMS]
    assert ours == pytest.approx(AGRESTI, abs=6e-4)


def test_two_models_by_hand():
    """30 wins and 10 losses are odds of 3 to 1: 400 log10 3 = 190.85 apart, around 1000."""
    rows = [("x", "y", "a")] * 30 + [("y", "x", "a")] * 10
    assert rating_of(ranked(rows, interval="none")) == pytest.approx({"x": 1095.424251, "y": 904.575749}, abs=2e-6)


def test_davidson_by_hand():
    """Wins, losses and ties 40 : 10 : 20 of one pair are fitted exactly: pi ratio 4, nu = 20 / sqrt(40 x 10) = 1."""
    rows = [("x", "y", "a")] * 40 + [("x", "y", "b")] * 10 + [("x", "y", "tie")] * 20
    pairs, units = pair_up(reduce_votes(votes_of(rows), by_voter=False))
    fitted = fit(Method.DAVIDSON, pairs, units.all_tallies())
    assert fitted.strength[0] - fitted.strength[1] == pytest.approx(np.log(4))
    assert fitted.tie == pytest.approx(0, abs=1e-9)


def test_rao_kupper_by_hand():
    """The same pair: expit(d - t) = 40/70 and expit(-d - t) = 10/70."""
    rows = [("x", "y", "a")] * 40 + [("x", "y", "b")] * 10 + [("x", "y", "tie")] * 20
    pairs, units = pair_up(reduce_votes(votes_of(rows), by_voter=False))
    fitted = fit(Method.RAO_KUPPER, pairs, units.all_tallies())
    win, loss = np.log(4 / 3), np.log(1 / 6)
    assert fitted.strength[0] - fitted.strength[1] == pytest.approx((win - loss) / 2)
    assert fitted.tie == pytest.approx(-(win + loss) / 2)


def test_sandwich_of_a_pair_by_hand():
    """For one pair the robust variance of the log-odds is n / (wins x losses), times n / (n - 1)."""
    rows = [("x", "y", "a")] * 30 + [("x", "y", "b")] * 10
    x = next(rating for rating in ranked(rows, interval="sandwich").ratings if rating.model == "x")
    error = np.sqrt(40 / (30 * 10) * 40 / 39) * ELO_PER_LOG_ODDS / 2
    assert (x.ci_high - x.ci_low) / 2 == pytest.approx(1.959964 * error, rel=1e-6)


def test_cluster_sandwich_of_doubled_votes():
    """Every vote cast twice by the same voter says nothing new: the interval is that of the votes cast once."""
    rows = draw_rows(STRENGTHS, 400)
    once = ranked(rows, interval="sandwich", cluster="none")
    voters = [f"v{i}" for i in range(len(rows))]
    twice = ranked(rows * 2, voter=voters * 2, interval="sandwich", cluster="voter")
    naive = ranked(rows * 2, interval="sandwich", cluster="none")
    for one, two, wrong in zip(once.ratings, twice.ratings, naive.ratings, strict=True):
        assert (two.ci_low, two.ci_high) == pytest.approx((one.ci_low, one.ci_high), abs=1e-4)
        assert wrong.ci_high - wrong.ci_low < 0.75 * (one.ci_high - one.ci_low)


def test_bootstrap_and_sandwich_agree_on_many_votes():
    rows = draw_rows(STRENGTHS, 4000)
    for method in ("bradley-terry", "davidson", "rao-kupper"):
        boot = ranked(rows, method=method, interval="bootstrap", rounds=1000)
        sandwich = ranked(rows, method=method, interval="sandwich")
        for one, other in zip(boot.ratings, sandwich.ratings, strict=True):
            assert (one.ci_high - one.ci_low) == pytest.approx(other.ci_high - other.ci_low, rel=0.12)


def test_elo_by_hand():
    """With K = 4, x wins at even odds and gains 2; then it ties where it was expected 0.502878, and loses 0.0115."""
    ratings = rating_of(ranked([("x", "y", "a"), ("y", "x", "tie")], method="elo", interval="none"))
    expected = 1 / (1 + 10 ** (-4 / 400))
    assert ratings["x"] == pytest.approx(1002 + 4 * (0.5 - expected), abs=1e-6)
    assert ratings["y"] == pytest.approx(998 - 4 * (0.5 - expected), abs=1e-6)


def test_elo_is_the_arenas():
    from arena import elo

    rows = draw_rows(STRENGTHS, 300)
    live: dict[str, float] = {}
    for a, b, outcome in rows:
        live[a], live[b] = elo.updated(live.get(a, elo.INITIAL), live.get(b, elo.INITIAL), outcome)
    assert rating_of(ranked(rows, method="elo", interval="none")) == pytest.approx(live, abs=1e-6)


def test_weight_two_is_two_votes_in_the_fit():
    rows = draw_rows(STRENGTHS, 200)
    doubled = rank(votes_of(rows, weight=[2.0] * len(rows)), Options(interval="none"))
    assert rating_of(doubled) == pytest.approx(rating_of(ranked(rows * 2, interval="none")), abs=1e-5)


def test_encode_votes_is_all_one_needs():
    votes = encode_votes(["x", "y", "x"], ["y", "z", "z"], ["a", "tie", "b"], voter=["u", "v", "u"])
    assert [rating.model for rating in rank(votes, Options(rounds=50)).ratings][0] in {"y", "z"}
