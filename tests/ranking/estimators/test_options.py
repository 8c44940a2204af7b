"""What can be asked besides method and interval: side effect, ties, regularisation, anchor, Elo's order and K."""

import random

import numpy as np
import pytest

from ranking.estimators import EstimationError, Interval, Options, rank, solve
from ranking.estimators.notices import Case
from ranking.estimators.scale import ELO_PER_LOG_ODDS
from tests.ranking.estimators.baseball import HOME, TEAMS, WITH_HOME, games
from tests.ranking.estimators.samples import RING, by_model, draw_rows, ranked, rating_of, voters_for, votes_of

ROWS = draw_rows([0.0, 0.3, 0.6, 1.0], 400)
METHODS = ["bradley-terry", "davidson", "rao-kupper"]


def _cases(ranking):
    return {notice.case for notice in ranking.notices}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"regularisation": -1}, "regularisation must be 0 or between 1e-06 and 1e\\+09"),
        ({"regularisation": float("nan")}, "regularisation must be 0 or between"),
        ({"regularisation": 1e-300}, "regularisation must be 0 or between"),
        ({"regularisation": 1e300}, "regularisation must be 0 or between"),
        ({"method": "davidson", "ties": "drop"}, "davidson learns from ties"),
        ({"method": "elo", "ties": "drop"}, "elo learns from ties"),
        ({"ties": "keep"}, "'keep' is none of half, drop"),
        ({"method": "elo", "side_effect": True}, "no side effect"),
        ({"method": "elo", "regularisation": 1}, "no regularisation"),
        ({"method": "elo", "interval": "sandwich"}, "no sandwich interval"),
        ({"elo_k": 8}, "K and random orders are Elo's, and the method is bradley-terry"),
        ({"elo_orders": 5}, "K and random orders are Elo's"),
        ({"method": "elo", "elo_k": 0}, "K must be above 0 and at most 10000"),
        ({"method": "elo", "elo_k": 1e308}, "K must be above 0 and at most 10000"),
        ({"method": "elo", "elo_k": float("nan")}, "K must be above 0"),
        ({"method": "elo", "elo_orders": 0}, "random orders must be between 1 and"),
        ({"anchor": " "}, "the anchor must be the name of a model"),
        ({"anchor_rating": 1200.0}, "needs the name of a model as anchor"),
        ({"anchor": "x", "anchor_rating": float("inf")}, "the anchor's rating must be within 1e\\+06 of 0"),
        ({"anchor": "x", "anchor_rating": float("nan")}, "the anchor's rating must be within"),
        ({"level": float("nan")}, "the level must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_asked(options, said):
    with pytest.raises(EstimationError, match=said):
        Options(**options)


def test_usual_interval():
    assert Options().interval is Interval.SANDWICH
    assert Options(method="elo").interval is Interval.BOOTSTRAP
    assert Options(interval="none").interval is Interval.NONE


def test_nothing_is_added_to_the_object_unless_asked():
    assert [*ranked(ROWS).as_dict()][-1] == "warnings"
    asked = ranked(ROWS, side_effect=True, regularisation=2, anchor="m01", ties="drop").as_dict()
    assert [*asked][11:] == ["ties", "side_effect", "regularisation", "anchor", "anchor_rating", "effects"]
    assert [*asked["effects"][0]] == ["name", "value", "ci_low", "ci_high", "p"]


class TestSideEffect:
    def test_baseball_at_home(self):
        ranking = ranked(games(), side_effect=True)
        rating = rating_of(ranking)
        ours = {team: (rating[team] - rating["Baltimore"]) / ELO_PER_LOG_ODDS for team in TEAMS}
        assert ours == pytest.approx(WITH_HOME, abs=6e-5)
        assert ranking.effects[0].value == pytest.approx(ELO_PER_LOG_ODDS * HOME, abs=0.02)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
    def test_swapping_sides_changes_its_sign_and_nothing_else(self, method, interval):
        swapped = [(b, a, {"a": "b", "b": "a", "tie": "tie"}[outcome]) for a, b, outcome in ROWS]
        one, other = (
            ranked(rows, method=method, interval=interval, side_effect=True, rounds=200) for rows in (ROWS, swapped)
        )
        assert rating_of(other) == pytest.approx(rating_of(one), abs=1e-4)
        first, second = one.effects[0], other.effects[0]
        assert second.value == pytest.approx(-first.value, abs=1e-4)
        if interval == "sandwich":
            assert (second.ci_low, second.ci_high) == pytest.approx((-first.ci_high, -first.ci_low), abs=1e-4)
            assert second.p == pytest.approx(first.p, rel=1e-4)

    @pytest.mark.parametrize("method", METHODS)
    def test_bootstrap_and_sandwich_agree(self, method):
        rows = draw_rows([0.0, 0.3, 0.6], 2000)
        voters = voters_for(rows, 200)
        boot, sandwich = (
            ranked(rows, voter=voters, method=method, side_effect=True, interval=interval, rounds=600)
            for interval in ("bootstrap", "sandwich")
        )
        assert rating_of(boot) == rating_of(sandwich)
        for one, other in zip((*boot.ratings, *boot.effects), (*sandwich.ratings, *sandwich.effects), strict=True):
            assert one.ci_high - one.ci_low == pytest.approx(other.ci_high - other.ci_low, rel=0.15)

    def test_sides_at_random_and_no_effect_leave_ratings_as_they_were(self):
        mirrored = [*ROWS, *((b, a, {"a": "b", "b": "a", "tie": "tie"}[outcome]) for a, b, outcome in ROWS)]
        assert rating_of(ranked(mirrored, side_effect=True)) == pytest.approx(rating_of(ranked(mirrored)), abs=1e-5)
        assert ranked(mirrored, side_effect=True).effects[0].value == pytest.approx(0, abs=1e-5)

    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap", "none"])
    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [("x", "y", "a")],
            [("x", "y", "a"), ("x", "y", "b")] * 10,  # x is always A
            [("x", "y", "a"), ("y", "x", "a")] * 10,  # A always wins
            [("x", "y", "a"), ("x", "y", "tie")] * 5,
        ],
    )
    def test_where_it_cannot_be_told_it_is_left_out_and_said(self, rows, interval):
        ranking, usual = ranked(rows, side_effect=True, interval=interval), ranked(rows, interval=interval)
        assert ranking.effects == () and ranking.as_dict()["effects"] == []
        assert ranking.ratings == usual.ratings
        assert not rows or Case.NO_SIDE_EFFECT in _cases(ranking)

    @pytest.mark.parametrize("method", METHODS[1:])
    @pytest.mark.parametrize("rows", [[("a", "b", "a"), ("a", "c", "tie"), ("b", "a", "a")]])
    def test_side_and_tie_parameter_that_grow_together(self, method, rows):
        """A wins or ties and never loses: the side effect runs off with the tie parameter, whichever side is A."""
        swapped = [(b, a, {"a": "b", "b": "a", "tie": "tie"}[outcome]) for a, b, outcome in rows]
        for votes in (rows, swapped):
            ranking = ranked(votes, method=method, side_effect=True, regularisation=0.5)
            assert ranking.effects == () and Case.NO_SIDE_EFFECT in _cases(ranking)

    def test_one_voter_shows_no_error(self):
        ranking = ranked(games(), voter=["v"] * 273, side_effect=True)
        assert (ranking.effects[0].ci_low, ranking.effects[0].ci_high, ranking.effects[0].p) == (None, None, None)

    def test_resamples_where_a_model_is_absent_widen_its_interval(self):
        rows = [*RING * 100, *((b, a, {"a": "b", "b": "a"}[o]) for a, b, o in RING * 60)]
        rows += [("rare", "p", "a")] * 3 + [("q", "rare", "a")] * 2
        ranking = ranked(rows, side_effect=True, interval="bootstrap", rounds=300)
        rare = by_model(ranking)["rare"]
        assert {Case.ABSENT, Case.UNBOUNDED} <= _cases(ranking)
        assert rare.ci_low is None and rare.ci_high is None
        assert by_model(ranking)["p"].ci_low is not None


