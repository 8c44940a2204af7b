"""Errors of this app. Their text is for server logs and admins: it may name a model, so no volunteer may see it."""

from enum import StrEnum

_EXCERPT = 500


class FailureKind(StrEnum):
    """Why an answer failed, as the streaming client saw it."""

    CONNECT = "connect"
    """No connection: refused, no such host, TLS, or `connect_timeout` passed."""
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    """Nothing of the answer within `first_token_timeout` of sending the request."""
    SILENCE_TIMEOUT = "silence_timeout"
    """More than `silence_timeout` between two chunks."""
    HTTP_STATUS = "http_status"
    """The server refused with a status other than 200, or reported an error within its stream."""
    REQUEST_REFUSED = "request_refused"
    """The server refused this request and might take another: 400, 413 or 422, such as a context that is too long."""
    NOT_A_STREAM = "not_a_stream"
    """The reply was no event stream: a web page or a whole JSON object."""
    GARBAGE = "garbage"
    """An event that is no JSON object of the expected shape."""
    CUT_OFF = "cut_off"
    """The stream ended, or its connection broke, before the server said that the answer is finished."""
    EMPTY = "empty"
    """The answer finished without any text."""
    OVER_LIMIT = "over_limit"
    """The answer went on past the caller's limits, or an event was larger than any answer may be."""


def in_words(error: BaseException) -> str:
    """The kind of a library's error and its message, for admins.

    Never its representation: that of aiohttp's errors holds the headers of the request, and the key with them.
    """
    return f"{type(error).__name__}: {error}"[:_EXCERPT]


class InferenceError(Exception):
    """Base of this app's errors."""


class AnswerFailed(InferenceError):
    """An answer could not be had, or not to its end. What arrived before stays valid and was already yielded.

    `detail` may quote the prompt, and belongs in no log. `status` is that of the server's reply where it refused, and
    `finish_reason` is the server's word, where it gave one.
    """

    def __init__(
        self, kind: FailureKind, detail: str = "", *, status: int | None = None, finish_reason: str = ""
    ) -> None:
        super().__init__(f"{kind}: {detail}" if detail else str(kind))
        self.kind = kind
        self.detail = detail
        self.status = status
        self.finish_reason = finish_reason


class SpecError(InferenceError):
    """A spec for `serve_models` is wrong. The message names file, line and key."""


class EngineError(InferenceError):
    """The engine could not be installed, a model not be prepared, or a model server not be started."""
