"""`evaluate_benchmarks`: in process and through a server, interrupted, and with what is wrong."""

import functools
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.scoring_server import ScoringServer
from training.benchmarks.loading import Index
from training.exceptions import EvaluationFailed
from training.manifests import read_manifest
from training.shards import rows_of

BEGIN = 256
"""The token that begins a text."""

pytestmark = [
    pytest.mark.django_db,
    # Of the harness and of what it imports; none is ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    import datasets

    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("datasets")
    yield
    datasets.config.HF_DATASETS_CACHE = before


@pytest.fixture(scope="module")
def server(tiny_model: Path) -> Iterator[ScoringServer]:
    server = ScoringServer(tiny_model)
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _forgotten(server: ScoringServer) -> None:
    server.forget()


@pytest.fixture(scope="module")
def beginning_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a tokenizer that begins each text by itself, as Llama 3's does."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    folder = tmp_path_factory.mktemp("beginning") / "model"
    shutil.copytree(tiny_model, folder)
    core = Tokenizer.from_file(str(folder / "tokenizer.json"))
    core.post_processor = TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", BEGIN)]
    )
    core.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return written(
        tmp_path / "texts.jsonl", [{"text": f"Kaixo, mundua! {number} ñandu eta € bat."} for number in range(4)]
    )


@pytest.fixture
def choices(tmp_path: Path) -> Path:
    words = ["etxea", "mendia", "itsasoa", "zubia"]
    rows = [{"question": f"Zein da {word}?", "choices": words, "answer": words.index(word)} for word in words]
    return written(tmp_path / "choices.jsonl", rows)


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def evaluated(output: Path, *arguments: object) -> dict[str, Any]:
    call_command("evaluate_benchmarks", *map(str, arguments), "--output", str(output))
    result: dict[str, Any] = json.loads((output / "results.json").read_text(encoding="utf-8"))
    return result


def served(server: ScoringServer, tiny_model: Path, *more: object) -> list[object]:
    return ["--base-url", server.base_url, "--model-name", "tiny", "--tokenizer", tiny_model, "--at-once", 4, *more]


def likelihoods(folder: Path) -> dict[tuple[str, int], list[float]]:
    """The log-likelihoods of each document's answers, as the samples have them."""
    found = {}
    for row in rows_of(read_manifest(folder), "samples"):
        responses = json.loads(row["sample"])["filtered_resps"]
        found[row["task"], row["document"]] = [one[0] if isinstance(one, list) else one for one in responses]
    return found


def task_file(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("template", ["yes", "no"])
def test_a_server_gives_what_the_same_model_gives_in_process(
    tmp_path: Path, beginning_model: Path, server: ScoringServer, texts: Path, choices: Path, template: str
) -> None:
    asked = ["--texts", texts, "--choices", choices, "--num-fewshot", 2, "--samples", "--chat-template", template]
    here = evaluated(tmp_path / "here", "--model", beginning_model, *asked)
    there = evaluated(tmp_path / "there", *served(server, beginning_model), *asked)
    ours, theirs = likelihoods(tmp_path / "here"), likelihoods(tmp_path / "there")
    assert ours.keys() == theirs.keys() and len(ours) == 8
    for key, values in ours.items():
        assert theirs[key] == pytest.approx(values, abs=1e-4)
    for result in (here, there):
        assert result["n-shot"] == {"heldout_eu": 0, "help_choice_eu": 2}
        assert result["n-samples"]["help_choice_eu"] == {"original": 4, "effective": 4}
        assert result["fewshot_as_multiturn"] is (template == "yes")
        assert bool(result["chat_template"]) is (template == "yes")
    assert here["results"]["help_choice_eu"]["acc,none"] == there["results"]["help_choice_eu"]["acc,none"]
    bits = [result["results"]["heldout_eu"]["bits_per_character,none"] for result in (here, there)]
    assert bits[0] == pytest.approx(bits[1], abs=1e-4)
    assert here["model_name"] == beginning_model.name and there["model_name"] == "tiny"
    assert (here["config"]["model"], there["config"]["model"]) == ("hf", "local-completions")
    # What begins a text is there once, whether or not a template has written it.
    assert all(prompt.count(BEGIN) == 1 and prompt[0] == BEGIN for prompt in server.prompts)


def test_bits_per_character_against_the_model_itself(tmp_path: Path, beginning_model: Path, texts: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    result = evaluated(tmp_path / "out", "--model", beginning_model, "--texts", texts)
    model, tokenizer = (kind.from_pretrained(beginning_model) for kind in (AutoModelForCausalLM, AutoTokenizer))
    nats = characters = 0.0
    for row in texts.read_text(encoding="utf-8").splitlines():
        text = json.loads(row)["text"]
        tokens = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False).input_ids]])
        with torch.no_grad():
            scores = model(tokens).logits[0, :-1].log_softmax(-1)
        nats -= float(scores.gather(1, tokens[0, 1:, None]).sum())
        characters += len(text)
    expected = nats / math.log(2) / characters
    assert result["results"]["heldout_eu"]["bits_per_character,none"] == pytest.approx(expected, abs=1e-4)
    assert result["higher_is_better"]["heldout_eu"]["bits_per_character"] is False