class TestTies:
    def test_dropped_ties_are_not_there_and_are_counted(self):
        without = [row for row in ROWS if row[2] != "tie"]
        dropped, by_hand = ranked(ROWS, ties="drop"), ranked(without)
        assert dropped.ratings == by_hand.ratings
        assert (dropped.n_battles, dropped.n_ties) == (len(without), 0)
        assert dropped.input_sha256 == by_hand.input_sha256
        said = [dict(notice.values) for notice in dropped.notices if notice.case is Case.TIES_DROPPED]
        assert said == [{"count": len(ROWS) - len(without)}]

    def test_nothing_but_ties(self):
        ranking = ranked([("x", "y", "tie")] * 5, ties="drop")
        assert {Case.TIES_DROPPED, Case.NO_VOTES} <= _cases(ranking)
        assert [(rating.rating, rating.battles) for rating in ranking.ratings] == [(None, 0)] * 2

    def test_a_model_with_ties_only_has_no_vote_that_counts(self):
        ranking = ranked([*RING * 5, ("p", "even", "tie")], ties="drop")
        assert by_model(ranking)["even"].rating is None
        assert Case.NEVER_COUNTED in _cases(ranking)


class TestRegularisation:
    @pytest.mark.parametrize("method", METHODS)
    def test_one_pair_by_hand(self, method):
        """Each of two models has lambda fictitious votes, on their one pair: 10 wins more on either side."""
        rows = [("x", "y", "a")] * 30 + [("x", "y", "b")] * 10
        rating = rating_of(ranked(rows, method=method, regularisation=20))
        assert rating["x"] - rating["y"] == pytest.approx(400 * np.log10(40 / 20), abs=1e-4)

    def test_it_is_that_many_half_wins_on_every_pair(self):
        names = [f"m{i:02d}" for i in range(4)]
        fictitious = [(a, b, "tie") for i, a in enumerate(names) for b in names[:i]]
        weight = [1.0] * len(ROWS) + [1.5 / 3] * len(fictitious)
        by_hand = rank(votes_of([*ROWS, *fictitious], weight=weight), Options(interval="none"))
        assert rating_of(ranked(ROWS, regularisation=1.5)) == pytest.approx(rating_of(by_hand), abs=1e-5)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
    def test_the_more_the_closer(self, method, interval):
        spreads = []
        for votes in (0, 1, 10, 1e6):
            ranking = ranked(ROWS, method=method, interval=interval, regularisation=votes, rounds=60)
            spreads.append(max(rating_of(ranking).values()) - min(rating_of(ranking).values()))
            assert (Case.REGULARISED in _cases(ranking)) == (votes > 0)
        assert spreads == sorted(spreads, reverse=True)
        assert spreads[-1] < 1

    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap", "none"])
    @pytest.mark.parametrize("method", METHODS)
    def test_a_model_that_never_lost_gets_a_rating_and_no_interval(self, method, interval):
        rows = [*ROWS, *[("star", "m00", "a")] * 3]
        assert by_model(ranked(rows, method=method, interval=interval))["star"].rating is None
        ranking = ranked(rows, method=method, interval=interval, regularisation=1, rounds=60)
        star = by_model(ranking)["star"]
        assert star.rating > 1000
        assert (star.ci_low, star.ci_high) == (None, None)
        assert [dict(n.values)["model"] for n in ranking.notices if n.case is Case.REGULARISED_ONLY] == ["star"]
        if interval != "none":
            assert (star.rank_low, star.rank_high) == (1, 5)
            assert by_model(ranking)["m03"].ci_low is not None

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("votes", [1e-6, 1e9])
    def test_the_least_and_the_most(self, method, votes):
        ranking = ranked([*ROWS, *[("star", "m00", "a")] * 3], method=method, regularisation=votes, side_effect=True)
        assert len(rating_of(ranking)) == 5 and ranking.effects
        assert (by_model(ranking)["star"].rating > 2000) == (votes < 1)

    def test_it_joins_no_groups(self):
        ranking = ranked([*RING * 5, ("x", "y", "a"), ("x", "y", "b")], regularisation=3)
        assert {rating.model: rating.component for rating in ranking.ratings}["x"] == 2
        assert Case.DISCONNECTED in _cases(ranking)
        assert by_model(ranking)["x"].rating == by_model(ranking)["y"].rating == 1000

    @pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
    def test_a_tie_model_without_estimate_gets_one(self, method):
        rows = [("x", "y", "a"), ("x", "y", "tie")] * 5
        ranking = ranked(rows, method=method, regularisation=1)
        assert rating_of(ranking)["x"] > rating_of(ranking)["y"]
        assert Case.TIE_SEPARATED not in _cases(ranking)

    @pytest.mark.parametrize("rows", [[], [("x", "y", "tie")] * 4, [("x", "y", "a")]])
    def test_hard_cases(self, rows):
        for interval in ("sandwich", "bootstrap", "none"):
            ranking = ranked(rows, regularisation=1, side_effect=True, interval=interval)
            assert len(ranking.ratings) == (2 if rows else 0)

    def test_a_model_absent_from_resamples_is_not_put_in_the_middle(self):
        rows = RING * 100 + [("rare", "p", "a"), ("rare", "q", "b")]
        solution = solve(votes_of(rows), Options(regularisation=1, interval="bootstrap", rounds=100))
        rare = solution.estimate.resamples[:, solution.cells.models.index("rare")]
        assert 1 <= np.isnan(rare).sum() <= 40


