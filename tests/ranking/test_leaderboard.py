import re
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import timezone

from arena.models import Answer, Contribution
from ranking.actions.current import refresh_campaign, run_computation
from ranking.actions.styles import measure_by_the_way
from ranking.enums import ComputationStatus, Step
from ranking.estimators.adjusted import SIDE
from ranking.models import Computation, CurrentRanking
from ranking.pages.effects_shown import NAMES
from ranking.selections import Selection
from ranking.style_measures import MEASURES
from tests.factories import ParticipantFactory, UserFactory
from tests.ranking.campaigns import START, campaign_with_votes, cast_vote, vote_again

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_task(monkeypatch):
    cache.clear()
    sent = []
    monkeypatch.setattr("ranking.actions.refreshing.compute_ranking.delay", sent.append)
    return sent


def ranked(n=12, **options):
    """A campaign whose rankings are there, and that of all votes overall."""
    campaign = campaign_with_votes(n, **options)
    refresh_campaign(campaign=campaign)
    return campaign, CurrentRanking.objects.get(campaign=campaign, dimension="overall")


def page(client, campaign, name="leaderboard", **query):
    if "lehia_language" not in client.cookies:
        client.cookies["lehia_language"] = "en"
    response = client.get(reverse(f"ranking:{name}", args=[campaign.slug]), query)
    return response, response.content.decode()


def words(body):
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


class TestPage:
    def test_shows_ratings_ranges_win_rates_and_how_they_came_about(self, client):
        campaign, current = ranked()
        response, body = page(client, campaign)
        assert response.status_code == HTTPStatus.OK
        assert [line["model"] for line in current.result["ratings"]] == re.findall(r'class="rung-model">([^<]+)<', body)
        for text in ("From 12 votes.", "Range of the place", "Win rate", "Who wins against whom", current.input_sha256):
            assert text in body
        assert f"manage.py rank --campaign {campaign.slug} --dimension overall --method bradley-terry" in body
        assert reverse("ranking:current_json", args=[campaign.slug]) in body
        assert body.count("<circle") == 3

    @pytest.mark.parametrize("language", ["eu", "es", "fr", "en"])
    def test_numbers_of_the_drawing_are_numbers_in_every_language(self, client, language):
        """A decimal comma inside an SVG attribute would make it nonsense."""
        campaign, _ = ranked()
        client.cookies["lehia_language"] = language
        _, body = page(client, campaign)
        positions = re.findall(r' (?:x|x1|x2|cx)="([^"]*)"', body)
        assert len(positions) > 10
        assert all(re.fullmatch(r"\d+(\.\d+)?%", position) for position in positions)

    def test_each_dimension_has_its_own(self, client):
        campaign, _ = ranked()
        for dimension in ("overall", "content", "language"):
            _, body = page(client, campaign, dimension=dimension)
            assert f"--dimension {dimension}" in body
            assert re.search(rf'href="\?dimension={dimension}" aria-current="page"', body)

    def test_win_rates_are_those_of_the_votes_and_of_the_ratings(self, client):
        campaign, current = ranked()
        _, body = page(client, campaign)
        for title in ("Who wins against whom", "Who should win against whom", "Who met whom"):
            assert f"<h3>{title}</h3>" in body
        first, second, wins, _, ties = current.pairs[0]
        battles = sum(current.pairs[0][2:])
        share = int((wins + ties / 2) / battles * 100 + 0.5)
        maps = body.split('<table class="heat"')
        names = re.findall(r'class="heat-name">([^<]+)<', maps[1])
        row = next(row for row in maps[1].split("<tr>") if f'<th scope="row">{first}</th>' in row)
        assert words(row.split("<td")[1 + names.index(second)].split(">", 1)[1]) == f"{share} {battles}"

    def test_few_votes_are_said_to_mean_little(self, client):
        assert "Few votes" in page(client, ranked()[0])[1]

    def test_pairs_told_apart_are_counted_by_each_rule(self, client):
        campaign, current = ranked()
        found = current.comparisons["separability"]
        text = words(page(client, campaign)[1])
        assert (
            f"Of 3 pairs of models, {found['holm']} are told apart with a confidence of 95%, all of them at once."
            in text
        )
        assert f"whether the two intervals overlap: {found['overlap']}. We do not use it" in text

    @pytest.mark.parametrize(
        ("interval", "used", "beside"), [("sandwich", "holm", "max_t"), ("bootstrap", "max_t", "holm")]
    )
    def test_the_rule_that_is_named_is_that_of_the_ranges(self, client, interval, used, beside):
        campaign, current = ranked()
        found = {"pairs": 3, "overlap": 1, "uncorrected": 2, "holm": 7, "max_t": 8, "unrated": 0}
        comparisons = {**current.comparisons, "separability": found}
        CurrentRanking.objects.filter(pk=current.pk).update(interval=interval, comparisons=comparisons)
        text = words(page(client, campaign)[1])
        assert f"Of 3 pairs of models, {found[used]} are told apart" in text
        rule = {"holm": "Holm's correction", "max_t": "correction by the joint distribution (max-t)"}[beside]
        assert f"{rule}: {found[beside]}" in text.replace("&#x27;", "'")

    def test_unbounded_ratings_are_put_in_words(self, client):
        campaign = campaign_with_votes(0, names=("exp_0_010", "exp_1_111"))
        a, b = campaign.competitors.order_by("name")
        person = ParticipantFactory()
        for _ in range(8):
            cast_vote(campaign, campaign.matchups.get(), a, b, person, {"content": "a", "language": "a"}, START)
        refresh_campaign(campaign=campaign)
        _, body = page(client, campaign)
        assert "at least 10" in body and "at most 9" in body
        assert "exp_0_010 never lost or tied (battles: 8), so its rating has no upper bound." in body
        assert "<circle" not in body
        assert body.count("chart-arrow") == 2
        assert "The votes set no measure of how far exp_0_010 and exp_1_111 are apart." in words(body)

    def test_query_count(self, client, django_assert_max_num_queries):
        campaign, _ = ranked()
        page(client, campaign)
        with django_assert_max_num_queries(14):
            page(client, campaign)

    def test_json_is_the_rank_object_with_its_circumstances(self, client):
        campaign, current = ranked()
        data = client.get(reverse("ranking:current_json", args=[campaign.slug])).json()
        assert {key: data[key] for key in current.result} == current.result
        assert data["command"].startswith(f"manage.py rank --campaign {campaign.slug}")
        assert page(client, campaign, "current_json", ties="drop")[0].status_code == HTTPStatus.NOT_FOUND


