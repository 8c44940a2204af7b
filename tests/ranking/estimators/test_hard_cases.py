"""What peers guess, and we say."""

import math

import pytest

from ranking.estimators import Case, EstimationError, Options, rank
from tests.ranking.estimators.samples import RING, Row, by_model, draw_rows, ranked, rating_of, votes_of

METHODS = ["bradley-terry", "davidson", "rao-kupper"]
INTERVALS = ["bootstrap", "sandwich"]


def cases(ranking):
    return {notice.case for notice in ranking.notices}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("interval", INTERVALS)
def test_never_lost_is_first_without_upper_bound(method, interval):
    rows = RING * 20 + [("top", model, "a") for model in "pqr"] * 10
    ranking = ranked(rows, method=method, interval=interval)
    top = ranking.ratings[0]
    assert (top.model, top.rank, top.rank_low, top.rating, top.ci_high) == ("top", 1, 1, None, None)
    # 30 wins out of 30 against three models at 1000: p^30 = 0.025, so p = 0.8843.
    assert top.ci_low == pytest.approx(1000 + 400 * math.log10(0.025 ** (1 / 30) / (1 - 0.025 ** (1 / 30))), abs=1e-5)
    assert rating_of(ranking) == pytest.approx({"p": 1000, "q": 1000, "r": 1000}, abs=1e-6)
    assert "top never lost or tied (battles: 30), so its rating has no upper bound." in ranking.warnings


def test_thirty_wins_out_of_thirty_are_enough_to_be_certainly_first():
    ranking = ranked(RING * 200 + [("top", model, "a") for model in "pqr"] * 10, interval="sandwich")
    assert (ranking.ratings[0].rank_low, ranking.ratings[0].rank_high) == (1, 1)
    assert {rating.rank_low for rating in ranking.ratings[1:]} == {2}


def test_one_win_out_of_one_is_not():
    ranking = ranked([*RING * 20, ("top", "p", "a")], interval="sandwich")
    assert (ranking.ratings[0].model, ranking.ratings[0].rank_low, ranking.ratings[0].rank_high) == ("top", 1, 4)


@pytest.mark.parametrize("method", METHODS)
def test_never_won_is_last_without_lower_bound(method):
    ranking = ranked(RING * 20 + [("last", model, "b") for model in "pqr"] * 10, method=method)
    last = ranking.ratings[-1]
    assert (last.model, last.rank, last.rank_high, last.rating, last.ci_low) == ("last", 4, 4, None, None)
    assert last.ci_high < 1000
    assert "last never won or tied (battles: 30), so its rating has no lower bound." in ranking.warnings


def test_a_chain_of_the_unbeaten_keeps_its_order():
    rows = RING * 5 + [("x", "y", "a"), ("y", "p", "a"), ("q", "z", "a")]
    ranking = ranked(rows, interval="none")
    assert [(rating.model, rating.rank) for rating in ranking.ratings] == [
        ("x", 1),
        ("y", 2),
        ("p", 3),
        ("q", 3),
        ("r", 3),
        ("z", 6),
    ]


def test_two_who_never_lost_share_the_first_place():
    rows = RING * 5 + [("x", "p", "a")] * 9 + [("y", "p", "a")]
    ranking = ranked(rows, interval="none")
    assert [(rating.model, rating.rank) for rating in ranking.ratings[:3]] == [("x", 1), ("y", 1), ("p", 3)]


def test_groups_joined_by_wins_in_one_direction_only():
    """Two blocks; the larger is rated, the smaller has its place and its inner order."""
    upper: list[Row] = [("u", "v", "a"), ("u", "v", "a"), ("v", "u", "a")]
    ranking = ranked(RING * 5 + upper + [("v", "p", "a")], interval="none")
    assert [(rating.model, rating.rank) for rating in ranking.ratings[:3]] == [("u", 1), ("v", 2), ("p", 3)]
    assert by_model(ranking)["u"].rating is None
    assert cases(ranking) == {Case.SPLIT}


def test_disconnected_models_are_ranked_apart():
    rows = RING * 20 + [("s", "t", "a")] * 3 + [("s", "t", "b")] * 2
    ranking = ranked(rows)
    assert [(rating.model, rating.component, rating.rank) for rating in ranking.ratings] == [
        ("p", 1, 1),
        ("q", 1, 1),
        ("r", 1, 1),
        ("s", 2, 1),
        ("t", 2, 2),
    ]
    s, t = ranking.ratings[3:]
    assert (s.rating + t.rating) / 2 == pytest.approx(1000)
    assert s.rank_high == 2
    assert Case.DISCONNECTED in cases(ranking)


def test_components_are_numbered_by_models_then_votes_then_name():
    couples = [("a", "b", "tie")] * 2 + [("c", "d", "tie")] * 3 + [("e", "f", "tie")] * 2
    ranking = ranked(couples + RING, interval="none")
    assert [rating.model for rating in ranking.ratings] == ["p", "q", "r", "c", "d", "a", "b", "e", "f"]


