"""The arguments by which commands are told of a served model."""

from argparse import ArgumentParser, _ArgumentGroup
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.secrets import model_api_key
from training.asking import Api
from training.exceptions import TrainingError

AT_ONCE = 16
TIMEOUT = 600.0


def add_api_arguments(parser: ArgumentParser | _ArgumentGroup) -> None:
    """`--base-url`, `--key-env`, `--at-once` and `--timeout`."""
    parser.add_argument("--base-url", default="", metavar="URL", help="of the server, such as http://127.0.0.1:8000/v1")
    parser.add_argument(
        "--key-env", default="", metavar="NAME", help="environment variable with its key; the name ends in _API_KEY"
    )
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, metavar="N", help=f"requests at once (default: {AT_ONCE})"
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT, metavar="S", help=f"seconds for an answer (default: {TIMEOUT:g})"
    )


def api_of(options: dict[str, Any], model: str) -> Api:
    """The server that the arguments name. Raises TrainingError."""
    if not options["base_url"]:
        raise TrainingError("No server is named. Give it by --base-url http://HOST:PORT/v1.")
    if options["at_once"] < 1 or options["timeout"] <= 0:
        raise TrainingError("--at-once and --timeout must be more than 0.")
    try:
        key = model_api_key(options["key_env"])
    except ImproperlyConfigured as error:
        raise TrainingError(f"--key-env: {error}") from error
    return Api(options["base_url"], model, key, options["at_once"], options["timeout"])
