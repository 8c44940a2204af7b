"""Guards that catch what nobody remembers, and the fixtures that all tests share."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.testcases import TestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from tests import services
from tests.guards import foreign_resources, inline_code, leaked_names
from tools import messages

pytest_plugins = ["tests.stubs.fixtures"]

# How long one example takes says nothing on a busy machine.
hypothesis_settings.register_profile("lehia", deadline=None)
hypothesis_settings.load_profile("lehia")


def pytest_sessionstart() -> None:
    """Pages are in Basque unless a test says otherwise, and compiled catalogues are not in the repository."""
    for language in messages.LANGUAGES:
        messages.compile_catalogue(language)


HERE = Path(__file__).parent
#: Whole folders and files that take long: sockets, pages of every kind, files, figures, and sweeps of small rankings.
LONGER = (
    "arena/admin",
    "arena/live",
    "arena/pages",
    "arena/views",
    "inference/test_probing.py",
    "inference/test_streaming.py",
    "ranking/diagnostics",
    "ranking/figures",
    "ranking/files",
    "ranking/test_admin.py",
    "ranking/test_benchmarks_page.py",
    "ranking/test_commands.py",
    "ranking/test_correlate.py",
    "ranking/test_current.py",
    "ranking/test_diagnose.py",
    "ranking/test_import_benchmarks.py",
    "ranking/test_leaderboard.py",
    "ranking/test_plot.py",
    "ranking/test_rank_differences.py",
    "ranking/test_rank_factors.py",
    "ranking/test_rank_style.py",
    "ranking/test_slices.py",
    "ranking/test_snapshot_pages.py",
    "ranking/test_snapshots.py",
    "ranking/estimators/test_agreement.py",
    "ranking/estimators/test_hard_cases.py",
    "ranking/estimators/test_option_properties.py",
    "ranking/estimators/test_paper_preset.py",
    "ranking/estimators/test_properties.py",
    "ranking/estimators/test_regression.py",
    "ranking/estimators/test_resampling.py",
    "ranking/estimators/test_tallying.py",
)
#: What a machine lacks for a test that must not be skipped.
LACKS = pytest.StashKey[str]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Folders can run side by side (`--dist loadgroup`). The tests of one share a site, a port or a queue.
        path = item.path.relative_to(HERE)
        item.add_marker(pytest.mark.xdist_group(path.parts[0]))
        if any(path.is_relative_to(place) for place in LONGER):
            item.add_marker(pytest.mark.longer)
        for marker in services.MARKERS:
            if item.get_closest_marker(marker) and (reason := services.missing(marker)):
                if services.skips_are_failures():
                    item.stash[LACKS] = reason
                else:
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if LACKS in item.stash:
        pytest.fail(f"CI must have everything. {item.stash[LACKS]}", pytrace=False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostgreSQL refuses to drop a database while a thread of some test, ended long ago, still has its connection."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


#: What a volunteer was shown, as (path, body and headers), before the vote.
SHOWN = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture(autouse=True)
def guarded_client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on-commit callbacks, and checks every HTML response for inline code, other hosts, and names of models."""
    original = Client.request
    shown = request.node.stash.setdefault(SHOWN, [])

    def guarded(self: Client, **kwargs: Any) -> HttpResponse:
        if "transactional_db" in request.fixturenames or not _uses_database(request):
            response = original(self, **kwargs)
        else:
            with TestCase.captureOnCommitCallbacks(execute=True):
                response = original(self, **kwargs)
        path = str(kwargs.get("PATH_INFO", ""))
        if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
            body = response.content.decode()
            assert not (found := foreign_resources(body)), f"{path} loads from another host: {found}"
            if not path.startswith("/admin/"):
                assert not (found := inline_code(body)), f"{path} has inline code: {found}"
        if _is_blind(path, response) and not response.streaming:
            shown.append((path, response.content.decode() + repr(dict(response.headers))))
        return response

    monkeypatch.setattr(Client, "request", guarded)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Asked when the test has run and its rows are still there, so that no query is added to those that it counts."""
    result = yield
    if shown := item.stash.get(SHOWN, []):
        names = _model_names()
        for path, body in shown:
            assert not (found := leaked_names(body, names)), f"{path} names a model before the vote: {found}"
    return result


def _uses_database(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("django_db") is not None or "db" in request.fixturenames


def _is_blind(path: str, response: HttpResponse) -> bool:
    """Pages of a battle, until the ballot was accepted: what comes after is the reveal policy's."""
    if not path.startswith("/battles/"):
        return False
    return not (path.endswith(("/ballot/", "/counted/")) and response.status_code == 200)


def _model_names() -> list[str]:
    from arena.models import Competitor
    from inference.models import ServedModel

    names = list(Competitor.objects.values_list("name", flat=True))
    for row in ServedModel.objects.values_list("name", "model_name", "base_url"):
        names.extend(row)
    return names
