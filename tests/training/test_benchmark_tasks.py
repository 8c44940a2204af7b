"""The 29 tasks: named as the arena's side names them, and asked end to end on small files of the same columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ranking import benchmark_tasks
from training.benchmarks import bias
from training.benchmarks.catalogue import ALL, BENCHMARKS, OURS, SETS, expanded, unknown
from training.benchmarks.loading import Index, build, index
from training.benchmarks.models import local_model
from training.benchmarks.opening import Opened, open_model
from training.benchmarks.running import Settings, evaluate

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

NINE = [name for name, benchmark in BENCHMARKS.items() if not benchmark.folder]


@pytest.fixture(scope="module", autouse=True)
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    import datasets

    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("datasets")
    yield
    datasets.config.HF_DATASETS_CACHE = before


@pytest.fixture(scope="module")
def everything() -> Index:
    return index([each.name for each in ALL])


@pytest.fixture(scope="module")
def opened(tiny_model: Path) -> Opened:
    return open_model(local_model(str(tiny_model)), with_template=False)


def test_both_sides_know_the_same_tasks() -> None:
    theirs = benchmark_tasks.TASKS
    assert len(BENCHMARKS) == 29 and list(BENCHMARKS) == list(theirs)
    for name, ours in BENCHMARKS.items():
        assert (ours.language, ours.shots, ours.is_bias) == (
            theirs[name].language,
            theirs[name].shots,
            theirs[name].is_bias,
        )
        assert ours.metric == theirs[name].metrics[0]


def test_nine_are_ours() -> None:
    assert sorted(NINE) == [
        "basqbbq",
        "bertaqa_en_global",
        "bertaqa_en_local",
        "bertaqa_eu_global",
        "bertaqa_eu_local",
        "bl2mp",
        "mmlu_en",
        "mmlu_es",
        "mmlu_eu",
    ]
    assert [len(SETS[each]) for each in ("basque", "english", "spanish", "all")] == [15, 10, 4, 29]


def test_sets_and_names_are_told_apart() -> None:
    assert expanded(["spanish", "piqa", "mmlu_es"]) == [*[each.name for each in SETS["spanish"]], "piqa"]
    assert "Is it one of eus_proficiency" in str(unknown("eus_proficency", BENCHMARKS))
    assert "Sets of tasks are basque, english" in str(unknown("qqqq", BENCHMARKS))


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_every_task_is_there_with_its_functions(everything: Index, name: str) -> None:
    from lm_eval.tasks._yaml_loader import load_yaml

    entry = everything.manager.task_index[name]
    parts = entry.cfg["task"] if entry.kind.name == "GROUP" else [name]
    assert len(parts) == {"eus_exams_eu": 29, "basqbbq": 16}.get(name, 1)
    for part in parts:
        settings = load_yaml(everything.manager.task_index[part].yaml_path)
        assert settings["dataset_path"]
        assert settings["output_type"] == ("generate_until" if BENCHMARKS[name].is_generated else "multiple_choice")
        assert settings.get("num_fewshot") in (None, BENCHMARKS[name].shots)
    if len(parts) > 1:
        assert entry.cfg["aggregate_metric_list"] == [{"metric": "acc", "weight_by_size": True}]
        assert all(part.startswith(f"{name}_") for part in parts)


#: Rows of the same columns as the public data sets have.
QUESTION = {"question": "Zein da hiriburua?", "answer": 1}
ROWS: dict[str, list[dict[str, Any]]] = {
    "bertaqa": [
        {**QUESTION, "id": number, "group": group, "candidates": ["Bilbo", "Gasteiz", f"Iruñea {number}"]}
        for number, group in enumerate(["Euskal gaiak", "Gai orokorrak"] * 7 + ["Euskal gaiak"])
    ],
    "mmlu": [{**QUESTION, "choices": ["Bilbo", "Gasteiz", "Iruñea", f"Baiona {number}"]} for number in range(7)],
    "bl2mp": [
        {"sentence_good": f"{number} etxe ikusi ditut.", "sentence_bad": f"{number} etxeak ikusi dut.", "type": "E1"}
        for number in range(7)
    ],
}


def stereotype(number: int, condition: str, polarity: str, label: int) -> dict[str, Any]:
    return {
        "example_id": number,
        "question_polarity": polarity,
        "context_condition": condition,
        "answer_info": {"ans0": ["A", "A"], "ans1": ["B", "B"], "ans2": ["Ezin da jakin", "unknown"]},
        "additional_metadata": {"stereotyped_groups": ["A"]},
        "context": "Bi pertsona ikusi ditut.",
        "question": f"Nor da {number}?",
        "ans0": "A",
        "ans1": "B",
        "ans2": "Ezin da jakin",
        "label": label,
    }


def with_rows(found: Index, name: str, rows: list[dict[str, Any]], folder: Path) -> str:
    """The name of a task like `name` that reads `rows` from a file."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    entry = found.manager.task_index[name]
    split = "train" if name == "bl2mp" else "test"
    more = f"include: {entry.yaml_path}\ntask: own_{name}\ndataset_path: json\ndataset_name: null\n"
    task = folder / f"own_{name}.yaml"
    task.write_text(f"{more}dataset_kwargs: {{data_files: {{{split}: {path}}}}}\n", encoding="utf-8")
    return f"own_{name}"


