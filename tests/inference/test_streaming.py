"""The streaming client against a scripted server on a real port: the good way, and every way to fail."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from inference.health import probe
from inference.streaming import (
    AnswerFailed,
    ChatRequest,
    Delta,
    Endpoint,
    FailureKind,
    Finished,
    close_session,
    stream_chat,
)
from tests.stubs.behaviour import Behaviour, answer_text
from tests.stubs.openai_server import StubServer

MESSAGES = [{"role": "user", "content": "Kaixo, zer moduz? 🙂"}]
REQUEST = ChatRequest(MESSAGES, temperature=0.9, top_p=0.95, max_tokens=512)


@pytest.fixture(autouse=True)
async def clients() -> AsyncIterator[None]:
    yield
    await close_session()


def endpoint(server: StubServer, behaviour: Behaviour = Behaviour.OK) -> Endpoint:
    return Endpoint(
        base_url=server.base_url,
        model_name=f"stub-{behaviour}",
        connect_timeout=2,
        first_token_timeout=0.5,
        silence_timeout=0.3,
    )


async def collect(asked: Endpoint, request: ChatRequest = REQUEST) -> tuple[list[Delta], Finished]:
    """The deltas and the end of a good answer."""
    *deltas, finished = [event async for event in stream_chat(asked, request)]
    assert isinstance(finished, Finished)
    return [delta for delta in deltas if isinstance(delta, Delta)], finished


async def fail(asked: Endpoint, request: ChatRequest = REQUEST) -> tuple[str, AnswerFailed]:
    """What was said before the failure, and the failure."""
    said = ""
    with pytest.raises(AnswerFailed) as caught:
        async for event in stream_chat(asked, request):
            assert isinstance(event, Delta)
            said += event.text
    return said, caught.value


async def until(condition: object, seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "behaviour", [Behaviour.OK, Behaviour.CRLF, Behaviour.COMMENTS, Behaviour.SPLIT, Behaviour.NO_USAGE]
)
async def test_a_good_answer_arrives_whole(openai_server: StubServer, behaviour: Behaviour) -> None:
    openai_server.script.text = "Eñe, çedilla eta 🙂 **ondo** iritsi dira."
    deltas, finished = await collect(endpoint(openai_server, behaviour))
    assert "".join(delta.text for delta in deltas) == openai_server.script.text
    assert len(deltas) == 7
    counts = (None, None) if behaviour is Behaviour.NO_USAGE else (1, 7)
    assert finished == Finished("stop", *counts)


async def test_a_server_that_lingers_after_its_finish_reason_keeps_nobody_waiting(openai_server: StubServer) -> None:
    openai_server.script.text = "bat bi hiru"
    async with asyncio.timeout(3):
        deltas, finished = await collect(endpoint(openai_server, Behaviour.LINGERS))
    assert "".join(delta.text for delta in deltas) == "bat bi hiru"
    assert finished == Finished("stop")
    await until(lambda: openai_server.open_answers == 0)


async def test_the_server_gets_what_was_asked(openai_server: StubServer) -> None:
    request = replace(REQUEST, extra={"top_k": 40, "seed": 7})
    await collect(replace(endpoint(openai_server), api_key="s3cret"), request)
    (seen,) = openai_server.requests
    assert seen.authorization == "Bearer s3cret"
    assert seen.body == {
        "model": "stub-ok",
        "messages": MESSAGES,
        "temperature": 0.9,
        "top_p": 0.95,
        "max_tokens": 512,
        "top_k": 40,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_parameters_left_to_the_server_are_not_sent(openai_server: StubServer) -> None:
    await collect(endpoint(openai_server), ChatRequest(MESSAGES))
    assert openai_server.requests[0].body.keys() == {"model", "messages", "stream", "stream_options"}


async def test_the_processs_own_key_is_sent_to_nobody_else(
    openai_server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the key of another provider")
    await collect(endpoint(openai_server))
    assert openai_server.requests[0].authorization == ""


def test_a_key_is_not_printed_with_its_endpoint() -> None:
    assert "s3cret" not in repr(Endpoint("http://127.0.0.1/v1", "m", api_key="s3cret"))


def test_extra_parameters_may_not_break_streaming() -> None:
    with pytest.raises(ValueError, match="model, stream"):
        ChatRequest(MESSAGES, extra={"stream": False, "model": "another"})


async def test_reasoning_is_kept_apart_from_the_answer(openai_server: StubServer) -> None:
    asked = endpoint(openai_server, Behaviour.REASONING)
    deltas, _finished = await collect(asked)
    assert deltas[0] == Delta("", reasoning="Pentsatu dezadan.")
    expected = answer_text(openai_server.script, asked.model_name, MESSAGES)
    assert "".join(delta.text for delta in deltas) == expected


@pytest.mark.parametrize(
    ("behaviour", "kind", "tokens"),
    [
        (Behaviour.HTTP_500, FailureKind.HTTP_STATUS, 0),
        (Behaviour.HTTP_429, FailureKind.HTTP_STATUS, 0),
        (Behaviour.HTTP_400, FailureKind.REQUEST_REFUSED, 0),
        (Behaviour.JSON, FailureKind.NOT_A_STREAM, 0),
        (Behaviour.HTML, FailureKind.NOT_A_STREAM, 0),
        (Behaviour.SLOW, FailureKind.FIRST_TOKEN_TIMEOUT, 0),
        (Behaviour.EMPTY, FailureKind.EMPTY, 0),
        (Behaviour.DISCONNECT, FailureKind.CUT_OFF, 0),
        (Behaviour.SILENCE, FailureKind.SILENCE_TIMEOUT, 3),
        (Behaviour.DRIP, FailureKind.SILENCE_TIMEOUT, 3),
        (Behaviour.CUT, FailureKind.CUT_OFF, 3),
        (Behaviour.ENDS_EARLY, FailureKind.CUT_OFF, 3),
        (Behaviour.GARBAGE, FailureKind.GARBAGE, 3),
        (Behaviour.ERROR_EVENT, FailureKind.HTTP_STATUS, 3),
        (Behaviour.HUGE_EVENT, FailureKind.OVER_LIMIT, 3),
    ],
)
async def test_a_failure_has_its_kind_and_costs_nothing_said_before(
    openai_server: StubServer, behaviour: Behaviour, kind: FailureKind, tokens: int
) -> None:
    openai_server.script.text = "bat bi hiru lau bost"
    said, failure = await fail(endpoint(openai_server, behaviour))
    assert failure.kind is kind
    assert said.split() == ["bat", "bi", "hiru"][:tokens]
    await until(lambda: openai_server.open_answers == 0)


async def test_the_detail_says_what_the_server_said(openai_server: StubServer) -> None:
    _said, failure = await fail(endpoint(openai_server, Behaviour.HTTP_500))
    assert failure.detail.startswith("500: ")
    assert "stub-http-500 has no room" in failure.detail


async def test_an_endless_answer_is_cut_at_what_its_tokens_can_hold(openai_server: StubServer) -> None:
    said, failure = await fail(endpoint(openai_server, Behaviour.ENDLESS), replace(REQUEST, max_tokens=100))
    assert failure.kind is FailureKind.OVER_LIMIT
    assert 100 < len(said) <= 100 * 128
    await until(lambda: openai_server.open_answers == 0)


async def test_a_refused_connection(openai_server: StubServer) -> None:
    openai_server.refuse_connections()
    said, failure = await fail(endpoint(openai_server))
    assert (said, failure.kind) == ("", FailureKind.CONNECT)


@pytest.fixture
async def ssh_server() -> AsyncIterator[str]:
    """The address of a server of another kind."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_failure_does_not_tell_the_key(ssh_server: str) -> None:
    """Libraries put the headers of a request into what they say of its reply."""
    asked = Endpoint(ssh_server, "m", api_key="s3cret")
    _said, failure = await fail(asked)
    assert failure.kind is FailureKind.CONNECT
    assert "Bad status line" in failure.detail
    assert "s3cret" not in repr(failure)
    assert "s3cret" not in (await probe(asked, asks=True, reads_load=True)).reason


