"""Ask model servers whether they can answer now. No Django in it but the names of the states."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2
import orjson
from openai import APIConnectionError, APIStatusError

from inference.endpoints import Endpoint, client_for, close_clients
from inference.enums import ModelHealth

PROBE_TIMEOUT = 10.0
"""Seconds that a server has to list its models; it does that without its GPU, also under load."""
_EXCERPT = 300


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found, and why. The reason is for admins: it may name the model."""

    health: ModelHealth
    reason: str = ""


async def probe(endpoint: Endpoint, *, is_warming_up: bool = False) -> ProbeResult:
    """Ready if the server lists the endpoint's model.

    While `is_warming_up`, which the launcher of the server says, no connection means that it is still
    loading.
    """
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            response = await client_for(endpoint).get("/models", cast_to=httpx2.Response)
    except APIStatusError as error:
        return _failing(f"The list of models answers {error.status_code}: {error.response.text}")
    except (APIConnectionError, httpx2.InvalidURL, OSError) as error:
        if is_warming_up:
            return ProbeResult(ModelHealth.WARMING_UP, "The server is loading the model.")
        return _failing(f"No connection to the server: {error.__cause__ or error!r}")
    return _listed(endpoint, response.content)


def probe_all(endpoints: Sequence[tuple[Endpoint, bool]]) -> list[ProbeResult]:
    """Probe all of them at once; each comes with whether it is warming up. Needs no event loop, and leaves none."""

    async def run() -> list[ProbeResult]:
        try:
            return await asyncio.gather(*(probe(each, is_warming_up=warming) for each, warming in endpoints))
        finally:
            await close_clients()

    return asyncio.run(run())


def _listed(endpoint: Endpoint, content: bytes) -> ProbeResult:
    try:
        names = [str(entry["id"]) for entry in orjson.loads(content)["data"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return _failing(f"The list of models is none: {content[:_EXCERPT]!r}")
    if endpoint.model_name in names:
        return ProbeResult(ModelHealth.READY)
    return _failing(f"The server has no model {endpoint.model_name!r}; it has {', '.join(names) or 'none'}.")


def _failing(reason: str) -> ProbeResult:
    return ProbeResult(ModelHealth.FAILING, reason[:_EXCERPT])
