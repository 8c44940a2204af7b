"""axe-core on every page, on a phone in the light and on a laptop in the dark: nothing serious may be found."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.seed import LONG_SLUG, RANKED_SLUG, SLUG
from tests.browser.visitor import Visitor, answer, ask, ballot, choose, ended, eu
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "phone-light": PHONE | {"color_scheme": "light"},
    "laptop-dark": LAPTOP | {"color_scheme": "dark"},
}


def serious_faults(page: Page) -> list[str]:
    """What axe finds that is serious or critical, each with the element that has it."""
    page.evaluate(AXE)
    # Colours that are on their way between two states have a contrast of their own.
    page.evaluate("Promise.all(document.getAnimations().filter((a) => a.transitionProperty).map((a) => a.finished))")
    found: dict[str, Any] = page.evaluate("(tags) => axe.run({runOnly: tags})", LEVELS)
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def check(page: Page) -> None:
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways."


@pytest.fixture(params=list(SCREENS.values()), ids=list(SCREENS))
def guest(visit: Callable[..., Visitor], request: pytest.FixtureRequest) -> Iterator[Visitor]:
    yield visit(**request.param)


@pytest.mark.parametrize(
    "path",
    [
        "/", f"/c/{SLUG}/join/", "/about/", "/privacy/", f"/c/{SLUG}/leaderboard/", f"/c/{SLUG}/contributors/",
        "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/ez-dago/",
    ],
)  # fmt: skip
def test_pages_of_a_guest(guest: Visitor, path: str) -> None:
    guest.expect_problem("404")
    guest.page.goto(path)
    check(guest.page)


@pytest.mark.parametrize(
    "path", ["", "?from=2026-03-19&ties=drop", "history/", "snapshots/", "snapshots/1/", "compare/?from=1&to=4"]
)
def test_pages_of_a_ranking(guest: Visitor, path: str) -> None:
    guest.page.goto(f"/c/{RANKED_SLUG}/leaderboard/{path}")
    guest.page.evaluate("document.querySelectorAll('details.fold').forEach(fold => { fold.open = true })")
    check(guest.page)


def test_a_form_with_faults(guest: Visitor) -> None:
    guest.expect_problem("422")
    guest.page.goto(f"/c/{SLUG}/join/")
    guest.page.get_by_role("button", name=eu("Join")).click()
    expect(guest.page.get_by_role("alert")).to_be_visible()
    check(guest.page)


def test_pages_of_a_volunteer(guest: Visitor) -> None:
    page = guest.start_battle()
    check(page)
    ask(page, "Zer da hau?")
    ended(page)
    for path in ("/", "/me/", "/me/erase/"):
        page.goto(path)
        check(page)


def test_a_battle_from_prompt_to_thanks(guest: Visitor, openai_server: StubServer) -> None:
    openai_server.script.text = (
        "# Izenburua\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nkodea\n```\n\n[esteka](https://eu.eus)"
    )
    openai_server.script.tokens_per_second = 8
    page = guest.start_battle()
    ask(page, "Kaixo")
    expect(answer(page, "a")).to_have_attribute("data-status", "streaming")
    check(page)
    ended(page)
    page.keyboard.press("Escape")
    expect(ballot(page)).to_be_visible()
    choose(page, "content", "a")
    choose(page, "language", "b")
    check(page)
    choose(page, "overall", "tie")
    ballot(page).get_by_role("button", name=eu("Vote")).click()
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()
    check(page)
    page.goto(page.url)
    expect(page).to_have_url(re.compile("/me/battles/"))
    check(page)


def test_the_longest_ballot(guest: Visitor) -> None:
    page = guest.start_battle(LONG_SLUG)
    ask(page, "Kaixo")
    ended(page)
    page.keyboard.press("Escape")
    choose(page, "content", "both_bad")
    ballot(page).get_by_text(eu("Add a comment")).click()
    check(page)


def test_a_failed_side_and_the_dialogs(guest: Visitor, openai_server: StubServer) -> None:
    openai_server.behave("stub-a", Behaviour.HTTP_500)
    page = guest.start_battle()
    ask(page, "Kaixo")
    ended(page)
    expect(page.get_by_role("button", name=eu("Two other models"))).to_be_visible()
    check(page)
    page.get_by_role("button", name=eu("Report"), exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=eu("Skip"), exact=True).click()
    check(page)
