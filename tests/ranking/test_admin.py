from http import HTTPStatus

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.urls import reverse

from ranking.actions.computing import options_of, stored_options
from ranking.actions.current import run_computation
from ranking.actions.snapshots import take_snapshot
from ranking.enums import ComputationStatus, Origin
from ranking.estimators import Options
from ranking.models import BenchmarkScore, Computation, Snapshot, SnapshotSchedule
from tests.factories import UserFactory
from tests.ranking.campaigns import campaign_with_votes

pytestmark = pytest.mark.django_db
TAKE = "admin:ranking_snapshot_take"
LIST = "admin:ranking_snapshot_changelist"


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    cache.clear()
    sent = []
    monkeypatch.setattr("ranking.actions.ordering.compute_ranking.delay", sent.append)
    return sent


@pytest.fixture
def admin_client(client):
    client.cookies["lehia_language"] = "en"
    client.force_login(UserFactory(admin=True))
    return client


def wish(campaign, /, **values):
    return {
        "campaign": campaign.pk,
        "dimension": "overall",
        "label": "For the paper",
        "is_public": "on",
        "slice": "",
        "ties": "half",
        "method": "davidson",
        "interval": "sandwich",
        "level": "0.9",
        "rounds": "100",
        "seed": "7",
        "cluster": "voter",
        "regularisation": "0",
        "anchor": "",
        **values,
    }


def test_snapshots_can_be_looked_at_and_not_changed(admin_client):
    snapshot = take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=Options(rounds=50))
    assert admin_client.get(reverse(LIST)).status_code == HTTPStatus.OK
    address = reverse("admin:ranking_snapshot_change", args=[snapshot.pk])
    page = admin_client.get(address)
    assert snapshot.input_sha256 in page.content.decode()
    assert admin_client.post(address, {"seed": 9}).status_code == HTTPStatus.FORBIDDEN
    assert admin_client.get(reverse("admin:ranking_snapshot_add")).status_code == HTTPStatus.FORBIDDEN
    delete = reverse("admin:ranking_snapshot_delete", args=[snapshot.pk])
    assert admin_client.post(delete).status_code == HTTPStatus.FORBIDDEN


def test_a_snapshot_by_hand_is_taken_by_the_worker_as_it_was_asked_for(admin_client, sent):
    campaign = campaign_with_votes(12)
    assert "Take a snapshot" in admin_client.get(reverse(LIST)).content.decode()
    assert admin_client.get(reverse(TAKE)).status_code == HTTPStatus.OK
    response = admin_client.post(reverse(TAKE), wish(campaign))
    assert response.status_code == HTTPStatus.FOUND
    assert "Waiting for its turn (0/4)" in admin_client.get(reverse(LIST)).content.decode()
    assert "Asked for a snapshot" in LogEntry.objects.get(object_id=str(campaign.pk)).change_message
    assert run_computation(computation_id=sent[0])
    snapshot = Snapshot.objects.get()
    assert (snapshot.method, snapshot.level, snapshot.seed, snapshot.cluster) == ("davidson", 0.9, 7, "voter")
    assert (snapshot.origin, snapshot.label, snapshot.is_public) == (Origin.HAND, "For the paper", True)
    assert not Computation.objects.exists()


def test_a_slice_without_ties_and_other_options(admin_client, sent):
    campaign = campaign_with_votes(12)
    values = {"method": "bradley-terry", "ties": "drop", "slice": "to=2026-03-19", "anchor": "exp_1_111"}
    admin_client.post(reverse(TAKE), wish(campaign, **values))
    run_computation(computation_id=sent[0])
    snapshot = Snapshot.objects.get()
    assert (snapshot.slice, snapshot.ties) == ("to=2026-03-19", "drop")
    assert snapshot.further_options["anchor"] == "exp_1_111"
    ratings = {line["model"]: line["rating"] for line in snapshot.result["ratings"]}
    assert ratings["exp_1_111"] == 1000


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dimension": "colour"}, "The ballot asks: overall, content, language."),
        ({"slice": "height=2m"}, "There is no slice by"),
        ({"slice": "level"}, "A slice is KEY=VALUE"),
        ({"method": "elo"}, "Elo maximises no likelihood"),
        ({"ties": "drop"}, "only bradley-terry can drop them"),
        ({"level": "1.5"}, "the level must lie between 0 and 1"),
        ({"level": "nan"}, "Enter a number."),
        ({"seed": "-1"}, "greater than or equal to 0"),
        ({"rounds": "1000000"}, "less than or equal to 20000"),
        ({"campaign": "0"}, "Select a valid choice"),
    ],
)
def test_nonsense_is_named(admin_client, values, said, sent):
    page = admin_client.post(reverse(TAKE), wish(campaign_with_votes(2), **values))
    assert page.status_code == HTTPStatus.OK
    assert said in page.content.decode()
    assert sent == [] and not Computation.objects.exists()


def test_what_failed_says_why_and_can_be_taken_away(admin_client, sent):
    campaign = campaign_with_votes(12)
    admin_client.post(reverse(TAKE), wish(campaign, anchor="nobody"))
    assert not run_computation(computation_id=sent[0])
    found = Computation.objects.get()
    assert found.status == ComputationStatus.FAILED
    assert "nobody" in admin_client.get(reverse(LIST)).content.decode()
    assert admin_client.get(reverse("admin:ranking_computation_changelist")).status_code == HTTPStatus.OK
    admin_client.post(reverse("admin:ranking_computation_delete", args=[found.pk]), {"post": "yes"})
    assert not Computation.objects.exists()


def test_whoever_may_only_look_takes_no_snapshot(client, sent):
    client.force_login(UserFactory(is_staff=True))
    campaign = campaign_with_votes(2)
    assert client.get(reverse(TAKE)).status_code == HTTPStatus.FORBIDDEN
    assert client.post(reverse(TAKE), wish(campaign)).status_code == HTTPStatus.FORBIDDEN
    assert sent == []


def test_schedule_of_a_campaign(admin_client):
    campaign = campaign_with_votes(0)
    address = reverse("admin:ranking_snapshotschedule_add")
    assert admin_client.post(address, {"campaign": campaign.pk, "every": "week"}).status_code == HTTPStatus.FOUND
    assert SnapshotSchedule.objects.get().every == "week"


@pytest.mark.parametrize(
    "options", [Options(), Options(method="elo", elo_orders=5, seed=3), Options(anchor="x", level=0.5)]
)
def test_options_can_be_stored_and_read_back(options):
    assert options_of(stored_options(options)) == options


def test_nothing_is_published_of_no_votes(admin_client, sent):
    admin_client.post(reverse(TAKE), wish(campaign_with_votes(0)))
    assert not run_computation(computation_id=sent[0])
    assert "there are no votes to rank" in admin_client.get(reverse(LIST)).content.decode()


def test_scores_of_benchmarks_are_looked_at_and_never_changed(admin_client):
    score = BenchmarkScore.objects.create(
        model="exp_2_101", task="piqa_eu", metric="acc,none", value=0.5, file_name="results.json", file_sha256="0" * 64
    )
    body = admin_client.get(reverse("admin:ranking_benchmarkscore_changelist"), {"q": "exp_2"}).content.decode()
    assert "exp_2_101" in body and "results.json" in body
    page = reverse("admin:ranking_benchmarkscore_change", args=[score.pk])
    assert admin_client.post(page, {"value": 1}).status_code == HTTPStatus.FORBIDDEN
    assert admin_client.get(reverse("admin:ranking_benchmarkscore_add")).status_code == HTTPStatus.FORBIDDEN