def test_no_votes():
    ranking = ranked([])
    assert ranking.ratings == ()
    assert cases(ranking) == {Case.NO_VOTES}
    assert ranking.as_dict()["n_battles"] == 0


@pytest.mark.parametrize("method", [*METHODS, "elo"])
def test_one_pair(method):
    rows = [("x", "y", "a")] * 12 + [("x", "y", "b")] * 6 + [("x", "y", "tie")] * 4
    ranking = ranked(rows, method=method)
    x, y = ranking.ratings
    assert (x.model, x.rank, y.rank) == ("x", 1, 2)
    assert x.rating + y.rating == pytest.approx(2000, abs=1e-5)
    assert x.ci_low + y.ci_high == pytest.approx(2000, abs=1e-5)
    assert Case.ONE_PAIR in cases(ranking)


def test_one_pair_of_nothing_but_wins():
    """Clopper and Pearson: ten of ten, so p is at least 0.025^(1/10) = 0.6915, which is 140.2 Elo between the two."""
    ranking = ranked([("x", "y", "a")] * 10)
    x, y = ranking.ratings
    assert (x.rating, x.ci_high, y.rating, y.ci_low) == (None, None, None, None)
    assert (x.ci_low, y.ci_high) == pytest.approx((1070.1086, 929.8914), abs=1e-4)
    assert (x.rank, x.rank_low, x.rank_high, y.rank) == (1, 1, 1, 2)
    assert Case.NO_SCALE in cases(ranking)


def test_a_single_vote():
    ranking = ranked([("x", "y", "b")])
    assert [rating.model for rating in ranking.ratings] == ["y", "x"]
    assert [(rating.rank_low, rating.rank_high) for rating in ranking.ratings] == [(1, 2), (1, 2)]
    assert Case.ONE_VOTE in cases(ranking)


@pytest.mark.parametrize("method", [*METHODS, "elo"])
@pytest.mark.parametrize("interval", INTERVALS)
def test_all_ties(method, interval):
    if (method, interval) == ("elo", "sandwich"):
        with pytest.raises(EstimationError, match="Elo"):
            Options(method=method, interval=interval)
        return
    ranking = ranked([("x", "y", "tie"), ("y", "z", "tie")] * 20, method=method, interval=interval)
    assert [(rating.rating, rating.rank, rating.rank_low, rating.rank_high) for rating in ranking.ratings] == [
        (1000.0, 1, 1, 3)
    ] * 3
    assert {rating.ci_low for rating in ranking.ratings} == {None}
    assert Case.ALL_TIES in cases(ranking)
    assert Case.CONSTANT in cases(ranking)


@pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
def test_without_ties_the_tie_models_are_bradley_terry(method):
    rows = draw_rows([0, 0.5, 1], 300, ties=0)
    ranking = ranked(rows, method=method)
    assert ranking.ratings == ranked(rows).ratings
    assert Case.NO_TIES in cases(ranking)


@pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
def test_tie_model_whose_estimate_does_not_exist(method):
    """A win and a tie, no loss: Bradley-Terry has an estimate, a tie model grows without end."""
    rows: list[Row] = [("x", "y", "a"), ("x", "y", "tie")] * 5
    assert rating_of(ranked(rows)) != {}
    ranking = ranked(rows, method=method)
    assert rating_of(ranking) == {}
    assert [rating.model for rating in ranking.ratings] == ["x", "y"]
    assert Case.TIE_SEPARATED in cases(ranking)


def test_model_absent_from_resamples_gets_a_wider_interval():
    """Five votes out of 700: about one resample in 150 has none of them, and many none of its wins or of its losses."""
    rows = RING * 230 + [("rare", "p", "a")] * 3 + [("rare", "q", "b")] * 2
    ranking = ranked(rows, interval="bootstrap", rounds=600)
    rare = by_model(ranking)["rare"]
    absent = [dict(notice.values) for notice in ranking.notices if notice.case is Case.ABSENT]
    assert [(notice["model"], 1 <= notice["count"] <= 25) for notice in absent] == [("rare", True)]
    assert Case.UNBOUNDED in cases(ranking)
    assert rare.ci_low is None and rare.ci_high is None
    assert (rare.rank_low, rare.rank_high) == (1, 4)


def test_rare_model_hides_no_difference_between_others():
    rows = draw_rows([0.0, 1.0, 2.0], 600)
    ranking = ranked([*rows, ("rare", "m00", "a"), ("rare", "m02", "b")], interval="bootstrap", rounds=200)
    ranges = {line.model: (line.rank_low, line.rank_high) for line in ranking.ratings}
    assert ranges == {"m02": (1, 2), "m01": (2, 3), "m00": (3, 4), "rare": (1, 4)}


