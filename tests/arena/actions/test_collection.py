"""Collecting: each vote is counted once, and everything that is counted can be counted again from the ballots."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arena.actions.collection import collect_ballots, contribution_of, rebuild_tallies
from arena.elo import updated
from arena.enums import MatchupState
from arena.models import Ballot, Battle, Campaign, Competitor, Contribution, EloRating, Judgement, Matchup, PairTally
from arena.tasks import collect, rebuild_campaign_tallies, sweep_ballots
from tests.factories import BallotFactory, BattleFactory, MatchupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


def vote(
    matchup: Matchup, a: Competitor, b: Competitor, choices: dict[str, str] | None = None, **values: Any
) -> Ballot:
    """A ballot that waits for collection."""
    battle = BattleFactory(
        matchup=matchup, competitor_a=a, competitor_b=b, status="voted", closed_at=timezone.now(), **values
    )
    ballot: Ballot = BallotFactory(battle=battle, choices=choices)
    return ballot


@pytest.fixture
def pair(matchup: Matchup) -> tuple[Competitor, Competitor]:
    first, second = Competitor.objects.order_by("pk")[:2]
    return first, second


def counts() -> dict[str, Any]:
    """All that collection writes, without keys and times."""
    return {
        "winners": list(Ballot.objects.order_by("pk").values_list("winner", flat=True)),
        "tallies": sorted(
            PairTally.objects.values_list(
                "matchup", "dimension", "first", "second", "first_wins", "second_wins", "ties"
            )
        ),
        "contributions": sorted(Contribution.objects.values_list("participant", "campaign", "votes", "tickets")),
        "elo": sorted(EloRating.objects.values_list("competitor", "rating", "battles")),
    }


def test_a_ballot_is_counted_in_each_dimension_and_overall(
    matchup: Matchup, pair: tuple[Competitor, Competitor]
) -> None:
    ballot = vote(matchup, *pair, {"content": "a", "language": "tie"})
    assert collect_ballots() == 1
    ballot.refresh_from_db()
    assert (ballot.winner, ballot.collected_at is not None) == ("a", True)
    first, second = (competitor.pk for competitor in pair)
    assert counts()["tallies"] == [
        (matchup.pk, "content", first, second, 1, 0, 0),
        (matchup.pk, "language", first, second, 0, 0, 1),
        (matchup.pk, "overall", first, second, 1, 0, 0),
    ]
    assert counts()["elo"] == [(first, 1002.0, 1), (second, 998.0, 1)]


@pytest.mark.parametrize(
    ("choice", "first_shown_as_a", "first_shown_as_b"), [("a", (1, 0), (0, 1)), ("b", (0, 1), (1, 0))]
)
def test_the_winner_is_the_competitor_whichever_side_it_was_on(
    matchup: Matchup,
    pair: tuple[Competitor, Competitor],
    choice: str,
    first_shown_as_a: tuple[int, int],
    first_shown_as_b: tuple[int, int],
) -> None:
    said = {"content": choice, "language": choice}
    vote(matchup, *pair, said)
    collect_ballots()
    tally = PairTally.objects.get(dimension="overall")
    assert (tally.first_wins, tally.second_wins) == first_shown_as_a
    vote(matchup, *reversed(pair), said)
    collect_ballots()
    tally.refresh_from_db()
    expected = tuple(x + y for x, y in zip(first_shown_as_a, first_shown_as_b, strict=True))
    assert (tally.first_wins, tally.second_wins) == expected
    assert tally.votes == 2


def test_collecting_again_counts_nothing_twice(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    vote(matchup, *pair)
    collect_ballots()
    before = counts()
    assert collect_ballots() == collect.delay().get() == sweep_ballots.delay().get() == 0
    assert counts() == before


@pytest.mark.parametrize("batch", [1, 2, 3, 500])
def test_the_size_of_a_batch_makes_no_difference(
    matchup: Matchup, pair: tuple[Competitor, Competitor], batch: int
) -> None:
    voter = ParticipantFactory()
    for choice in ("a", "b", "tie", "a", "a"):
        vote(matchup, *pair, {"content": choice, "language": choice}, participant=voter)
    assert collect_ballots(batch=batch) == 5
    assert collect_ballots(batch=batch) == 0
    tally = PairTally.objects.get(dimension="overall")
    assert (tally.first_wins, tally.second_wins, tally.ties) == (3, 1, 1)
    assert Contribution.objects.get().votes == 5


def test_each_campaign_is_collected(pair: tuple[Competitor, Competitor], matchup: Matchup) -> None:
    vote(matchup, *pair)
    BallotFactory()
    assert collect_ballots() == 2
    assert Contribution.objects.count() == 2


@pytest.mark.parametrize(("votes", "tickets"), [(2, 0), (3, 1), (7, 2)])
def test_tickets_are_the_campaigns(
    matchup: Matchup, pair: tuple[Competitor, Competitor], votes: int, tickets: int
) -> None:
    Campaign.objects.update(votes_per_ticket=3)
    voter = ParticipantFactory()
    for _ in range(votes):
        vote(matchup, *pair, participant=voter)
        collect_ballots()
    contribution = contribution_of(campaign=matchup.campaign, participant=voter)
    assert (contribution.votes, contribution.tickets) == (votes, tickets)


def test_who_has_not_voted_has_contributed_nothing(matchup: Matchup) -> None:
    contribution = contribution_of(campaign=matchup.campaign, participant=ParticipantFactory())
    assert (contribution.votes, contribution.tickets, contribution.pk) == (0, 0, None)


def test_elo_moves_in_the_order_of_the_ballots(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    ratings = (1000.0, 1000.0)
    for choice in ("a", "a", "b", "tie"):
        vote(matchup, *pair, {"content": choice, "language": choice})
        ratings = updated(*ratings, choice)
    collect_ballots(batch=3)
    assert tuple(EloRating.objects.order_by("competitor").values_list("rating", flat=True)) == ratings


def test_quarantined_votes_are_left_out(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    ballot = vote(matchup, *pair)
    Ballot.objects.filter(pk=ballot.pk).update(quarantined_at=timezone.now())
    assert collect_ballots() == 0
    assert not PairTally.objects.exists() and not Contribution.objects.exists()


def test_a_ballot_that_says_nothing_is_a_contribution_and_no_comparison(
    matchup: Matchup, pair: tuple[Competitor, Competitor]
) -> None:
    ballot = vote(matchup, *pair, {"content": "dont_know", "language": "dont_know"})
    assert collect_ballots() == 1
    ballot.refresh_from_db()
    assert ballot.winner == "" and ballot.collected_at is not None
    assert {(tally.votes, tally.silent) for tally in PairTally.objects.all()} == {(0, 1)}
    assert not EloRating.objects.exists()
    assert Contribution.objects.get().votes == 1


@pytest.mark.parametrize(("stops", "state"), [(True, MatchupState.FINISHED), (False, MatchupState.RUNNING)])
def test_a_matchup_stops_at_its_target_where_it_was_told_to(
    matchup: Matchup, pair: tuple[Competitor, Competitor], stops: bool, state: str
) -> None:
    Matchup.objects.filter(pk=matchup.pk).update(target_votes=2, stop_at_target=stops)
    vote(matchup, *pair)
    collect_ballots()
    matchup.refresh_from_db()
    assert matchup.state == MatchupState.RUNNING
    vote(matchup, *pair)
    collect_ballots()
    matchup.refresh_from_db()
    assert (matchup.state, matchup.finished_at is not None) == (state, stops)


def test_quarantined_votes_do_not_bring_a_matchup_to_its_target(
    matchup: Matchup, pair: tuple[Competitor, Competitor]
) -> None:
    Matchup.objects.filter(pk=matchup.pk).update(target_votes=2, stop_at_target=True)
    ballot = vote(matchup, *pair)
    Ballot.objects.filter(pk=ballot.pk).update(quarantined_at=timezone.now())
    vote(matchup, *pair)
    collect_ballots()
    matchup.refresh_from_db()
    assert matchup.state == MatchupState.RUNNING


def test_a_matchup_that_was_paused_meanwhile_stays_paused(
    matchup: Matchup, pair: tuple[Competitor, Competitor]
) -> None:
    Matchup.objects.filter(pk=matchup.pk).update(target_votes=1, stop_at_target=True, state="paused")
    vote(matchup, *pair)
    collect_ballots()
    matchup.refresh_from_db()
    assert matchup.state == MatchupState.PAUSED


def test_rebuilding_leaves_other_campaigns_alone(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    other = BallotFactory()
    vote(matchup, *pair)
    collect_ballots()
    other.refresh_from_db()
    assert rebuild_campaign_tallies.delay(matchup.campaign_id).get() == 1
    assert Ballot.objects.get(pk=other.pk).collected_at == other.collected_at


def test_rebuilding_repairs_counts_that_went_wrong(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    vote(matchup, *pair)
    collect_ballots()
    before = counts()
    PairTally.objects.update(first_wins=99)
    Contribution.objects.update(votes=99)
    EloRating.objects.all().delete()
    assert rebuild_tallies(campaign=matchup.campaign) == 1
    assert counts() == before


VOTES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 2), st.sampled_from(["a", "b", "tie"]), st.sampled_from(["a", "b", "tie"]),
        st.booleans(), st.integers(0, 2), st.booleans(),
    ).filter(lambda one: one[0] != one[1]),
    min_size=3,
    max_size=10,
)  # fmt: skip


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(votes=VOTES, batch=st.integers(1, 5))
def test_counting_as_votes_come_gives_what_counting_from_the_ballots_gives(
    matchup: Matchup, votes: list[tuple[int, int, str, str, bool, int, bool]], batch: int
) -> None:
    """Whatever is voted, in whatever batches, with some votes quarantined: rebuild gives the same to the last digit."""
    Ballot.objects.all().delete()
    Battle.objects.all().delete()
    rebuild_tallies(campaign=matchup.campaign)
    competitors = list(Competitor.objects.order_by("pk"))
    voters = [ParticipantFactory() for _ in range(3)]
    expected: Counter[int] = Counter()
    for a, b, content, language, collects, voter, quarantined in votes:
        battle = Battle.objects.create(
            matchup=matchup, campaign=matchup.campaign, participant=voters[voter], competitor_a=competitors[a],
            competitor_b=competitors[b], status="voted", closed_at=timezone.now(),
        )  # fmt: skip
        now = timezone.now() if quarantined else None
        ballot = Ballot.objects.create(battle=battle, quarantined_at=now)
        Judgement.objects.create(ballot=ballot, dimension="content", choice=content)
        Judgement.objects.create(ballot=ballot, dimension="language", choice=language)
        expected[voters[voter].pk] += not quarantined
        if collects:
            collect_ballots(batch=batch)
    collect_ballots(batch=batch)
    incremental = counts()
    assert {row[0]: row[2] for row in incremental["contributions"]} == +expected
    rebuild_tallies(campaign=matchup.campaign)
    assert counts() == incremental


def test_more_votes_take_no_more_queries(matchup: Matchup, pair: tuple[Competitor, Competitor]) -> None:
    voter, queries = ParticipantFactory(), []
    # No step of the Elo that is shown is passed.
    for votes in (1, 3, 15):
        for _ in range(votes):
            vote(matchup, *pair, participant=voter)
        with CaptureQueriesContext(connection) as captured:
            assert collect_ballots() == votes
        queries.append(len(captured))
    # The first one also makes the rows.
    assert queries[0] >= queries[1] == queries[2]


def test_a_matchup_of_another_campaign_has_tallies_of_its_own(pair: tuple[Competitor, Competitor]) -> None:
    matchup = pair[0].entries.get().matchup
    again = MatchupFactory(campaign=matchup.campaign, running=True, competitors=list(pair))
    vote(matchup, *pair)
    vote(again, *pair)
    collect_ballots()
    assert PairTally.objects.filter(dimension="overall").count() == 2
