"""What the matchup page shows, read in a fixed number of queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from arena import matchmaking
from arena.charts import percentile, step
from arena.enums import AnswerStatus, MatchupState, ParticipantKind, Side
from arena.models import Answer, Ballot, Battle, Competitor, Matchup, PairTally
from arena.vote_counts import votes_by_pair

#: The span of the hourly bars, of the models' figures and of the rate behind the estimate.
SPAN = timedelta(hours=24)
#: Who answered or voted within this time is at work now.
AT_WORK = timedelta(minutes=5)
#: The newest answers of the span that times and failures are taken from, so that a busy day costs no more to read.
MAX_ANSWERS = 10_000
#: An estimate from fewer votes than this would be a guess.
MIN_VOTES_FOR_ESTIMATE = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """Votes of one pair. `target` is its share of the matchup's target; `step` its shade, 0 to 5."""

    other: Competitor
    is_self: bool
    votes: int = 0
    target: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    competitor: Competitor
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Hour:
    start: datetime
    votes: int


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """A competitor's answers of the last 24 hours. Times in milliseconds; None where there is none."""

    competitor: Competitor
    answers: int
    failed: int
    failed_percent: float
    self_identified: int
    first_token_median: int | None
    first_token_p95: int | None


@dataclass(frozen=True, slots=True)
class MatchupStats:
    """A matchup at one moment."""

    taken_at: datetime
    votes: int
    target: int
    percent: int
    at_work: int
    open_battles: int
    votes_in_span: int
    expected_at: datetime | None
    rows: list[Row]
    hours: list[Hour]
    figures: list[ModelFigures]

    @property
    def is_reached(self) -> bool:
        return self.votes >= self.target


