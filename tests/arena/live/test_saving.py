"""Partial text that could not be saved is saved with the next save, also where no more text comes."""

import asyncio
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from arena.live import saving
from arena.models import Answer, Battle
from tests.arena.live.conftest import MODEL_A, OpenSocket
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer


async def test_a_save_that_failed_is_made_up_for(
    battle: Battle,
    open_socket: OpenSocket,
    openai_server: StubServer,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    """The database is away for the saves after the first words, and then the model thinks for a while."""
    settings.ANSWER_SAVE_SECONDS = 0.2
    tried: list[str] = []

    def away(*, partials: Any) -> set[int]:
        tried.extend(partial.text for partial in partials if partial.text)
        if len(tried) < 3:
            raise ConnectionError("away")
        return save(partials=partials)

    save = saving.save_partials
    monkeypatch.setattr(saving, "save_partials", away)
    openai_server.behave(MODEL_A, Behaviour.SILENCE)
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        await socket.until_ended(sides="b")
        async with asyncio.timeout(5):
            while not (saved := (await Answer.objects.aget(turn__battle=battle, side="a")).text):
                await asyncio.sleep(0.05)
        assert saved == socket.texts[1, "a"]
