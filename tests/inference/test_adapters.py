"""Adapters of one backbone, served together by the real engine, each as a model of its own."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from urllib.request import urlopen

import pytest

from inference.endpoints import Endpoint
from inference.engine.environment import Engine
from inference.streaming import ChatRequest, Delta, close_session, stream_chat
from tests.inference.serving import ServeModels

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "var" / "models" / "smollm2-135m-instruct"
MAKE_ADAPTERS = ROOT / "tests" / "stubs" / "make_adapters.py"
NAMES = ["adapter-a", "adapter-b", "backbone"]


def spec(folder: Path, port: int) -> str:
    return f"""\
models:
  - name: backbone
    path: {MODEL}
    port: {port}
    dtype: bfloat16
    max_model_len: 1024
    adapters:
      - {{name: adapter-a, path: {folder / "a"}}}
      - {{name: adapter-b, path: {folder / "b"}}}
    extra_args: [--enforce-eager]
    env: {{VLLM_CPU_KVCACHE_SPACE: 1}}
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeModels]:
    folder = tmp_path_factory.mktemp("adapters")
    subprocess.run(
        [str(Engine().python), str(MAKE_ADAPTERS), str(MODEL), str(folder / "a"), str(folder / "b")], check=True
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    started = ServeModels(folder, spec(folder, port))
    try:
        started.until("backbone: ready after")
        yield started
    finally:
        started.end()


@pytest.fixture(scope="module")
def base_url(serving: ServeModels) -> str:
    return serving.models()["backbone"]["base_url"]


async def answer(base_url: str, name: str) -> str:
    request = ChatRequest([{"role": "user", "content": "Kaixo! Nor zara?"}], temperature=0, max_tokens=24)
    async with aclosing(stream_chat(Endpoint(base_url, name, first_token_timeout=120), request)) as events:
        return "".join([event.text async for event in events if isinstance(event, Delta)])


def test_one_server_lists_the_backbone_and_its_adapters(base_url: str) -> None:
    with urlopen(f"{base_url}/models") as page:
        assert sorted(model["id"] for model in json.load(page)["data"]) == NAMES


def test_each_is_a_served_model_at_the_same_address(serving: ServeModels, base_url: str) -> None:
    models = serving.models()
    assert sorted(models) == NAMES
    for name, row in models.items():
        assert (row["model_name"], row["base_url"], row["health"]) == (name, base_url, "ready"), row


async def test_each_answers_in_its_own_way(base_url: str) -> None:
    answers = {name: await answer(base_url, name) for name in NAMES}
    await close_session()
    assert len(set(answers.values())) == len(NAMES), answers


def test_all_of_them_end_together(serving: ServeModels) -> None:
    assert serving.stop(signal.SIGINT) == 0
    models = serving.models()
    assert {row["health"] for row in models.values()} == {"failing"}, models
