"""A request to a model server and the bytes of its reply, over aiohttp. No Django in it.

The SDK would pass each piece of a reply through five layers of its own: reading a token so costs twice as much
(docs/performance.md).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson

from inference.endpoints import Endpoint, session_of_this_loop
from inference.exceptions import AnswerFailed, FailureKind, in_words

EXCERPT = 500
NO_REPLY = (aiohttp.ClientError, OSError, UnicodeError)
"""What a request raises that gets no reply. UnicodeError: a name that cannot be a host's."""
#: A server's metrics are some hundred kilobytes; one that never ends its page must not fill the memory.
_MOST_BYTES_OF_A_PAGE = 8 * 1024 * 1024
_REFUSALS_OF_THE_REQUEST = frozenset({400, 413, 422})
#: How soon a server that is too slow is looked for again while its last bytes are still being dealt with.
_LOOK_AGAIN_SECONDS = 0.5


class Reply:
    """The bytes of a streamed reply. What does not come in time breaks the connection off."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._late = FailureKind.SILENCE_TIMEOUT
        self._is_late = False
        self._is_reading = False
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, *, by: float, late: FailureKind) -> None:
        """From now on the next bytes have to come `by` that time of the loop; `late` is the failure if they do not."""
        self._deadline, self._late = by, late
        # The timer is only moved where it would fire too late. Moving it with every token would cost more than reading
        # the token does.
        if self._timer is None or by < self._timer.when():
            self._wake_at(by)

    async def read(self) -> bytes:
        """What comes next. Raises AnswerFailed: of the kind that was said when it is late, CUT_OFF at the end."""
        self._is_reading = True
        try:
            received = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            if self._is_late:
                raise AnswerFailed(self._late, "nothing came in time") from error
            raise AnswerFailed(FailureKind.CUT_OFF, in_words(error)) from error
        finally:
            self._is_reading = False
        if not received:
            raise AnswerFailed(FailureKind.CUT_OFF, "the stream ended without a finish reason")
        return received

    def close(self) -> None:
        """Breaks the connection off, unless the reply was read to its end."""
        if self._timer is not None:
            self._timer.cancel()
        self._response.close()

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if not self._is_reading:
            # Whoever reads is slow, which is not the server's fault.
            self._wake_at(max(self._deadline, now + _LOOK_AGAIN_SECONDS))
        elif now < self._deadline:
            self._wake_at(self._deadline)
        else:
            self._is_late = True
            self._response.close()


@asynccontextmanager
async def ask(endpoint: Endpoint, body: Mapping[str, Any], *, deadline: float) -> AsyncIterator[Reply]:
    """Sends a request for a stream and waits until its reply begins, at most until `deadline` of the loop's clock.

    Leaving closes the connection at once. Raises AnswerFailed where there is no reply, or none that is a stream.
    """
    try:
        async with asyncio.timeout_at(deadline):
            response = await _post(endpoint, body)
            try:
                await _refuse_what_is_no_stream(response)
            except BaseException:
                response.close()
                raise
    except aiohttp.ServerTimeoutError as error:
        raise AnswerFailed(FailureKind.CONNECT, in_words(error)) from error
    except TimeoutError as error:
        raise AnswerFailed(FailureKind.FIRST_TOKEN_TIMEOUT, "no reply to the request") from error
    except NO_REPLY as error:
        raise _connection_failure(error) from error
    reply = Reply(response)
    try:
        yield reply
    finally:
        reply.close()


async def fetch(endpoint: Endpoint, url: str) -> tuple[int, bytes]:
    """The status and the body of a page of a model server, or the body's beginning where it is larger than any is.

    Raises one of `NO_REPLY` where there is none.
    """
    async with session_of_this_loop().get(url, headers=_authorization(endpoint), **_limits(endpoint)) as response:
        body = bytearray()
        async for received in response.content.iter_any():
            body += received
            if len(body) > _MOST_BYTES_OF_A_PAGE:
                break
        return response.status, bytes(body)


async def _post(endpoint: Endpoint, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    return await session_of_this_loop().post(
        f"{endpoint.base_url.rstrip('/')}/chat/completions",
        data=orjson.dumps(body),
        headers=headers | _authorization(endpoint),
        **_limits(endpoint),
    )


def _authorization(endpoint: Endpoint) -> dict[str, str]:
    return {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}


def _limits(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "timeout": aiohttp.ClientTimeout(total=None, connect=endpoint.connect_timeout),
        "proxy": _proxy_for(endpoint.base_url),
        # A prompt, and a key, go where the admin said, and nowhere else.
        "allow_redirects": False,
    }


async def _refuse_what_is_no_stream(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        said = (await response.content.read(EXCERPT * 4)).decode(errors="replace")
        refused = response.status in _REFUSALS_OF_THE_REQUEST
        raise AnswerFailed(
            FailureKind.REQUEST_REFUSED if refused else FailureKind.HTTP_STATUS,
            f"{response.status}: {said[:EXCERPT]}",
            status=response.status,
        )
    content_type = response.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
        raise AnswerFailed(FailureKind.NOT_A_STREAM, f"content type {content_type[:EXCERPT]!r}")


def _connection_failure(error: aiohttp.ClientError | OSError | UnicodeError) -> AnswerFailed:
    """Tells a connection that never was from one that broke before the reply."""
    broke = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | aiohttp.ClientPayloadError)
    if broke and not isinstance(error, aiohttp.ClientConnectorError):
        return AnswerFailed(FailureKind.CUT_OFF, f"before the reply: {in_words(error)}")
    return AnswerFailed(FailureKind.CONNECT, in_words(error))


@lru_cache(maxsize=256)
def _proxy_for(base_url: str) -> str | None:
    """The proxy that the environment names for this address. (Asked by aiohttp, it would take keys from .netrc too.)"""
    url = urlsplit(base_url)
    if not url.hostname or proxy_bypass(url.hostname):
        return None
    return getproxies().get(url.scheme)
