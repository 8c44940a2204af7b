"""Beat probes real servers that are killed and come back, and volunteers notice as little as can be."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.system.model_process import ModelProcess
from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer

pytestmark = [pytest.mark.processes, pytest.mark.thorough]

#: Name → health and state of the breaker.
States = dict[str, list[str]]

#: Three served models, with a competitor each, that nobody has probed yet.
THREE_SERVED = """
from arena.models import Campaign, Competitor, Matchup, MatchupEntry
from inference.models import ServedModel
campaign = Campaign.objects.get(slug="demo")
MatchupEntry.objects.all().delete()
for number, url in enumerate({urls!r}):
    served = ServedModel.objects.create(name=f"served-{{number}}", base_url=url, model_name="stub-a")
    competitor = Competitor.objects.create(campaign=campaign, name=f"competitor-{{number}}", served_model=served)
    MatchupEntry.objects.create(matchup=Matchup.objects.get(), competitor=competitor)
ServedModel.objects.exclude(name__startswith="served-").update(is_enabled=False)
result = True
"""
STATES = """
from inference.models import ServedModel
rows = ServedModel.objects.enabled().values_list("name", "health", "breaker_state")
result = {name: [health, breaker] for name, health, breaker in rows}
"""
DRAWN = """
from arena.models import Battle
battle = Battle.objects.get(uid={uid!r})
result = sorted(each.served_model.name for each in (battle.competitor_a, battle.competitor_b))
"""
COOLED_DOWN = """
from django.utils import timezone
from inference.models import ServedModel
result = ServedModel.objects.filter(breaker_state="open").update(breaker_retry_at=timezone.now())
"""
READY, FAILING = ["ready", "closed"], ["failing", "closed"]
PROMPT = "Kaixo, zer moduz?"


@pytest.fixture
def models(embedded: Stack) -> Iterator[dict[str, ModelProcess]]:
    """Three servers that run, and a site that knows them and probes them."""
    with ExitStack() as running:
        models = {f"served-{number}": running.enter_context(ModelProcess()) for number in range(3)}
        embedded.evaluate(THREE_SERVED.format(urls=[model.base_url for model in models.values()]))
        embedded.start_web()
        embedded.start_worker()
        embedded.start_beat()
        yield models


async def states_when(stack: Stack, check: Callable[[States], bool], timeout: float = 120) -> States:
    """What beat has found out, once `check` holds of it. It probes every ten seconds."""
    deadline = time.monotonic() + timeout
    while not check(states := stack.evaluate(STATES)):
        assert time.monotonic() < deadline, (states, stack.log("worker")[-2000:])
        await asyncio.sleep(2)
    return states


def drawn(stack: Stack, battle: str) -> set[str]:
    """The served models of a battle."""
    return set(stack.evaluate(DRAWN.format(uid=battle.strip("/").rpartition("/")[2])))


async def ask(page: Socket) -> None:
    """Prompts, and waits until both have answered."""
    await page.send(type="prompt", turn=1, text=PROMPT)
    await page.until("ballot", ballot_open=True)


async def test_models_that_die_and_come_back(embedded: Stack, models: dict[str, ModelProcess]) -> None:
    everything = dict.fromkeys(models, READY)
    await states_when(embedded, lambda states: states == everything)
    async with Volunteer(embedded.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        page = await volunteer.page(battle)
        first = min(drawn(embedded, battle))
        models[first].kill()
        await states_when(embedded, lambda states: states == {**everything, first: FAILING})
        await ask(page)
        assert drawn(embedded, battle) == models.keys() - {first}, "the other two, whichever were drawn before"

        await volunteer.post(f"{battle}skip/")
        battle = await volunteer.start_battle()
        page = await volunteer.page(battle)
        second = min(drawn(embedded, battle))
        models[second].kill()
        await states_when(embedded, lambda states: states[second] == FAILING)
        await page.send(type="prompt", turn=1, text=PROMPT)
        assert (await page.until("error"))["code"] == "no_pair_ready"

        # By now the first one has failed so many probes that it is tried before it is trusted.
        await states_when(embedded, lambda states: states[first] == ["failing", "open"])
        embedded.evaluate(COOLED_DOWN)
        models[first].start()
        await states_when(embedded, lambda states: states[first] == ["ready", "half_open"])
        await ask(page)
        assert drawn(embedded, battle) == models.keys() - {second}
        assert embedded.evaluate(STATES)[first] == READY
