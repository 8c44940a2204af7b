import pytest
from django.utils import timezone

from arena.models import Ballot, Participant
from arena.pseudonyms import pseudonym
from ranking.comparisons import campaign_comparisons, campaign_dimensions
from ranking.estimators import OUTCOMES
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
    with django_assert_num_queries(4):
        campaign_comparisons(campaign, "content")
