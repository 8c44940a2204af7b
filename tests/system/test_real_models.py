"""From a prompt to the ranking and the export, with answers that vLLM really gives."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.stubs.fixtures import RealServer
from tests.system.stack import Stack
from tests.system.volunteer import Volunteer

pytestmark = [pytest.mark.vllm, pytest.mark.processes]


@pytest.fixture
def stack(tmp_path: Path, collected_static: Path, vllm_server: RealServer) -> Iterator[Stack]:
    (tmp_path / "static").symlink_to(collected_static)
    with Stack(tmp_path, {}) as stack:
        stack.serve_models_at(vllm_server.base_url, model_name=vllm_server.endpoint.model_name)
        stack.start_web()
        yield stack


async def running_requests(server: RealServer) -> float:
    def read() -> str:
        with urlopen(server.base_url.replace("/v1", "/metrics")) as page:
            return str(page.read().decode())

    found = re.search(r"^vllm:num_requests_running\{.*\} (\S+)$", await asyncio.to_thread(read), re.MULTILINE)
    assert found
    return float(found[1])


async def test_from_prompt_to_ranking_and_export(stack: Stack, vllm_server: RealServer) -> None:
    stack.start_worker()
    async with Volunteer(stack.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.battle_to_vote("Zer da Euskal Herria?", timeout=120)
        status, answer = await volunteer.vote(battle, content="a", language="b", overall="a")
        assert (status, answer["status"]) == (200, "recorded")
        winner, loser = answer["reveal"]["a"], answer["reveal"]["b"]
        for _try in range(60):
            if 'data-arena-counted="true"' in await volunteer.get(f"{battle}counted/"):
                break
            await asyncio.sleep(0.5)
        else:
            raise AssertionError(stack.log("worker"))
        blind = "".join(volunteer.seen)
    names = ["smollm2-formal-cool", "smollm2-formal-warm", "smollm2-brief-cool", "smollm2-brief-warm"]
    assert not [name for name in [*names, vllm_server.endpoint.model_name] if name in blind]

    ranking = json.loads(await asyncio.to_thread(stack.manage, "rank", "--campaign", "demo", "--format", "json"))
    by_model = {row["model"]: row for row in ranking["ratings"]}
    assert ranking["n_battles"] == 1
    assert (by_model[winner]["wins"], by_model[loser]["losses"]) == (1, 1)
    assert by_model[winner]["rank"] < by_model[loser]["rank"]

    export = stack.folder / "export.jsonl"
    await asyncio.to_thread(
        stack.manage, "export_battles", "--campaign", "demo", "--format", "jsonl", "--output", str(export)
    )
    (row,) = [json.loads(line) for line in export.read_text().splitlines()]
    assert (row["model_a"], row["model_b"], row["winner"]) == (winner, loser, "model_a")
    assert (row["winner_content"], row["winner_language"]) == ("model_a", "model_b")
    assert [message["role"] for message in row["conv_a"]] == ["system", "user", "assistant"]
    assert row["conv_a"][1]["content"] == "Zer da Euskal Herria?"
    assert row["conv_a"][2]["content"].strip()
    again = json.loads(await asyncio.to_thread(stack.manage, "rank", "--input", str(export), "--format", "json"))
    assert again == ranking


async def test_stop_makes_vllm_stop_within_a_second(stack: Stack, vllm_server: RealServer) -> None:
    stack.evaluate(
        "from arena.models import Competitor\n"
        "result = Competitor.objects.update(max_tokens=1500, extra_parameters={'ignore_eos': True})"
    )
    async with Volunteer(stack.address) as volunteer:
        await volunteer.join()
        socket = await volunteer.socket(await volunteer.start_battle())
        await socket.send(type="hello", have=[])
        await socket.send(type="prompt", turn=1, text="Kontatu ipuin luze bat.")
        for side in "ab":
            await socket.until("delta", side=side, timeout=60)
        assert await running_requests(vllm_server) == 2
        await socket.send(type="stop")
        await socket.until("ballot", ballot_open=True)
        stopped = asyncio.get_running_loop().time()
        while await running_requests(vllm_server):
            assert asyncio.get_running_loop().time() - stopped < 1.0
            await asyncio.sleep(0.05)
