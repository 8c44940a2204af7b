import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from arena.models import Ballot
from ranking.actions.current import refresh_campaign
from ranking.actions.snapshots import publish_due, take_snapshot
from ranking.estimators import Options
from ranking.models import Snapshot
from ranking.pages.history import MOST_MOMENTS, recent_series
from ranking.pages.snapshot_changes import changes_between
from ranking.selections import Selection
from tests.factories import UserFactory
from tests.ranking.campaigns import START, campaign_with_votes, vote_again
from tests.visible_text import untranslated
from tools.messages import LANGUAGES

pytestmark = pytest.mark.django_db
QUICK = Options(interval="bootstrap", rounds=50)


@pytest.fixture(autouse=True)
def _quick(monkeypatch, client):
    cache.clear()
    client.cookies["lehia_language"] = "en"
    monkeypatch.setattr("ranking.actions.computing.PUBLISHED", QUICK)


@pytest.fixture
def campaign():
    """A campaign with two published rankings in each dimension, a vote between them."""
    campaign = campaign_with_votes(12)
    refresh_campaign(campaign=campaign)
    vote_again(campaign)
    refresh_campaign(campaign=campaign)
    publish_due(campaign=campaign, now=timezone.now() + timedelta(days=2))
    return campaign


def snapshots_of(campaign, dimension="overall"):
    return list(Snapshot.objects.of(campaign, dimension).order_by("pk"))


def get(client, campaign, name, *args, **query):
    response = client.get(reverse(f"ranking:{name}", args=[campaign.slug, *args]), query)
    return response, response.content.decode()


def words(body):
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


class TestOne:
    def test_page_shows_it_as_it_was_and_json_has_it_whole(self, client, campaign):
        first = snapshots_of(campaign)[0]
        response, body = get(client, campaign, "snapshot_page", first.pk)
        assert response.status_code == HTTPStatus.OK
        assert "From 12 votes." in body and first.input_sha256 in body
        assert reverse("ranking:snapshot", args=[campaign.slug, first.pk]) in body
        response = client.get(reverse("ranking:snapshot", args=[campaign.slug, first.pk]))
        data = response.json()
        assert {key: data[key] for key in first.result} == first.result
        assert data["campaign"] == campaign.slug
        assert data["command"].startswith("manage.py rank --campaign")
        assert response["Content-Disposition"] == f'attachment; filename="{campaign.slug}-overall-{first.pk}.json"'

    def test_answers_questions_too(self, client, campaign):
        first = snapshots_of(campaign)[0]
        a, b = (line["model"] for line in first.result["ratings"][1:3])
        assert f"{a} is better than {b} with a probability of" in words(
            get(client, campaign, "snapshot_page", first.pk, a=a, b=b)[1]
        )

    @pytest.mark.parametrize("name", ["snapshot_page", "snapshot"])
    def test_of_another_campaign_is_not_found(self, client, campaign, name):
        other = take_snapshot(campaign=campaign_with_votes(6), dimension="overall", options=QUICK)
        assert get(client, campaign, name, other.pk)[0].status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("name", ["snapshot_page", "snapshot"])
    def test_for_admins_only(self, client, campaign, name):
        hidden = take_snapshot(campaign=campaign, dimension="overall", options=QUICK, is_public=False)
        assert get(client, campaign, name, hidden.pk)[0].status_code == HTTPStatus.NOT_FOUND
        assert f"/{hidden.pk}/" not in get(client, campaign, "snapshots")[1]
        client.force_login(UserFactory(admin=True))
        assert get(client, campaign, name, hidden.pk)[0].status_code == HTTPStatus.OK
        assert f"/{hidden.pk}/" in get(client, campaign, "snapshots")[1]

    def test_of_a_slice_says_so(self, client, campaign):
        taken = take_snapshot(
            campaign=campaign, dimension="overall", options=QUICK, label="Gabon", selection=Selection("turns=one", True)
        )
        text = words(get(client, campaign, "snapshot_page", taken.pk)[1])
        assert "Gabon" in text and "Ties left out" in text and "--slice turns=one --ties drop" in text