def matchup_stats(matchup: Matchup, *, now: datetime | None = None) -> MatchupStats:
    """Reads everything; nine queries, whatever the number of competitors, battles and answers."""
    now = now or timezone.now()
    competitors, weights = _competitors(matchup)
    pairs = votes_by_pair(matchup)
    hours = _votes_by_hour(matchup, now)
    votes = sum(pairs.values())
    votes_in_span = sum(hour.votes for hour in hours)
    return MatchupStats(
        taken_at=now,
        votes=votes,
        target=matchup.target_votes,
        percent=min(100, votes * 100 // matchup.target_votes),
        at_work=_at_work(matchup, now),
        open_battles=Battle.objects.open().filter(matchup=matchup, created_at__gte=now - SPAN).count(),
        votes_in_span=votes_in_span,
        expected_at=expected_at(matchup, votes=votes, hours=hours, now=now),
        rows=_rows(matchup, competitors, weights, pairs),
        hours=hours,
        figures=_figures(matchup, competitors, now),
    )


def expected_at(matchup: Matchup, *, votes: int, hours: Sequence[Hour], now: datetime) -> datetime | None:
    """When the target is reached if votes go on as in `hours`, or since the start. None where nobody can tell."""
    missing, recent = matchup.target_votes - votes, sum(hour.votes for hour in hours)
    if matchup.state != MatchupState.RUNNING or missing <= 0 or matchup.started_at is None:
        return None
    if recent < MIN_VOTES_FOR_ESTIMATE:
        return None
    # Imported and simulated votes may be older than the start.
    since = min(matchup.started_at, next(hour.start for hour in hours if hour.votes))
    observed = max(timedelta(minutes=1), min(SPAN, now - since))
    return now + observed * (missing / recent)


def pair_targets(
    matchup: Matchup, weights: dict[int, float], met: Sequence[matchmaking.Met] = ()
) -> dict[frozenset[int], float]:
    """Each pair's share of the target, as the pairing policy draws it; one that adapts, as it looks now."""
    entries = [matchmaking.Entry(key, weight) for key, weight in weights.items()]
    if len(entries) < 2:
        return {}
    missing = max(0, matchup.target_votes - sum(each.votes for each in met))
    shares = matchmaking.expected_shares(matchup.pairing_policy, entries, met, to_come=missing)
    return {
        frozenset({entries[i].key, entries[j].key}): share * matchup.target_votes for (i, j), share in shares.items()
    }


def _competitors(matchup: Matchup) -> tuple[list[Competitor], dict[int, float]]:
    """All that take or took part, and the weights of those that can be drawn now."""
    entries = {entry.competitor_id: entry.weight for entry in matchup.entries.all()}
    tallied = PairTally.objects.filter(matchup=matchup)
    known = Q(pk__in=entries) | Q(pk__in=tallied.values("first")) | Q(pk__in=tallied.values("second"))
    competitors = list(Competitor.objects.filter(known).select_related("served_model").order_by("name", "pk"))
    return competitors, {row.pk: entries[row.pk] for row in competitors if row.pk in entries and row.is_active}


def _rows(
    matchup: Matchup,
    competitors: Sequence[Competitor],
    weights: dict[int, float],
    pairs: Counter[frozenset[int]],
) -> list[Row]:
    met = PairTally.objects.met([matchup.pk]) if matchup.pairing_policy in matchmaking.ADAPTIVE else {}
    targets = pair_targets(matchup, weights, met.get(matchup.pk, ()))

    def cell(row: Competitor, column: Competitor) -> Cell:
        if row == column:
            return Cell(other=column, is_self=True)
        pair = frozenset({row.pk, column.pk})
        target = targets.get(pair, 0.0)
        return Cell(
            other=column,
            is_self=False,
            votes=pairs[pair],
            target=round(target),
            step=step(pairs[pair], target),
        )

    return [Row(row, [cell(row, column) for column in competitors]) for row in competitors]


def _votes_by_hour(matchup: Matchup, now: datetime) -> list[Hour]:
    """The last 24 hours, the running one last; hours without a vote are there too."""
    last = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    starts = [last - timedelta(hours=back) for back in range(23, -1, -1)]
    found = (
        Ballot.objects.counted()
        .filter(battle__matchup=matchup, created_at__gte=starts[0])
        .order_by()
        .annotate(hour=TruncHour("created_at"))
        .values_list("hour")
        .annotate(votes=Count("pk"))
    )
    votes = dict(found.values_list("hour", "votes"))
    return [Hour(start, votes.get(start, 0)) for start in starts]


def _at_work(matchup: Matchup, now: datetime) -> int:
    """People of whom an answer streamed or a ballot came in the last five minutes."""
    recent = now - AT_WORK
    answered = Answer.objects.filter(turn__battle=OuterRef("pk"), heartbeat_at__gte=recent)
    today = Battle.objects.filter(matchup=matchup, created_at__gte=now - SPAN, participant__kind=ParticipantKind.PERSON)
    at_work = today.filter(Exists(answered) | Q(ballot__created_at__gte=recent)).order_by()
    return at_work.values("participant").distinct().count()


def _figures(matchup: Matchup, competitors: Sequence[Competitor], now: datetime) -> list[ModelFigures]:
    recent = Answer.objects.filter(turn__battle__matchup=matchup, turn__battle__created_at__gte=now - SPAN)
    sides = ("side", "turn__battle__competitor_a", "turn__battle__competitor_b")
    newest = recent.order_by("-pk").values_list(*sides, "status", "first_token_ms", "self_identified")[:MAX_ANSWERS]
    answers: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    named: Counter[int] = Counter()
    times: dict[int, list[int]] = {}
    for side, a, b, status, first_token_ms, self_identified in newest:
        key = a if side == Side.A else b
        answers[key] += 1
        failed[key] += status == AnswerStatus.FAILED
        named[key] += self_identified
        if first_token_ms is not None:
            times.setdefault(key, []).append(first_token_ms)
    return [
        ModelFigures(
            competitor=competitor,
            answers=answers[competitor.pk],
            failed=failed[competitor.pk],
            failed_percent=100 * failed[competitor.pk] / max(1, answers[competitor.pk]),
            self_identified=named[competitor.pk],
            first_token_median=percentile(times.get(competitor.pk, ()), 0.5),
            first_token_p95=percentile(times.get(competitor.pk, ()), 0.95),
        )
        for competitor in competitors
    ]
