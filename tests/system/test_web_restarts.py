"""No state can lock a battle for good (invariant 6): the web process is killed while both models answer."""

import signal

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Volunteer


async def test_a_killed_web_process_locks_no_battle(stack: Stack, openai_server: StubServer) -> None:
    """What was saved is shown after the restart, the side can be tried again, and the vote goes through."""
    stack.env["LEHIA_ANSWER_LOST_SECONDS"] = "3"
    stack.serve_models_at(openai_server.base_url)
    stack.start_web()
    openai_server.script.text = "luze " * 20_000
    openai_server.script.tokens_per_second = 60
    async with Volunteer(stack.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.socket(battle)
        await socket.send(type="hello", have=[])
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        await socket.until("delta", side="a")
        await socket.until("delta", side="b")
        while sum(frame["type"] == "delta" for frame in socket.frames) < 80:
            await socket.until("delta")
        stack.end("web", signal.SIGKILL)
        openai_server.reset()
        stack.start_web()
        socket = await volunteer.socket(battle)
        # The page asks again for as long as nothing comes; the dead process's answers are given up after a while.
        while True:
            await socket.send(type="hello", have=[])
            (turn,) = (await socket.until("state"))["turns"]
            if turn["a"]["status"] == turn["b"]["status"] == "failed":
                break
        for side in "ab":
            assert turn[side]["text"], "what had been saved is kept"
            await socket.send(type="retry", turn=1, side=side)
            await socket.until("answer", side=side, status="complete")
        await socket.until("ballot", ballot_open=True)
        status, answer = await volunteer.vote(battle, content="b", language="b")
        assert (status, answer["status"]) == (200, "recorded")
