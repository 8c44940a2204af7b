"""The logs of all processes: one JSON object a line, and nothing in them that somebody has written."""

import asyncio
import json
from typing import Any

import pytest

from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer

pytestmark = pytest.mark.processes

MODEL = "smollm2-135m-instruct"
#: What people write, each recognisable wherever it ends up.
MARKS = {
    "prompt": "markadun-galdera",
    "answer": "markadun-erantzuna",
    "name": "markadun-izena",
    "email": "markadun-helbidea@example.eus",
    "password": "giltza-ezkutua-1931",
    "comment": "markadun-iruzkina",
    "query": "markadun-bilaketa",
    "frame": "markadun-markoa",
}
#: What became of the model meanwhile, as its breaker and the probes see it.
FORGIVE = """
from inference.breaker import Breaker
from inference.models import ServedModel
model = ServedModel.objects.get()
model.breaker = Breaker()
model.save()
result = True
"""
#: Without these tables a page, and the task that counts votes, stumble over what they hold.
BREAK = """
from django.db import connection
with connection.cursor() as cursor:
    for table in ("arena_report", "arena_contribution"):
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
result = True
"""


class LoudVolunteer(Volunteer):
    """Somebody with an account, who leaves marks everywhere."""

    async def sign_up(self) -> None:
        await self.get("/accounts/signup/")
        about = {"language_level": "c1_c2", "education": "university", "confirmed_age": "on", "accept_consent": "on"}
        who = {"username": MARKS["name"], "email": MARKS["email"], "password1": MARKS["password"]}
        status, answer, _path = await self.post("/accounts/signup/", **who, **about)
        assert (status, answer["location"]) == (200, "/me/")

    def session_id(self) -> str:
        return next(cookie.value for cookie in self._http.cookie_jar if cookie.key == "sessionid")

    async def knock(self, path: str, **fields: str) -> int:
        """Posts without the token of the form, with a telling address behind it."""
        headers = {"Referer": f"{self.address}/?q={MARKS['query']}"}
        async with self._http.post(self.address + path, data=fields, headers=headers) as response:
            return response.status

    async def status_of(self, path: str) -> int:
        async with self._http.get(self.address + path) as response:
            return response.status


async def ask_in_vain(stack: Stack, socket: Socket, server: StubServer) -> None:
    """Both models refuse and quote the prompt, and then answer."""
    server.behave(MODEL, Behaviour.QUOTES)
    await socket.send(type="prompt", turn=1, text=MARKS["prompt"])
    for _side in "ab":
        await socket.until("answer", status="failed")
    server.behave(MODEL, Behaviour.OK)
    await asyncio.to_thread(stack.evaluate, FORGIVE)
    for side in "ab":
        await socket.send(type="retry", turn=1, side=side)
    await socket.until("ballot", ballot_open=True)


async def logged(stack: Stack, name: str, text: str) -> None:
    for _try in range(100):
        if text in stack.log(name):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{text!r} is not in the log of {name}:\n{stack.log(name)[-3000:]}")


def lines(stack: Stack, name: str) -> list[dict[str, Any]]:
    text = stack.log(name)
    for what, mark in MARKS.items():
        assert mark not in text, f"the {what} is in the log of {name}: {text[text.index(mark) - 500 :][:1000]}"
    return [json.loads(line) for line in text.splitlines()]


async def test_nothing_that_people_write_is_logged(embedded: Stack, openai_server: StubServer) -> None:
    embedded.env |= {"LEHIA_LOG_JSON": "yes", "LEHIA_LOG_LEVEL": "DEBUG"}
    embedded.serve_models_at(openai_server.base_url)
    embedded.evaluate(
        "from inference.models import ServedModel\nresult = ServedModel.objects.update(max_concurrent_answers=1)"
    )
    openai_server.script.text = f"{MARKS['answer']} " * 20
    embedded.start_web()
    embedded.start_worker()
    embedded.start_beat()
    async with LoudVolunteer(embedded.address) as volunteer:
        await volunteer.sign_up()
        battle = await volunteer.start_battle()
        session = volunteer.session_id()
        socket = await volunteer.page(battle)
        await ask_in_vain(embedded, socket, openai_server)
        await socket.send(type=MARKS["frame"])
        await socket.until("error", code="frame_unknown")
        assert await volunteer.status_of(f"/nowhere/?q={MARKS['query']}") == 404
        assert await volunteer.knock("/accounts/login/", login=MARKS["name"], password=MARKS["password"]) == 403
        await asyncio.to_thread(embedded.evaluate, BREAK)
        status, _page, _path = await volunteer.post(f"{battle}report/", kind="broken", reason=MARKS["comment"])
        assert status == 500
        status, _answer = await volunteer.vote(battle, content="a", language="a", comment=MARKS["comment"])
        assert status in (200, 422)
        await volunteer.vote(battle, content="a", language="a")
        await logged(embedded, "worker", "raised unexpected")
    uid = battle.strip("/").rpartition("/")[2]
    web, worker, beat = (lines(embedded, name) for name in ("web", "worker", "beat"))
    for name in ("web", "worker", "beat"):
        assert session not in embedded.log(name)
    failed = [line for line in web if line["event"] == "answer_failed"]
    assert {(line["kind"], line["status"]) for line in failed} == {("http_status", 500)}
    ended = [line for line in web if line["event"] == "answer_ended"]
    assert {line["status"] for line in ended} == {"failed", "complete"}
    for line in failed + ended:
        assert line["battle"] == uid and line["side"] in "ab" and line["turn"] == 1 and line["request_id"]
    broken = next(line for line in web if line["event"].startswith("Internal Server Error"))
    assert (broken["battle"], broken["level"]) == (uid, "error")
    assert "no such table" in broken["exception"]
    collected = next(line for line in worker if "raised unexpected" in line["event"])
    assert collected["task"] and collected["task_id"]
    assert any(line["logger"] == "gunicorn.error" for line in web)
    assert beat