def test_weight_zero_counts_for_nothing_and_is_said():
    rows = [*RING * 5, ("p", "ghost", "a"), ("p", "q", "b")]
    ranking = rank(votes_of(rows, weight=[1.0] * 15 + [0.0, 0.0]), Options(rounds=50))
    assert by_model(ranking)["p"].battles == 10
    ghost = by_model(ranking)["ghost"]
    assert (ghost.rating, ghost.battles, ghost.component, ghost.rank) == (None, 0, 2, 1)
    assert {Case.WEIGHTLESS, Case.NEVER_COUNTED} <= cases(ranking)
    assert Case.DISCONNECTED not in cases(ranking)
    assert rating_of(ranking) == rating_of(ranked(RING * 5))


def test_nothing_but_weight_zero():
    ranking = rank(votes_of(RING, weight=[0.0] * 3), Options(rounds=50))
    assert rating_of(ranking) == {}
    assert {Case.WEIGHTLESS, Case.NO_VOTES} == cases(ranking)


def test_tiny_weights_bound_nothing():
    ranking = rank(votes_of([("x", "y", "a")] * 2, weight=[1e-3] * 2), Options(rounds=50))
    assert [(rating.ci_low, rating.ci_high) for rating in ranking.ratings] == [(None, None)] * 2


def test_elo_of_one_who_always_won_is_a_number_and_not_certain():
    ranking = ranked(RING * 20 + [("top", model, "a") for model in "pqr"] * 10, method="elo")
    top = by_model(ranking)["top"]
    assert top.rating > 1000
    assert (top.rank, top.rank_low, top.rank_high) == (1, 1, 4)
    assert Case.ONE_SIDED in cases(ranking)
    assert Case.ELO_ORDER in cases(ranking)


class TestVoters:
    rows = draw_rows([0.0, 0.4, 0.8], 300)

    def test_are_clusters_where_they_are_known(self):
        voters = [f"v{i % 40}" for i in range(300)]
        asked = ranked(self.rows, voter=voters, cluster="voter")
        assert ranked(self.rows, voter=voters).ratings == asked.ratings
        assert ranked(self.rows, voter=voters, cluster="none").ratings != asked.ratings
        assert asked.warnings == []

    def test_are_missed_aloud(self):
        assert Case.NO_VOTERS in cases(ranked(self.rows))
        assert Case.NO_VOTERS not in cases(ranked(self.rows, cluster="none"))
        assert Case.NO_VOTERS not in cases(ranked(self.rows, interval="none"))

    def test_cannot_be_clusters_where_none_is_known(self):
        with pytest.raises(EstimationError, match="no vote names its voter"):
            ranked(self.rows, cluster="voter")

    def test_unknown_ones_stand_for_themselves(self):
        every_vote_its_own = ranked(self.rows, voter=[f"v{i:03d}" for i in range(300)], interval="sandwich")
        one_known = ranked(self.rows, voter=["v", *[None] * 299], interval="sandwich")
        assert one_known.ratings == every_vote_its_own.ratings
        assert Case.UNKNOWN_VOTERS in cases(one_known)

    @pytest.mark.parametrize("interval", INTERVALS)
    def test_a_single_one_gives_no_interval(self, interval):
        ranking = ranked(self.rows, voter=["v"] * 300, interval=interval)
        assert {(rating.ci_low, rating.ci_high) for rating in ranking.ratings} == {(None, None)}
        assert {(rating.rank_low, rating.rank_high) for rating in ranking.ratings} == {(1, 3)}
        assert Case.ONE_VOTER in cases(ranking)

    def test_few_are_said_to_be_few(self):
        assert Case.FEW_VOTERS in cases(ranked(self.rows, voter=[f"v{i % 9}" for i in range(300)]))


def test_few_rounds_are_said_to_be_few_and_claim_nothing():
    ranking = ranked(draw_rows([0.0, 3.0], 500), interval="bootstrap", rounds=10)
    assert Case.FEW_ROUNDS in cases(ranking)
    assert {(rating.rank_low, rating.rank_high) for rating in ranking.ratings} == {(1, 2)}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"level": 1.0}, "level"),
        ({"level": math.nan}, "level"),
        ({"rounds": 0}, "round"),
        ({"seed": -1}, "seed"),
        ({"method": "borda"}, "'borda' is none of bradley-terry, davidson"),
        ({"interval": "wide"}, "'wide' is none of bootstrap"),
        ({"cluster": "day"}, "'day' is none of voter"),
    ],
)
def test_options_that_make_no_sense(options, sentence):
    with pytest.raises(EstimationError, match=sentence):
        Options(**options)


def test_resamples_without_ties_beside_some_with_them_warn_of_nothing():
    """The tie parameter of Rao and Kupper is 0 in some resamples; nothing infinite may be multiplied by nothing."""
    rows = [("a", "b", "a"), ("a", "b", "a"), ("a", "b", "b"), ("a", "b", "tie"), ("a", "c", "tie")]
    ranking = ranked(rows, method="rao-kupper", interval="bootstrap")
    assert {line.model for line in ranking.ratings} == {"a", "b", "c"}
