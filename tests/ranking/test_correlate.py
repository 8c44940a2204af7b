"""`correlate`: known correlations come out, from the database and from files, in every format."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from scipy.stats import spearmanr

from ranking.agreement import ModelScores, agreements, means_of, remarks
from ranking.estimators import Options, rank
from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.estimators.samples import draw_rows, rating_of, votes_of
from tests.ranking.result_files import document, metrics_of, write

NAMES = ["a", "b", "c", "d", "e"]
WINNERS = {"a": "model_a", "b": "model_b", "tie": "tie"}
#: Best first, as the votes below have it.
ORDER = ["e", "b", "d", "c", "a"]


@pytest.fixture
def votes(tmp_path):
    rows = draw_rows([-1.0, 0.5, -0.5, 0.0, 1.0], 600, names=NAMES)
    lines = [json.dumps({"model_a": a, "model_b": b, "winner": WINNERS[won]}) for a, b, won in rows]
    return write(tmp_path / "votes.jsonl", "\n".join(lines))


def run(*arguments):
    out = io.StringIO()
    call_command("correlate", *map(str, arguments), stdout=out)
    return out.getvalue()


def table(tmp_path, scores, name="scores.csv"):
    """Scores by task, each in the order of `ORDER`."""
    lines = ["model,task,score"]
    lines += [
        f"{model},{task},{value}" for task, each in scores.items() for model, value in zip(ORDER, each, strict=False)
    ]
    return write(tmp_path / name, "\n".join(lines) + "\n")


#: Two swapped neighbours of five: 1 - 6 * 2 / (5 * 24).
SCORES = {
    "piqa_eu": [0.9, 0.8, 0.7, 0.6, 0.5],
    "mmlu_eu": [0.8, 0.9, 0.7, 0.6, 0.5],
    "piqa": [0.1, 0.2, 0.3, 0.4, 0.5],
    "xstorycloze_es": [0.5, 0.5, 0.5, 0.4, 0.4],
    "heldout_eu": [1.0, 1.1, 1.2, 1.3, 1.4],
    "basqbbq": [0.1, 0.2, 0.3, 0.4, 0.5],
    "bl2mp": [0.9, 0.8, 0.7],
    "arc_easy": [0.5, 0.5, 0.5, 0.5, 0.5],
}


def found(text):
    return {(each["dimension"], each["language"], each["benchmark"]): each for each in json.loads(text)["correlations"]}


def test_known_correlations(votes, tmp_path):
    said = run("--input", votes, "--scores", table(tmp_path, SCORES), "--format", "json")
    rho = {key[1:]: each["rho"] for key, each in found(said).items()}
    assert rho["eu", "piqa_eu"] == 1 and rho["en", "piqa"] == -1
    assert rho["eu", "mmlu_eu"] == pytest.approx(0.9)
    assert rho["es", "xstorycloze_es"] == pytest.approx(spearmanr([5, 4, 3, 2, 1], SCORES["xstorycloze_es"]).statistic)
    assert rho["eu", "heldout_eu"] == 1, "fewer bits are better"
    assert rho["eu", "bl2mp"] is None and rho["en", "arc_easy"] is None
    notices = " | ".join(json.loads(said)["notices"])
    assert "fewer than 4 models, and so no correlation: bl2mp" in notices
    assert "all alike, and so no correlation: arc_easy" in notices
    assert "with fewer than 10 models, p and the interval are rough" in notices
    assert "eu: means are over different tasks (a has 2 of 3)" in notices or "(c has 2 of 3)" in notices


def test_p_and_interval(votes, tmp_path):
    each = found(run("--input", votes, "--scores", table(tmp_path, SCORES), "--format", "json"))
    swapped = each["overall", "eu", "mmlu_eu"]
    assert swapped["p"] == pytest.approx(spearmanr([5, 4, 3, 2, 1], SCORES["mmlu_eu"]).pvalue)
    assert swapped["ci_low"] < 0.9 < swapped["ci_high"] and swapped["models"] == 5
    assert each["overall", "eu", "piqa_eu"]["p"] == pytest.approx(2 / 120), "the order, or the order turned"


def test_means_leave_bias_and_other_tasks_out(votes, tmp_path):
    scores = {"piqa_eu": [0.9, 0.8, 0.7, 0.6, 0.5], "basqbbq": [0, 0.2, 0.4, 0.7, 1], "heldout_eu": [9, 1, 2, 3, 4]}
    each = found(run("--input", votes, "--scores", table(tmp_path, scores), "--format", "json"))
    assert each["overall", "eu", "mean"]["rho"] == 1
    assert each["overall", "eu", "basqbbq"]["rho"] == -1


def test_means_of_what_is_there_or_of_what_all_have():
    models = {
        "x": ModelScores({"piqa_eu": 0.5, "bl2mp": 0.9}),
        "y": ModelScores({"piqa_eu": 0.6}),
        "z": ModelScores({"piqa": 0.1}),
    }
    assert means_of(models, "eu", common=False) == {"x": (pytest.approx(0.7), 2), "y": (0.6, 1)}
    assert means_of(models, "eu", common=True) == {"x": (0.5, 1), "y": (0.6, 1)}
    assert means_of({}, "eu", common=True) == {}


def test_models_without_scores_are_named():
    ratings = {"overall": dict.fromkeys("abcd", 1.0)}
    models = {"a": ModelScores({"piqa": 1.0})}
    agreed = agreements(ratings, models, level=0.95)
    assert [each.label for each in agreed] == ["mean en", "piqa"]
    assert "ranked, and without any score: b, c, d" in remarks(agreed, models, ratings)


@pytest.mark.parametrize("form", ["table", "csv", "latex"])
def test_formats(votes, tmp_path, form):
    said = run("--input", votes, "--scores", table(tmp_path, SCORES), "--format", form)
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(said)))
        assert rows[0]["benchmark"] == "mean" and {row["rho"] for row in rows if row["benchmark"] == "bl2mp"} == {""}
    elif form == "latex":
        assert r"\begin{tabular}{llrr}" in said and r"eu & mmlu\_eu & $+$0.90 & 0.037 \\" in said
        assert said.index("eu & mean") < said.index(r"eu & mmlu\_eu") and r"eu & bl2mp & - & - \\" in said
    else:
        assert "overall    eu        mmlu_eu" in said and "+0.90" in said and "fewer than 4 models" in said


def test_files_in_a_folder(votes, tmp_path):
    folder = tmp_path / "new" / "folder"
    run("--input", votes, "--scores", table(tmp_path, SCORES), "--output", folder)
    starts = {path.name: path.read_bytes()[:5] for path in folder.iterdir()}
    assert starts.keys() == {
        "correlations.json",
        "correlations.csv",
        "correlations.tex",
        "heat-map.png",
        "heat-map.svg",
    }
    assert starts["heat-map.png"] == b"\x89PNG\r" and starts["heat-map.svg"] == b"<?xml"
    with pytest.raises(CommandError, match="cannot be made: Not a directory"):
        run("--input", votes, "--scores", table(tmp_path, SCORES), "--output", votes / "x")


@pytest.mark.django_db
def test_a_campaign_against_what_was_imported(tmp_path):
    names = ["one", "two", "three", "four"]
    campaign = campaign_with_votes(24, names=names)
    campaign.competitors.filter(name="one").update(name="Lehena")
    first = campaign.competitors.get(name="Lehena").served_model
    first.model_name = "HiTZ/one"
    first.save()
    for i, name in enumerate(names):
        content = document({"piqa_eu": metrics_of("piqa_eu", 0.5 + i / 10)}, model_name=name)
        call_command("import_benchmarks", str(write(tmp_path / f"{name}.json", content)), stdout=io.StringIO())
    each = found(run("--campaign", campaign.slug, "--format", "json"))
    assert {key[0] for key in each} == {"overall", "content", "language"}
    assert all(entry["models"] == 4 for entry in each.values())
    only = found(run("--campaign", campaign.slug, "--format", "json", "--dimension", "content"))
    assert {key[0] for key in only} == {"content"}
    text = "\n".join(["model,task,score", *(f"{name},piqa_eu,0.{i + 1}" for i, name in enumerate(names))])
    files = found(run("--campaign", campaign.slug, "--format", "json", "--scores", write(tmp_path / "s.csv", text)))
    assert files == each, "the same order, from a file"


@pytest.mark.django_db
def test_what_cannot_be_compared(votes, tmp_path):
    with pytest.raises(CommandError, match=r"none of the ranked models \(a, b, c, d, e\) has a score .*nobody"):
        run("--input", votes)
    with pytest.raises(CommandError, match="There is no campaign 'x'"):
        run("--campaign", "x")
    campaign = campaign_with_votes(0)
    with pytest.raises(CommandError, match="there are no votes to rank models by"):
        run("--campaign", campaign.slug)
    with pytest.raises(CommandError, match="does not ask 'taste'"):
        run("--campaign", campaign.slug, "--dimension", "taste")
    with pytest.raises(CommandError, match="has no column 'model'"):
        run("--input", votes, "--scores", write(tmp_path / "bad.csv", "x\n"))
    with pytest.raises(CommandError, match="cannot be read"):
        run("--input", tmp_path / "none.jsonl", "--scores", table(tmp_path, SCORES))


def test_the_order_of_the_sample_is_as_said():
    ratings = rating_of(
        rank(votes_of(draw_rows([-1.0, 0.5, -0.5, 0.0, 1.0], 600, names=NAMES)), Options(interval="none"))
    )
    assert sorted(ratings, key=lambda name: -ratings[name]) == ORDER
