"""Models that fail while volunteers are at it: what is out is drawn no more, and what was typed is never lost."""

import pytest
from asgiref.sync import sync_to_async

from arena.models import Battle, Turn
from inference.breaker import IN_A_ROW
from inference.models import ServedModel
from inference.probing import probe_enabled_models
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.factories import CompetitorFactory, MatchupEntryFactory, ServedModelFactory
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.thorough

PROMPT = "Nola egiten da marmitakoa?"
MODEL_C = "latxa-hirugarrena"


@sync_to_async
def probe() -> None:
    """As beat does. Every model answers at the same server."""
    probe_enabled_models()


@sync_to_async
def add_a_third(battle: Battle, server: StubServer) -> None:
    served = ServedModelFactory(name=f"served-{MODEL_C}", model_name=MODEL_C, base_url=server.base_url)
    competitor = CompetitorFactory(campaign=battle.campaign, name=f"competitor-{MODEL_C}", served_model=served)
    MatchupEntryFactory(matchup=battle.matchup, competitor=competitor)


@sync_to_async
def model(name: str) -> ServedModel:
    return ServedModel.objects.get(model_name=name)


async def test_models_that_die_before_the_prompt_cost_no_prompt_and_answer_it_when_they_are_back(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.script.models = [MODEL_A, MODEL_B]
    async with open_socket("en") as socket:
        await socket.hello()
        openai_server.refuse_connections()
        await probe()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        refusal = await socket.until("error")
        assert refusal["code"] == "no_pair_ready" and "Your prompt is kept" in refusal["message"]
        assert not await Turn.objects.filter(battle=battle).aexists()
        openai_server.accept_connections()
        await probe()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}


async def test_a_model_that_dies_before_the_prompt_is_replaced(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    await add_a_third(battle, openai_server)
    openai_server.script.models = [MODEL_A, MODEL_B, MODEL_C]
    openai_server.behave(MODEL_A, Behaviour.HTTP_500)
    await probe()
    openai_server.requests.clear()
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}
    assert {request.model for request in openai_server.requests} == {MODEL_B, MODEL_C}


async def test_a_side_that_keeps_failing_takes_its_model_out_and_is_not_asked_again(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_A, Behaviour.HTTP_500)
    async with open_socket("en") as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert await socket.until_ended() == {"a": "failed", "b": "complete"}
        for _ in range(IN_A_ROW - 1):
            await socket.send(type="retry", turn=1, side="a")
            assert await socket.until_ended(sides="a") == {"a": "failed"}
        assert ((await model(MODEL_A)).breaker_state, (await model(MODEL_B)).breaker_state) == ("open", "closed")
        asked = len(openai_server.requests)
        await socket.send(type="retry", turn=1, side="a")
        refusal = await socket.until("error")
        assert refusal["code"] == "side_resting"
        assert len(openai_server.requests) == asked
        assert (await socket.hello())["turns"][0]["a"]["status"] == "failed", "the offer of two other models stands"


async def test_it_comes_back_by_one_battle_that_tries_it(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.script.models = [MODEL_A, MODEL_B]
    await ServedModel.objects.filter(model_name=MODEL_A).aupdate(
        breaker_state="open",
        breaker_since=battle.created_at,
        breaker_cause="answers",
        breaker_retry_at=battle.created_at,
        breaker_openings=1,
    )
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert (await socket.until("error"))["code"] == "no_pair_ready"
        await probe()
        assert (await model(MODEL_A)).breaker_state == "half_open"
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}
        assert (await model(MODEL_A)).breaker_state == "closed"


async def test_a_request_that_is_refused_is_asked_once_and_says_nothing_of_the_model(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_A, Behaviour.HTTP_400)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text=PROMPT)
        assert await socket.until_ended() == {"a": "failed", "b": "complete"}
    assert len([request for request in openai_server.requests if request.model == MODEL_A]) == 1
    assert (await model(MODEL_A)).breaker_answers_failed == 0
