import random

import pytest
from django.utils import timezone

from arena.ballot_forms import ALL_CHOICES
from arena.models import Answer, Ballot, Judgement, Participant
from arena.pseudonyms import pseudonym
from ranking import comparisons
from ranking.comparisons import all_comparisons, campaign_comparisons, campaign_dimensions, outcome_of
from ranking.estimators import OUTCOMES, encode_votes
from ranking.slices import Slice
from tests.factories import BallotFactory, BattleFactory
from tests.ranking.campaigns import campaign_with_votes, form_with_dont_know

pytestmark = pytest.mark.django_db


def said(found):
    votes = found.votes
    return [
        (votes.models[a], votes.models[b], OUTCOMES[outcome])
        for a, b, outcome in zip(votes.model_a, votes.model_b, votes.outcome, strict=True)
    ]


@pytest.mark.parametrize(
    ("dimension", "outcomes"),
    [
        ("overall", ["a", "b", "a", "tie", "b"]),
        ("content", ["a", "b", "a", "tie", "b"]),
        ("language", ["a", "tie", "b", "tie", "b"]),
    ],
)
def test_outcomes_by_dimension_in_the_order_of_the_votes(dimension, outcomes):
    campaign = campaign_with_votes(5)
    assert [outcome for _, _, outcome in said(campaign_comparisons(campaign, dimension))] == outcomes


def test_voters_are_pseudonyms():
    votes = campaign_comparisons(campaign_with_votes(5), "overall").votes
    assert set(votes.voters) == {pseudonym(person) for person in Participant.objects.all()}


def test_quarantined_votes_and_other_campaigns_are_left_out():
    campaign = campaign_with_votes(6)
    campaign_with_votes(4)
    Ballot.objects.filter(pk=Ballot.objects.of_campaign(campaign).first().pk).update(quarantined_at=timezone.now())
    found = campaign_comparisons(campaign, "overall")
    assert len(found.votes) == found.n_ballots == 5


def test_uncollected_votes_count():
    campaign = campaign_with_votes(3)
    assert not Ballot.objects.filter(collected_at__isnull=False).exists()
    assert len(campaign_comparisons(campaign, "overall").votes) == 3


def test_not_knowing_is_left_out_and_both_bad_is_a_tie():
    campaign = campaign_with_votes(3, ballot_form=form_with_dont_know())
    matchup = campaign.matchups.get()
    a, b = campaign.competitors.all()[:2]
    for choice in ("dont_know", "both_bad"):
        BallotFactory(
            battle=BattleFactory(matchup=matchup, competitor_a=a, competitor_b=b, answered=True),
            choices={"content": "a", "language": choice},
        )
    found = campaign_comparisons(campaign, "language")
    assert (len(found.votes), found.left_out, found.n_ballots) == (4, 1, 5)
    assert said(found)[-1][2] == "tie"
    assert len(campaign_comparisons(campaign, "overall").votes) == 5


def test_dimensions_are_the_forms_with_overall_first():
    assert campaign_dimensions(campaign_with_votes(0)) == ["overall", "content", "language"]
    one = campaign_with_votes(0, ballot_form={"dimensions": [{"key": "style"}]})
    assert campaign_dimensions(one) == ["overall", "style"]


def test_queries_do_not_grow_with_the_votes(django_assert_num_queries):
    campaign = campaign_with_votes(15)
    with django_assert_num_queries(5):
        campaign_comparisons(campaign, "content")


def test_votes_on_answers_that_name_a_model_can_be_left_out():
    campaign = campaign_with_votes(6)
    named = Ballot.objects.of_campaign(campaign).order_by("pk")[1]
    Answer.objects.filter(turn__battle=named.battle, side="b").update(self_identified=True)
    assert len(campaign_comparisons(campaign, "overall").votes) == 6
    assert len(campaign_comparisons(campaign, "overall", without_self_identified=True).votes) == 5


def test_codes_are_what_the_names_would_give(monkeypatch):
    """Against the definition: every ballot read one by one, judged by the rule of a single ballot, and encoded."""
    monkeypatch.setattr(comparisons, "_CHUNK", 7)
    monkeypatch.setattr(comparisons, "_VOTERS_AT_ONCE", 2)
    campaign = campaign_with_votes(24, voters=5)
    rng = random.Random(4)
    for ballot in Ballot.objects.of_campaign(campaign):
        ballot.judgements.all().delete()
        dimensions = rng.sample(["content", "language", "overall", "style"], rng.randint(0, 4))
        Judgement.objects.bulk_create(
            [Judgement(ballot=ballot, dimension=name, choice=rng.choice(ALL_CHOICES)) for name in dimensions]
        )
    found = all_comparisons(campaign, ["overall", "content", "language"])
    ballots = Ballot.objects.of_campaign(campaign).order_by("created_at", "pk")
    for dimension, read in found.items():
        kept = [(ballot, said) for ballot in ballots if (said := outcome_of(ballot.choices(), dimension))]
        expected = encode_votes(
            [ballot.battle.competitor_a.name for ballot, _ in kept],
            [ballot.battle.competitor_b.name for ballot, _ in kept],
            [said for _, said in kept],
            voter=[pseudonym(ballot.battle.participant) for ballot, _ in kept],
        )
        assert read.ballots.tolist() == [ballot.pk for ballot, _ in kept]
        assert (read.votes.models, read.votes.voters) == (expected.models, expected.voters)
        for column in ("model_a", "model_b", "outcome", "voter", "weight"):
            assert getattr(read.votes, column).tolist() == getattr(expected, column).tolist()
        assert read.left_out == 24 - len(kept)


def test_a_campaign_without_votes():
    found = campaign_comparisons(campaign_with_votes(0), "overall")
    assert (len(found.votes), found.n_ballots, found.cut_off) == (0, 0, None)


def test_votes_of_a_slice_are_read_with_their_own_cut_off():
    campaign = campaign_with_votes(6)
    first, second = Participant.objects.order_by("pk")[:2]
    Participant.objects.filter(pk=second.pk).update(language_level="b1_b2")
    found = campaign_comparisons(campaign, "overall", chosen=Slice.parse(["level=b1_b2"]))
    assert set(found.votes.voters) == {pseudonym(second)}
    assert found.n_ballots == 2
    assert found.cut_off == Ballot.objects.filter(battle__participant=second).order_by("-created_at")[0].created_at
    assert len(campaign_comparisons(campaign, "overall", chosen=Slice()).votes) == 6


def test_a_vote_that_comes_while_votes_are_read_is_left_for_later(monkeypatch):
    campaign = campaign_with_votes(4)
    late = Ballot.objects.of_campaign(campaign).order_by("pk")[1]
    Ballot.objects.filter(pk=late.pk).update(quarantined_at=timezone.now())
    columns = comparisons._columns

    def brought_back(rows, width):
        found = columns(rows, width)
        Ballot.objects.filter(pk=late.pk).update(quarantined_at=None)
        return found

    monkeypatch.setattr(comparisons, "_columns", brought_back)
    found = campaign_comparisons(campaign, "content")
    assert (found.n_ballots, found.left_out) == (3, 0)
    assert late.pk not in found.ballots
