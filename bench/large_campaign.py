"""A campaign with a million imported votes: how long its rankings take, and how fast its pages are.

    LEHIA_DATABASE_URL=postgresql://… make bench-large-campaign       (without: an SQLite file under var/)

It writes a campaign of its own into the database it is given, collects its votes, ranks them as the worker does, and
asks for pages in this process. Run it on a database that nothing else needs.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from arena.actions.collection import collect_ballots  # noqa: E402
from arena.enums import ParticipantKind  # noqa: E402
from arena.models import Ballot, Battle, Campaign, Competitor, Judgement, Matchup, Participant, User  # noqa: E402
from ranking.actions.current import refresh_campaign  # noqa: E402
from ranking.comparisons import campaign_comparisons, campaign_dimensions  # noqa: E402

SLUG = "large-bench"
MODELS = 21
BATCH = 10_000
#: So many votes are made one by one, and then repeated.
BASE = 20_000
LEVELS = ("b1_b2", "c1_c2")
START = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"| {what} | {time.perf_counter() - began:.1f} s |", flush=True)


def build(votes: int, voters: int) -> Campaign:
    """The rows that an import leaves behind, but for conversations, which no ranking reads."""
    rng = np.random.default_rng(7)
    campaign = Campaign.objects.create(
        slug=SLUG, name="Large", status="open", starts_at=START, leaderboard_policy="always", show_live_elo=True
    )
    campaign.texts.create(language="eu", title="Handia")
    matchup = Matchup.objects.create(
        campaign=campaign, name="Imported votes", state="finished", started_at=START, finished_at=START
    )
    models = Competitor.objects.bulk_create(
        [Competitor(campaign=campaign, name=f"model-{number:02d}") for number in range(MODELS)]
    )
    matchup.competitors.add(*models)
    people = Participant.objects.bulk_create(
        [
            Participant(
                kind=ParticipantKind.IMPORTED, external_name=f"large-{n}", language_level=("b1_b2", "c1_c2")[n % 2]
            )
            for n in range(voters)
        ],
        batch_size=BATCH,
    )
    strength = rng.normal(0, 0.7, MODELS)
    for start in range(0, min(votes, BASE), BATCH):
        _insert(campaign, matchup, models, people, strength, rng, start, min(BATCH, votes - start), votes)
    if votes > BASE:
        _repeat(votes // BASE, [person.pk for person in people])
    return campaign


def _repeat(times: int, people: list[int]) -> None:
    """The same votes again, of other voters and at other times, by the database itself."""
    numbers = f"WITH RECURSIVE k(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM k WHERE k < {times - 1})"
    uid = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    apart = {model: model.objects.order_by("-pk")[0].pk + 1 for model in (Battle, Ballot, Judgement)}
    voter = f"{people[0]} + (participant_id - {people[0]} + k * 997) % {len(people)}"
    seconds = "created_at + interval '1 second' * k" if connection.vendor == "postgresql" else "created_at"
    with transaction.atomic(), connection.cursor() as cursor:
        for model, changed in (
            (Battle, {"uid": uid, "participant_id": voter, "external_id": "external_id || '-' || k"}),
            (Ballot, {"battle_id": f"battle_id + k * {apart[Battle]}", "created_at": seconds}),
            (Judgement, {"ballot_id": f"ballot_id + k * {apart[Ballot]}"}),
        ):
            columns = [field.column for field in model._meta.concrete_fields]
            values = {"id": f"id + k * {apart[model]}", **changed}
            said = ", ".join(values.get(column, column) for column in columns)
            table = model._meta.db_table
            cursor.execute(f"{numbers} INSERT INTO {table} ({', '.join(columns)}) SELECT {said} FROM {table}, k")
        for statement in connection.ops.sequence_reset_sql(no_style(), list(apart)):
            cursor.execute(statement)


def _insert(campaign, matchup, models, people, strength, rng, start, count, votes) -> None:  # type: ignore[no-untyped-def]
    a = rng.integers(0, MODELS, count)
    b = (a + rng.integers(1, MODELS, count)) % MODELS
    chance = 1 / (1 + np.exp(strength[b] - strength[a]))
    said = {
        name: np.where(rng.random(count) < 0.2, "tie", np.where(rng.random(count) < chance, "a", "b"))
        for name in ("content", "language")
    }
    voter = rng.integers(0, len(people), count)
    with transaction.atomic():
        battles = Battle.objects.bulk_create(
            [
                Battle(
                    campaign=campaign,
                    matchup=matchup,
                    participant=people[voter[i]],
                    competitor_a=models[a[i]],
                    competitor_b=models[b[i]],
                    status="voted",
                    external_id=f"large-{start + i}",
                    created_at=(cast := START + timedelta(days=90) * ((start + i) / votes)),
                    closed_at=cast,
                )
                for i in range(count)
            ]
        )
        ballots = Ballot.objects.bulk_create([Ballot(battle=each, created_at=each.created_at) for each in battles])
        judgements = []
        for i, ballot in enumerate(ballots):
            choices = {name: str(column[i]) for name, column in said.items()}
            if set(choices.values()) == {"a", "b"}:
                choices["overall"] = choices["content"]
            judgements += [Judgement(ballot=ballot, dimension=name, choice=choice) for name, choice in choices.items()]
        Judgement.objects.bulk_create(judgements)


def median_ms(work: Callable[[], object], runs: int = 7) -> tuple[float, float]:
    """Median and slowest of some runs, in milliseconds; none is left out, so the first may be slower."""
    times = []
    for _run in range(runs):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times), max(times)


def pages(campaign: Campaign) -> None:
    admin = User.objects.filter(username="large-bench").first() or User.objects.create_superuser("large-bench")
    matchup = campaign.matchups.get()
    print("\n| page | median | slowest of 7 |\n|---|---|---|")
    for name, path in (
        ("home of the campaign", f"/c/{SLUG}/"),
        ("leaderboard", f"/c/{SLUG}/leaderboard/"),
        ("leaderboard, language", f"/c/{SLUG}/leaderboard/?dimension=language"),
        ("contributors", f"/c/{SLUG}/contributors/"),
        ("admin: index", "/admin/"),
        ("admin: campaigns", "/admin/arena/campaign/"),
        ("admin: matchups", "/admin/arena/matchup/"),
        ("admin: watch the matchup", f"/admin/arena/matchup/{matchup.pk}/watch/"),
        ("admin: battles", f"/admin/arena/battle/?campaign__id__exact={campaign.pk}"),
        ("admin: ballots", "/admin/arena/ballot/"),
        ("admin: participants", "/admin/arena/participant/"),
    ):
        client = Client(headers={"host": "localhost"})
        if path.startswith("/admin"):
            client.force_login(admin)

        def ask(client: Client = client, path: str = path) -> None:
            response = client.get(path, follow=True)
            assert response.status_code == 200, (path, response.status_code)

        median, slowest = median_ms(ask)
        print(f"| {name} | {median:.0f} ms | {slowest:.0f} ms |", flush=True)


def _tidy(statement: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--voters", type=int, default=100_000)
    parser.add_argument("--keep", action="store_true", help="use the campaign that an earlier run has left")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print(f"{connection.vendor}, {options.votes:,} votes of {options.voters:,} voters on {MODELS} models\n")
    print("| what | time |\n|---|---|")
    campaign = Campaign.objects.filter(slug=SLUG).first()
    if campaign is None:
        with timed("inserting the rows"):
            campaign = build(options.votes, options.voters)
        _tidy("ANALYZE")
    elif not options.keep:
        raise SystemExit(f"There is a campaign {SLUG!r} already: use --keep, or another database.")
    with timed("collecting the votes"):
        collect_ballots()
    # What autovacuum does within minutes: until then the index of waiting votes is full of those that waited.
    _tidy("VACUUM ANALYZE")
    with timed("reading the votes of one dimension"):
        campaign_comparisons(campaign, "overall")
    with timed(f"ranking {len(campaign_dimensions(campaign))} dimensions, as the worker does"):
        refresh_campaign(campaign=campaign)
    pages(campaign)


if __name__ == "__main__":
    main()