@pytest.mark.parametrize(
    "base_url",
    ["http://host.invalid/v1", "http://127.0.0.1:1/v1", "ftp://127.0.0.1/v1", f"http://{'a' * 64}.eus/v1"],
)
async def test_no_server_there(base_url: str) -> None:
    _said, failure = await fail(Endpoint(base_url, "m", connect_timeout=2, first_token_timeout=5))
    assert failure.kind is FailureKind.CONNECT


async def test_nothing_is_retried(openai_server: StubServer) -> None:
    await fail(endpoint(openai_server, Behaviour.HTTP_500))
    assert len(openai_server.requests) == 1


async def test_the_first_token_has_its_own_patience(openai_server: StubServer) -> None:
    openai_server.script.pause = 0.6
    asked = replace(endpoint(openai_server, Behaviour.SLOW), first_token_timeout=5, silence_timeout=0.3)
    deltas, _finished = await collect(asked)
    assert deltas


async def test_a_slow_reader_is_not_taken_for_a_silent_model(openai_server: StubServer) -> None:
    openai_server.script.text = "bat bi hiru"
    async with aclosing(stream_chat(endpoint(openai_server), REQUEST)) as events:
        async for event in events:
            if isinstance(event, Delta) and event.text == "bat":
                await asyncio.sleep(0.5)
        assert isinstance(event, Finished)


async def test_closing_the_generator_closes_the_connection(openai_server: StubServer) -> None:
    openai_server.script.tokens_per_second = 20
    async with aclosing(stream_chat(endpoint(openai_server), REQUEST)) as events:
        async for _event in events:
            break
        assert openai_server.open_answers == 1
    await until(lambda: openai_server.aborted_answers == 1, seconds=0.5)
    assert openai_server.open_answers == 0


@pytest.mark.parametrize("behaviour", [Behaviour.OK, Behaviour.SLOW, Behaviour.SILENCE])
async def test_cancelling_the_task_closes_the_connection(openai_server: StubServer, behaviour: Behaviour) -> None:
    openai_server.script.tokens_per_second = 20
    asked = replace(endpoint(openai_server, behaviour), first_token_timeout=30, silence_timeout=30)
    task = asyncio.create_task(collect(asked))
    await until(lambda: openai_server.open_answers == 1)
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: openai_server.aborted_answers == 1, seconds=0.5)


async def test_the_control_an_answer_left_alone_is_not_aborted(openai_server: StubServer) -> None:
    await collect(endpoint(openai_server))
    await until(lambda: openai_server.open_answers == 0)
    assert openai_server.aborted_answers == 0


async def test_many_answers_at_once(openai_server: StubServer) -> None:
    openai_server.script.tokens_per_second = 0
    answers = await asyncio.gather(
        *(collect(replace(endpoint(openai_server), first_token_timeout=20)) for _ in range(40))
    )
    assert len({"".join(delta.text for delta in deltas) for deltas, _finished in answers}) == 1


def test_each_event_loop_has_its_own_clients(openai_server: StubServer) -> None:
    async def ask() -> None:
        await collect(endpoint(openai_server))
        await close_session()

    for _ in range(2):
        asyncio.run(ask())
    assert len(openai_server.requests) == 2
