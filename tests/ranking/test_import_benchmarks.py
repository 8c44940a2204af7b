"""Result files into the database: the study's own, ours, tables by hand, and files that are wrong."""

import io
import math
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from ranking.actions.benchmarks import import_scores
from ranking.benchmark_scores import ScoresDiffer, scores_of
from ranking.benchmark_tasks import mean_of
from ranking.files.benchmarks import Measured, Source, model_of
from ranking.models import BenchmarkScore
from tests.arena.races import Rendezvous, both, meet_after
from tests.factories import CompetitorFactory
from tests.ranking.result_files import (
    PUBLISHED,
    PUBLISHED_MEANS,
    PUBLISHED_WHOLE,
    document,
    metrics_of,
    write,
    write_published,
)

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("import_benchmarks", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def score(**wanted):
    return BenchmarkScore.objects.get(**wanted)


def test_published_files_give_the_published_means(tmp_path):
    said, _ = run(*write_published(tmp_path))
    assert said.startswith("23 new scores, 0 there already, 0 replaced, of exp_0_010, gpt-4o-2024-11-20.")
    for model, mean in PUBLISHED_MEANS.items():
        values = dict(BenchmarkScore.objects.filter(model=model).values_list("task", "value"))
        found, tasks = mean_of("eu", values)
        assert round(100 * found, 2) == mean
        assert tasks == len(PUBLISHED[model])
    assert mean_of("en", values) == pytest.approx((math.nan, 0), nan_ok=True)


def test_each_score_comes_with_where_it_is_from(tmp_path):
    run(*write_published(tmp_path))
    assert score(model="gpt-4o-2024-11-20", task="eus_reading").metric == "exact_match,strict_match"
    mgsm = score(model="exp_0_010", task="mgsm_native_cot_eu")
    assert (mgsm.metric, mgsm.value, mgsm.stderr) == ("exact_match,flexible-extract", 0.308, 0.02)
    arc = score(task="arc_eu_easy")
    assert (arc.metric, arc.n, arc.n_in_all, arc.shots) == ("acc,none", 100, 100, 5)
    assert (arc.language, arc.higher_is_better, arc.harness) == ("eu", True, "lm-eval 0.4.13")
    assert arc.file_name == "exp_0_010-arc_eu_easy.json" and len(arc.file_sha256) == 64


def test_tasks_of_parts_are_weighted_by_size(tmp_path):
    run(*write_published(tmp_path))
    exams = score(task="eus_exams_eu")
    assert (exams.value, exams.n) == (pytest.approx(0.4839), 400)
    assert exams.stderr == pytest.approx(math.hypot(300 * 0.01, 100 * 0.01) / 400)
    bias = score(task="basqbbq")
    assert (bias.value, bias.n, bias.shots) == (pytest.approx(PUBLISHED_WHOLE, abs=1e-15), 43240, 4)
    assert not BenchmarkScore.objects.filter(task__startswith="eus_exams_eu_").exists()


def test_a_whole_without_parts_is_taken_as_it_is(tmp_path):
    run(write(tmp_path / "r.json", document({"eus_exams_eu": metrics_of("eus_exams_eu", 0.4)})))
    assert score(task="eus_exams_eu").value == 0.4


def test_twice_is_harmless_and_other_scores_need_to_be_asked_for(tmp_path):
    paths = write_published(tmp_path)
    run(*paths)
    assert run(*paths)[0].startswith("0 new scores, 23 there already, 0 replaced")
    other = write(
        tmp_path / "other.json", document({"piqa_eu": metrics_of("piqa_eu", 0.7), "piqa": metrics_of("piqa", 0.8)})
    )
    with pytest.raises(CommandError, match=r"piqa_eu of exp_0_010 is 0\.6144 and would be 0\.7.*--replace"):
        run(other, "--model", "exp_0_010")
    assert score(model="exp_0_010", task="piqa_eu").value == 0.6144
    assert not BenchmarkScore.objects.filter(task="piqa").exists(), "all or nothing"
    assert run(other, "--model", "exp_0_010", "--replace")[0].startswith("1 new scores, 0 there already, 1 replaced")
    assert score(model="exp_0_010", task="piqa_eu").value == 0.7


def test_two_files_that_differ(tmp_path):
    old = write(tmp_path / "old.json", document({"piqa": metrics_of("piqa", 0.5)}, date=1.0))
    new = write(tmp_path / "new.json", document({"piqa": metrics_of("piqa", 0.6)}, date=2.0))
    with pytest.raises(CommandError, match=r"some-model has two scores in piqa: 0\.5 in .*old\.json and 0\.6 in"):
        run(new, old)
    run(new, old, "--replace")
    assert score(task="piqa").value == 0.6


def test_names_of_models(tmp_path):
    CompetitorFactory(name="Latxa", served_model__model_name="HiTZ/Latxa-8B")
    results = {"piqa": metrics_of("piqa", 0.5)}
    made = write(tmp_path / "run" / "model" / "lehia-model.json", {"format": 1, "name": "exp_2_101"}).parent
    paths = [
        write(tmp_path / f"{i}.json", document(results, **said))
        for i, said in enumerate(
            [
                {"model_name": "HiTZ/Latxa-8B"},
                {"model_name": str(made)},
                {"model_name": None, "config": {"model_args": {"pretrained": "a/base", "peft": "b/adapter"}}},
                {"model_name": "HiTZ/x", "config": {"model_args": "pretrained=HiTZ/x,revision=exp_1_011"}},
            ]
        )
    ]
    said, _ = run(*paths)
    assert said.splitlines() == [
        "4 new scores, 0 there already, 0 replaced, of Latxa-8B, adapter, exp_1_011, exp_2_101.",
        "Not the name of a competitor, nor of its served model: adapter, exp_1_011, exp_2_101.",
    ]
    nameless = document(results, model_name=None, config={})
    with pytest.raises(CommandError, match="does not say which model was measured: give --model NAME"):
        run(write(tmp_path / "nameless.json", nameless))
    assert model_of({"config": None}) == ""


def test_other_tasks_are_kept_and_named(tmp_path):
    results = {
        "heldout_eu": {"bits_per_character,none": 1.75, "bits_per_character_stderr,none": 0.1, "alias": "x"},
        "wikitext": {"word_perplexity,none": 12.0, "byte_perplexity,none": 2.0, "sample_len": 7},
        "mmlu": {"acc,none": 0.5},
        "mmlu_law": {"acc,none": 0.4},
        "bertaqa_eu": {" ": " ", "alias": "bertaqa_eu"},
        "bertaqa_eu_local": {"acc,none": 0.4},
        "piqa": {"acc_norm,none": 0.4},
        "nothing": {"alias": "nothing"},
    }
    content = document(results, n={"mmlu": 10})
    content["higher_is_better"] = {"heldout_eu": {"bits_per_character": False}, "wikitext": {"word_perplexity": False}}
    content["group_subtasks"] = {"mmlu": ["mmlu_law"], "bertaqa_eu": ["bertaqa_eu_local"]}
    content["n-samples"]["mmlu"] = {"original": 100, "effective": 10}
    _, said = run(write(tmp_path / "r.json", content))
    kept = dict(BenchmarkScore.objects.values_list("task", "metric"))
    assert kept == {
        "heldout_eu": "bits_per_character,none",
        "wikitext": "word_perplexity,none",
        "mmlu": "acc,none",
        "bertaqa_eu_local": "acc,none",
    }
    assert not score(task="heldout_eu").higher_is_better and score(task="heldout_eu").language == "eu"
    assert score(task="mmlu").is_partial and not score(task="wikitext").is_partial
    for sentence in (
        "not among the study's tasks, kept, in no mean: heldout_eu, mmlu, wikitext",
        "mmlu of some-model: 10 of 100 questions only",
        "1 parts of groups that have scores of their own",
        "piqa has none of acc,none, exact_match,strict_match, and is left out",
        "nothing has no score, and is left out",
    ):
        assert sentence in said


def test_other_numbers_of_examples_are_named(tmp_path):
    _, said = run(write(tmp_path / "r.json", document({"piqa": metrics_of("piqa", 0.5)}, shots=1)))
    assert "piqa of some-model: 1 examples shown, 5 in the study" in said


def test_measures_that_are_no_number_hurt_only_where_they_count(tmp_path):
    """Some measures of bias are NaN where a part has no question."""
    results = {"bbq": {"acc,none": 0.5, "amb_bias_score_Age,none": math.nan, "acc_stderr,none": "N/A"}}
    run(write(tmp_path / "r.json", document(results)))
    assert (score(task="bbq").value, score(task="bbq").stderr) == (0.5, None)
    for value in (math.nan, "high", True, None):
        with pytest.raises(CommandError, match="acc,none of piqa is .* and no number"):
            run(write(tmp_path / "bad.json", document({"piqa": {"acc,none": value}})))


GOOD = {"piqa": {"acc,none": 0.5}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is no JSON"),
        ('{"results": {"piqa"', "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "has no 'results'"),
        ({"results": {}}, "has no 'results'"),
        ({"results": [1]}, "has no 'results'"),
        ({**document(GOOD), "results": {"piqa": 3}}, "the results of 'piqa' are no object"),
        ({**document({"eus_exams_eu_a": {"acc,none": 0.5}}), "n-samples": {}}, "does not say how many questions"),
        (document({"x\x00": {"acc,none": 0.5}}), "has a name with control characters: 'bad', 'x"),
        (document({"piqa": {"acc,none": 61.4}}), r"is 61\.4, and must be a share from 0 to 1"),
        ({**document(GOOD), "results": {"nothing": {"alias": "x"}}}, "no score in these files"),
    ],
)
def test_broken_files_are_named_and_nothing_is_imported(tmp_path, content, sentence):
    good = write(tmp_path / "good.json", document(GOOD, model_name="good"))
    if isinstance(content, dict) and "model_name" in content:
        content["model_name"] = "bad"
    bad = write(tmp_path / "bad.json", content)
    with pytest.raises(CommandError, match=sentence) as refused:
        run(*([bad] if "no score" in sentence else [good, bad]))
    assert "bad.json" in str(refused.value) or "these files" in str(refused.value)
    assert not BenchmarkScore.objects.exists()


def test_names_and_numbers_that_no_database_takes(tmp_path):
    for content, sentence in (
        (document({"t" * 201: {"acc,none": 0.5}}), "cannot be stored: task: Ensure this value has at most 200"),
        (document(GOOD, n={"piqa": 2**70}), "cannot be stored: n: Ensure this value is less"),
        (document(GOOD, model_name="m" * 201), "cannot be stored: model: Ensure"),
    ):
        with pytest.raises(CommandError, match=sentence):
            run(write(tmp_path / "r.json", content))
    assert not BenchmarkScore.objects.exists()


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(CommandError, match=r"r\.json cannot be read: No such file"):
        run(tmp_path / "r.json")
    with pytest.raises(CommandError, match=r"has no results\*\.json in it"):
        run(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="is no JSON"):
        run(tmp_path / "bytes.json")
    write(tmp_path / "a" / "results_2025.json", document(GOOD))
    assert run(tmp_path)[0].startswith("1 new scores")


def test_a_table_by_hand(tmp_path):
    path = write(tmp_path / "t.csv", "model,task,score\nm,piqa,0.5\nm,heldout_eu,1.5\nm,mgsm_native_cot_eu,0.2\n")
    run(path)
    assert not score(task="heldout_eu").higher_is_better
    assert score(task="mgsm_native_cot_eu").metric == "exact_match,flexible-extract"
    run(write(tmp_path / "other.csv", "task,score\npiqa,0.4\n"), "--model", "x")
    assert score(model="x").value == 0.4
    for text, sentence in (
        ("task,score\npiqa,0.4\n", "has no column 'model'"),
        ("model,task,score\nm,piqa,61\n", "must be a share from 0 to 1"),
        ("model,task,score\nm,piqa,\n", "line 2: the score must be a number"),
    ):
        with pytest.raises(CommandError, match=sentence):
            run(write(tmp_path / "bad.csv", text))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("benchmark_score_once", {"model": "m", "task": "piqa"}),
        ("benchmark_score_named", {"task": ""}),
        ("benchmark_score_named", {"model": ""}),
        ("benchmark_score_error_not_negative", {"stderr": -1}),
        ("benchmark_score_n_within_task", {"n": 2, "n_in_all": 1}),
        ("benchmark_score_fingerprint_is_sha256", {"file_sha256": "x"}),
    ],
)
def test_the_database_refuses(name, values):
    row = {"model": "n", "task": "piqa", "value": 0.5, "metric": "acc,none", "file_name": "f", "file_sha256": "0" * 64}
    BenchmarkScore.objects.create(**{**row, "model": "m"})
    # SQLite names the columns of a unique constraint, and not the constraint.
    said = f"{name}|ranking_benchmarkscore.model, ranking_benchmarkscore.task"
    with pytest.raises(IntegrityError, match=said), transaction.atomic():
        BenchmarkScore.objects.create(**{**row, **values})


SOURCE = Source(Path("f"), "0" * 64)
PARTS = st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=20)


@given(PARTS)
def test_parts_weigh_as_all_their_questions_together(parts):
    measured = [
        Measured("m", f"eus_exams_eu_{i}", "acc,none", value, SOURCE, n=n) for i, (n, value) in enumerate(parts)
    ]
    (whole,) = scores_of(measured).scores
    answers = [value for n, value in parts for _ in range(n)]
    assert whole.value == pytest.approx(sum(answers) / len(answers), abs=1e-9)
    assert whole.n == len(answers)


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once(monkeypatch):
    meeting = Rendezvous()
    meet_after(monkeypatch, "ranking.actions.benchmarks._row", meeting)
    scores = [Measured("m", "piqa", "acc,none", 0.5, SOURCE)]
    results = both(lambda: import_scores(scores=scores), lambda: import_scores(scores=scores), locked=True)
    assert BenchmarkScore.objects.count() == 1
    assert sum(isinstance(result, ScoresDiffer) or result["same"] == 1 for result in results) == 1
