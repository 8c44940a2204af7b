"""What evaluation is made of: scores of texts, rows of results, and what tells one model from another."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.benchmarks.local_tasks import write_local_tasks
from training.benchmarks.models import InProcess, fingerprint, local_model
from training.benchmarks.results import merged, plain, scores_of, write_results
from training.benchmarks.running import Settings, shots_of
from training.benchmarks.scoring import bits_per_character, text_bits
from training.exceptions import BadManifest, BadRow, BadSource, EvaluationFailed

DOCUMENTS = st.lists(st.tuples(st.floats(-1e4, 0), st.integers(1, 1000)), min_size=1, max_size=20)


def test_bits_of_a_fair_coin() -> None:
    said = text_bits({"text": "ñu€"}, [3 * math.log(0.5)])
    assert said == {"bits_per_character": (3 * math.log(0.5), 3)}
    assert bits_per_character(said.values()) == pytest.approx(1.0)


@given(DOCUMENTS)
def test_texts_weigh_as_much_as_they_are_long(documents: list[tuple[float, int]]) -> None:
    whole = (sum(one for one, _ in documents), sum(length for _, length in documents))
    assert bits_per_character(documents) == pytest.approx(bits_per_character([whole]), abs=1e-9)
    each = [bits_per_character([one]) for one in documents]
    assert min(each) - 1e-9 <= bits_per_character(documents) <= max(each) + 1e-9


SAID: dict[str, Any] = {
    "results": {
        "whole": {"alias": "whole", "acc,none": np.float64(0.5), "acc_stderr,none": "N/A", "sample_len": 4},
        "part": {"bias,none": math.nan, "acc,none": 1, "acc_stderr,none": 0.1, "sample_len": 2},
    },
    "groups": {"whole": {"acc,none": 0.5}},
    "group_subtasks": {"whole": ["part"]},
    "configs": {"part": {"f": print}},
    "versions": {"part": 1.0},
    "n-shot": {"part": 4, "whole": 4},
    "higher_is_better": {"part": {"acc": True, "bias": False}, "whole": {"acc": True}},
    "n-samples": {"part": {"original": 2, "effective": 2}},
}


def test_rows_of_scores() -> None:
    rows = {(row["task"], row["metric"]): row for row in scores_of(SAID)}
    assert rows.keys() == {("whole", "acc,none"), ("part", "acc,none"), ("part", "bias,none")}
    assert rows["whole", "acc,none"]["stderr"] is None and rows["whole", "acc,none"]["samples"] == 4
    bias = rows["part", "bias,none"]
    assert bias["value"] is None and bias["higher_is_better"] is False and bias["shots"] == 4


def test_results_are_json_that_anybody_reads(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    other = {**SAID, "results": {"b": {"acc,none": 0.25}}, "groups": {}}
    whole = merged(json.dumps(plain(each)) for each in (SAID, other))
    write_results(path, whole, {"model_name": "HiTZ/a model", "chat_template": None, "date": 1.5})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert set(found["results"]) == {"whole", "part", "b"} and found["groups"] == {"whole": {"acc,none": 0.5}}
    assert found["results"]["part"]["bias,none"] is None
    assert found["model_name_sanitized"] == "HiTZ__a model" and found["lm_eval_version"].startswith("0.4.")


@pytest.mark.parametrize("said", ['{"results": 1}', '{"nothing": {}}', "[]", "{"])
def test_what_is_no_result(said: str) -> None:
    with pytest.raises(BadManifest, match="results cannot be read"):
        merged([said])


def test_examples_by_task() -> None:
    assert [shots_of(name, Settings()) for name in ("piqa", "bbq", "heldout_eu")] == [5, 4, None]
    assert shots_of("bbq", Settings(shots=0)) == 0


def model_folder(folder: Path, **card: Any) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    if card:
        (folder / "lehia-model.json").write_text(json.dumps(card))
    return folder


def test_a_model_trained_anew_is_another(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", name="exp_2_101", kind="full")
    model = local_model(str(folder))
    assert (model.name, model.identity) == ("exp_2_101", fingerprint(folder))
    assert local_model(str(folder), name="mine").name == "mine"
    (folder / "model.safetensors").write_bytes(b"Weights")
    assert fingerprint(folder) != model.identity


def test_an_adapter_without_a_card_names_its_base_itself(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "adapter")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "HiTZ/base"}')
    source = local_model(str(folder)).source
    assert isinstance(source, InProcess)
    assert (source.path, source.adapter) == ("HiTZ/base", str(folder))
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(EvaluationFailed, match="does not name the model that it adapts"):
        local_model(str(folder))


@pytest.mark.parametrize("card", ["{", "[]"])
def test_a_card_that_is_none(tmp_path: Path, card: str) -> None:
    folder = model_folder(tmp_path / "model")
    (folder / "lehia-model.json").write_text(card)
    with pytest.raises(EvaluationFailed, match="lehia-model.json"):
        local_model(str(folder))


@pytest.mark.parametrize("path", ["/no/such", "./no/such", "var/no/such"])
def test_a_folder_that_is_not_there(path: str) -> None:
    with pytest.raises(EvaluationFailed, match=f"There is no folder {path}"):
        local_model(path)


def test_an_id_of_a_hub_is_left_to_the_hub() -> None:
    model = local_model("HiTZ/Latxa-Llama-3.1-8B", revision="v2")
    assert (model.name, model.identity) == ("HiTZ/Latxa-Llama-3.1-8B", "v2")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "Zer?", "choices": ["a", "b", "c"], "answer": 0}, "no list of four texts"),
        ({"question": "Zer?", "choices": ["a", "b", "c", 4], "answer": 0}, "no list of four texts"),
        ({"question": "Zer?", "choices": ["a", "b", "c", "d"], "answer": 4}, "no number from 0 to 3"),
        ({"question": "Zer?", "choices": ["a", "b", "c", "d"], "answer": True}, "no number from 0 to 3"),
        ({"question": " ", "choices": ["a", "b", "c", "d"], "answer": 1}, "'question' is empty"),
    ],
)
def test_questions_that_are_wrong(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    path = tmp_path / "choices.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(BadRow, match=f"row 1: .*{reason}.*Mend the row"):
        write_local_tasks(tmp_path / "tasks", choices=path)
    assert not (tmp_path / "tasks").exists()


def test_no_rows_are_no_task(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text("")
    with pytest.raises(BadSource, match="has no rows"):
        write_local_tasks(tmp_path / "tasks", texts=tmp_path / "texts.jsonl")
