"""The ASGI application: pages over HTTP, battles over WebSocket, and an orderly end.

gunicorn serves it: `gunicorn config.asgi:application --config python:config.gunicorn`.
"""

import os
import warnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

# WhiteNoise answers with synchronous iterators. Django then reads the file whole in a thread, which suits files as
# small as ours, and would say so in the log at each start.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django_application = get_asgi_application()

# These import models, so Django has to be set up first.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from arena.live.lifespan import lifespan  # noqa: E402
from arena.live.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(CookieMiddleware(URLRouter(websocket_urlpatterns))),
        "lifespan": lifespan,
    }
)
