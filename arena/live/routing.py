"""WebSocket addresses."""

from django.urls import path, re_path

from arena.live.consumer import BattleConsumer
from arena.live.nowhere import Nowhere

websocket_urlpatterns = [
    path("ws/battles/<uuid:uid>/", BattleConsumer.as_asgi()),
    re_path(r"", Nowhere.as_asgi()),
]
