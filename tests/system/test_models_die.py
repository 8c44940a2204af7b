"""A model server is killed while it answers: its side fails alone, keeps its text, and can be tried again."""

import pytest

from tests.system.model_process import ModelProcess
from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]

#: 60 tokens at 20 a second: 3 seconds.
TEXT = "luzea " * 60
SLOW = {"text": TEXT, "tokens_per_second": 20}

#: Two served models, a competitor of each, and no other competitor.
TWO_SERVED = """
from django.utils import timezone
from arena.models import Competitor, MatchupEntry
from inference.models import ServedModel
served = []
for number, url in enumerate({urls!r}):
    row, _new = ServedModel.objects.update_or_create(name=f"served-{{number}}", defaults={{
        "base_url": url, "model_name": f"served-{{number}}", "health": "ready", "ready_since": timezone.now()}})
    served.append(row)
two = list(Competitor.objects.order_by("pk")[:2])
for competitor, row in zip(two, served):
    Competitor.objects.filter(pk=competitor.pk).update(served_model=row, max_tokens=4000)
MatchupEntry.objects.exclude(competitor__in=two).delete()
result = True
"""
SIDE_OF_FIRST = """
from arena.models import Battle
battle = Battle.objects.select_related("competitor_a__served_model").get(uid={uid!r})
result = "a" if battle.competitor_a.served_model.name == "served-0" else "b"
"""


async def started(
    stack: Stack, volunteer: Volunteer, models: tuple[ModelProcess, ModelProcess]
) -> tuple[str, Socket, str]:
    """A battle in which both sides are answering: its path, its socket, and the side that the first model plays."""
    for model in models:
        model.tell(**SLOW)
    stack.evaluate(TWO_SERVED.format(urls=[model.base_url for model in models]))
    stack.start_web()
    await volunteer.join()
    battle = await volunteer.start_battle()
    side = stack.evaluate(SIDE_OF_FIRST.format(uid=battle.strip("/").rpartition("/")[2]))
    socket = await volunteer.page(battle)
    await socket.prompt()
    return battle, socket, side


async def assert_kept_and_retried(socket: Socket, side: str) -> None:
    """A failed side shows what it had said, and says it whole when it is tried again."""
    assert 0 < len(socket.text(side)) < len(TEXT)
    assert TEXT.startswith(socket.text(side))
    await socket.send(type="retry", turn=1, side=side)
    await socket.until("answer", side=side, status="complete")
    assert socket.text(side) == TEXT


async def test_one_model_dies(pair: Stack, models: tuple[ModelProcess, ModelProcess]) -> None:
    async with Volunteer(pair.address) as volunteer:
        battle, socket, dead = await started(pair, volunteer, models)
        other = "b" if dead == "a" else "a"
        models[0].kill()
        await socket.until("answer", side=dead, status="failed")
        await socket.until("answer", side=other, status="complete")
        assert socket.text(other) == TEXT
        assert (await volunteer.vote(battle, content=other, language=other))[0] == 409, "one side has not answered"
        models[0].start()
        models[0].tell(**SLOW)
        await assert_kept_and_retried(socket, dead)
        await socket.until("ballot", ballot_open=True)
        assert socket.text(other) == TEXT, "the other side is as it was"
        assert (await volunteer.vote(battle, content=other, language=other))[0] == 200


async def test_both_models_die(pair: Stack, models: tuple[ModelProcess, ModelProcess]) -> None:
    async with Volunteer(pair.address) as volunteer:
        battle, socket, _side = await started(pair, volunteer, models)
        for model in models:
            model.kill()
        failed: set[str] = set()
        while failed != set("ab"):
            failed.add((await socket.until("answer", status="failed"))["side"])
        page = await volunteer.page(battle)
        (turn,) = page.frames[-1]["turns"]
        assert turn["prompt"] == "Kaixo, zer moduz?"
        for model in models:
            model.start()
            model.tell(**SLOW)
        for side in "ab":
            assert turn[side]["text"] == socket.text(side)
            await assert_kept_and_retried(socket, side)
        await socket.until("ballot", ballot_open=True)
        assert (await volunteer.vote(battle, content="a", language="b", overall="a"))[0] == 200
