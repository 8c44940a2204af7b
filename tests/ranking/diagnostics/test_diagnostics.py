"""Diagnostics: each finds what was put in, keeps quiet where nothing was, and says what it cannot say."""

import itertools
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.stats import chisquare

from ranking.diagnostics import diagnose
from ranking.diagnostics.agreement import agreement, krippendorff_alpha
from ranking.diagnostics.evidence import chances_of, gather
from ranking.diagnostics.influence import influence
from ranking.diagnostics.needed import needed_votes
from ranking.diagnostics.shape import balance, side_effect
from ranking.diagnostics.simulation import goodness_of_fit, intransitivity
from ranking.estimators import Options, differences, rank, votes_from_codes
from tests.ranking.estimators.samples import RING, draw_rows, voters_for, votes_of

ROWS = draw_rows([0.0, 0.4, 0.8, 1.1], 600)


def evidence_of(rows, voter=None):
    return gather(votes_of(rows, voter=voter), level=0.95)


class TestBalance:
    def test_statistic_is_the_textbooks(self):
        rows = [("x", "y", "a")] * 30 + [("y", "z", "a")] * 20 + [("z", "x", "a")] * 10
        found = balance(evidence_of(rows))
        exact = chisquare([30, 20, 10])
        assert (found.pairs.statistic, found.pairs.p) == pytest.approx((exact.statistic, exact.pvalue))
        assert (found.fewest, found.most) == (10, 30)

    def test_pairs_that_never_met_count(self):
        rows = [("x", "y", "a"), ("y", "z", "a"), ("x", "y", "b"), ("y", "z", "b")] * 5
        assert balance(evidence_of(rows)).fewest == 0
        assert balance(evidence_of(rows)).pairs.statistic == pytest.approx(chisquare([10, 10, 0]).statistic)

    def test_sides(self):
        rows = [("x", "y", "a"), ("x", "y", "b")] * 30 + [("y", "x", "a")] * 10
        found = balance(evidence_of(rows))
        assert found.sides.statistic == pytest.approx(chisquare([60, 10]).statistic)
        assert found.least_share_as_a == pytest.approx(1 / 7)

    def test_fair_draws_pass(self):
        found = balance(evidence_of(ROWS))
        assert found.pairs.p > 0.01 and found.sides.p > 0.01


class TestSideEffect:
    def test_found(self):
        rng = np.random.default_rng(1)
        a = rng.integers(0, 4, 4000)
        b = (a + rng.integers(1, 4, 4000)) % 4
        won = rng.random(4000) < 1 / (1 + np.exp(-0.5 - (b - a) * 0.3))
        found = side_effect(gather(votes_from_codes("wxyz", a, b, np.where(won, 0, 1)), level=0.95), 0.95).effect
        assert found.value == pytest.approx(0.5 * 400 / np.log(10), abs=20)
        assert found.ci_low > 0 and found.p < 1e-6

    def test_not_there(self):
        found = side_effect(evidence_of(ROWS), 0.95).effect
        assert found.ci_low < 0 < found.ci_high and found.p > 0.05

    def test_cannot_be_told(self):
        found = side_effect(evidence_of([("x", "y", "a"), ("x", "y", "b")] * 5), 0.95)
        assert found.effect is None and "shown as A" in found.why_not


class TestIntransitivity:
    def test_rock_paper_scissors(self):
        rows = [("rock", "scissors", "a"), ("scissors", "paper", "a"), ("paper", "rock", "a")] * 20
        rows += [("scissors", "rock", "a"), ("rock", "paper", "a"), ("paper", "scissors", "a")] * 2
        evidence = evidence_of(rows)
        found = intransitivity(evidence, chances_of(evidence))
        assert (found.triples, found.cyclic) == (1, 1)
        assert set(found.worst[0].models) == {"rock", "paper", "scissors"}
        assert found.worst[0].least == pytest.approx(20 / 22)

    def test_equal_models_have_a_quarter_of_triples_cyclic_by_chance(self):
        """Eight tournaments on three players, two of them cyclic."""
        evidence = evidence_of(draw_rows([0.0] * 10, 6000, ties=0))
        found = intransitivity(evidence, chances_of(evidence))
        assert found.triples == 120
        assert found.expected == pytest.approx(30, abs=5) and found.p > 0.005

    @pytest.mark.thorough
    def test_p_is_uniform_enough(self):
        """Of 40 campaigns of models not far apart, few have a p below 0.1: 9 or more with probability 0.02."""
        small = 0
        for seed in range(40):
            evidence = evidence_of(draw_rows(np.linspace(0, 0.5, 7), 500, seed=seed))
            small += intransitivity(evidence, chances_of(evidence)).p < 0.1
        assert small < 9

    def test_cycles_are_counted_right(self):
        evidence = evidence_of(draw_rows([0.0] * 7, 150, ties=0.1))
        beats = {}
        for (first, second), (won, lost, _) in zip(
            zip(evidence.pairs.first.tolist(), evidence.pairs.second.tolist(), strict=True),
            evidence.counts.tolist(),
            strict=True,
        ):
            beats[first, second], beats[second, first] = won > lost, lost > won
        brute = sum(
            beats.get((x, y), False) and beats.get((y, z), False) and beats.get((z, x), False)
            for x, y, z in itertools.permutations(range(7), 3)
        )
        assert intransitivity(evidence, chances_of(evidence)).cyclic == brute / 3


