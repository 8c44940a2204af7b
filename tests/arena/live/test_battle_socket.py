"""The battle's WebSocket against a scripted model server, through the real ASGI application and database."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.utils import timezone
from pytest_django.fixtures import Settings

from arena.actions.answers import end_answer
from arena.enums import AnswerStatus, BattleStatus
from arena.live.streams import live_stream
from arena.models import Answer, Battle, Turn
from tests.arena.live.conftest import MODEL_A, MODEL_B, OpenSocket
from tests.arena.live.sockets import BattleSocket, Socket, session_cookie
from tests.factories import AnswerFactory, ParticipantFactory, TurnFactory
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

PROMPT = "Nola egiten da marmitakoa?"


@sync_to_async
def answers_of(battle: Battle) -> dict[str, Answer]:
    return {answer.side: answer for answer in Answer.objects.filter(turn__battle=battle).select_related("turn")}


async def prompt(socket: BattleSocket, text: str = PROMPT, turn: int = 1) -> None:
    await socket.send(type="prompt", turn=turn, text=text)
    await socket.until("turn")


async def test_prompt_streams_both_answers_and_opens_the_ballot(battle: Battle, open_socket: OpenSocket) -> None:
    async with open_socket() as socket:
        state = await socket.hello()
        assert (state["turns"], state["ballot_open"], state["can_prompt"]) == ([], False, True)
        await prompt(socket)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}
        ballot = await socket.until("ballot", lambda frame: frame["ballot_open"])
        assert ballot["can_prompt"]
        answers = await answers_of(battle)
        for side in "ab":
            assert socket.texts[1, side] == answers[side].text != ""
            assert answers[side].status == AnswerStatus.COMPLETE
            assert answers[side].finish_reason == "stop"
            assert answers[side].completion_tokens
            assert answers[side].first_token_ms is not None
            assert answers[side].duration_ms is not None
        assert answers["a"].model_name == MODEL_A


async def test_what_is_sent_is_written_down(battle: Battle, open_socket: OpenSocket, openai_server: StubServer) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        await socket.until_ended()
        await prompt(socket, "Eta txitxirioekin?", turn=2)
        await socket.until_ended(turn=2)
    today = timezone.localdate().isoformat()
    request = next(seen for seen in reversed(openai_server.requests) if seen.model == MODEL_B)
    first, second = [
        answer
        async for answer in Answer.objects.filter(turn__battle=battle, side="b").select_related("turn").order_by("pk")
    ]
    assert [message["role"] for message in request.messages] == ["system", "user", "assistant", "user"]
    assert request.messages[0]["content"] == second.system_prompt
    assert today in second.system_prompt
    assert request.messages[2]["content"] == first.text
    assert request.body["temperature"] == second.parameters["temperature"]


async def test_frames_are_merged(battle: Battle, open_socket: OpenSocket, openai_server: StubServer) -> None:
    """At most ~20 frames a second a side, however fast the tokens come."""
    openai_server.script.text = "hitz " * 400
    openai_server.script.tokens_per_second = 400
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        await socket.until_ended(timeout=10)
    deltas = [frame for frame in socket.frames if frame["type"] == "delta" and frame["side"] == "a"]
    duration = (await answers_of(battle))["a"].duration_ms
    assert duration is not None
    # A machine that is busy with something else shows fewer, never more.
    assert 1 < len(deltas) <= 20 * duration / 1000 + 2


async def test_reload_resumes_with_deltas_only(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.script.text = "hitz bat eta beste bat " * 12
    openai_server.script.tokens_per_second = 60
    async with open_socket() as first:
        await first.hello()
        await prompt(first)
        await first.until("delta", lambda frame: frame["side"] == "a" and frame["at"] > 20)
    have = len(first.texts[1, "a"])
    await asyncio.sleep(0.2)
    async with open_socket() as second:
        second.texts[1, "a"] = first.texts[1, "a"]
        state = await second.hello([{"turn": 1, "side": "a", "run": 1, "length": have}])
        assert state["turns"][0]["a"]["at"] == have
        assert state["turns"][0]["b"]["at"] == 0
        assert await second.until_ended() == {"a": "complete", "b": "complete"}
    answers = await answers_of(battle)
    assert second.texts[1, "a"] == answers["a"].text
    assert second.texts[1, "b"] == answers["b"].text
    assert len(openai_server.requests) == 2, "a reload asks no model again"


async def test_two_tabs_see_the_same(battle: Battle, open_socket: OpenSocket) -> None:
    async with open_socket() as first, open_socket() as second:
        await first.hello()
        await second.hello()
        await prompt(first)
        await second.until("turn")
        await asyncio.gather(first.until_ended(), second.until_ended())
    assert first.texts == second.texts


async def test_stop_keeps_the_text_and_closes_the_request(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.script.text = "luze " * 20_000
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        for side in "ab":
            await socket.until("delta", lambda frame, side=side: frame["side"] == side)
        await socket.send(type="stop")
        assert await socket.until_ended() == {"a": "stopped", "b": "stopped"}
        await socket.until("ballot", lambda frame: frame["ballot_open"])
    for _try in range(20):
        if openai_server.open_answers == 0:
            break
        await asyncio.sleep(0.05)
    assert (openai_server.open_answers, openai_server.aborted_answers) == (0, 2)
    answers = await answers_of(battle)
    assert answers["a"].text == socket.texts[1, "a"] != ""


async def test_a_stop_that_comes_as_an_answer_ends_loses_nothing(
    battle: Battle, open_socket: OpenSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not cancel the storing of the end: the answer would stay for ever between two states."""
    from arena.live import streams

    def slow_end(**kwargs: Any) -> bool:
        time.sleep(0.4)
        return end_answer(**kwargs)

    monkeypatch.setattr(streams, "end_answer", slow_end)
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        while not all(len(socket.texts.get((1, side), "")) > 80 for side in "ab"):
            await socket.receive()
        for _time in range(12):
            await socket.send(type="stop")
            await asyncio.sleep(0.05)
        ended = await socket.until_ended()
        await socket.until("ballot", lambda frame: frame["ballot_open"])
    answers = await answers_of(battle)
    assert {side: answers[side].status for side in "ab"} == ended
    assert all(live_stream(answers[side].pk, answers[side].run) is None for side in "ab")