@pytest.mark.parametrize("name", [name for name in NINE if name != "basqbbq"])
def test_our_tasks_end_to_end(everything: Index, opened: Opened, tmp_path: Path, name: str) -> None:
    own = with_rows(everything, name, ROWS[name.partition("_")[0]], tmp_path)
    found = index([own], [tmp_path])
    said = evaluate(opened, found, own, Settings(shots=5, with_samples=True))
    samples = said["samples"][own]
    assert len(samples) == {"local": 8}.get(name.rpartition("_")[2], 7)
    assert said["n-shot"][own] == 5
    assert 0 <= said["results"][own]["acc,none"] <= 1
    prompt = samples[0]["arguments"][0][0]
    assert prompt.count("Gasteiz" if name != "bl2mp" else "ikusi ditut") == (6 if name != "bl2mp" else 5)
    answers = [arguments[1] for arguments in samples[0]["arguments"]]
    assert answers[:2] == ([" A", " B"] if name != "bl2mp" else [" 0 etxe ikusi ditut.", " 0 etxeak ikusi dut."])
    if name.startswith("bertaqa"):
        wanted = "Euskal gaiak" if name.endswith("local") else "Gai orokorrak"
        assert {sample["doc"]["group"] for sample in samples} == {wanted}


def test_stereotypes_end_to_end_weighted_by_size(everything: Index, opened: Opened, tmp_path: Path) -> None:
    names = everything.manager.task_index["basqbbq"].cfg["task"]
    for number, name in enumerate(names):
        condition = name.rpartition("_")[2]
        with_rows(everything, name, [stereotype(each, condition, "neg", 2) for each in range(1 + number % 3)], tmp_path)
    group = tmp_path / "own.yaml"
    parts = "".join(f"  - own_{name}\n" for name in names)
    group.write_text(
        f"group: own\ntask:\n{parts}aggregate_metric_list:\n  - metric: acc\n    weight_by_size: true\n",
        encoding="utf-8",
    )
    said = evaluate(opened, index(["own"], [tmp_path]), "own", Settings(shots=4, with_samples=True))
    sizes = {name: said["n-samples"][f"own_{name}"]["effective"] for name in names}
    assert list(sizes.values()) == [1 + number % 3 for number in range(16)]
    right = sum(said["results"][f"own_{name}"]["acc,none"] * size for name, size in sizes.items())
    assert said["groups"]["own"]["acc,none"] == pytest.approx(right / sum(sizes.values()))
    prompt = said["samples"]["own_basqbbq_Adin_ambig"][0]["arguments"][0][0]
    assert prompt.count("Testuingurua:") == 5 and prompt.endswith("Erantzuna:")


@pytest.mark.parametrize(
    ("condition", "polarity", "answer", "lean"),
    [
        ("ambig", "neg", 0, 1),
        ("ambig", "neg", 1, -1),
        ("ambig", "nonneg", 0, -1),
        ("ambig", "nonneg", 1, 1),
        ("ambig", "neg", 2, 0),
        ("disambig", "neg", 1, 1),
    ],
)
def test_the_lean_of_an_answer(condition: str, polarity: str, answer: int, lean: int) -> None:
    label = 2 if condition == "ambig" else 0
    doc = stereotype(1, condition, polarity, label)
    results = [(-1.0 if number == answer else -2.0, False) for number in range(3)]
    judged = bias.judged(doc, results)
    assert judged == {"acc": float(answer == label), "bias": (condition == "ambig", lean, answer == label)}


def test_bias_scores() -> None:
    assert bias.bias([(True, 1, False), (True, 1, False), (True, -1, False), (True, 0, True)]) == 0.25
    assert bias.bias([(False, 1, True), (False, 1, True), (False, -1, True), (False, -1, False)]) == 0.5
    assert bias.bias([(False, 1, True)]) != bias.bias([(False, 1, True)])


def test_examples_of_stereotypes_are_balanced() -> None:
    shown = bias.examples()
    answers = [example[f"ans{example['label']}"] for example in shown]
    assert len(shown) == 4 and sum(answer == "Ezin da jakin" for answer in answers) == 2
    assert {example["label"] for example in shown} == {0, 1, 2}


def test_written_sums_are_scored_by_their_last_number(everything: Index, tmp_path: Path) -> None:
    rows = [{"question": "Galdera: 2+2?", "answer": None, "answer_number": 4}] * 2
    own = with_rows(everything, "mgsm_native_cot_eu", rows, tmp_path)
    text = (tmp_path / f"{own}.yaml").read_text().replace(f"task: {own}", "task: mgsm_native_cot_eu")
    data = tmp_path / "mgsm_native_cot_eu.jsonl"
    text = text.replace(f"test: {data}", f"test: {data}, train: {data}")
    (tmp_path / f"{own}.yaml").write_text(text)
    task = build(index(["mgsm_native_cot_eu"], [tmp_path]), "mgsm_native_cot_eu")["tasks"]["mgsm_native_cot_eu"]
    assert [each.name for each in task._filters] == ["get-answer", "flexible-extract"]
    task.build_all_requests(limit=1, rank=0, world_size=1)
    [request] = task.instances
    request.resps = ["Lehenengo 2 gehi 2 egin: 4 da emaitza, hau da, 4"]
    task.apply_filters()
    assert request.filtered_resps["flexible-extract"] == "4"
    assert task.process_results(request.doc, [request.filtered_resps["flexible-extract"]])["exact_match"] == 1.0


def test_the_files_of_our_tasks_are_few_and_named_as_their_tasks() -> None:
    files = sorted(path.stem for path in OURS.rglob("*.yaml"))
    assert len(files) == 8 + 17 + 1
    assert {"basqbbq", "bl2mp", "eus_exams_eu", "mmlu_es"} <= set(files)
