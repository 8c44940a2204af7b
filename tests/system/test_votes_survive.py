"""An acknowledged vote is a committed vote, whatever is killed (invariant 2): on real processes."""

import asyncio
import signal

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Volunteer

AGREED = {"content": "a", "language": "tie"}
COUNTS = """
from django.db.models import F, Sum
from arena.models import Ballot, Contribution, PairTally
result = {
    "ballots": Ballot.objects.count(),
    "collected": Ballot.objects.filter(collected_at__isnull=False).count(),
    "tallied": PairTally.objects.filter(dimension="overall").aggregate(
        votes=Sum(F("first_wins") + F("second_wins") + F("ties")))["votes"] or 0,
    "contributed": Contribution.objects.aggregate(votes=Sum("votes"))["votes"] or 0,
}
"""

#: What beat sends.
SWEEP = "from arena.tasks import sweep_ballots\nresult = bool(sweep_ballots.delay())"


async def counted(stack: Stack, votes: int) -> dict[str, int]:
    """The counts, once all votes are collected or after a while."""
    for _try in range(40):
        counts: dict[str, int] = await asyncio.to_thread(stack.evaluate, COUNTS)
        if counts["collected"] == votes:
            break
        await asyncio.sleep(0.5)
    return counts


async def test_a_killed_worker_loses_no_vote(stack: Stack, openai_server: StubServer) -> None:
    """Killed -9 between vote and collection: the messages that were in its hands are lost, the votes are not."""
    stack.serve_models_at(openai_server.base_url)
    stack.start_web()
    stack.start_worker()
    async with Volunteer(stack.address) as volunteer:
        await volunteer.join()
        for vote in range(6):
            battle = await volunteer.battle_to_vote()
            if vote == 2:
                stack.end("worker", signal.SIGKILL)
            status, answer = await volunteer.vote(battle, **AGREED)
            assert (status, answer["status"], answer["duplicate"]) == (200, "recorded", False)
            again, duplicate = await volunteer.vote(battle, **AGREED)
            assert (again, duplicate["duplicate"]) == (200, True)
    before = await asyncio.to_thread(stack.evaluate, COUNTS)
    assert before["ballots"] == 6
    assert before["collected"] <= 2 < 6, "nobody was there to collect"
    stack.start_worker()
    await asyncio.to_thread(
        stack.evaluate, "from arena.tasks import sweep_ballots\nresult = bool(sweep_ballots.delay())"
    )
    assert await counted(stack, 6) == {"ballots": 6, "collected": 6, "tallied": 6, "contributed": 6}
