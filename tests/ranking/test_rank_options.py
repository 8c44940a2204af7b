"""`manage.py rank` with what can be asked besides method and interval."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from arena.models import Battle
from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.test_commands import LEAST, exported, lines, run

pytestmark = pytest.mark.django_db

RING = [
    {"model_a": "p", "model_b": "q", "winner": "model_a"},
    {"model_a": "q", "model_b": "r", "winner": "model_a"},
    {"model_a": "r", "model_b": "p", "winner": "model_a"},
    {"model_a": "q", "model_b": "p", "winner": "model_a"},
    {"model_a": "q", "model_b": "p", "winner": "tie"},
    {"model_a": "r", "model_b": "q", "winner": "model_b"},
]


def _printed(path, **options):
    return json.loads(run("rank", input=path, format="json", **options))


def test_side_effect_in_every_format(tmp_path):
    path = lines(tmp_path, *RING * 5)
    effect = _printed(path, side_effect=True)["effects"][0]
    assert effect["name"] == "side_a" and effect["ci_low"] < effect["value"] < effect["ci_high"]
    for form in ("table", "markdown", "latex"):
        text = run("rank", input=path, side_effect=True, format=form)
        assert "shown as A" in text and f"{effect['value']:.1f}" in text
    assert "shown as A" not in run("rank", input=path)


def test_anchor_regularisation_and_ties(tmp_path):
    path = lines(tmp_path, *RING * 5)
    printed = _printed(path, anchor="q", anchor_rating=1200.0, regularisation=2.0, ties="drop")
    assert {name: printed[name] for name in ("anchor", "anchor_rating", "regularisation", "ties")} == {
        "anchor": "q",
        "anchor_rating": 1200.0,
        "regularisation": 2.0,
        "ties": "drop",
    }
    assert next(line for line in printed["ratings"] if line["model"] == "q")["rating"] == 1200
    assert (printed["n_battles"], printed["n_ties"]) == (25, 0)
    assert "anchor q at 1200" in run("rank", input=path, anchor="q", anchor_rating=1200.0)


def test_elo_says_its_k_and_orders(tmp_path):
    printed = _printed(lines(tmp_path, *RING), method="elo", elo_k=10.0, elo_orders=4, rounds=20)
    assert (printed["elo_k"], printed["elo_orders"], printed["interval"]) == (10, 4, "bootstrap")
    assert any("4 random orders (seed 0), with K = 10" in warning for warning in printed["warnings"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"anchor": "gpt"}, "no vote is about the anchor 'gpt'; the models are: p, q, r"),
        ({"regularisation": -1.0}, "regularisation must be 0 or between"),
        ({"method": "elo", "side_effect": True}, "Elo maximises no likelihood"),
        ({"inverse_probability": True}, "line 1: draw_probability is missing"),
        ({"inverse_probability": True, "preset": "paper"}, "weights all votes alike"),
    ],
)
def test_refusals(tmp_path, options, said):
    with pytest.raises(CommandError, match=said):
        run("rank", input=lines(tmp_path, *RING), **options)


@pytest.mark.parametrize("value", [0, 1.5, "many", True])
def test_a_bad_probability_is_named_by_its_line(tmp_path, value):
    path = lines(tmp_path, {**LEAST, "draw_probability": 0.5}, {**LEAST, "draw_probability": value})
    with pytest.raises(CommandError, match="line 2: draw_probability must be above 0 and at most 1"):
        run("rank", input=path, inverse_probability=True)


def test_a_campaign_and_its_export_are_weighted_alike(tmp_path):
    campaign = campaign_with_votes(20)
    for position, battle in enumerate(Battle.objects.filter(campaign=campaign).order_by("pk")):
        Battle.objects.filter(pk=battle.pk).update(draw_probability=(position % 7 + 1) / 10)
    ours = run("rank", campaign=campaign.slug, format="json", inverse_probability=True)
    assert ours == run("rank", input=exported(campaign, tmp_path), format="json", inverse_probability=True)
    assert ours != run("rank", campaign=campaign.slug, format="json")
    assert any("worth" in warning for warning in json.loads(ours)["warnings"])
    Battle.objects.filter(campaign=campaign).update(draw_probability=None)
    with pytest.raises(CommandError, match="not known, so they have no weight: 20"):
        run("rank", campaign=campaign.slug, inverse_probability=True)


@pytest.mark.parametrize("option", ["method", "interval", "cluster", "ties"])
def test_a_value_that_there_is_none_of_is_told_those_that_there_are(tmp_path, option):
    with pytest.raises(CommandError, match=r"choose from '[a-z]+"):
        call_command("rank", "--input", str(tmp_path / "none"), f"--{option}", "best")