class TestAgreement:
    def test_alpha_of_full_agreement_and_of_none(self):
        assert krippendorff_alpha(np.array([[10, 0, 0], [0, 10, 0]])) == pytest.approx(1)
        assert krippendorff_alpha(np.array([[500, 500, 0], [500, 500, 0]])) == pytest.approx(0, abs=1e-2)

    def test_alpha_by_hand(self):
        """Two pairs of models, with votes (2, 1, 0) and (0, 2, 0): wins by chance alike on both sides."""
        disagreeing = ((9 - 5) / 2 + 0) / 5
        by_chance = (25 - 2 * 2.5**2) / (5 * 4)
        assert krippendorff_alpha(np.array([[2, 1, 0], [0, 2, 0]])) == pytest.approx(1 - disagreeing / by_chance)

    def test_a_voter_who_repeats_itself_is_no_second_voter(self):
        rows = [("x", "y", "a")] * 10 + [("x", "y", "b")] * 10
        evidence = evidence_of(rows, voter=["one"] * 10 + ["other"] * 10)
        found = agreement(evidence, chances_of(evidence))
        assert (found.between, found.between_share, found.within, found.within_share) == (100, 0.0, 90, 1.0)

    def test_voters_alike_agree_as_the_model_expects(self):
        evidence = evidence_of(ROWS, voter=voters_for(ROWS, 200))
        found = agreement(evidence, chances_of(evidence))
        assert found.between_share == pytest.approx(found.expected_share, abs=0.03)


class TestGoodnessOfFit:
    def test_votes_of_the_model_fit(self):
        evidence = evidence_of(draw_rows([0.0, 0.5, 1.0, 1.4], 900, ties=0))
        found = goodness_of_fit(evidence, chances_of(evidence))
        assert (found.method, found.df) == ("bradley-terry", 3)
        assert found.p > 0.01

    def test_cycles_do_not(self):
        evidence = evidence_of(draw_rows([0.0, 0.5, 1.0], 300) + RING * 40)
        found = goodness_of_fit(evidence, chances_of(evidence))
        assert found.method == "davidson" and found.p < 0.02
        assert {found.worst[0].model_a, found.worst[0].model_b} <= {"p", "q", "r"}

    @pytest.mark.thorough
    def test_p_is_uniform_enough(self):
        """Of 40 tables drawn from the model, few have a p below 0.1: 9 or more with probability 0.02."""
        small = 0
        for seed in range(40):
            evidence = evidence_of(draw_rows([0.0, 0.4, 0.8, 1.0], 200, seed=seed, ties=0))
            small += goodness_of_fit(evidence, chances_of(evidence)).p < 0.1
        assert small < 9


class TestNeededVotes:
    def test_that_many_tell_them_apart(self):
        """Votes that are repeated as often as it says, in the same proportions, give the power that it promises."""
        rows = draw_rows([0.0, 0.12], 400, ties=0, seed=3)
        evidence = evidence_of(rows)
        (needed,) = needed_votes(evidence, differences(evidence.solution))
        assert not needed.told_apart and needed.of_the_pair == pytest.approx(needed.as_so_far, rel=0.02)
        z = needed.difference / (
            differences(gather(votes_of(rows), level=0.95).solution).pairs[0].se
            * np.sqrt(400 / (400 + needed.as_so_far))
        )
        assert z == pytest.approx(1.959964 + 0.841621, rel=0.01)

    def test_level_models(self):
        evidence = evidence_of([("x", "y", "a"), ("x", "y", "b")] * 10)
        (needed,) = needed_votes(evidence, differences(evidence.solution))
        assert (needed.difference, needed.of_the_pair, needed.as_so_far) == (0, None, None)

    def test_models_far_apart_need_none(self):
        evidence = evidence_of(draw_rows([0.0, 1.5], 400))
        (needed,) = needed_votes(evidence, differences(evidence.solution))
        assert needed.told_apart and needed.of_the_pair == needed.as_so_far == 0