async def test_stop_of_one_side_leaves_the_other(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_A, Behaviour.SILENCE)
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        await socket.until("delta", lambda frame: frame["side"] == "a")
        await socket.send(type="stop", side="a")
        assert await socket.until_ended() == {"a": "stopped", "b": "complete"}


async def test_one_side_failing_never_costs_the_other(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_A, Behaviour.HTTP_500)
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        assert await socket.until_ended() == {"a": "failed", "b": "complete"}
        ballot = await socket.until("ballot", lambda frame: not frame["can_prompt"])
        assert not ballot["ballot_open"]
        answers = await answers_of(battle)
        assert answers["a"].failure_kind == "http_status"
        assert MODEL_A in answers["a"].failure_detail, "admins read what the server said; sockets never do"
        assert answers["a"].attempts == 2, "one retry before the first token"
        openai_server.behave(MODEL_A, Behaviour.OK)
        await socket.send(type="retry", turn=1, side="a")
        assert await socket.until_ended(sides="a") == {"a": "complete"}
        await socket.until("ballot", lambda frame: frame["ballot_open"])
    assert len([seen for seen in openai_server.requests if seen.model == MODEL_B]) == 1


async def test_a_cut_stream_fails_and_keeps_its_text(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer
) -> None:
    openai_server.behave(MODEL_B, Behaviour.CUT)
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        assert await socket.until_ended() == {"a": "complete", "b": "failed"}
    answers = await answers_of(battle)
    assert answers["b"].text == socket.texts[1, "b"] != ""
    assert answers["b"].attempts == 1, "no retry after the first token"


async def test_a_missing_key_fails_one_side_only(battle: Battle, open_socket: OpenSocket) -> None:
    served_model = battle.competitor_a.served_model
    assert served_model is not None
    served_model.api_key_env = "NOBODY_SET_THIS_API_KEY"
    await served_model.asave()
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        assert await socket.until_ended() == {"a": "failed", "b": "complete"}
    assert (await answers_of(battle))["a"].failure_kind == "misconfigured"


async def test_lost_answers_are_recovered(battle: Battle, open_socket: OpenSocket) -> None:
    """The process that streamed died: an answer that had said nothing starts again, another fails with its text."""
    turn: Turn = await sync_to_async(TurnFactory)(battle=battle)
    old = timezone.now() - timedelta(minutes=5)
    await sync_to_async(AnswerFactory)(turn=turn, side="a", lost=True)
    await sync_to_async(AnswerFactory)(turn=turn, side="b", waiting=True, heartbeat_at=old)
    async with open_socket() as socket:
        state = await socket.hello()
        assert state["turns"][0]["a"]["status"] == "failed"
        assert state["turns"][0]["a"]["text"] == "Euskara"
        assert state["turns"][0]["b"] == {"run": 2, "status": "waiting", "at": 0, "text": "", "length": 0}
        assert await socket.until_ended(sides="b") == {"b": "complete"}
        await socket.send(type="retry", turn=1, side="a")
        assert await socket.until_ended(sides="a") == {"a": "complete"}