class TestAnchor:
    @pytest.mark.parametrize("method", [*METHODS, "elo"])
    @pytest.mark.parametrize("interval", ["bootstrap", "sandwich"])
    def test_it_stays_and_others_keep_their_differences(self, method, interval):
        if (method, interval) == ("elo", "sandwich"):
            return
        usual = rating_of(ranked(ROWS, method=method, interval=interval, rounds=50))
        ranking = ranked(ROWS, method=method, interval=interval, rounds=50, anchor="m01", anchor_rating=1500)
        held = by_model(ranking)["m01"]
        assert (held.rating, held.ci_low, held.ci_high) == (1500, 1500, 1500)
        moved = {name: value + 1500 - usual["m01"] for name, value in usual.items()}
        assert rating_of(ranking) == pytest.approx(moved, abs=2e-6)
        assert Case.CONSTANT not in _cases(ranking)

    def test_intervals_are_those_of_differences(self):
        """The sandwich of a difference, from the full covariance; by hand for three models and by the bootstrap."""
        solution = solve(votes_of(ROWS), Options(anchor="m01"))
        i, j = solution.cells.models.index("m03"), solution.cells.models.index("m01")
        covariance = solution.estimate.covariance
        error = np.sqrt(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]) * ELO_PER_LOG_ODDS
        line = by_model(solution.ranking)["m03"]
        assert (line.ci_high - line.ci_low) / 2 == pytest.approx(1.959964 * error, rel=1e-6)
        boot = by_model(ranked(ROWS, anchor="m01", interval="bootstrap", rounds=1000))["m03"]
        assert boot.ci_high - boot.ci_low == pytest.approx(line.ci_high - line.ci_low, rel=0.12)

    def test_ranks_are_what_they_were(self):
        usual, held = ranked(ROWS), ranked(ROWS, anchor="m03")
        places = [[(line.model, line.rank, line.rank_low, line.rank_high) for line in r.ratings] for r in (usual, held)]
        assert places[0] == places[1]

    def test_other_groups_keep_their_mean_and_it_is_said(self):
        ranking = ranked([*ROWS, *[("x", "y", "a"), ("x", "y", "b")] * 5], anchor="m00", anchor_rating=700)
        assert by_model(ranking)["m00"].rating == 700
        assert by_model(ranking)["x"].rating == by_model(ranking)["y"].rating == 1000
        said = [dict(notice.values) for notice in ranking.notices if notice.case is Case.ANCHORED_GROUP]
        assert said == [{"model": "m00", "component": 1}]

    def test_unbounded_ends_move_with_it(self):
        rows = [*ROWS, *[("star", "m00", "a")] * 8]
        usual, held = by_model(ranked(rows))["star"], by_model(ranked(rows, anchor="m00"))["star"]
        assert held.ci_high is None
        shift = 1000 - by_model(ranked(rows))["m00"].rating
        assert held.ci_low == pytest.approx(usual.ci_low + shift, abs=2e-6)

    def test_without_intervals_there_are_none(self):
        assert by_model(ranked(ROWS, anchor="m00", interval="none"))["m00"].ci_low is None

    @pytest.mark.parametrize("method", ["bradley-terry", "elo"])
    def test_unknown_or_unrated(self, method):
        with pytest.raises(
            EstimationError, match=r"no vote is about the anchor 'gpt'.*models are: m00, m01, m02, m03$"
        ):
            ranked(ROWS, method=method, anchor="gpt")
        with pytest.raises(EstimationError, match="models are: none"):
            ranked([], method=method, anchor="gpt")
        ghost = votes_of([*ROWS, ("ghost", "m00", "a")], weight=[1.0] * len(ROWS) + [0.0])
        with pytest.raises(EstimationError, match="the anchor 'ghost' has no rating"):
            rank(ghost, Options(method=method, anchor="ghost"))

    def test_unbeaten_anchor_is_refused(self):
        with pytest.raises(EstimationError, match="the anchor 'star' has no rating"):
            ranked([*ROWS, ("star", "m00", "a")], anchor="star")


