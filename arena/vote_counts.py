"""How many votes there are, without looking at each: from the tallies, and those that wait to be collected.

A page that counted ballots would take a second where a campaign has a million.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from django.db.models import Count, F, Func, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate

from arena.ballot_forms import OVERALL
from arena.models import Ballot, Campaign, DayTally, Matchup, PairTally
from arena.models.ballots import BallotQuerySet

Of = Literal["campaign", "matchup"]


def votes_now(campaign: Campaign) -> tuple[int, datetime | None]:
    """How many votes of a campaign count, and when the newest was cast. Two queries, neither of which reads votes.

    Unless votes went into quarantine or came back, and the tallies do not know yet: then the votes are counted.
    """
    if Campaign.objects.filter(pk=campaign.pk, recount_needed=True).exists():
        exact = Ballot.objects.counted().of_campaign(campaign).aggregate(votes=Count("pk"), newest=Max("created_at"))
        return exact["votes"], exact["newest"]
    # In one statement: a vote that is being collected is then counted once.
    votes, *newest = (
        Campaign.objects.filter(pk=campaign.pk)
        .annotate(
            votes=votes_column("campaign"),
            tallied=_one(_tallied("campaign"), "newest", "MAX"),
            waiting=_one(_waiting("campaign"), "created_at", "MAX"),
        )
        .values_list("votes", "tallied", "waiting")
        .get()
    )
    return votes, max((when for when in newest if when is not None), default=None)


def votes_column(of: Of) -> Combinable:
    """The votes of a campaign or a matchup, as a column of a list of them."""
    return Coalesce(_one(_tallied(of), "votes", "SUM"), 0) + Coalesce(_one(_waiting(of), "pk", "COUNT"), 0)


def votes_by_matchup(matchups: Iterable[Matchup]) -> dict[int, int]:
    """The votes of each of some matchups. One query."""
    keys = [matchup.pk for matchup in matchups]
    found = Matchup.objects.filter(pk__in=keys).annotate(votes=votes_column("matchup"))
    return dict(found.values_list("pk", "votes"))


def votes_by_pair(matchup: Matchup) -> Counter[frozenset[int]]:
    """The votes of each pair of competitors, whichever was A. Two queries."""
    counts: Counter[frozenset[int]] = Counter()
    total = F("first_wins") + F("second_wins") + F("ties") + F("silent")
    tallied = PairTally.objects.filter(matchup=matchup, dimension=OVERALL).annotate(cast=total)
    for first, second, votes in tallied.values_list("first", "second", "cast"):
        counts[frozenset({first, second})] += votes
    waiting = _awaiting().filter(battle__matchup=matchup)
    sides = waiting.values_list("battle__competitor_a", "battle__competitor_b")
    for a, b, votes in sides.annotate(votes=Count("pk")):
        counts[frozenset({a, b})] += votes
    return counts


def votes_by_day(campaign: Campaign) -> dict[date, int]:
    """The votes of each day with any, by the site's clock, oldest first. Two queries."""
    counts: Counter[date] = Counter()
    tallied = DayTally.objects.filter(matchup__campaign=campaign).order_by().values_list("day")
    waiting = _awaiting().of_campaign(campaign).annotate(day=TruncDate("created_at")).values_list("day")
    for found in (tallied.annotate(votes=Sum("votes")), waiting.annotate(votes=Count("pk"))):
        for day, votes in found:
            counts[day] += votes
    return dict(sorted(counts.items()))


def _awaiting() -> BallotQuerySet:
    return Ballot.objects.awaiting_collection().order_by()


def _tallied(of: Of) -> QuerySet[DayTally]:
    inner = {"campaign": "matchup__campaign", "matchup": "matchup"}[of]
    return DayTally.objects.filter(**{inner: OuterRef("pk")}).order_by()


def _waiting(of: Of) -> BallotQuerySet:
    return _awaiting().filter(**{f"battle__{of}": OuterRef("pk")})


def _one(rows: QuerySet[Any], field: str, function: str) -> Subquery:
    """One figure of all rows, without the grouping that an aggregate would bring along."""
    return Subquery(rows.annotate(figure=Func(F(field), function=function)).values("figure"))
