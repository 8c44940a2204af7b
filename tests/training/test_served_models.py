"""The arguments that name a served model."""

from argparse import ArgumentParser

import pytest

from training.asking import Api
from training.exceptions import TrainingError
from training.served_models import add_api_arguments, api_of

URL = "http://127.0.0.1:8000/v1"


def api(*arguments: str) -> Api:
    parser = ArgumentParser()
    add_api_arguments(parser)
    return api_of(vars(parser.parse_args(arguments)), "latxa")


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATXA_API_KEY", "giltza")
    named = api("--base-url", URL, "--key-env", "LATXA_API_KEY", "--at-once", "3", "--timeout", "1.5")
    assert named == Api(URL, "latxa", "giltza", 3, 1.5)
    assert api("--base-url", URL) == Api(URL, "latxa")


@pytest.mark.parametrize(
    "arguments, reason",
    [
        ((), "Give it by --base-url"),
        (("--base-url", URL, "--at-once", "0"), "must be more than 0"),
        (("--base-url", URL, "--timeout", "0"), "must be more than 0"),
        (("--base-url", URL, "--key-env", "PATH"), "--key-env: 'PATH' is no name for a model's key"),
        (("--base-url", URL, "--key-env", "MISSING_API_KEY"), "MISSING_API_KEY, which holds a model's key, is not set"),
    ],
)
def test_what_names_no_server(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        api(*arguments)
