import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from arena.enums import CampaignStatus
from arena.models import Ballot, Campaign
from ranking.actions.current import refresh_campaign
from ranking.actions.snapshots import publish_due, take_snapshot
from ranking.enums import Every, Origin
from ranking.estimators import Options
from ranking.exceptions import SnapshotIsImmutable, UnknownDimension
from ranking.models import CurrentRanking, Snapshot, SnapshotSchedule
from tests.ranking.campaigns import campaign_with_votes, vote_again

pytestmark = pytest.mark.django_db
QUICK = Options(interval="bootstrap", rounds=50)


@pytest.fixture(autouse=True)
def _quick_and_without_memory(monkeypatch):
    monkeypatch.setattr("ranking.actions.computing.PUBLISHED", QUICK)
    cache.clear()


def test_snapshot_can_be_computed_again_from_what_it_says():
    campaign = campaign_with_votes(12)
    options = Options(interval="bootstrap", rounds=60, seed=5, level=0.9)
    snapshot = take_snapshot(campaign=campaign, dimension="content", options=options)
    printed = StringIO()
    call_command(
        "rank",
        campaign=campaign.slug,
        dimension=snapshot.dimension,
        method=snapshot.method,
        interval=snapshot.interval,
        rounds=snapshot.rounds,
        level=snapshot.level,
        seed=snapshot.seed,
        cluster=snapshot.cluster,
        format="json",
        stdout=printed,
    )
    assert json.loads(printed.getvalue()) == Snapshot.objects.get().result
    assert snapshot.result["input_sha256"] == snapshot.input_sha256
    assert snapshot.cut_off == Ballot.objects.order_by("created_at").last().created_at


def test_pairs_hold_every_vote():
    campaign = campaign_with_votes(12)
    snapshot = take_snapshot(campaign=campaign, dimension="overall", options=QUICK)
    assert sum(sum(pair[2:]) for pair in snapshot.pairs) == 12 == snapshot.n_battles
    assert [pair[:2] for pair in snapshot.pairs] == sorted(pair[:2] for pair in snapshot.pairs)
    assert sum(snapshot.comparisons["sides"].values()) == 12


def test_no_snapshot_of_no_votes():
    assert take_snapshot(campaign=campaign_with_votes(0), dimension="overall") is None


def test_unknown_dimension_is_refused():
    with pytest.raises(UnknownDimension):
        take_snapshot(campaign=campaign_with_votes(2), dimension="colour")


class TestImmutable:
    @pytest.fixture
    def snapshot(self):
        return take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=QUICK)

    def test_by_the_model(self, snapshot):
        snapshot.seed = 9
        for change in (snapshot.save, snapshot.delete):
            with pytest.raises(SnapshotIsImmutable):
                change()

    def test_by_the_query_set(self, snapshot):
        with pytest.raises(SnapshotIsImmutable):
            Snapshot.objects.update(seed=9)
        with pytest.raises(SnapshotIsImmutable):
            Snapshot.objects.all().delete()
        with pytest.raises(SnapshotIsImmutable):
            Snapshot.objects.bulk_update([snapshot], ["seed"])

    @pytest.mark.migrated
    def test_by_the_database(self, snapshot):
        with (
            pytest.raises(DatabaseError, match="snapshot_immutable"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE ranking_snapshot SET seed = 9")


CONSTRAINTS = [
    ("level_valid", {"level": 1.0}),
    ("rounds_positive", {"rounds": 0}),
    ("method_valid", {"method": "borda"}),
    ("interval_valid", {"interval": "wide"}),
    ("cluster_valid", {"cluster": "day"}),
    ("ties_valid", {"ties": "lost"}),
    ("fingerprint_is_sha256", {"input_sha256": "0" * 63}),
]


@pytest.mark.parametrize(("name", "values"), [*CONSTRAINTS, ("origin_valid", {"origin": "air"})])
def test_constraints(name, values):
    snapshot = take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=QUICK)
    snapshot.pk = None
    snapshot._state.adding = True
    for field, value in values.items():
        setattr(snapshot, field, value)
    with pytest.raises(IntegrityError, match=f"snapshot_{name}"), transaction.atomic():
        snapshot.save()


@pytest.mark.parametrize(("name", "values"), CONSTRAINTS)
def test_constraints_of_current_rankings(name, values):
    refresh_campaign(campaign=campaign_with_votes(6))
    with pytest.raises(IntegrityError, match=f"currentranking_{name}"), transaction.atomic():
        CurrentRanking.objects.update(**values)


class TestSchedule:
    def publish(self, campaign, **after):
        return publish_due(campaign=campaign, now=timezone.now() + timedelta(**after))

    def test_publishes_each_dimension_at_once_and_then_once_a_day_where_votes_came(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        assert set(Snapshot.objects.values_list("dimension", "origin")) == {
            (name, Origin.SCHEDULE) for name in ("overall", "content", "language")
        }
        assert self.publish(campaign, days=2) == 0
        vote_again(campaign)
        refresh_campaign(campaign=campaign)
        assert Snapshot.objects.count() == 3
        assert self.publish(campaign, hours=23) == 0
        assert self.publish(campaign, hours=25) == 3
        assert Snapshot.objects.of(campaign, "content").newest().n_battles == 9

    @pytest.mark.parametrize(
        ("every", "hours", "published"), [(Every.HOUR, 2, 3), (Every.WEEK, 48, 0), (Every.WEEK, 170, 3)]
    )
    def test_follows_the_campaign_s_own(self, every, hours, published):
        campaign = campaign_with_votes(8)
        SnapshotSchedule.objects.create(campaign=campaign, every=every)
        refresh_campaign(campaign=campaign)
        vote_again(campaign)
        refresh_campaign(campaign=campaign)
        assert self.publish(campaign, hours=hours) == published

    def test_never_is_never(self):
        campaign = campaign_with_votes(8)
        SnapshotSchedule.objects.create(campaign=campaign, every=Every.NEVER)
        assert refresh_campaign(campaign=campaign) == 3
        assert not Snapshot.objects.exists()

    def test_a_campaign_that_is_over_publishes_its_last_ranking_at_once(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        vote_again(campaign)
        Campaign.objects.update(status=CampaignStatus.CLOSED)
        campaign.refresh_from_db()
        refresh_campaign(campaign=campaign)
        assert Snapshot.objects.of(campaign, "overall").newest().n_battles == 9

    def test_snapshots_taken_by_hand_do_not_delay_it(self):
        campaign = campaign_with_votes(8)
        take_snapshot(campaign=campaign, dimension="overall", options=QUICK)
        refresh_campaign(campaign=campaign)
        assert Snapshot.objects.of(campaign, "overall").scheduled().count() == 1

    def test_every_is_one_of_few(self):
        campaign = campaign_with_votes(0)
        with pytest.raises(IntegrityError, match="snapshotschedule_every_valid"), transaction.atomic():
            SnapshotSchedule.objects.create(campaign=campaign, every="minute")


def test_what_is_published_is_the_current_ranking_as_it_stands():
    campaign = campaign_with_votes(8)
    refresh_campaign(campaign=campaign)
    snapshot = Snapshot.objects.of(campaign, "overall").get()
    current = CurrentRanking.objects.get(dimension="overall")
    assert snapshot.content() == current.content()
    names = {field.name for field in Snapshot._meta.concrete_fields}
    assert names - {"id", "origin", "label", "is_public"} == set(Snapshot.CONTENT)
