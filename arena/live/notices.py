"""Words from the pages to a battle's sockets."""

from asgiref.sync import async_to_sync

from arena.live.feed import tell
from arena.models import Battle


def announce_closed(battle: Battle) -> None:
    """Tells the battle's other tabs that it has ended. Called after the commit; losing the message costs nothing."""
    status = Battle.objects.values_list("status", flat=True).get(pk=battle.pk)
    async_to_sync(tell)(str(battle.uid), {"type": "closed", "status": status})