class TestElo:
    def test_random_orders_know_nothing_of_the_files_order(self):
        shuffled = random.Random(3).sample(ROWS, len(ROWS))
        one, other = (ranked(rows, method="elo", elo_orders=7, rounds=30) for rows in (ROWS, shuffled))
        assert one.as_dict() == other.as_dict()
        assert ranked(ROWS, method="elo").input_sha256 != ranked(shuffled, method="elo").input_sha256

    def test_voters_are_no_matter_to_the_point_estimate(self):
        voters = voters_for(ROWS, 30)
        known, unknown = (ranked(ROWS, voter=v, method="elo", elo_orders=7, rounds=30) for v in (voters, None))
        assert rating_of(known) == rating_of(unknown)

    def test_it_is_the_mean_over_orders(self):
        spread = {}
        for orders in (1, 40):
            seen = [rating_of(ranked(ROWS, method="elo", elo_orders=orders, seed=s, interval="none")) for s in range(8)]
            spread[orders] = np.std([ratings["m03"] for ratings in seen])
            assert all(sum(ratings.values()) == pytest.approx(4000, abs=1e-5) for ratings in seen)
        assert spread[40] < spread[1] / 3

    def test_seed_and_chunks(self, monkeypatch):
        options = {"method": "elo", "elo_orders": 6, "rounds": 20}
        usual = ranked(ROWS, **options)
        assert ranked(ROWS, **options) == usual
        assert rating_of(ranked(ROWS, **options, seed=1)) != rating_of(usual)
        monkeypatch.setattr("ranking.estimators.elo.CHUNK_ENTRIES", 1)
        assert ranked(ROWS, **options) == usual

    def test_k_and_order_are_said(self):
        said = ranked(ROWS, method="elo", elo_k=12.5, interval="none").warnings
        assert any("from the first to the last, with K = 12.5" in warning for warning in said)
        said = ranked(ROWS, method="elo", elo_orders=3, seed=9, interval="none").warnings
        assert any("its mean over 3 random orders (seed 9), with K = 4" in warning for warning in said)