class TestInfluence:
    rows = draw_rows([0.0, 0.5, 0.55], 120, ties=0.1, seed=4)
    voter = voters_for(rows, 12, seed=4)

    def first(self, keep):
        rows = [row for row, kept in zip(self.rows, keep, strict=True) if kept]
        return rank(votes_of(rows), Options(interval="none")).ratings[0].model

    def test_votes_found_change_the_first_place(self):
        found = influence(evidence_of(self.rows, self.voter)).votes
        assert len(found.numbers) == found.removed == found.votes
        keep = [number not in found.numbers for number in range(1, len(self.rows) + 1)]
        assert self.first([True] * len(keep)) == found.leader and self.first(keep) == found.challenger
        assert sum(count for _, count in found.voters) == found.votes

    def test_voters_found_change_the_first_place_and_are_the_fewest(self):
        found = influence(evidence_of(self.rows, self.voter)).voters
        names = {name for name, _ in found.voters}
        assert len(names) == found.removed
        assert self.first([voter not in names for voter in self.voter]) == found.challenger
        for fewer in itertools.combinations(sorted(set(self.voter)), found.removed - 1):
            assert self.first([voter not in fewer for voter in self.voter]) == found.leader

    def test_votes_are_the_fewest_of_a_pair(self):
        """Two models, 60 to 50: without 11 of the winner's votes the other is ahead."""
        found = influence(evidence_of([("x", "y", "a")] * 60 + [("x", "y", "b")] * 50)).votes
        assert (found.leader, found.challenger, found.removed) == ("x", "y", 11)

    def test_a_clear_winner_stays(self):
        found = influence(evidence_of(draw_rows([0.0, 0.0, 3.0], 300, ties=0)))
        assert found.leader == "m02" and found.votes is None and found.why_not is None

    def test_weightless_votes_keep_their_numbers(self):
        rows = [("y", "x", "a"), *([("x", "y", "a")] * 6 + [("x", "y", "b")] * 5)]
        votes = votes_of(rows, weight=[0.0] + [1.0] * 11)
        assert set(influence(gather(votes, level=0.95)).votes.numbers) <= set(range(2, 8))

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            ([("x", "y", "tie")] * 4, "shared"),
            ([("x", "y", "a")] * 4, "no finite rating"),
            ([], "no model has a rating"),
        ],
    )
    def test_where_there_is_no_first_place(self, rows, why):
        assert why in influence(evidence_of(rows)).why_not


HARD = {
    "nothing": [],
    "one vote": [("x", "y", "a")],
    "one pair": [("x", "y", "a"), ("y", "x", "a"), ("x", "y", "tie")],
    "ties only": [("x", "y", "tie"), ("y", "z", "tie"), ("z", "x", "tie")] * 3,
    "two groups": [*RING * 4, *[(f"{a}2", f"{b}2", o) for a, b, o in RING * 4]],
    "a chain": [("x", "y", "a"), ("y", "x", "a"), ("y", "z", "a"), ("z", "y", "tie")] * 3,
    "never lost": [*RING * 5, ("top", "p", "a"), ("top", "q", "a")],
    "all one way": [("x", "y", "a"), ("y", "z", "a"), ("x", "z", "a")] * 3,
    "a win and a tie": [("x", "y", "a"), ("x", "y", "tie")],
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("voters", [False, True])
def test_hard_cases_get_plain_sentences(name, voters):
    rows = HARD[name]
    found = diagnose(votes_of(rows, voter=voters_for(rows, 3) if voters and rows else None))
    text = " ".join(found.sentences())
    assert text.strip() and "nan" not in text and "inf " not in text and "None" not in text
    json.dumps(found.as_dict(), allow_nan=False)


def test_the_same_votes_give_the_same_answer():
    votes = votes_of(ROWS, voter=voters_for(ROWS, 40))
    assert diagnose(votes) == diagnose(votes)


class TestCommand:
    def run(self, *args, **options):
        out = StringIO()
        call_command("diagnose", *args, stdout=out, **options)
        return out.getvalue()

    @pytest.fixture
    def path(self, tmp_path):
        words = {"a": "model_a", "b": "model_b", "tie": "tie"}
        path = tmp_path / "votes.jsonl"
        lines = [json.dumps({"model_a": a, "model_b": b, "winner": words[o]}) for a, b, o in ROWS]
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_table(self, path):
        lines = self.run(input=path).splitlines()
        assert lines[0].startswith("600 votes on 6 of 6 pairs of 4 models")
        assert any("Influence of voters was not looked for: not every vote names its voter." in line for line in lines)

    def test_object(self, path, tmp_path):
        self.run(input=path, format="json", output=tmp_path / "found.json")
        found = json.loads((tmp_path / "found.json").read_text())
        assert [*found] == [
            "dimension", "level", "input_sha256", "connectivity", "balance", "side_effect", "intransitivity",
            "agreement", "goodness_of_fit", "separability", "needed", "influence", "sentences",
        ]  # fmt: skip

    def test_rubbish(self, tmp_path, path):
        with pytest.raises(CommandError, match="level must lie between 0 and 1"):
            self.run(input=path, level=7.0)
        with pytest.raises(CommandError):
            self.run(input=tmp_path / "nowhere.jsonl")

    @pytest.mark.django_db
    def test_campaign(self):
        from tests.ranking.campaigns import campaign_with_votes

        campaign = campaign_with_votes(20)
        assert self.run(campaign=campaign.slug).startswith("20 votes on 3 of 3 pairs")
        with pytest.raises(CommandError, match="does not ask 'taste'"):
            self.run(campaign=campaign.slug, dimension="taste")
