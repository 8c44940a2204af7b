"""An answer of nothing but spaces is no answer: the battle can be voted on once it was tried again."""

from arena.models import Battle
from tests.arena.live.conftest import OpenSocket
from tests.stubs.openai_server import StubServer


async def test_an_answer_of_spaces_fails_and_can_be_tried_again(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.script.text = " \n\n "
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo")
        assert await socket.until_ended() == {"a": "failed", "b": "failed"}
        openai_server.script.text = "Kaixo bai."
        for side in "ab":
            await socket.send(type="retry", turn=1, side=side)
            assert await socket.until_ended(sides=side) == {side: "complete"}
        await socket.until("ballot", lambda frame: frame["ballot_open"])
