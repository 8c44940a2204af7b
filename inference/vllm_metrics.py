"""How busy a vLLM server is, by its own `/metrics`. Other servers have none of it, and that is no fault. No Django."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_RUNNING = ("vllm:num_requests_running",)
_WAITING = ("vllm:num_requests_waiting",)
# Renamed in vLLM 0.9.
_CACHE_USE = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
#: The largest count that a column holds; a server that says more says nothing.
_MOST = 2**31 - 1
#: `name{labels} value`, perhaps with a time after it; a label's value may hold any character.
_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(?P<value>\S+)(?:\s+\d+)?$")


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """Requests that a server works on, those that wait for it, and the share of its KV cache in use, 0 to 1.

    None where the server does not say.
    """

    running: int | None = None
    waiting: int | None = None
    cache_use: float | None = None

    @property
    def is_known(self) -> bool:
        return self.running is not None

    @property
    def is_busy(self) -> bool:
        return bool(self.running or self.waiting)


def metrics_url(base_url: str) -> str:
    """Where a server of `base_url` (up to and with /v1) has its metrics."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/").removesuffix("/v1")
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/metrics", "", ""))


def parse_load(text: str) -> ServerLoad:
    """Read the Prometheus text format; what cannot be read is passed over."""
    samples = _samples(text, {*_RUNNING, *_WAITING, *_CACHE_USE})
    cache = _values(samples, _CACHE_USE)
    return ServerLoad(
        running=_total(_values(samples, _RUNNING)),
        waiting=_total(_values(samples, _WAITING)),
        cache_use=min(max(cache), 1.0) if cache else None,
    )


def total_load(loads: Iterable[ServerLoad]) -> ServerLoad:
    """That of several servers of one model: the sums, and the fullest cache."""
    known = [load for load in loads if load.is_known]
    cache = [load.cache_use for load in known if load.cache_use is not None]
    return ServerLoad(
        running=_total([load.running for load in known if load.running is not None]),
        waiting=_total([load.waiting for load in known if load.waiting is not None]),
        cache_use=max(cache, default=None),
    )


def _samples(text: str, wanted: set[str]) -> dict[str, list[float]]:
    """One value for each set of labels: an engine has several where it is replicated."""
    samples: dict[str, list[float]] = {}
    for line in text.splitlines():
        match = _SAMPLE.match(line.strip())
        if match is None or match["name"] not in wanted:
            continue
        try:
            value = float(match["value"])
        except ValueError:
            continue
        if 0 <= value <= _MOST:
            samples.setdefault(match["name"], []).append(value)
    return samples


def _values(samples: dict[str, list[float]], names: tuple[str, ...]) -> list[float]:
    """Those of the first name that the server knows."""
    return next((samples[name] for name in names if name in samples), [])


def _total(values: list[float] | list[int]) -> int | None:
    return min(round(sum(values)), _MOST) if values else None
