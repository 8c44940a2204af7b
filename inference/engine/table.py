"""A plan as text: a table, and commands to copy. Pure."""

import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby

from inference.engine.plan import Server
from inference.engine.spec import Spec
from inference.engine.vllm_args import ServerCommand

_HEADINGS = ("model", "replica", "host", "GPUs", "share", "port", "adapters")


def plan_table(spec: Spec, servers: Sequence[Server]) -> str:
    """A line for each server, and for each model that somebody else serves."""
    rows = [_row(server) for server in servers]
    rows += [(hosted.name, "–", hosted.base_url, "–", "–", "–", "–") for hosted in spec.hosted]
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    heading = "  ".join(f"{cell:<{width}}" for cell, width in zip(_HEADINGS, widths, strict=True))
    return "\n".join(line.rstrip() for line in [heading, *lines])


def as_shell(command: ServerCommand) -> str:
    """One line that a shell runs as `command`."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in sorted(command.env.items())]
    return " ".join(["env", *variables, shlex.join(command.arguments)])


def _row(server: Server) -> tuple[str, ...]:
    place = server.place
    adapters = ", ".join(adapter.name for adapter in server.model.adapters)
    return (
        server.model.name,
        f"{server.replica} of {server.model.replicas}",
        server.host.name,
        _gpus(server) if place.gpus else "CPU",
        "–" if place.share is None else f"{place.share:.2f}",
        str(server.port),
        adapters or "–",
    )


def _gpus(server: Server) -> str:
    """Numbers, with their host where they are not all on the server's."""
    by_host = [(host, _numbers(i for _, i in gpus)) for host, gpus in groupby(server.gpus, key=lambda gpu: gpu[0])]
    return by_host[0][1] if len(by_host) == 1 else " ".join(f"{host}:{numbers}" for host, numbers in by_host)


def _numbers(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
