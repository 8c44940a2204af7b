"""A socket at an address that does not exist."""

from channels.generic.websocket import AsyncWebsocketConsumer

from arena.live.close_codes import NOT_FOUND


class Nowhere(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Closes at once, as for a battle that is somebody else's."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(code=NOT_FOUND)