def test_texts_longer_than_the_context_are_scored_in_windows(
    tmp_path: Path, tiny_model: Path, server: ScoringServer
) -> None:
    long = written(tmp_path / "long.jsonl", [{"text": "Mendiak eta itsasoa. " * 20}])
    asked = ["--texts", long, "--samples"]
    there = evaluated(tmp_path / "there", *served(server, tiny_model, "--max-length", 102), *asked)
    assert max(len(prompt) for prompt in server.prompts) <= 101
    # A server needs room for one new token, and the harness keeps another.
    here = evaluated(tmp_path / "here", "--model", tiny_model, "--max-length", 100, *asked)
    bits = [each["results"]["heldout_eu"]["bits_per_character,none"] for each in (here, there)]
    assert bits[0] == pytest.approx(bits[1], abs=1e-4)


def test_answers_that_are_written_come_from_messages(tmp_path: Path, tiny_model: Path, server: ScoringServer) -> None:
    data = written(tmp_path / "sums.jsonl", [{"question": "Bat gehi bat?", "answer": "2"}])
    folder = task_file(
        tmp_path / "tasks",
        f"task: sums_eu\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: {data}}}}}\ntest_split: test\n"
        "output_type: generate_until\ndoc_to_text: question\ndoc_to_target: answer\nnum_fewshot: 0\n"
        "generation_kwargs: {until: ['\\n\\n'], do_sample: false, max_gen_toks: 8}\n"
        "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]\n",
    )
    asked = ["--tasks", "sums_eu", "--include-path", folder]
    there = evaluated(tmp_path / "chat", *served(server, tiny_model), *asked)
    assert server.asked == {"chat": 1}
    assert server.prompts[0][-1]["content"] == "Bat gehi bat?"
    assert there["results"]["sums_eu"]["exact_match,none"] == 0.0
    server.forget()
    plain = [*asked, "--samples", "--chat-template", "no"]
    evaluated(tmp_path / "plain", *served(server, tiny_model), *plain)
    assert server.asked == {"completions": 1}
    evaluated(tmp_path / "here", "--model", tiny_model, *plain)
    [(theirs, ours)] = zip(*(likelihoods(tmp_path / each).values() for each in ("plain", "here")), strict=True)
    assert theirs == ours and len(ours[0]) > 4


