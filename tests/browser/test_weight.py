"""What a first visit costs, and that nothing of it comes from elsewhere."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE
from tests.browser.seed import SLUG
from tests.browser.visitor import Visitor

MOST_BYTES = 100 * 1024


def bytes_over_the_wire(page: Page, path: str) -> int:
    """Everything that a first visit without cache takes, headers of answers and requests included."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    page.goto(path, wait_until="networkidle")
    assert received
    return sum(received)


def test_the_first_page_is_light(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE, extra_http_headers={"Accept-Encoding": "gzip, deflate, br"})
    assert bytes_over_the_wire(visitor.page, "/") < MOST_BYTES


def test_the_battle_is_light(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    url = visitor.start_battle().url
    assert bytes_over_the_wire(visitor.page, url) < MOST_BYTES + 50 * 1024


@pytest.mark.parametrize("path", ["/", f"/c/{SLUG}/join/", f"/c/{SLUG}/leaderboard/", "/accounts/login/"])
def test_the_policy_allows_nothing_inline(visitor: Visitor, path: str) -> None:
    response = visitor.page.goto(path)
    assert response
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy and "default-src 'none'" in policy
    # The browser's own word that it is kept: an inline script does not run.
    visitor.expect_problem("Content Security Policy")
    visitor.page.evaluate(
        """() => { const script = document.createElement("script"); script.textContent = "window.hacked = 1";
        document.body.append(script); }"""
    )
    assert visitor.page.evaluate("window.hacked") is None