class TestWhoSees:
    def test_unknown_dimension_is_not_found(self, client):
        assert page(client, campaign_with_votes(2), dimension="colour")[0].status_code == HTTPStatus.NOT_FOUND

    def test_draft_campaign_is_not_found(self, client):
        assert page(client, campaign_with_votes(2, draft=True))[0].status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize(
        ("policy", "sentence"),
        [("after_campaign", "opens here when the campaign is over"), ("hidden", "will publish its ranking themselves")],
    )
    def test_hidden_ranking_is_said_kindly_and_tells_nothing(self, client, policy, sentence):
        campaign, current = ranked(leaderboard_policy=policy)
        response, body = page(client, campaign)
        assert response.status_code == HTTPStatus.OK
        assert sentence in body
        assert not any(line["model"] in body for line in current.result["ratings"])
        for name in ("current_json", "computing", "history", "snapshots", "compare"):
            assert page(client, campaign, name)[0].status_code == HTTPStatus.NOT_FOUND

    def test_ranking_opens_when_the_campaign_is_over(self, client):
        campaign, _ = ranked(leaderboard_policy="after_campaign", ended=True)
        assert "Range of the place" in page(client, campaign)[1]

    def test_admins_see_it_before_and_are_told_so(self, client):
        campaign, _ = ranked(leaderboard_policy="hidden")
        client.force_login(UserFactory(admin=True))
        _, body = page(client, campaign)
        assert "Only admins see this page now." in body
        assert "Range of the place" in body


