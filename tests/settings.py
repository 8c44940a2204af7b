"""The project's settings, with what tests need: a place of their own for files, and no waiting.

Database, Redis and broker come from the same LEHIA_* variables as in production: without them it is SQLite in a file
and everything else in process (`make test-fast`).
"""

import os
import tempfile

# Before the settings are read: tests keep out of the checkout's var/.
os.environ.setdefault("LEHIA_VAR_DIR", tempfile.mkdtemp(prefix="lehia-test-"))

# Tests that run side by side have a Redis database each, as they have a PostgreSQL database each.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_server, _, _number = os.environ.get("LEHIA_REDIS_URL", "").rpartition("/")
if _WORKER and _number.isdigit():
    os.environ["LEHIA_REDIS_URL"] = f"{_server}/{abs(int(_number) - _WORKER)}"

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STATIC_ROOT, VAR_DIR  # noqa: E402

SECRET_KEY = "not a secret: tests only"
PSEUDONYM_KEY = "not a secret either"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The manifest of production needs `collectstatic`; tests/config/test_storage.py and the browser tests use it.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Empty where nothing was collected; WhiteNoise wants it to exist.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: threads of race tests need connections of their own. Nothing survives a test anyway.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
