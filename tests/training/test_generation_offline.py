"""vLLM's offline engine: the process around it, and the engine itself where there is one."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from inference.engine import demo_model
from inference.engine.environment import Engine
from training.asking import nobody
from training.generation.engines import EngineFailed, Request
from training.generation.offline import started
from training.generation.sampling import Sampling
from training.generation.tokens import tokens_of
from training.sft.tokenizers import read_tokenizer

SAMPLING = Sampling(0.8, 1.0, 10, banned_first=(35,))
REQUESTS = [Request("", 7, 5, (1, 2)), Request("", 8, 5, (3,))]


def decode(ids: list[int]) -> str:
    return " ".join(map(str, ids))


def stand_in(folder: Path, *lines: str) -> Path:
    """A program in the place of the engine's Python. It is given `-m training.engine_worker SETTINGS`."""
    path = folder / "python"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_requests_go_out_and_texts_come_back(tmp_path: Path) -> None:
    sampled = {"sampled": [{"tokens": [5, 6], "reason": "stop"}, {"tokens": [7], "reason": "length"}]}
    python = stand_in(
        tmp_path,
        f'echo "$@" $HF_HUB_OFFLINE > {tmp_path}/arguments',
        "echo '{\"ready\": true}'",
        f'read line; echo "$line" > {tmp_path}/asked',
        "echo '{\"more\": 1}'",
        "echo '{\"more\": 2}'",
        f"echo '{json.dumps(sampled)}'",
        "read line",
    )
    told: list[int] = []
    with started({"model": str(tmp_path)}, python=python, log=tmp_path / "log", decode=decode) as engine:
        texts = engine.sample(REQUESTS, SAMPLING, told.append)
        assert engine.sample([], SAMPLING, nobody) == []
    assert [(each.text, each.is_finished, each.tokens) for each in texts] == [("5 6", True, 2), ("7", False, 1)]
    assert told == [1, 2]
    asked = json.loads((tmp_path / "asked").read_text())
    assert asked["requests"][0] == {"tokens": [1, 2], "seed": 7, "max_tokens": 5}
    assert asked["sampling"]["banned_first"] == [35]
    assert (tmp_path / "arguments").read_text().split() == [
        "-m",
        "training.engine_worker",
        '{"model":',
        f'"{tmp_path}"}}',
        "1",
    ]


def test_an_engine_that_cannot_start_tells_the_end_of_its_log(tmp_path: Path) -> None:
    python = stand_in(tmp_path, "echo 'ValueError: no such model' >&2", "exit 3")
    with (
        pytest.raises(EngineFailed, match=r"ended with code 3.*run the same command again(.|\n)*no such model"),
        started({"model": "x"}, python=python, log=tmp_path / "log", decode=decode),
    ):
        pass


@pytest.mark.parametrize("end, code", [("exit 5", 5), ("kill -9 $$", 137)])
def test_an_engine_that_dies_in_the_middle(tmp_path: Path, end: str, code: int) -> None:
    python = stand_in(tmp_path, "echo '{\"ready\": true}'", "read line", "echo 'out of memory' >&2", end)
    with (
        pytest.raises(EngineFailed, match=rf"code {code}\b(.|\n)*out of memory"),
        started({"model": "x"}, python=python, log=tmp_path / "log", decode=decode) as engine,
    ):
        engine.sample(REQUESTS, SAMPLING, nobody)


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineFailed, match="make engine"),
        started({"model": "x"}, python=tmp_path / "python", log=tmp_path / "log", decode=decode),
    ):
        pass


def test_the_engine_ends_with_the_block(tmp_path: Path) -> None:
    python = stand_in(tmp_path, f"echo $$ > {tmp_path}/pid", "echo '{\"ready\": true}'", "while true; do sleep 1; done")
    with started({"model": "x"}, python=python, log=tmp_path / "log", decode=decode):
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.vllm
@pytest.mark.timeout(600)
def test_the_real_engine(tmp_path: Path) -> None:
    model = str(demo_model.TARGET)
    tokens = tokens_of(read_tokenizer(model), model)
    settings = {"model": model, "max_model_len": 256, "enforce_eager": True, "kv_cache_memory_bytes": 2**28}
    prompt = tuple(tokens.encode("<|im_start|>user\nWrite a Markdown document.<|im_end|>\n<|im_start|>assistant\n"))
    asked = [Request("", seed, 12, prompt) for seed in (1, 2, 3)]
    sampling = Sampling(0.5, 1.0, 12, stop_tokens=tokens.ends_of("<|im_end|>"))
    told: list[int] = []
    with started(settings, python=Engine().python, log=tmp_path / "log", decode=decode) as engine:
        texts = engine.sample(asked, sampling, told.append)
        assert told == [1, 1, 1]
        assert engine.sample(asked, sampling, nobody) == texts
        likely = {int(each.text.split()[0]) for each in texts}
        others = engine.sample(asked, replace(sampling, banned_first=tuple(likely)), nobody)
    assert not {int(each.text.split()[0]) for each in others} & likely
    assert all(0 < each.tokens <= 12 for each in [*texts, *others])
