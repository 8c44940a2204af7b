import re

import pytest
from django.urls import reverse

from ranking.actions.snapshots import refresh_campaign, take_snapshot
from ranking.estimators import Options
from ranking.models import Snapshot
from tests.factories import ParticipantFactory, UserFactory
from tests.ranking.campaigns import START, campaign_with_votes, cast_vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_task(monkeypatch):
    monkeypatch.setattr("ranking.actions.snapshots.PUBLISHED", Options(rounds=50))
    sent = []
    monkeypatch.setattr("ranking.actions.refreshing.refresh_campaign_snapshots.delay", sent.append)
    return sent


def page(client, campaign, **query):
    if "lehia_language" not in client.cookies:
        client.cookies["lehia_language"] = "en"
    response = client.get(reverse("ranking:leaderboard", args=[campaign.slug]), query)
    return response, response.content.decode()


def test_shows_ratings_ranges_win_rates_and_how_they_came_about(client):
    campaign = campaign_with_votes(12)
    snapshot = take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=80))
    response, body = page(client, campaign)
    assert response.status_code == 200
    assert [line["model"] for line in snapshot.result["ratings"]] == re.findall(r'class="rung-model">([^<]+)<', body)
    for text in ("From 12 votes.", "Range of the place", "Who wins against whom", snapshot.input_sha256):
        assert text in body
    assert f"manage.py rank --campaign {campaign.slug} --dimension overall --method bradley-terry" in body
    assert reverse("ranking:snapshot", args=[campaign.slug, snapshot.pk]) in body
    assert body.count("<circle") == 3


@pytest.mark.parametrize("language", ["eu", "es", "fr", "en"])
def test_numbers_of_the_drawing_are_numbers_in_every_language(client, language):
    """A decimal comma inside an SVG attribute would make it nonsense."""
    campaign = campaign_with_votes(12)
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=80))
    client.cookies["lehia_language"] = language
    _, body = page(client, campaign)
    positions = re.findall(r' (?:x|x1|x2|cx)="([^"]*)"', body)
    assert len(positions) > 10
    assert all(re.fullmatch(r"\d+(\.\d+)?%", position) for position in positions)


def test_each_dimension_has_its_own(client):
    campaign = campaign_with_votes(12)
    refresh_campaign(campaign=campaign)
    for dimension in ("overall", "content", "language"):
        _, body = page(client, campaign, dimension=dimension)
        assert f"--dimension {dimension}" in body
        assert re.search(rf'href="\?dimension={dimension}" aria-current="page"', body)


def test_unknown_dimension_is_not_found(client):
    assert page(client, campaign_with_votes(2), dimension="colour")[0].status_code == 404


def test_draft_campaign_is_not_found(client):
    assert page(client, campaign_with_votes(2, draft=True))[0].status_code == 404


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [("after_campaign", "opens here when the campaign is over"), ("hidden", "will publish its ranking themselves")],
)
def test_hidden_ranking_is_said_kindly_and_tells_nothing(client, policy, sentence):
    campaign = campaign_with_votes(12, leaderboard_policy=policy)
    snapshot = take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    response, body = page(client, campaign)
    assert response.status_code == 200
    assert sentence in body
    assert not any(line["model"] in body for line in snapshot.result["ratings"])
    assert client.get(reverse("ranking:snapshot", args=[campaign.slug, snapshot.pk])).status_code == 404


def test_ranking_opens_when_the_campaign_is_over(client):
    campaign = campaign_with_votes(12, leaderboard_policy="after_campaign", ended=True)
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    assert "Range of the place" in page(client, campaign)[1]


def test_admins_see_it_before_and_are_told_so(client):
    campaign = campaign_with_votes(12, leaderboard_policy="hidden")
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    client.force_login(UserFactory(admin=True))
    _, body = page(client, campaign)
    assert "Only admins see this page now." in body
    assert "Range of the place" in body


def test_no_votes_and_first_ranking_on_its_way(client, no_task):
    assert "There are no votes yet" in page(client, campaign_with_votes(0))[1]
    campaign = campaign_with_votes(3)
    assert "The first ranking is being computed." in page(client, campaign)[1]
    assert no_task == [campaign.pk]
    assert not Snapshot.objects.exists()


def test_few_votes_are_said_to_mean_little(client):
    campaign = campaign_with_votes(12)
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    assert "Few votes" in page(client, campaign)[1]


def test_unbounded_ratings_are_put_in_words(client):
    campaign = campaign_with_votes(0, names=("exp_0_010", "exp_1_111"))
    a, b = campaign.competitors.order_by("name")
    person = ParticipantFactory()
    for _ in range(8):
        cast_vote(campaign, campaign.matchups.get(), a, b, person, {"content": "a", "language": "a"}, START)
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    _, body = page(client, campaign)
    assert "at least 10" in body and "at most 9" in body
    assert "exp_0_010 never lost or tied (battles: 8), so its rating has no upper bound." in body
    assert "<circle" not in body
    assert body.count("chart-arrow") == 2


def test_json_of_a_snapshot_is_the_rank_object_with_its_circumstances(client):
    campaign = campaign_with_votes(12)
    snapshot = take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    response = client.get(reverse("ranking:snapshot", args=[campaign.slug, snapshot.pk]))
    data = response.json()
    assert {key: data[key] for key in snapshot.result} == snapshot.result
    assert data["campaign"] == campaign.slug
    assert data["command"].startswith("manage.py rank --campaign")
    assert response["Content-Disposition"] == f'attachment; filename="{campaign.slug}-overall-{snapshot.pk}.json"'


def test_snapshot_of_another_campaign_is_not_found(client):
    one, other = campaign_with_votes(6), campaign_with_votes(6)
    snapshot = take_snapshot(campaign=one, dimension="overall", options=Options(rounds=50))
    assert client.get(reverse("ranking:snapshot", args=[other.slug, snapshot.pk])).status_code == 404


def test_query_count(client, django_assert_max_num_queries):
    campaign = campaign_with_votes(12)
    take_snapshot(campaign=campaign, dimension="overall", options=Options(rounds=50))
    with django_assert_max_num_queries(14):
        page(client, campaign)