def test_faults_of_a_server_that_pass(
    tmp_path: Path,
    tiny_model: Path,
    server: ScoringServer,
    texts: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TINY_API_KEY", "a-secret")
    whole = evaluated(tmp_path / "whole", *served(server, tiny_model), "--texts", texts)
    server.forget()
    server.faults = ["500", "cut"]
    again = evaluated(tmp_path / "again", *served(server, tiny_model, "--key-env", "TINY_API_KEY"), "--texts", texts)
    assert again["results"] == whole["results"]
    assert server.asked["completions"] == 6 and server.keys == {"Bearer a-secret"}
    assert "A request failed: ClientResponseError: 500" in caplog.text and "a-secret" not in caplog.text


def test_replies_without_scores_are_no_scores(
    tmp_path: Path, tiny_model: Path, server: ScoringServer, choices: Path
) -> None:
    server.faults = ["no echo"] * 100
    with pytest.raises(CommandError, match="help_choice_eu: .*log-probabilities of the prompt"):
        evaluated(tmp_path / "out", *served(server, tiny_model, "--limit", 1), "--choices", choices)
    assert not (tmp_path / "out/results.json").exists()


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([], "gave 0 completions of 1 prompts"),
        ([{"index": 0, "logprobs": None}], "TypeError: .*no log-probabilities"),
        ([{"index": 0, "text": ""}], "KeyError: .*no log-probabilities"),
        ([{"index": 0, "logprobs": {"token_logprobs": [-1.0], "top_logprobs": [{"a": -1.0}]}}], "Of 2 tokens"),
        ([{"index": 0, "logprobs": {"token_logprobs": [None, -1, None], "top_logprobs": [None] * 3}}], "Of 2 tokens"),
    ],
)
def test_a_reply_that_is_no_score(choices: list[dict[str, Any]], reason: str) -> None:
    from training.benchmarks.served import ServedCompletions

    with pytest.raises(EvaluationFailed, match=reason):
        ServedCompletions.parse_logprobs({"choices": choices}, tokens=[[1, 2, 3]], ctxlens=[1])


def test_scores_are_taken_by_the_prompts_own_length() -> None:
    from training.benchmarks.served import ServedCompletions

    def reply(index: int, *more: float) -> dict[str, Any]:
        own = [None, -1.0, -2.0 - index, *more]
        top = [None, *({"a": one, "b": -1.5} for one in own[1:])]
        return {"index": index, "logprobs": {"token_logprobs": own, "top_logprobs": top}}

    # Some servers leave out the new token, which the harness would then cut off the prompt; and order is theirs.
    said = {"choices": [reply(1), reply(0, -9.0)]}
    scores = ServedCompletions.parse_logprobs(said, tokens=[[5, 6, 7], [5, 6, 7]], ctxlens=[1, 2])
    assert scores == [(-3.0, False), (-3.0, False)]


def test_a_reply_to_messages_that_is_no_answer() -> None:
    from training.benchmarks.served import ServedChat

    with pytest.raises(EvaluationFailed, match="has no answer"):
        ServedChat.parse_generations(None, {"error": "overloaded"})


def test_a_finished_task_is_not_run_again(
    tmp_path: Path, tiny_model: Path, server: ScoringServer, texts: Path, choices: Path
) -> None:
    out = tmp_path / "out"
    asked = [*served(server, tiny_model), "--tasks", "heldout_eu", "no_data", "--texts", texts]
    folder = task_file(
        tmp_path / "tasks",
        f"task: no_data\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: {tmp_path / 'later.jsonl'}}}}}\n"
        "test_split: test\noutput_type: multiple_choice\ndoc_to_text: question\ndoc_to_choice: choices\n"
        "doc_to_target: answer\nnum_fewshot: 0\n"
        "metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n",
    )
    with pytest.raises(CommandError, match=r"1 of 2 tasks had no data: no_data\. The others are finished"):
        evaluated(out, *asked, "--include-path", folder)
    assert server.asked["completions"] == 4
    assert not (out / "results.json").exists() and not (out / "manifest.json").exists()
    server.forget()
    choices.rename(tmp_path / "later.jsonl")
    result = evaluated(out, *asked, "--include-path", folder)
    assert set(result["results"]) == {"heldout_eu", "no_data"}
    assert server.asked["completions"] == 16
    server.forget()
    (out / "results.json").write_text('{"results": {"heldout_eu"')
    assert evaluated(out, *asked, "--include-path", folder)["results"] == result["results"]
    assert not server.asked


