"""Tests of training, in the environment that has its packages: `.venv-training/bin/python -m pytest tests/training`."""

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
if find_spec("trl") is None:
    # The web's environment, where nothing of training can be imported; `make test` runs these in the other one.
    collect_ignore_glob = ["*.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files of tests/training anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.training)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Llama and its tokenizer. Nobody may write to it."""
    from tests.training.tiny import make_model

    return make_model(tmp_path_factory.mktemp("tiny-model"))
