"""Asking a server many things: order, limits, what is tried again, and what is told when it is in vain."""

import socket
import time
from collections.abc import Iterator

import pytest
from aiohttp import web

from tests.training.completions_server import CompletionsServer, cut, status
from training.asking import Api, AskingFailed, Reply, ask


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with CompletionsServer(lambda body: f"{body['prompt']} bai") as server:
        yield server


def api_of(server: CompletionsServer, **changes: object) -> Api:
    return Api(server.base_url, "latxa", **{"pause": 0.001, **changes})  # type: ignore[arg-type]


def prompts(count: int) -> list[dict[str, object]]:
    return [{"prompt": f"galdera {number}"} for number in range(count)]


def test_replies_come_in_order_and_so_many_at_once(server: CompletionsServer) -> None:
    server.seconds = 0.01
    told: list[int] = []
    replies = ask(api_of(server, at_once=3, key="giltza"), "completions", prompts(20), told=told.append)
    assert told == [1] * 20
    assert replies == [Reply(f"galdera {number} bai", "stop", 3, 3) for number in range(20)]
    assert server.most_at_once == 3
    assert set(server.keys) == {"Bearer giltza"}
    assert {body["model"] for body in server.bodies} == {"latxa"}


def test_chats() -> None:
    with CompletionsServer(lambda body: body["messages"][0]["content"].upper()) as server:
        body = {"messages": [{"role": "user", "content": "kaixo"}]}
        assert ask(api_of(server), "chat/completions", [body]) == [Reply("KAIXO", "stop", 3, 1)]


def test_nothing_to_ask(server: CompletionsServer) -> None:
    assert ask(api_of(server), "completions", []) == []


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503),
        status(429),
        status(408),
        cut,
        lambda: web.Response(text="<html>"),
        lambda: web.Response(text="[" * 100_000),
    ],
)
def test_what_passes_is_tried_again(server: CompletionsServer, fault: object) -> None:
    server.faults = [fault] * 3  # type: ignore[list-item]
    assert ask(api_of(server, at_once=1), "completions", prompts(2)) == [
        Reply(f"galdera {number} bai", "stop", 3, 3) for number in range(2)
    ]
    assert len(server.bodies) == 5


def test_a_server_says_how_long_to_wait(server: CompletionsServer) -> None:
    server.faults = [status(429, **{"Retry-After": "1"})]
    started = time.monotonic()
    ask(api_of(server), "completions", prompts(1))
    assert time.monotonic() - started > 0.9


def test_a_refused_body_costs_no_other_and_is_not_sent_again(server: CompletionsServer) -> None:
    server.always = {"galdera 1": status(400, "the context is too long")}
    first, refused, last = ask(api_of(server), "completions", prompts(3))
    assert isinstance(first, Reply) and isinstance(last, Reply)
    assert isinstance(refused, AskingFailed) and refused.status == 400
    assert "the context is too long" in str(refused)
    assert len(server.bodies) == 3


def test_one_body_that_breaks_the_server_costs_no_other(server: CompletionsServer) -> None:
    server.always = {"galdera 1": status(500, "CUDA error")}
    _, failed, _ = ask(api_of(server), "completions", prompts(3))
    assert isinstance(failed, AskingFailed) and failed.status == 500
    assert len(server.bodies) == 6


def test_all_bodies_failing_is_the_servers_fault(server: CompletionsServer) -> None:
    server.always = {"galdera": status(503, "loading")}
    with pytest.raises(AskingFailed, match="503: .*loading"):
        ask(api_of(server), "completions", prompts(3))


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_wrong_key_or_model_is_told_at_once(server: CompletionsServer, code: int) -> None:
    server.always = {"galdera": status(code, "no model latxa")}
    with pytest.raises(AskingFailed, match=f"status {code}.*no model latxa"):
        ask(api_of(server, at_once=2, key="giltza"), "completions", prompts(50))
    assert len(server.bodies) <= 2


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        api = Api(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "latxa", pause=0.001)
        with pytest.raises(AskingFailed, match="Nothing answers at http://127.0.0.1"):
            ask(api, "completions", prompts(3))


@pytest.mark.parametrize("base_url", ["localhost:8000/v1", "", "ftp://host/v1", "http://"])
def test_no_address(base_url: str) -> None:
    with pytest.raises(AskingFailed, match="is no address of a server"):
        ask(Api(base_url, "latxa"), "completions", prompts(1))


def test_a_server_that_goes_away_in_the_middle() -> None:
    with CompletionsServer(lambda body: "bai", leaves_after=5) as server:
        with pytest.raises(AskingFailed, match="Nothing answers"):
            ask(api_of(server, at_once=2), "completions", prompts(100))
        assert len(server.bodies) < 20


def test_a_server_that_is_too_slow(server: CompletionsServer) -> None:
    server.seconds = 5
    (failed,) = ask(api_of(server, timeout=0.05, attempts=2), "completions", prompts(1))
    assert isinstance(failed, AskingFailed)
    assert "did not answer within 0.05 s" in str(failed)


@pytest.mark.parametrize("value", [{}, {"choices": []}, [], {"choices": [{}]}, {"choices": [{"message": None}]}])
def test_json_that_is_no_completion(server: CompletionsServer, value: object) -> None:
    server.always = {"galdera": lambda: web.json_response(value)}
    (failed,) = ask(api_of(server, attempts=2), "completions", prompts(1))
    assert isinstance(failed, AskingFailed)
    assert "no completion" in str(failed)
    assert len(server.bodies) == 2


def test_a_key_is_never_shown() -> None:
    assert "giltza" not in repr(Api("http://x/v1", "latxa", key="giltza"))
