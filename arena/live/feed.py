"""From a streaming task to every socket of a battle, in this process and in others."""

from typing import Any

import structlog
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)

Frame = dict[str, Any]


def group_of(battle_uid: str) -> str:
    """The channel-layer group in which the sockets of a battle are."""
    return f"battle.{battle_uid}"


async def subscribe(battle_uid: str, channel_name: str) -> None:
    """Joins a socket to its battle. Done again at each `hello`, since a layer that restarts forgets who had joined."""
    try:
        await get_channel_layer().group_add(group_of(battle_uid), channel_name)
    except Exception as error:
        # Without the layer the socket still answers `hello` from the database, and the page asks again.
        log.warning("socket_not_joined", battle=battle_uid, error=repr(error))


async def unsubscribe(battle_uid: str, channel_name: str) -> None:
    """Takes a socket out of its battle."""
    try:
        await get_channel_layer().group_discard(group_of(battle_uid), channel_name)
    except Exception as error:
        # The membership expires by itself.
        log.warning("socket_not_left", battle=battle_uid, error=repr(error))


async def publish(battle_uid: str, frame: Frame) -> None:
    """Sends a frame to every socket of the battle.

    A channel layer that is gone costs the frame and not the answer: the text is in the database as well, and sockets
    find the gap by the offsets and read it there.
    """
    layer = get_channel_layer()
    try:
        await layer.group_send(group_of(battle_uid), {"type": "battle.frame", "frame": frame})
    except Exception as error:
        # Whatever the layer raises (redis, sockets, time-outs): it must not end the answer.
        log.warning("frame_not_published", battle=battle_uid, frame=frame["type"], error=repr(error))