class TestList:
    def test_names_each_with_its_method_newest_first(self, client, campaign):
        _, body = get(client, campaign, "snapshots")
        numbers = [int(number) for number in re.findall(r'/snapshots/(\d+)/"', body)]
        assert numbers == [snapshot.pk for snapshot in reversed(snapshots_of(campaign))]
        assert "By schedule" in body and "Bradley-Terry" in body

    def test_comes_in_pages(self, client, campaign, monkeypatch):
        monkeypatch.setattr("ranking.views.snapshots.PAGE", 1)
        first, second = snapshots_of(campaign)
        assert f"/snapshots/{second.pk}/" in get(client, campaign, "snapshots")[1]
        _, body = get(client, campaign, "snapshots", page="2")
        assert f"/snapshots/{first.pk}/" in body and "Page 2 of 2" in body
        assert get(client, campaign, "snapshots", page="zzz")[0].status_code == HTTPStatus.OK

    def test_of_none(self, client):
        assert "No ranking has been published yet." in get(client, campaign_with_votes(0), "snapshots")[1]

    def test_queries(self, client, campaign, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            get(client, campaign, "snapshots")


class TestHistory:
    def test_draws_a_model_through_the_snapshots_and_has_the_numbers(self, client, campaign):
        model = snapshots_of(campaign)[-1].result["ratings"][-1]["model"]
        _, body = get(client, campaign, "history", model=model)
        assert body.count("<circle") == 2
        assert re.search(r'class="course-line" d="M[\d.]+ [\d.]+ L[\d.]+ [\d.]+"', body)
        assert f"<option selected>{model}</option>" in body
        for snapshot in snapshots_of(campaign):
            assert f"/snapshots/{snapshot.pk}/" in body

    @pytest.mark.parametrize("language", ["eu", "es", "fr"])
    def test_numbers_of_the_drawing_are_numbers_in_every_language(self, client, campaign, language):
        client.cookies["lehia_language"] = language
        _, body = get(client, campaign, "history")
        positions = re.findall(r' (?:x|x1|x2|y1|y2|cx|cy|y)="([^"]*)"', body)
        assert len(positions) > 8
        assert all(re.fullmatch(r"\d+(\.\d+)?%?", position) for position in positions)

    def test_unknown_model_is_not_found(self, client, campaign):
        assert get(client, campaign, "history", model="nobody")[0].status_code == HTTPStatus.NOT_FOUND

    def test_of_none(self, client):
        assert "No ranking has been published yet." in get(client, campaign_with_votes(0), "history")[1]

    def test_leaves_out_what_was_computed_otherwise(self, campaign):
        take_snapshot(campaign=campaign, dimension="overall", options=Options(method="davidson"))
        take_snapshot(campaign=campaign, dimension="overall", options=QUICK, selection=Selection(without_ties=True))
        assert recent_series(Snapshot.objects.of(campaign, "overall")) == snapshots_of(campaign)[:2]

    def test_of_very_many_takes_some_with_the_newest(self, campaign):
        first = snapshots_of(campaign)[0]
        made = Snapshot.objects.bulk_create(
            Snapshot(**{**first.content(), "cut_off": START + timedelta(days=day)}) for day in range(1, 250)
        )
        series = recent_series(Snapshot.objects.of(campaign, "overall"))
        assert len(series) <= MOST_MOMENTS
        newest = max([*made, *snapshots_of(campaign)], key=lambda snapshot: (snapshot.cut_off, snapshot.pk))
        assert series[-1] == newest


class TestCompare:
    def compare(self, client, campaign, earlier, later):
        return get(client, campaign, "compare", **{"from": earlier, "to": later})

    def test_says_what_changed_and_which_votes_came(self, client, campaign):
        earlier, later = snapshots_of(campaign)
        _, body = self.compare(client, campaign, earlier.pk, later.pk)
        text = words(body)
        assert "Votes: 12 before, 13 after, a difference of 1." in text
        assert "They were not computed alike" not in text
        found = changes_between(earlier, later)
        (pair,) = found.pairs
        assert (pair.votes, found.added) == (1, 1)
        assert sum(change.more_battles for change in found.models) == 2
        lines = {line["model"]: line for line in earlier.result["ratings"]}
        for change in found.models:
            assert change.gained == pytest.approx(change.after["rating"] - lines[change.model]["rating"])
            assert change.climbed == lines[change.model]["rank"] - change.after["rank"]

    def test_points_out_what_was_computed_otherwise(self, client, campaign):
        other = take_snapshot(campaign=campaign, dimension="overall", options=Options(method="davidson", level=0.9))
        text = words(self.compare(client, campaign, snapshots_of(campaign)[1].pk, other.pk)[1])
        assert "Both are of the same votes." in text
        assert "They were not computed alike" in text
        for said in ("method: Bradley-Terry → Davidson", "interval: Bootstrap → Sandwich", "level: 0.95 → 0.9"):
            assert said in text

    def test_votes_that_were_taken_out_and_models_that_went(self, campaign):
        earlier = snapshots_of(campaign)[0]
        gone = campaign.competitors.order_by("name").first()
        Ballot.objects.filter(battle__competitor_a=gone).update(quarantined_at=timezone.now())
        Ballot.objects.filter(battle__competitor_b=gone).update(quarantined_at=timezone.now())
        later = take_snapshot(campaign=campaign, dimension="overall", options=QUICK)
        found = changes_between(earlier, later)
        change = next(change for change in found.models if change.model == gone.name)
        assert (change.after, change.gained, change.climbed) == (None, None, None)
        assert change.more_battles < 0 and found.added < 0
        assert all(pair.votes < 0 for pair in found.pairs if gone.name in (pair.first, pair.second))

    def test_page_of_models_that_went_and_came(self, client, campaign):
        earlier = snapshots_of(campaign)[0]
        gone = campaign.competitors.order_by("name").first()
        Ballot.objects.filter(battle__competitor_a=gone).update(quarantined_at=timezone.now())
        Ballot.objects.filter(battle__competitor_b=gone).update(quarantined_at=timezone.now())
        later = take_snapshot(campaign=campaign, dimension="overall", options=QUICK)
        assert "→ gone" in words(self.compare(client, campaign, earlier.pk, later.pk)[1])
        assert "new →" in words(self.compare(client, campaign, later.pk, earlier.pk)[1])

    @pytest.mark.parametrize("wrong", ["", "0", "x", "-1", "9" * 30, "١"])
    def test_numbers_of_none_are_not_found(self, client, campaign, wrong):
        known = snapshots_of(campaign)[0].pk
        assert self.compare(client, campaign, known, wrong)[0].status_code == HTTPStatus.NOT_FOUND
        assert self.compare(client, campaign, wrong, known)[0].status_code == HTTPStatus.NOT_FOUND


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_language_that_was_chosen(client, campaign, language):
    client.cookies["lehia_language"] = language
    earlier, later = snapshots_of(campaign)
    named = take_snapshot(campaign=campaign, dimension="overall", options=Options(side_effect=True))
    pages = [
        get(client, campaign, "leaderboard"),
        get(client, campaign, "leaderboard", ties="drop"),
        get(client, campaign, "leaderboard", **{"from": "2026-04-01", "to": "2026-03-01"}),
        get(client, campaign, "snapshots"),
        get(client, campaign, "snapshot_page", named.pk),
        get(client, campaign, "history"),
        get(client, campaign, "compare", **{"from": earlier.pk, "to": later.pk}),
        get(client, campaign, "compare", **{"from": later.pk, "to": named.pk}),
    ]
    for response, body in pages:
        assert response.status_code == HTTPStatus.OK
        assert untranslated(body, language) == [], response.request["PATH_INFO"]
