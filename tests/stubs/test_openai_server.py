"""The stand-in's control endpoint, which other programs drive."""

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest

from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer


def call(server: StubServer, told: object = None) -> dict[str, object]:
    data = None if told is None else orjson.dumps(told)
    request = Request(server.base_url.replace("/v1", "/control"), data, {"Content-Type": "application/json"})
    with urlopen(request) as response:
        answer: dict[str, object] = orjson.loads(response.read())
    return answer


def test_is_told_how_to_behave(openai_server: StubServer) -> None:
    call(openai_server, {"behaviours": {"any-model": "cut"}, "tokens_per_second": 5, "models": ["any-model"]})
    assert openai_server.script.behaviour_of("any-model") is Behaviour.CUT
    assert openai_server.script.models == ["any-model"]


def test_tells_what_it_saw(openai_server: StubServer) -> None:
    assert call(openai_server) == {"requests": [], "open": 0, "aborted": 0}


def test_refuses_what_it_does_not_know(openai_server: StubServer) -> None:
    with pytest.raises(HTTPError) as caught:
        call(openai_server, {"speed": 5})
    assert caught.value.code == 400
    caught.value.close()