async def test_an_answer_of_another_process_is_read_from_the_database(battle: Battle, open_socket: OpenSocket) -> None:
    """Its deltas come through the layer; what was missed before is in the database, a second later at most."""
    from arena.actions.answers import Partial, save_partials
    from arena.live.feed import publish

    turn: Turn = await sync_to_async(TurnFactory)(battle=battle)
    a: Answer = await sync_to_async(AnswerFactory)(turn=turn, side="a", streaming=True, text="Bat ")
    await sync_to_async(AnswerFactory)(turn=turn, side="b")
    uid = str(battle.uid)
    async with open_socket() as socket:
        await socket.hello()
        publish(uid, [(1, "a", 1, 8, "hiru ")])
        assert await sync_to_async(save_partials)(partials=[Partial(a.pk, 1, "Bat bi  hiru ", "")]) == {a.pk}
        publish(uid, [(1, "a", 1, 13, "lau")])
        await socket.until("delta", lambda frame: frame["text"].endswith("lau"))
        assert socket.texts[1, "a"] == "Bat bi  hiru lau"


async def test_stop_reaches_an_answer_of_another_process(battle: Battle, open_socket: OpenSocket) -> None:
    turn: Turn = await sync_to_async(TurnFactory)(battle=battle)
    await sync_to_async(AnswerFactory)(turn=turn, side="a", streaming=True)
    await sync_to_async(AnswerFactory)(turn=turn, side="b")
    async with open_socket() as socket:
        await socket.hello()
        await socket.send(type="stop")
        assert await socket.until_ended(sides="a") == {"a": "stopped"}
    assert (await answers_of(battle))["a"].status == AnswerStatus.STOPPED


async def test_a_stream_that_lost_its_answer_stops_asking(
    battle: Battle, open_socket: OpenSocket, openai_server: StubServer, settings: Settings
) -> None:
    settings.ANSWER_SAVE_SECONDS = 0.05
    openai_server.behave(MODEL_A, Behaviour.SILENCE)
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        await socket.until("delta", lambda frame: frame["side"] == "a")
        answer = (await answers_of(battle))["a"]
        stream = live_stream(answer.pk, answer.run)
        assert stream is not None
        await Answer.objects.filter(pk=answer.pk).aupdate(
            status=AnswerStatus.STOPPED, ended_at=timezone.now(), text="gorde zena"
        )
        await asyncio.wait_for(stream.task, timeout=5)
    assert (await answers_of(battle))["a"].text == "gorde zena"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ez da JSON", "frame_unreadable"),
        ("[1, 2]", "frame_unreadable"),
        ('{"type": "dantza"}', "frame_unknown"),
        ('{"no": "type"}', "frame_unknown"),
        ('{"type": "prompt", "turn": 1}', "frame_unreadable"),
        ('{"type": "prompt", "turn": "1", "text": "kaixo"}', "frame_unreadable"),
        ('{"type": "prompt", "turn": 0, "text": "kaixo"}', "frame_unreadable"),
        ('{"type": "prompt", "turn": 2, "text": "   "}', "prompt_empty"),
        ('{"type": "prompt", "turn": 1, "text": "a\\u0000b"}', "prompt_unreadable"),
        ('{"type": "prompt", "turn": 1, "text": "' + "é" * 2001 + '"}', "prompt_too_long"),
        ('{"type": "prompt", "turn": 1, "text": "' + "a" * 70_000 + '"}', "frame_too_large"),
        ('{"type": "stop", "side": "c"}', "frame_unreadable"),
        ('{"type": "retry", "turn": 1, "side": "a"}', "nothing_to_retry"),
        ('{"type": "hello", "have": [{"turn": 1}]}', "frame_unreadable"),
    ],
)
async def test_bad_frames_are_refused_and_the_socket_lives(open_socket: OpenSocket, text: str, code: str) -> None:
    async with open_socket() as socket:
        await socket.send_raw(text)
        error = await socket.until("error")
        assert error["code"] == code
        assert error["message"]
        await socket.send(type="ping")
        await socket.until("pong")
    assert not await Turn.objects.aexists()


async def test_bytes_are_refused(open_socket: OpenSocket) -> None:
    async with open_socket() as socket:
        await socket.send_raw(data=b"\x00\xff")
        assert (await socket.until("error"))["code"] == "frame_unreadable"