def test_results_that_were_changed_are_not_believed(tmp_path: Path, tiny_model: Path, texts: Path) -> None:
    out = tmp_path / "out"
    evaluated(out, "--model", tiny_model, "--texts", texts)
    shard = out / "said/00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(CommandError, match="does not match"):
        evaluated(out, "--model", tiny_model, "--texts", texts)


def test_other_arguments_do_not_go_on_with_the_same_folder(tmp_path: Path, tiny_model: Path, texts: Path) -> None:
    out = tmp_path / "out"
    evaluated(out, "--model", tiny_model, "--texts", texts)
    with pytest.raises(CommandError, match="limit is null there, and 2 here"):
        evaluated(out, "--model", tiny_model, "--texts", texts, "--limit", 2)


def test_two_processes_share_the_tasks(tmp_path: Path, tiny_model: Path, texts: Path, choices: Path) -> None:
    out = tmp_path / "out"
    asked = ["--model", str(tiny_model), "--texts", str(texts), "--choices", str(choices), "--output", str(out)]
    call_command("evaluate_benchmarks", *asked, "--shard", "1", "--num-shards", "2")
    assert not (out / "results.json").exists()
    call_command("evaluate_benchmarks", *asked, "--shard", "0", "--num-shards", "2")
    assert set(json.loads((out / "results.json").read_text())["results"]) == {"heldout_eu", "help_choice_eu"}


def test_an_adapter_is_evaluated_on_its_base_under_its_own_name(tmp_path: Path, tiny_model: Path, texts: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    adapter = tmp_path / "model"
    torch.manual_seed(1)
    settings = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), settings).save_pretrained(adapter)
    card = {"format": 1, "name": "exp_0_101", "kind": "adapter", "base": str(tiny_model), "base_revision": ""}
    (adapter / "lehia-model.json").write_text(json.dumps(card))
    base = evaluated(tmp_path / "base", "--model", tiny_model, "--texts", texts)
    adapted = evaluated(tmp_path / "adapted", "--model", adapter, "--texts", texts)
    assert adapted["model_name"] == "exp_0_101" and adapted["lehia_model"] == card
    bits = [each["results"]["heldout_eu"]["bits_per_character,none"] for each in (base, adapted)]
    assert bits[0] != pytest.approx(bits[1], abs=1e-4)


