"""`rank --by FACTOR`, of files and campaigns, in all formats."""

import json
import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.estimators.samples import draw_rows

NAMES = ["exp_0_010", "exp_0_110", "exp_1_010", "exp_1_110", "exp_2_011", "exp_2_111", "gpt-4o"]
WINNERS = {"a": "model_a", "b": "model_b", "tie": "tie"}


def run(**options):
    out = StringIO()
    call_command("rank", stdout=out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = random.Random(2)
    strengths = [0.8 * (name[6:7] == "1") + 0.1 * rng.random() for name in NAMES]
    rows = [
        {"model_a": a, "model_b": b, "winner": WINNERS[outcome], "username": f"u{i % 90}"}
        for i, (a, b, outcome) in enumerate(draw_rows(strengths, 1500, names=NAMES))
    ]
    file = tmp_path_factory.mktemp("factors") / "votes.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_the_object_has_the_factors_and_the_groups(path):
    printed = json.loads(run(input=path, by=["corpus", "backbone"], format="json"))
    plain = json.loads(run(input=path, format="json"))
    assert {key: value for key, value in printed.items() if key not in ("factors", "groups")} == plain
    factors = printed["factors"]
    assert factors["terms"] == ["corpus", "backbone"]
    assert factors["left_out"] == ["gpt-4o"]
    corpus = {effect["level"]: effect for effect in factors["effects"] if effect["term"] == "corpus"}
    assert corpus["eu"]["ci_low"] > 0 > corpus["none"]["ci_high"]
    assert factors["lack_of_fit"]["df"] == 6 - 1 - 1 - 2
    assert factors["models"][0]["levels"].keys() == {"corpus", "backbone"}
    groups = {group["term"]: group for group in printed["groups"]}
    assert groups["corpus"]["ratings"][0]["group"] == "eu"
    assert groups["corpus"]["within"] + groups["corpus"]["without_factors"] + groups["corpus"]["n_battles"] == 1500


def test_interactions(path):
    printed = json.loads(run(input=path, by=["backbone*corpus"], format="json"))
    assert printed["factors"]["terms"] == ["backbone", "corpus", "backbone:corpus"]
    assert {group["group"] for group in printed["groups"][2]["groups"]} >= {
        "Llama-3.1-8B:eu",
        "Latxa-Llama-3.1-8B:none",
    }


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_formats(path, form):
    printed = run(input=path, by=["corpus"], format=form)
    assert printed.startswith(run(input=path, format=form))
    assert "Votes between two models of a group, left out: " in printed
    assert "gpt-4o" in printed
    if form == "latex":
        assert printed.count(r"\begin{tabular}") == printed.count(r"\end{tabular}") == printed.count(r"\toprule") == 5
    if form == "table":
        assert max(len(line) for line in printed.splitlines() if not line.startswith("!")) <= 100


def test_csv_has_the_effects(path):
    effects = json.loads(run(input=path, by=["corpus"], format="json"))["factors"]["effects"]
    lines = run(input=path, by=["corpus"], format="csv").splitlines()
    assert lines[0].split(",") == list(effects[0])
    assert len(lines) == 1 + len(effects)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"by": ["colour"]}, "No model has a factor 'colour'. There are: backbone, corpus, instructions"),
        ({"by": ["corpus"], "method": "elo"}, "factors need the ratings' covariance"),
        ({"by": ["corpus"], "interval": "none"}, "factors need the ratings' covariance"),
        ({"by": ["corpus"], "differences": True}, "one by one"),
        ({"by": ["corpus"], "preset": "paper"}, "no factors"),
    ],
)
def test_refusals(path, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(input=path, **options)


@pytest.mark.django_db
def test_factors_of_a_campaign():
    campaign = campaign_with_votes(60, names=("m", "n", "o", "p"), voters=20)
    for competitor, size in zip(campaign.competitors.order_by("name"), (8, 8, 70, 70), strict=True):
        competitor.factors = {"size": size}
        competitor.save()
    printed = json.loads(run(campaign=campaign.slug, by=["size"], format="json"))
    assert {effect["level"] for effect in printed["factors"]["effects"]} == {"8", "70"}
    with pytest.raises(CommandError, match="There are: size."):
        run(campaign=campaign.slug, by=["backbone"])
