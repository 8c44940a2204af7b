"""Settings. The default and production differ only in LEHIA_* variables of the environment (see README)."""

import secrets
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import env
from config.logging import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.var_dir()
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _local_secret(name: str) -> str:
    """A secret from the environment, or one made once and kept beside the local database."""
    value = env.text(name.upper())
    if value:
        return value
    if not DEBUG and not env.flag("LOCAL", True):
        raise ImproperlyConfigured(f"LEHIA_{name.upper()} must be set where LEHIA_LOCAL is no.")
    path = VAR_DIR / f"{name}.txt"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


DEBUG = env.flag("DEBUG", False)
LOCAL = env.flag("LOCAL", True)
SECRET_KEY = _local_secret("secret_key")
# The key of the pseudonyms in exports. Changing it makes old and new exports impossible to join, which is its use.
PSEUDONYM_KEY = _local_secret("pseudonym_key")
# With it Prometheus reads /metrics; without one nobody does.
METRICS_TOKEN = _local_secret("metrics_token") if LOCAL else env.text("METRICS_TOKEN")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.words("TRUSTED_ORIGINS")
SITE_NAME = env.text("SITE_NAME", "Lehia")
# Where operators can be written to; shown on the privacy page.
CONTACT_EMAIL = env.text("CONTACT_EMAIL")

# Which process of how many a stage of training is, where SLURM started it.
SLURM_ARRAY = env.slurm_array()
# How the threads of a trainer that is started here wait for one another.
OMP_WAIT_POLICY = env.wait_policy()

INSTALLED_APPS = [
    "arena.apps.ArenaConfig",
    "inference.apps.InferenceConfig",
    "ranking.apps.RankingConfig",
    "training.apps.TrainingConfig",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "django_htmx",
    "arena.apps.ArenaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.request_id",
    "config.middleware.measured",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.language_of_choice",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "arena.middleware.participant",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "arena.context_processors.site",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    settings = env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
    if settings["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE makes a writing transaction take its lock at the start: two of them queue instead of failing.
        settings["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
        }
    else:
        # A pool, because each short query of a streaming battle runs in a thread of its own.
        pool = {"min_size": 1, "max_size": env.integer("DATABASE_POOL", 16, minimum=2), "timeout": 10}
        settings["OPTIONS"] = {**settings.get("OPTIONS", {}), "pool": pool}
        # One round trip each time a connection is taken: the pool must not hand out those that a restart has cut.
        settings["CONN_HEALTH_CHECKS"] = True
    settings["CONN_MAX_AGE"] = 0
    return settings


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.url("REDIS_URL", "", schemes=("redis", "rediss", "unix"))
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    # The layer waits 5 s at a time for the next frame, and so does the client by default: a socket on which nothing
    # comes for 5 s would be lost to whichever of the two gives up first.
    _redis_host = {"address": REDIS_URL, "socket_timeout": 15, "socket_connect_timeout": 5}
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [_redis_host], "capacity": 2000, "expiry": 60, "prefix": "lehia"},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "lehia"}}
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 2000, "expiry": 60}}
    }

# Celery. Without a broker's URL, messages are files under var/broker: slower than Redis, and nothing to install.
CELERY_BROKER_URL = env.url(
    "BROKER_URL", "filesystem://", schemes=("filesystem", "redis", "rediss", "amqp", "amqps", "memory")
)
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = VAR_DIR / "broker"
    for _folder in ("messages", "processed", "control"):
        (_broker / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "processed_folder": str(_broker / "processed"),
        "control_folder": str(_broker / "control"),
    }
else:
    # A web process must not hang on a broker that is gone: the vote is committed, and the sweep collects it later.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5}
    CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "collect ballots that a lost message left behind": {
        "task": "arena.tasks.sweep_ballots",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "end answers whose web process died": {
        "task": "arena.tasks.sweep_answers",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "tell languages and kinds of prompts": {
        "task": "arena.tasks.label_conversations",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "probe the served models": {
        "task": "inference.tasks.probe_served_models",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "publish rankings with new votes": {
        "task": "ranking.tasks.refresh_snapshots",
        "schedule": 120.0,
        "options": {"expires": 120.0},
    },
}

AUTH_USER_MODEL = "arena.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "arena:me"
LOGOUT_REDIRECT_URL = "arena:home"
ACCOUNT_ADAPTER = "arena.accounts.AccountAdapter"
ACCOUNT_FORMS = {"signup": "arena.accounts.SignupForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USERNAME_MIN_LENGTH = 3
# How many reverse proxies stand in front. Only their entries of X-Forwarded-For are believed; 0 means none is.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

SESSION_COOKIE_AGE = 60 * 60 * 24 * 120
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
HTTPS = env.flag("HTTPS", False)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "arena.views.errors.csrf_failure"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LANGUAGE_CODE = "eu"
LANGUAGES = [("eu", _("Basque")), ("es", _("Spanish")), ("fr", _("French")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "lehia_language"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "Europe/Madrid")

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.ModuleManifestStorage"},
}

EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("FROM_EMAIL", "lehia@localhost")
for _name, _value in env.email("EMAIL_URL", f"filemail:///{VAR_DIR / 'mail'}").items():
    globals()[_name] = _value

# Streaming of answers.
ANSWER_FRAMES_PER_SECOND = 20
ANSWER_SAVE_SECONDS = 1.0
# An answer whose heartbeat (one per save) is older than this has lost the process that streamed it.
ANSWER_LOST_SECONDS = env.integer("ANSWER_LOST_SECONDS", 15, minimum=2)
SOCKET_IDLE_SECONDS = env.integer("SOCKET_IDLE_SECONDS", 60, minimum=1)
DRAIN_SECONDS = env.drain_seconds()

LOGGING_CONFIG = None
configure_logging(**env.log_options())
