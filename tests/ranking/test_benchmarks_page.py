"""The page of benchmarks: what it shows, what it says of gains, and to whom."""

import re
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.urls import reverse

from ranking.actions.current import refresh_campaign
from ranking.benchmark_tasks import language_of
from ranking.models import BenchmarkScore
from tests.factories import CampaignFactory, CompetitorFactory, UserFactory
from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.test_leaderboard import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_task(monkeypatch):
    cache.clear()
    monkeypatch.setattr("ranking.actions.refreshing.compute_ranking.delay", lambda _pk: None)


def score(model, task, value, **more):
    held_out = task.startswith("heldout")
    values = {
        "language": language_of(task),
        "metric": "bits_per_character,none" if held_out else "acc,none",
        "higher_is_better": not held_out,
        "file_name": "results.json",
        "file_sha256": "0" * 64,
        **more,
    }
    return BenchmarkScore.objects.create(model=model, task=task, value=value, **values)


def page(client, campaign, language="en"):
    client.cookies["lehia_language"] = language
    response = client.get(reverse("ranking:benchmarks", args=[campaign.slug]))
    return response, response.content.decode()


def demo(with_corpus=1.9, original=2.1):
    """A campaign of three: an original, trained on with the Basque corpus, and without."""
    campaign = CampaignFactory(with_texts=True, leaderboard_policy="always")
    CompetitorFactory(campaign=campaign, name="original", served_model__name="smollm2", factors={"backbone": "smollm2"})
    for name, bits, choice in (("with-corpus", with_corpus, 0.41), ("without-corpus", original + 0.3, 0.31)):
        CompetitorFactory(campaign=campaign, name=name, base="smollm2", factors={"corpus": "eu"})
        score(name, "heldout_eu", bits, stderr=0.05)
        score(name, "help_choice_eu", choice)
    score("smollm2", "heldout_eu", original)
    score("smollm2", "help_choice_eu", 0.31)
    return campaign


def test_it_says_who_beat_the_original_on_unseen_basque_and_who_did_not(client):
    response, body = page(client, demo())
    assert response.status_code == HTTPStatus.OK
    said = words(body)
    assert (
        "with-corpus beats the model that it was trained from (original): 1.900 bits per character against 2.100."
        in said
    )
    assert (
        "without-corpus did not beat the model that it was trained from (original): "
        "2.400 bits per character against 2.100." in said
    )
    assert "original did not beat" not in said and "original beats" not in said
    with_corpus, without = said[said.index("Trained from: original") :].split("Trained from: original")[1:]
    assert "heldout_eu (lower is better) : better than its backbone , 1.900 against 2.100" in with_corpus
    assert "help_choice_eu: better than its backbone , 41.0 against 31.0" in with_corpus
    assert "heldout_eu (lower is better) : NOT better than its backbone , 2.400 against 2.100" in without
    assert "help_choice_eu: NOT better than its backbone , 31.0 against 31.0" in without


def test_a_corpus_that_did_not_help_is_said_to(client):
    said = words(page(client, demo(with_corpus=2.1))[1])
    assert "with-corpus did not beat the model that it was trained from (original)" in said, "a draw is no win"
    assert "with-corpus beats" not in said


def test_tables_by_language_with_means_and_places(client):
    campaign = campaign_with_votes(12, names=("exp_0_010", "exp_1_111", "exp_2_101"))
    refresh_campaign(campaign=campaign)
    for model, scores in {
        "exp_0_010": {"piqa_eu": 0.6, "mmlu_eu": 0.5, "basqbbq": 0.9, "piqa": 0.81},
        "exp_1_111": {"piqa_eu": 0.7, "mmlu_eu": 0.6, "wikitext": 12.5},
        "exp_2_101": {"piqa_eu": 0.8},
        "somebody": {"piqa_eu": 0.99},
    }.items():
        for task, value in scores.items():
            score(model, task, value, **({"metric": "word_perplexity,none"} if value > 1 else {}))
    score("Llama-3.1-8B", "piqa_eu", 0.55, n=10, n_in_all=100)
    campaign.competitors.filter(name="exp_0_010").update(base="Llama-3.1-8B")
    _, body = page(client, campaign)
    assert re.findall(r'<h2 id="scores-\d">([^<]+)</h2>', body) == ["Basque", "English", "Other tasks"]
    said = words(body)
    basque = said[said.index("Basque Some models") : said.index("English Scores")]
    assert "mmlu_eu piqa_eu basqbbq bias, not in the mean exp_2_101" in basque, "in the study's order, bias last"
    assert re.search(r"exp_2_101 \d 80\.0 \(1\) – 80\.0 – exp_1_111 \d 65\.0 \(2\) 60\.0 70\.0 –", basque)
    assert re.search(r"exp_0_010 \d 55\.0 \(2\) 50\.0 60\.0 90\.0", basque), "the mean leaves bias out"
    assert "Llama-3.1-8B backbone, not in the arena – 55.0 (1) – 55.0 * –" in basque
    assert "somebody" not in body
    assert "Basque, one task: better than its backbone , 60.0 against 55.0" in said


def test_only_who_may_see_the_ranking_sees_it(client):
    campaign = demo()
    campaign.leaderboard_policy = "hidden"
    campaign.save()
    said = words(page(client, campaign)[1])
    assert "The ranking is not open yet" in said and "with-corpus" not in said
    client.force_login(UserFactory(admin=True))
    said = words(page(client, campaign)[1])
    assert "Only admins see this page now." in said and "with-corpus beats" in said
    draft = CampaignFactory(status="draft")
    assert page(client, draft)[0].status_code == HTTPStatus.NOT_FOUND


def test_the_ranking_links_to_it_where_there_are_scores(client):
    campaign = demo()
    address = reverse("ranking:benchmarks", args=[campaign.slug])
    client.cookies["lehia_language"] = "en"
    leaderboard = reverse("ranking:leaderboard", args=[campaign.slug])
    assert address in client.get(leaderboard).content.decode()
    BenchmarkScore.objects.exclude(model="smollm2").delete()
    campaign.competitors.get(name="original").delete()
    assert address not in client.get(leaderboard).content.decode()
    assert "None of the models has a score yet." in page(client, campaign)[1]


@pytest.mark.parametrize("language", ["eu", "es", "fr"])
def test_in_every_language(client, language):
    _, body = page(client, demo(), language)
    assert "1,900" in body and "Gain over" not in body and "bits per character" not in body


def test_query_count(client, django_assert_num_queries):
    campaign = demo()
    for i in range(10):
        CompetitorFactory(campaign=campaign, name=f"more-{i}", base="smollm2")
        for task in ("piqa", "piqa_eu", "mmlu_eu"):
            score(f"more-{i}", task, 0.5)
    with django_assert_num_queries(6):
        page(client, campaign)