class TestOnItsWay:
    def test_no_votes(self, client):
        assert "There are no votes yet" in page(client, campaign_with_votes(0))[1]

    def test_the_first_ranking_is_shown_with_its_progress_until_it_is_there(self, client, no_task):
        campaign = campaign_with_votes(3)
        _, body = page(client, campaign)
        assert "This ranking is being computed" in body
        assert no_task == [Computation.objects.get().pk]
        Computation.objects.update(status=ComputationStatus.RUNNING, step=Step.FIT)
        response, fragment = page(client, campaign, "computing", first="1")
        assert "Computing ratings and intervals" in fragment and 'value="2" max="4"' in fragment
        assert "HX-Refresh" not in response
        assert "<html" not in fragment
        Computation.objects.update(status=ComputationStatus.WAITING)
        run_computation(computation_id=no_task[0])
        assert page(client, campaign, "computing", first="1")[0]["HX-Refresh"] == "true"
        assert "Range of the place" in page(client, campaign)[1]

    def test_an_overtaken_ranking_stays_while_the_newer_one_is_computed(self, client, no_task):
        campaign, _ = ranked()
        vote_again(campaign)
        CurrentRanking.objects.update(created_at=timezone.now() - timedelta(minutes=5))
        _, body = page(client, campaign)
        assert "a newer ranking is being computed" in body and "From 12 votes." in body
        run_computation(computation_id=no_task[0])
        response, fragment = page(client, campaign, "computing")
        assert "HX-Refresh" not in response
        assert "The newer ranking is here." in fragment

    def test_failure_is_said(self, client):
        campaign = campaign_with_votes(3)
        page(client, campaign)
        Computation.objects.update(status=ComputationStatus.FAILED, error="in English")
        _, body = page(client, campaign)
        assert "This ranking could not be computed" in body
        assert "in English" not in body


class TestSwitches:
    @pytest.fixture
    def campaign(self):
        campaign, _ = ranked()
        people = [ParticipantFactory(language_level=level) for level in ("b1_b2", "c1_c2")]
        for person in people:
            Contribution.objects.create(campaign=campaign, participant=person, votes=1)
        cache.clear()
        return campaign

    def compute(self, client, campaign, no_task, **query):
        page(client, campaign, **query)
        run_computation(computation_id=no_task[-1])
        return words(page(client, campaign, **query)[1])

    def test_ties_left_out(self, client, campaign, no_task):
        text = self.compute(client, campaign, no_task, ties="drop")
        assert "--ties drop" in text and "Ties left out" in text and "From 10 votes." in text

    def test_days(self, client, campaign, no_task):
        text = self.compute(client, campaign, no_task, **{"from": "2026-03-20"})
        assert "None of the votes is in this selection." in text
        text = self.compute(client, campaign, no_task, **{"from": "2026-03-19", "to": "2026-03-19"})
        assert "--slice from=2026-03-19 --slice to=2026-03-19" in text and "From 12 votes." in text

    @pytest.mark.parametrize("days", [{"from": "2026-04-01", "to": "2026-03-01"}, {"from": "yesterday"}])
    def test_days_that_make_no_sense_are_said(self, client, campaign, days, no_task):
        response, body = page(client, campaign, **days)
        assert response.status_code == HTTPStatus.OK
        assert "These days make no sense" in body and "From 12 votes." in body
        assert no_task == []

    @pytest.mark.parametrize("query", [{"level": "a1"}, {"turns": "9"}, {"ties": "yes"}, {"style": "yes"}])
    def test_what_no_switch_offers_is_not_found(self, client, campaign, query, no_task):
        assert page(client, campaign, **query)[0].status_code == HTTPStatus.NOT_FOUND
        assert no_task == []

    def test_a_slice_of_voters(self, client, campaign, no_task):
        body = page(client, campaign)[1]
        assert '<option value="c1_c2"' in body
        text = self.compute(client, campaign, no_task, level="b1_b2")
        assert "--slice level=b1_b2" in text

    def test_what_is_on_can_be_taken_off_one_by_one(self, client, campaign):
        _, body = page(client, campaign, level="c1_c2", ties="drop", dimension="content")
        assert 'href="?dimension=content&amp;ties=drop" class="tag"' in body
        assert 'href="?dimension=content&amp;level=c1_c2" class="tag"' in body
        assert '<option value="drop" selected>' in body

    def test_links_keep_what_is_on(self, client, campaign):
        _, body = page(client, campaign, ties="drop")
        assert 'href="?dimension=language&amp;ties=drop"' in body


