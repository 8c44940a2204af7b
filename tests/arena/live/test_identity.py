"""A model server that names its model wherever it can: nothing of it reaches the volunteer before the vote."""

import json

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from arena.models import Answer, Battle
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.arena.live.sockets import Frame, model_names, session_cookie
from tests.guards import leaked_names
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.thorough

#: Every key that a frame may have. What is not in this list, such as a finish reason, a time or a count, goes nowhere.
ANSWER = {"run", "status", "at", "text", "length", "place"}
KEYS = {
    "state": {"type", "status", "ballot_open", "can_prompt", "max_turns", "max_prompt_chars", "turns"},
    "turn": {"type", "turn", "prompt"},
    "delta": {"type", "turn", "side", "run", "at", "text"},
    "answer": {"type", "turn", "side", "run", "status", "length"},
    "queue": {"type", "turn", "side", "run", "place"},
    "ballot": {"type", "ballot_open", "can_prompt"},
    "closed": {"type", "status"},
    "error": {"type", "code", "message"},
    "pong": {"type"},
}


def unknown_keys(frame: Frame) -> set[str]:
    found = set(frame) - KEYS[frame["type"]]
    for turn in frame.get("turns", []):
        found |= set(turn) - {"turn", "prompt", "a", "b"}
        found |= {key for side in "ab" for key in turn[side]} - ANSWER
    return found


def test_what_does_not_belong_into_a_frame_is_found() -> None:
    answer = {"run": 1, "status": "complete", "at": 0, "text": "", "length": 0}
    state = {"type": "state", "turns": [{"turn": 1, "prompt": "?", "a": answer, "b": {**answer, "duration_ms": 1}}]}
    assert unknown_keys(state) == {"duration_ms"}
    assert unknown_keys({"type": "answer", "finish_reason": "stop"}) == {"finish_reason"}


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.GOSSIP,
        Behaviour.HTTP_500,
        Behaviour.HTTP_429,
        Behaviour.HTTP_400,
        Behaviour.HTML,
        Behaviour.JSON,
        Behaviour.ERROR_EVENT,
        Behaviour.HIDDEN,
        Behaviour.CUT,
    ],
)
async def test_nothing_that_a_server_says_of_itself_is_passed_on(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer, behaviour: Behaviour
) -> None:
    """Every frame, and every page, header and piece of JSON that is its volunteer's to see."""
    openai_server.behave(MODEL_A, behaviour)
    openai_server.behave(MODEL_B, Behaviour.GOSSIP)
    async with open_socket() as socket, open_socket("fr") as second_tab:
        await socket.hello()
        await second_tab.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        ended = await socket.until_ended()
        assert ended == {"a": "complete" if behaviour is Behaviour.GOSSIP else "failed", "b": "complete"}
        await socket.send(type="retry", turn=1, side="b")
        await socket.until("error")
        await second_tab.until_ended()
        await second_tab.hello()
    assert not [frame for tab in (socket, second_tab) for frame in tab.frames if unknown_keys(frame)]
    assert await names_known_to_admins(battle), "the server did talk"
    for seen in await seen_by_the_volunteer(battle):
        assert not (found := leaked_names(seen, await sync_to_async(model_names)())), f"{found} in {seen[:2000]}"


@sync_to_async
def names_known_to_admins(battle: Battle) -> bool:
    """Whether what is kept for admins holds the names that the volunteer must not see."""
    answers = Answer.objects.filter(turn__battle=battle)
    return answers.filter(side="b", finish_reason=MODEL_B, reasoning__startswith=MODEL_B).exists()


@sync_to_async
def seen_by_the_volunteer(battle: Battle) -> list[str]:
    """The bodies and the headers of all that an open battle's volunteer can ask for."""
    client = Client(headers={"accept": "application/json"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session_cookie(battle.participant).partition("=")[2]
    page = f"/battles/{battle.uid}/"
    slug = battle.campaign.slug
    responses = [client.get(path) for path in (page, "/me/", "/me/export/", "/", f"/c/{slug}/", f"{page}counted/")]
    responses += [
        client.post(f"{page}ballot/", {"content": "nobody"}),
        client.post(f"/c/{slug}/battles/"),
        client.post(f"{page}report/", {"kind": "broken", "reason": "ez dabil"}),
    ]
    assert [response.status_code for response in responses[:3]] == [200, 200, 200]
    return [
        json.dumps(dict(response.headers)) + b"".join(response).decode()  # type: ignore[arg-type]
        for response in responses
    ]
