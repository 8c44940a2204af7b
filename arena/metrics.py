"""What the web processes count of battles, for Prometheus. Served models are named: operators alone can read it.

Nothing is counted per token. What the worker does is read from the database when it is asked for (`arena/scrape.py`).
"""

from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram

SOCKETS = Gauge("lehia_sockets_open", "Battles that are open in a browser tab.", multiprocess_mode="livesum")
RUNNING = Gauge("lehia_answers_running", "Answers that are streamed or wait for it.", multiprocess_mode="livesum")
DRAWS = Counter("lehia_draws", "Draws of two models, by outcome: drawn, or no_pair_ready.", ["outcome"])
BALLOTS = Counter("lehia_ballots", "Ballots, by outcome: recorded, duplicate, or the code of a refusal.", ["outcome"])

_ANSWERS = Counter(
    "lehia_answers", "Answers that ended, by served model, status and kind of failure.", ["model", "status", "failure"]
)
_FIRST_TOKEN = Histogram(
    "lehia_first_token_seconds",
    "From asking a model to the first token.",
    ["model"],
    buckets=(0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 40, 60),
)
_QUEUED = Histogram(
    "lehia_queue_seconds",
    "From wanting to ask a model that has a limit to asking it.",
    ["model"],
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300),
)
_SPEED = Histogram(
    "lehia_tokens_per_second",
    "Speed of an answer from its first token to its end, where the server counts tokens.",
    ["model"],
    buckets=(1, 2, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200),
)
_TOKENS = Counter("lehia_tokens", "Tokens of answers, where the server counts them.", ["model"])


class Ending(Protocol):
    """How an answer ended. Times are in milliseconds."""

    @property
    def status(self) -> str: ...
    @property
    def failure_kind(self) -> str: ...
    @property
    def completion_tokens(self) -> int | None: ...
    @property
    def first_token_ms(self) -> int | None: ...
    @property
    def duration_ms(self) -> int | None: ...
    @property
    def queued_ms(self) -> int | None: ...


def answer_ended(model: str, ending: Ending) -> None:
    """Counts an answer that ended. The model is the name of its served model; empty where none was found."""
    _ANSWERS.labels(model, str(ending.status), ending.failure_kind).inc()
    if ending.queued_ms is not None:
        _QUEUED.labels(model).observe(ending.queued_ms / 1000)
    if ending.first_token_ms is None:
        return
    _FIRST_TOKEN.labels(model).observe(ending.first_token_ms / 1000)
    if ending.completion_tokens and ending.duration_ms is not None:
        _TOKENS.labels(model).inc(ending.completion_tokens)
        if seconds := (ending.duration_ms - ending.first_token_ms) / 1000:
            _SPEED.labels(model).observe(ending.completion_tokens / seconds)
