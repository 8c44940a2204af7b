"""Ask model servers whether they can answer now. No Django in it but the names of the states."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from http import HTTPStatus

import orjson

from inference.endpoints import ChatRequest, Endpoint
from inference.enums import ModelHealth
from inference.exceptions import AnswerFailed, FailureKind, in_words
from inference.prompting import messages_for
from inference.replies import NO_REPLY, fetch
from inference.streaming import stream_chat
from inference.vllm_metrics import ServerLoad, metrics_url, parse_load, total_load

PROBE_TIMEOUT = 8.0
"""Seconds that a server has to list its models and to say how busy it is; it does both without its GPU."""
ASK_TIMEOUT = 15.0
"""Seconds that it has for one token at most, also where its first token may take longer in a battle."""
_EXCERPT = 300
# A model that takes no system message is to be found out here, and not by a volunteer.
_SYSTEM_PROMPT, _PROMPT = "Erantzun labur.", "Kaixo!"
#: Hosted APIs answer so where they list no models, or not to this kind of key.
_NO_LIST = frozenset({401, 403, 404, 405, 501})
_LATE = frozenset({FailureKind.FIRST_TOKEN_TIMEOUT, FailureKind.SILENCE_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Checkup:
    """What to find out of a served model, which may have several servers."""

    endpoints: Sequence[Endpoint]
    is_warming_up: bool = False
    """While the launcher of a server says so, no connection means that it is still loading."""
    asks: bool = True
    """Whether to ask for one token, which may cost money."""
    reads_load: bool = True


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found, and why. The reason is for admins: it may name the model.

    `latency_ms` is the time to the one token that was asked for, None where none was asked for or came. `unreachable`
    are the addresses that cannot be used.
    """

    health: ModelHealth
    reason: str = ""
    load: ServerLoad = ServerLoad()
    has_asked: bool = False
    latency_ms: int | None = None
    unreachable: tuple[str, ...] = ()


async def check_up(checkup: Checkup) -> ProbeResult:
    """Probe all servers of a model at once. It is ready if one of them is; the reason names the others."""
    results = await asyncio.gather(
        *(
            probe(each, is_warming_up=checkup.is_warming_up, asks=checkup.asks, reads_load=checkup.reads_load)
            for each in checkup.endpoints
        )
    )
    return _together([each.base_url for each in checkup.endpoints], results)


async def probe(
    endpoint: Endpoint, *, is_warming_up: bool = False, asks: bool = False, reads_load: bool = False
) -> ProbeResult:
    """Ready if the server lists the endpoint's model and, where it is asked, answers with a token.

    An API with a key may refuse its list: there the token alone decides. A server that says that it has work and
    has no token in time is busy, and ready.
    """
    listed, load = await asyncio.gather(
        _list_models(endpoint, is_warming_up=is_warming_up), _read_load(endpoint, wanted=reads_load)
    )
    listed = replace(listed, load=load)
    if listed.health != ModelHealth.READY or not asks:
        return listed
    return await _ask(endpoint, listed)


async def _list_models(endpoint: Endpoint, *, is_warming_up: bool) -> ProbeResult:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            status, body = await fetch(endpoint, f"{endpoint.base_url.rstrip('/')}/models")
    except NO_REPLY as error:
        if is_warming_up:
            return ProbeResult(ModelHealth.WARMING_UP, "The server is loading the model.")
        return _failing(f"No connection to the server: {in_words(error)}")
    if status == HTTPStatus.OK:
        return _listed(endpoint, body)
    if endpoint.api_key and status in _NO_LIST:
        return ProbeResult(ModelHealth.READY)
    return _failing(f"The list of models answers {status}: {body[:_EXCERPT].decode(errors='replace')}")


async def _read_load(endpoint: Endpoint, *, wanted: bool = True) -> ServerLoad:
    """What the server says of its load; nothing where it has no such page, which is no failure."""
    if not wanted:
        return ServerLoad()
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            status, body = await fetch(endpoint, metrics_url(endpoint.base_url))
    except NO_REPLY:
        return ServerLoad()
    return parse_load(body.decode(errors="replace")) if status == HTTPStatus.OK else ServerLoad()


async def _ask(endpoint: Endpoint, listed: ProbeResult) -> ProbeResult:
    """Ask for one token, as a battle would. `listed` is what is known already."""
    started = time.monotonic()
    try:
        await _first_token(replace(endpoint, first_token_timeout=min(endpoint.first_token_timeout, ASK_TIMEOUT)))
    except AnswerFailed as failure:
        load = await _read_load(endpoint, wanted=failure.kind in _LATE and listed.load.is_known)
        if load.is_busy:
            reason = f"Busy: it works on {load.running or 0} requests, {load.waiting or 0} wait, and no token came."
            return replace(listed, reason=reason, load=load, has_asked=True)
        failing = _failing(f"No answer to a trial prompt: {failure}")
        return replace(failing, load=listed.load, has_asked=True)
    return replace(listed, has_asked=True, latency_ms=round((time.monotonic() - started) * 1000))


async def _first_token(endpoint: Endpoint) -> None:
    """Return at the first token, of the answer or of what the model thinks aloud. Raises AnswerFailed."""
    messages = messages_for(endpoint.system_prompt_mode, _SYSTEM_PROMPT, [(_PROMPT, None)])
    try:
        async with aclosing(stream_chat(endpoint, ChatRequest(messages, max_tokens=1))) as events:
            async for _event in events:
                return
    except AnswerFailed as failure:
        # The one token may be one that is not shown: the limit was reached, so there was one.
        if failure.kind != FailureKind.EMPTY or failure.finish_reason != "length":
            raise


def _listed(endpoint: Endpoint, content: bytes) -> ProbeResult:
    try:
        names = [str(entry["id"]) for entry in orjson.loads(content)["data"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return _failing(f"The list of models is none: {content[:_EXCERPT]!r}")
    if endpoint.model_name in names:
        return ProbeResult(ModelHealth.READY)
    return _failing(f"The server has no model {endpoint.model_name!r}; it has {', '.join(names) or 'none'}.")


def _together(addresses: Sequence[str], results: Sequence[ProbeResult]) -> ProbeResult:
    if len(results) == 1:
        (result,) = results
        return result if result.health == ModelHealth.READY else replace(result, unreachable=tuple(addresses))
    found = list(zip(addresses, results, strict=True))
    states = {each.health for each in results}
    best = [state for state in (ModelHealth.READY, ModelHealth.WARMING_UP, ModelHealth.FAILING) if state in states]
    return ProbeResult(
        best[0],
        reason=" ".join(f"{address}: {each.reason}" for address, each in found if each.reason),
        load=total_load(each.load for each in results),
        has_asked=any(each.has_asked for each in results),
        latency_ms=max((each.latency_ms for each in results if each.latency_ms is not None), default=None),
        unreachable=tuple(address for address, each in found if each.health != ModelHealth.READY),
    )


def _failing(reason: str) -> ProbeResult:
    # PostgreSQL stores no NUL, and what a server says of its error must not cost the probe.
    return ProbeResult(ModelHealth.FAILING, reason.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:_EXCERPT])