class TestDuel:
    def ask(self, client, campaign, a, b):
        return words(page(client, campaign, a=a, b=b)[1])

    def test_answers_in_a_sentence_with_its_probability(self, client):
        campaign, current = ranked()
        first, second, *values = current.comparisons["pairs"][0]
        a, b = (current.comparisons["models"][code] for code in (first, second))
        percent = floatformat(values[3] * 100, "-1")
        assert f"{a} is better than {b} with a probability of {percent}%." in self.ask(client, campaign, a, b)
        other = floatformat((1 - values[3]) * 100, "-1")
        assert f"{b} is better than {a} with a probability of {other}%." in self.ask(client, campaign, b, a)

    def test_models_that_are_none_are_the_best_two(self, client):
        campaign, current = ranked()
        best, second = (line["model"] for line in current.result["ratings"][:2])
        for a, b in (("", ""), ("<b>", "nobody"), (best, best)):
            assert f"{best} is better than {second}" in self.ask(client, campaign, a, b)

    def test_sure_is_not_said_to_be_certain(self, client):
        campaign, current = ranked()
        comparisons = current.comparisons
        comparisons["pairs"][0][5:8] = [1.0, 0.0, 0.0]
        CurrentRanking.objects.filter(pk=current.pk).update(comparisons=comparisons)
        a, b = (comparisons["models"][code] for code in comparisons["pairs"][0][:2])
        text = self.ask(client, campaign, a, b)
        assert f"{a} is better than {b} with a probability of more than 99.9%." in text
        assert "The difference holds also when all pairs of models are looked at together" in text
        assert f"{b} is better than {a} with a probability of less than 0.1%." in self.ask(client, campaign, b, a)

    def test_groups_that_never_met(self, client):
        campaign = campaign_with_votes(4, names=("a-one", "b-two"))
        others = campaign_with_votes(0, names=("c-three", "d-four"))
        c, d = others.competitors.order_by("name")
        for competitor in (c, d):
            competitor.campaign = campaign
            competitor.save()
        person = ParticipantFactory()
        for side in ("a", "b"):
            cast_vote(campaign, campaign.matchups.get(), c, d, person, {"content": side, "language": side}, START)
        refresh_campaign(campaign=campaign)
        assert "a-one and c-three never met, not even through others, so nobody can say." in self.ask(
            client, campaign, "a-one", "c-three"
        )


def test_selection_in_an_address_and_in_a_command():
    selection = Selection(slice="level=b1_b2&level=c1_c2&to=2026-03-19", without_ties=True, style_control=True)
    assert " ".join(selection.flags) == (
        "--slice level=b1_b2 --slice level=c1_c2 --slice to=2026-03-19 --ties drop --style-control"
    )
    assert urlencode(selection.query()) == "level=b1_b2&level=c1_c2&to=2026-03-19&ties=drop&style=on"
    assert Selection().is_everything and not selection.is_everything


class TestStyle:
    def test_is_offered_once_the_worker_has_measured_the_answers(self, client, no_task):
        campaign, _ = ranked(40)
        assert 'name="style"' not in page(client, campaign)[1]
        assert page(client, campaign, style="on")[0].status_code == HTTPStatus.NOT_FOUND
        for number, answer in enumerate(Answer.objects.order_by("pk")):
            answer.text = "Kaixo, hau euskarazko erantzun bat da, eta nahikoa luzea. " * (number % 7 + 1)
            answer.save(update_fields=["text"])
        assert measure_by_the_way(campaign=campaign) == 80
        assert measure_by_the_way(campaign=campaign) == 0
        cache.delete(f"style-known-{campaign.pk}")
        assert 'name="style"' in page(client, campaign)[1]
        page(client, campaign, style="on")
        assert run_computation(computation_id=no_task[-1])
        text = words(page(client, campaign, style="on")[1])
        assert "--style-control" in text and "Longer answer" in text
        assert "Ratings with and without style held equal" in text

    def test_every_effect_has_a_name(self):
        assert set(NAMES) == {SIDE, *MEASURES}


class TestLiveElo:
    @pytest.mark.parametrize("policy", ["always", "hidden"])
    def test_is_shown_where_the_campaign_shows_it(self, client, policy):
        campaign, _ = ranked(leaderboard_policy=policy, show_live_elo=True)
        assert "Live Elo" in page(client, campaign)[1]

    def test_is_not_shown_elsewhere(self, client):
        assert "Live Elo" not in page(client, ranked()[0])[1]
