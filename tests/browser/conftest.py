"""A real browser on the real site, with the scripted model server behind it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.line import Line
from tests.browser.site import RunningSite, end
from tests.browser.visitor import Visitor
from tests.stubs.openai_server import StubServer

CHROMIUM = shutil.which("chromium") or "chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
WAIT_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Ended with the last test of this folder: Playwright keeps a loop running in the thread, which would trip others up.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, running_openai_server: StubServer) -> Iterator[RunningSite]:
    running = RunningSite(tmp_path_factory.mktemp("site"))
    running.prepare("tests.browser.seed", running_openai_server.base_url)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def worker(site: RunningSite) -> Iterator[None]:
    """A Celery worker of the site, so that votes are counted."""
    process = site.spawn("worker.log", "-m", "celery", "-A", "config", "worker", "--pool", "solo")
    yield
    end(process)


@pytest.fixture
def line(site: RunningSite) -> Iterator[Line]:
    line = Line(site.port)
    line.start()
    yield line
    line.stop()


@pytest.fixture
def visit(browser: Browser, site: RunningSite, openai_server: StubServer) -> Iterator[Callable[..., Visitor]]:
    """Opens a session of its own for a visitor. At the end nothing may have gone wrong in any of them."""
    visitors: list[Visitor] = []

    def arrive(base_url: str = site.url, **options: Any) -> Visitor:
        context = browser.new_context(base_url=base_url, **(LAPTOP | options))
        context.set_default_timeout(WAIT_MS)
        visitors.append(Visitor(context, base_url))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
    assert [problem for visitor in visitors for problem in visitor.unexpected()] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody with a laptop."""
    return visit()
