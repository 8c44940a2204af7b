"""Telling a battle's sockets whether ballot and prompt box are open."""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

from arena.live.database import in_database
from arena.live.feed import publish
from arena.live.snapshots import ballot_frame

#: While an answer is on its way. Nothing has to be read to know that.
CLOSED: Final = {"type": "ballot", "ballot_open": False, "can_prompt": False}

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def publish_ballot_state(battle_uid: str) -> None:
    """Reads the state and publishes it, one at a time for each battle.

    Both answers often end together: read at once and published in the other order, "not yet" would come after "open".
    """
    lock = _locks.setdefault(battle_uid, asyncio.Lock())
    async with lock:
        if frame := await in_database(ballot_frame, battle_uid):
            publish(battle_uid, frame)
