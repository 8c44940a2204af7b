import pytest
from django.urls import reverse

from ranking.actions.snapshots import take_snapshot
from ranking.estimators import Options
from tests.factories import UserFactory
from tests.ranking.campaigns import campaign_with_votes

pytestmark = pytest.mark.django_db


def test_snapshots_can_be_looked_at_and_not_changed(client):
    snapshot = take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=Options(rounds=50))
    client.force_login(UserFactory(admin=True))
    assert client.get(reverse("admin:ranking_snapshot_changelist")).status_code == 200
    address = reverse("admin:ranking_snapshot_change", args=[snapshot.pk])
    page = client.get(address)
    assert snapshot.input_sha256 in page.content.decode()
    assert client.post(address, {"seed": 9}).status_code == 403
    assert client.get(reverse("admin:ranking_snapshot_add")).status_code == 403
    assert client.post(reverse("admin:ranking_snapshot_delete", args=[snapshot.pk])).status_code == 403
