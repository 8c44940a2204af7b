"""Battles between two models that the scripted server plays, and the sockets to them."""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import wait
from threading import Barrier

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers, get_channel_layer

from arena.live.database import MOST_THREADS, THREADS
from arena.live.link import close_link
from arena.live.streams import drain
from arena.models import Battle
from inference.streaming import close_session
from tests.arena.live.sockets import BattleSocket, model_names, session_cookie
from tests.factories import (
    BattleFactory,
    CampaignFactory,
    CompetitorFactory,
    ConsentFactory,
    MatchupFactory,
    ServedModelFactory,
)
from tests.stubs.openai_server import StubServer

MODEL_A, MODEL_B = "latxa-behatzailea", "gpt-ezkutua"
OpenSocket = Callable[..., BattleSocket]


@pytest.fixture
def threads_come_to_rest(transactional_db: None) -> Iterator[None]:
    """A task that is cancelled leaves its thread in the database, where it would be in the way of emptying it."""
    yield
    everyone = Barrier(MOST_THREADS)
    wait([THREADS.submit(everyone.wait, 30) for _ in range(MOST_THREADS)])


@pytest.fixture
def battle(threads_come_to_rest: None, openai_server: StubServer) -> Battle:
    """An open battle without a prompt; A is MODEL_A and B is MODEL_B, both on the scripted server."""
    campaign = CampaignFactory()
    competitors = [
        CompetitorFactory(
            campaign=campaign,
            name=f"competitor-{name}",
            served_model=ServedModelFactory(name=f"served-{name}", model_name=name, base_url=openai_server.base_url),
        )
        for name in (MODEL_A, MODEL_B)
    ]
    matchup = MatchupFactory(campaign=campaign, running=True, competitors=competitors)
    battle: Battle = BattleFactory(
        campaign=campaign, matchup=matchup, competitor_a=competitors[0], competitor_b=competitors[1]
    )
    ConsentFactory(participant=battle.participant, campaign=campaign, version=campaign.consent_version)
    return battle


@pytest.fixture
async def open_socket(battle: Battle) -> AsyncIterator[OpenSocket]:
    """Opens sockets to the battle as its own volunteer. Streams that still run are ended when the test ends."""
    cookie = await sync_to_async(session_cookie)(battle.participant)
    names = await sync_to_async(model_names)()

    def open_one(language: str = "eu") -> BattleSocket:
        return BattleSocket(battle, cookie, names, language)

    yield open_one
    await drain(0)
    await close_session()
    await close_link()
    await forget_channel_layer()


async def forget_channel_layer() -> None:
    """The layer's connections belong to the event loop of this test."""
    layer = get_channel_layer()
    if hasattr(layer, "close_connections"):
        await layer.close_connections()
    channel_layers.backends.clear()
