"""The figures of the streaming bench, from notes whose answers are known; and its model server."""

import asyncio
import time

import aiohttp
import orjson
import pytest

from bench.streaming.figures import Figures, Spent, figures
from bench.streaming.model_server import ModelServer
from bench.streaming.report import table
from bench.streaming.script import TOKEN_CHARACTERS, Pace, answer_of

PACE = Pace(tokens=20, rate=10.0)


def stream(*, first: float = 1.1, tokens: int = 20, gap: float = 0.1, ended: str = "complete") -> dict[str, object]:
    return {
        "asked": 1.0,
        "first": first,
        "last": first + (tokens - 1) / PACE.rate,
        "longest_gap": gap,
        "characters": tokens * TOKEN_CHARACTERS,
        "ended": ended,
    }


def note(**a: object) -> dict[str, object]:
    return {"kind": "ok", "a": stream(**a), "b": stream(), "bytes": 800, "problem": ""}  # type: ignore[arg-type]


def test_figures_of_two_battles() -> None:
    spent = Spent(
        cpu_seconds=0.008,
        database_seconds=0.0008,
        memory_grown=204_800,
        streaming_cpu_seconds=0.004,
        streaming_seconds=2.0,
    )
    found = figures("arena", [note(), note(first=1.3, gap=0.4)], PACE, spent)
    assert (found.battles, found.tokens, found.incomplete) == (2, 80, 0)
    assert found.first_p50 == pytest.approx(100) and found.first_p99 == pytest.approx(300)
    assert found.longest_stall == pytest.approx(400)
    assert found.tokens_per_second == pytest.approx(10)
    assert found.bytes_per_token == 20
    assert found.cpu_us_per_token == pytest.approx(100)
    assert found.streaming_us_per_token == pytest.approx(50), "4 streams of 10 tokens a second for 2 s"
    assert found.kb_per_battle == 100


@pytest.mark.parametrize("what", [{"tokens": 19}, {"ended": "failed"}])
def test_a_battle_that_lacks_something_is_incomplete(what: dict[str, object]) -> None:
    assert figures("arena", [note(**what), note()], PACE).incomplete == 1


def test_the_table_compares_rows_of_the_same_size() -> None:
    def row(way: str, first: float, cpu: float | None) -> Figures:
        return Figures(way, 10, first, first, first, 60, 10.0, 20, 100, 0, cpu_us_per_token=cpu)

    lines = table([row("direct", 100, None), row("relay", 101, 50), row("arena", 120, 75)]).splitlines()
    arena = [cell.strip() for cell in lines[-1].strip("|").split("|")]
    assert arena[:4] == ["10", "arena", "20", "20"] and arena[7:10] == ["20.0", "75", "1.50"]


async def test_the_model_server_keeps_to_its_script() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ModelServer(Pace(tokens=10, rate=100.0)), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
    async with server, aiohttp.ClientSession() as session:
        started, text, events = time.monotonic(), "", 0
        async with session.post(url, json={"model": "bench-a", "messages": []}) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    choices = orjson.loads(line[6:])["choices"]
                    text += choices[0]["delta"].get("content", "") if choices else ""
                    events += 1
        assert text == answer_of(10) and events == 12, "ten tokens, the finish reason, the counts"
        assert 0.15 < time.monotonic() - started < 1.0
        async with session.post(url, json={"model": "bench-a-refuses", "messages": []}) as response:
            assert response.status == 503