def test_a_served_model_of_the_database(
    tmp_path: Path, tiny_model: Path, server: ScoringServer, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inference.actions import register_served_model

    monkeypatch.setenv("TINY_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_API_KEY", "of another service")
    register_served_model(
        name="Tiny, served", base_url=server.base_url, model_name="an-adapter", api_key_env="TINY_API_KEY", revision="7"
    )
    result = evaluated(tmp_path / "out", "--served", "Tiny, served", "--tokenizer", tiny_model, "--texts", texts)
    assert result["model_name"] == "Tiny, served"
    assert result["config"]["model_revision"] == "7"
    assert server.keys == {"Bearer secret"}
    assert result["max_length"] == 2047
    server.forget()
    evaluated(tmp_path / "keyless", *served(server, tiny_model), "--texts", texts)
    assert server.keys == {""}
    with pytest.raises(CommandError, match="no served model 'Tinny'. It has: Tiny, served"):
        evaluated(tmp_path / "none", "--served", "Tinny")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--tasks", "belebele_eu"], "Is it one of belebele_"),
        (["--tasks", "heldout_eu", "--model-name", "giant"], "has no model 'giant'. It has: tiny, an-adapter"),
        (["--tokenizer", "/nowhere/at/all"], "The tokenizer of /nowhere/at/all cannot be loaded"),
        (["--include-path", "/nowhere/at/all"], "--include-path /nowhere/at/all: there is no such folder"),
        (["--num-fewshot", "-1"], "--num-fewshot must be 0 or more"),
        (["--num-fewshot", "9", "--tasks", "help_choice_eu"], "help_choice_eu could not be evaluated"),
        (["--model", "/nowhere/at/all"], "Name one model"),
    ],
)
def test_what_is_asked_wrongly(
    tmp_path: Path,
    tiny_model: Path,
    server: ScoringServer,
    texts: Path,
    choices: Path,
    arguments: list[str],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lm_eval import tasks

    # The whole index of the harness takes half a minute to read.
    monkeypatch.setattr(tasks, "TaskManager", functools.partial(tasks.TaskManager, include_defaults=False))
    with pytest.raises(CommandError, match=reason):
        evaluated(tmp_path / "out", *served(server, tiny_model), "--texts", texts, "--choices", choices, *arguments)


def test_a_task_file_that_is_none(tmp_path: Path, tiny_model: Path) -> None:
    folder = task_file(tmp_path / "tasks", "task: [unfinished\n")
    with pytest.raises(CommandError, match="task.yaml is no task file"):
        evaluated(tmp_path / "out", "--model", tiny_model, "--tasks", "mine", "--include-path", folder)


def test_an_unreachable_server(tmp_path: Path, tiny_model: Path, texts: Path) -> None:
    gone = ["--base-url", "http://127.0.0.1:9/v1", "--model-name", "tiny", "--tokenizer", tiny_model]
    with pytest.raises(CommandError, match="The server at http://127.0.0.1:9/v1 does not tell its models"):
        evaluated(tmp_path / "out", *gone, "--texts", texts)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": ""}, "row 2: 'text' is empty"),
        ({"words": "x"}, "row 2: 'text' is missing"),
    ],
)
def test_rows_of_texts_that_are_wrong(tmp_path: Path, tiny_model: Path, row: dict[str, str], reason: str) -> None:
    bad = written(tmp_path / "bad.jsonl", [{"text": "ondo"}, row])
    with pytest.raises(CommandError, match=reason):
        evaluated(tmp_path / "out", "--model", tiny_model, "--texts", bad)


def test_a_folder_without_a_model(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "run/model").mkdir(parents=True)
    with pytest.raises(CommandError, match=r"holds no model: it has neither .* Is it .*run/model\?"):
        evaluated(tmp_path / "out", "--model", tmp_path / "run", "--texts", texts)
    (tmp_path / "run/config.json").write_text("{}")
    with pytest.raises(CommandError, match="cannot be loaded"):
        evaluated(tmp_path / "out", "--model", tmp_path / "run", "--texts", texts)


def test_weights_that_are_cut_off(tmp_path: Path, tiny_model: Path, texts: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "model.safetensors").write_bytes((tiny_model / "model.safetensors").read_bytes()[:100])
    with pytest.raises(CommandError, match="broken cannot be loaded: SafetensorError"):
        evaluated(tmp_path / "out", "--model", broken, "--texts", texts)


def test_a_dry_run_lists_the_tasks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("evaluate_benchmarks", "--dry-run", "--output", str(tmp_path / "out"))
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "29 tasks."
    assert any(line.split() == ["basqbbq", "eu", "4", "acc,none", "Lehia"] for line in printed)
    assert not (tmp_path / "out").exists()


def test_the_index_knows_groups_and_tags(tmp_path: Path) -> None:
    from training.benchmarks.loading import index

    found: Index = index(["eus_exams_eu", "basqbbq", "mgsm_native_cot_eu"])
    assert not found.is_generated("eus_exams_eu") and not found.is_rolling("basqbbq")
    assert found.is_generated("mgsm_native_cot_eu")
