"""The states of a server, and what those of several say of their model. Pure."""

from collections.abc import Sequence
from enum import StrEnum


class ServerState(StrEnum):
    """What is known of a server."""

    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    """It ended by itself, and will be started again."""
    GIVEN_UP = "given up"
    STOPPED = "stopped"
    """It was stopped on purpose."""


_BEST_FIRST = (
    ServerState.READY,
    ServerState.STARTING,
    ServerState.DIED,
    ServerState.GIVEN_UP,
    ServerState.STOPPED,
)


def verdict(states: Sequence[tuple[ServerState, str]]) -> tuple[ServerState, str]:
    """The best of the states of a model's servers, each with its problem: a model is as well as its best server."""
    return min(states, key=lambda each: _BEST_FIRST.index(each[0]))
