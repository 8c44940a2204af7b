"""Close codes of the battle's WebSocket (docs/protocol.md)."""

NOT_FOUND = 4404
IDLE = 4408
GOING_AWAY = 1001