async def test_two_tabs_prompting_at_once_make_one_turn(open_socket: OpenSocket, battle: Battle) -> None:
    async with open_socket() as first, open_socket() as second:
        await first.hello()
        await second.hello()
        await asyncio.gather(
            first.send(type="prompt", turn=1, text="Bat"), second.send(type="prompt", turn=1, text="Bi")
        )
        await asyncio.gather(first.until_ended(), second.until_ended())
        errors = [frame["code"] for frame in first.frames + second.frames if frame["type"] == "error"]
    assert errors in (["turn_taken"], ["answers_running"])
    assert await Turn.objects.filter(battle=battle).acount() == 1


async def test_the_same_prompt_twice_is_harmless(
    open_socket: OpenSocket, battle: Battle, openai_server: StubServer
) -> None:
    async with open_socket() as socket:
        await socket.hello()
        await prompt(socket)
        await prompt(socket)
        await socket.until_ended()
    assert await Turn.objects.filter(battle=battle).acount() == 1
    assert len(openai_server.requests) == 2


async def test_a_closed_battle_takes_no_prompt(open_socket: OpenSocket, battle: Battle) -> None:
    await Battle.objects.filter(pk=battle.pk).aupdate(status=BattleStatus.SKIPPED, closed_at=timezone.now())
    async with open_socket("en") as socket:
        assert (await socket.hello())["status"] == "skipped"
        await socket.send(type="prompt", turn=1, text=PROMPT)
        error = await socket.until("error")
        assert (error["code"], error["message"]) == ("battle_closed", "This battle is over.")


async def test_somebody_elses_battle_is_not_there(battle: Battle) -> None:
    stranger = await sync_to_async(ParticipantFactory)()
    cookie = await sync_to_async(session_cookie)(stranger)
    async with BattleSocket(battle, cookie, []) as socket:
        assert await socket.closed_with() == 4404
    async with BattleSocket(battle, "sessionid=none", []) as socket:
        assert await socket.closed_with() == 4404


@pytest.mark.django_db(transaction=True)
async def test_an_unknown_address_is_not_there() -> None:
    socket = Socket("/ws/nowhere/")
    assert await socket.connect()
    assert await socket.closed_with() == 4404


async def test_another_origin_is_refused(battle: Battle) -> None:
    cookie = await sync_to_async(session_cookie)(battle.participant)
    assert not await Socket(f"/ws/battles/{battle.uid}/", cookie=cookie, origin="http://evil.example").connect()


async def test_a_half_open_socket_is_closed(open_socket: OpenSocket, settings: Settings) -> None:
    settings.SOCKET_IDLE_SECONDS = 0.2
    async with open_socket() as socket:
        await socket.hello()
        assert await socket.closed_with() == 4408


async def test_a_layer_that_forgot_the_socket_is_joined_again(
    battle: Battle, open_socket: OpenSocket, settings: Settings
) -> None:
    """As Redis does when it restarts: the next `hello`, which the page sends when answers go quiet, mends it."""
    from channels.layers import get_channel_layer

    async with open_socket() as socket:
        await socket.hello()
        if settings.REDIS_URL:
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                assert client.delete(*client.scan_iter(f"*:group:battle.{battle.uid}")) == 1
        else:
            get_channel_layer().groups.clear()
        await socket.hello()
        await prompt(socket)
        assert await socket.until_ended() == {"a": "complete", "b": "complete"}


@pytest.mark.redis
async def test_a_quiet_socket_lives(open_socket: OpenSocket) -> None:
    """Longer than the layer's and the client's patience with Redis, which are both 5 s by default."""
    async with open_socket() as socket:
        await socket.hello()
        await asyncio.sleep(7)
        await socket.send(type="ping")
        await socket.until("pong")


async def test_a_layer_that_is_gone_costs_no_answer(
    battle: Battle, open_socket: OpenSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.layers import get_channel_layer

    async def broken(group: str, message: object) -> None:
        raise ConnectionError("the layer is away")

    async with open_socket() as socket:
        await socket.hello()
        with monkeypatch.context() as patch:
            patch.setattr(get_channel_layer(), "group_send", broken)
            await socket.send(type="prompt", turn=1, text=PROMPT)
            for _try in range(100):
                answers = await answers_of(battle)
                if answers and all(answer.status == AnswerStatus.COMPLETE for answer in answers.values()):
                    break
                await asyncio.sleep(0.05)
        state = await socket.hello()
    assert state["ballot_open"]
    assert state["turns"][0]["a"]["text"]
