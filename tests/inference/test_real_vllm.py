"""The streaming client and the launcher against the real engine."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from inference.enums import ModelHealth
from inference.health import ProbeResult, probe
from inference.prompting import messages_for
from inference.streaming import AnswerFailed, ChatRequest, Delta, FailureKind, Finished, close_session, stream_chat
from tests.stubs.fixtures import RealServer

pytestmark = pytest.mark.vllm

MESSAGES = messages_for("system", "Answer in Basque, in one sentence.", [("Kaixo! Zer da Euskal Herria?", None)])


@pytest.fixture(autouse=True)
async def clients() -> AsyncIterator[None]:
    yield
    await close_session()


def running_requests(server: RealServer) -> float:
    with urlopen(server.base_url.replace("/v1", "/metrics")) as page:
        found = re.search(r"^vllm:num_requests_running\{.*\} (\S+)$", page.read().decode(), re.MULTILINE)
    assert found
    return float(found[1])


async def test_an_answer_streams_in(vllm_server: RealServer) -> None:
    request = ChatRequest(MESSAGES, temperature=0.9, top_p=0.95, max_tokens=40, extra={"seed": 7})
    *deltas, finished = [event async for event in stream_chat(vllm_server.endpoint, request)]
    text = "".join(delta.text for delta in deltas if isinstance(delta, Delta))
    assert text.strip()
    assert isinstance(finished, Finished)
    assert finished.finish_reason in {"stop", "length"}
    assert finished.prompt_tokens and finished.completion_tokens
    assert 1 < len(deltas) <= finished.completion_tokens <= 40


async def test_stopping_an_answer_makes_vllm_abort_it(vllm_server: RealServer) -> None:
    request = ChatRequest(MESSAGES, temperature=0.9, max_tokens=1500, extra={"ignore_eos": True})
    async with aclosing(stream_chat(vllm_server.endpoint, request)) as events:
        async for event in events:
            if isinstance(event, Delta) and event.text:
                break
        assert await asyncio.to_thread(running_requests, vllm_server) == 1
    async with asyncio.timeout(5):
        while await asyncio.to_thread(running_requests, vllm_server):
            await asyncio.sleep(0.1)


async def test_a_refusal_by_vllm_has_its_reason(vllm_server: RealServer) -> None:
    endless = ChatRequest([{"role": "user", "content": "kaixo " * 4000}], max_tokens=10)
    with pytest.raises(AnswerFailed, match="maximum context length") as caught:
        async with aclosing(stream_chat(vllm_server.endpoint, endless)) as events:
            async for _event in events:
                pass
    assert caught.value.kind is FailureKind.REQUEST_REFUSED


async def test_a_probe_knows_the_model_and_misses_another(vllm_server: RealServer) -> None:
    assert (await probe(vllm_server.endpoint)) == ProbeResult(ModelHealth.READY)
    missing: ProbeResult = await probe(replace(vllm_server.endpoint, model_name="latxa-70b"))
    assert missing.health is ModelHealth.FAILING


async def test_a_probe_gets_a_token_and_the_load(vllm_server: RealServer) -> None:
    result = await probe(vllm_server.endpoint, asks=True, reads_load=True)
    assert (result.health, result.reason, result.has_asked) == (ModelHealth.READY, "", True)
    assert result.latency_ms is not None and result.latency_ms < 15_000
    assert (result.load.running, result.load.waiting) == (0, 0)
    assert result.load.cache_use is not None and 0 <= result.load.cache_use < 1


async def test_a_probe_sees_the_requests_of_others(vllm_server: RealServer) -> None:
    request = ChatRequest([{"role": "user", "content": "Tell me a very long story."}], max_tokens=400)
    async with aclosing(stream_chat(vllm_server.endpoint, request)) as events:
        async for event in events:
            if isinstance(event, Delta) and event.text:
                break
        assert (await probe(vllm_server.endpoint, reads_load=True)).load.running == 1


def test_the_engine_keeps_no_prompt_in_its_log(vllm_server: RealServer) -> None:
    assert "Euskal Herria" not in Path(vllm_server.log).read_text()
