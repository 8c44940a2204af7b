"""What Prometheus scrapes, over all processes of this machine's web server.

gunicorn's processes write their figures into files (`PROMETHEUS_MULTIPROC_DIR`, which `config/gunicorn.py` sets), and
whichever is scraped adds them up. Without gunicorn there is one process, and its figures are in memory.
"""

import os
from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

REQUESTS = Histogram(
    "lehia_request_seconds",
    "Time of a page or form, by method and class of status.",
    ["method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "POST"})


def measure_request(*, method: str, status: int, seconds: float) -> None:
    """Counts a request. Methods that the site does not know are one, since anybody can make some up."""
    REQUESTS.labels(method if method in _METHODS else "other", f"{status // 100}xx").observe(seconds)


def exposition(accept: str, *, others: Iterable[Collector] = ()) -> tuple[bytes, str]:
    """The figures of all processes, and of `others`, in the format that the header `accept` wants; its content type."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    for collector in others:
        registry.register(collector)
    return encode(registry), content_type
