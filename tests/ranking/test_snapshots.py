import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from arena.models import Ballot
from ranking.actions.refreshing import request_refresh
from ranking.actions.snapshots import is_stale, refresh_campaign, take_snapshot
from ranking.estimators import Options
from ranking.exceptions import SnapshotIsImmutable, UnknownDimension
from ranking.models import Snapshot
from ranking.tasks import refresh_campaign_snapshots, refresh_snapshots
from tests.ranking.campaigns import campaign_with_votes, cast_vote

pytestmark = pytest.mark.django_db
QUICK = Options(rounds=50)


@pytest.fixture(autouse=True)
def _quick_and_without_memory(monkeypatch):
    monkeypatch.setattr("ranking.actions.snapshots.PUBLISHED", QUICK)
    cache.clear()


def vote_again(campaign, when=None):
    ballot = Ballot.objects.of_campaign(campaign).select_related("battle").first()
    battle = ballot.battle
    return cast_vote(
        campaign,
        battle.matchup,
        battle.competitor_a,
        battle.competitor_b,
        battle.participant,
        {"content": "b", "language": "b"},
        when or timezone.now(),
    )


def test_snapshot_can_be_computed_again_from_what_it_says():
    campaign = campaign_with_votes(12)
    snapshot = take_snapshot(campaign=campaign, dimension="content", options=Options(rounds=60, seed=5, level=0.9))
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


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("snapshot_level_valid", {"level": 1.0}),
        ("snapshot_rounds_positive", {"rounds": 0}),
        ("snapshot_method_valid", {"method": "borda"}),
        ("snapshot_interval_valid", {"interval": "wide"}),
        ("snapshot_cluster_valid", {"cluster": "day"}),
        ("snapshot_fingerprint_is_sha256", {"input_sha256": "0" * 63}),
    ],
)
def test_constraints(name, values):
    snapshot = take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=QUICK)
    snapshot.pk = None
    snapshot._state.adding = True
    for field, value in values.items():
        setattr(snapshot, field, value)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        snapshot.save()


class TestRefresh:
    def test_takes_each_dimension_once(self):
        campaign = campaign_with_votes(8)
        assert refresh_campaign(campaign=campaign) == 3
        assert refresh_campaign(campaign=campaign) == 0
        assert set(Snapshot.objects.values_list("dimension", flat=True)) == {"overall", "content", "language"}

    def test_comes_again_with_a_new_vote(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        vote_again(campaign)
        assert is_stale(campaign=campaign, dimension="content")
        assert refresh_snapshots() == 3
        assert Snapshot.objects.of(campaign, "content").newest().n_battles == 9

    def test_comes_again_when_a_vote_is_quarantined(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        first = Ballot.objects.order_by("created_at").first()
        Ballot.objects.filter(pk=first.pk).update(quarantined_at=timezone.now())
        assert refresh_campaign_snapshots(campaign.pk) == 3
        assert Snapshot.objects.of(campaign, "overall").newest().n_battles == 7

    def test_leaves_campaigns_without_votes_alone(self):
        campaign_with_votes(0)
        assert refresh_snapshots() == 0


class TestRequest:
    @pytest.fixture
    def sent(self, monkeypatch):
        sent = []
        monkeypatch.setattr("ranking.actions.refreshing.refresh_campaign_snapshots.delay", sent.append)
        return sent

    def request(self, campaign):
        newest = Snapshot.objects.of(campaign, "overall").newest()
        return request_refresh(campaign=campaign, dimension="overall", newest=newest)

    def test_sends_a_task_for_the_first_ranking_and_no_second(self, sent):
        campaign = campaign_with_votes(4)
        assert self.request(campaign)
        assert self.request(campaign)
        assert sent == [campaign.pk]

    def test_waits_while_the_votes_are_less_than_a_minute_newer(self, sent):
        campaign = campaign_with_votes(4)
        refresh_campaign(campaign=campaign)
        vote_again(campaign, timezone.now() + timedelta(seconds=50))
        assert not self.request(campaign)
        vote_again(campaign, timezone.now() + timedelta(seconds=70))
        assert self.request(campaign)
        assert sent == [campaign.pk]

    def test_asks_for_nothing_where_nothing_is_new(self, sent):
        campaign = campaign_with_votes(4)
        refresh_campaign(campaign=campaign)
        assert not self.request(campaign)
        assert not self.request(campaign_with_votes(0))
        assert sent == []
