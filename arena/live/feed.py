"""From a streaming task to every socket of a battle, in this process and in others."""

from typing import Any

import structlog
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)

Frame = dict[str, Any]


def group_of(battle_uid: str) -> str:
    """The channel-layer group in which the sockets of a battle are."""
    return f"battle.{battle_uid}"


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
