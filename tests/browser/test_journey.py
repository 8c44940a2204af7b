"""From the home page to a vote that is counted, in Basque: on a phone, on a laptop, and by keyboard alone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.seed import NAMES
from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor, answer, ask, ballot, choose, ended, eu, in_step, prompt_box, question

QUESTION = "Zer da bertsolaritza?"
CONTENT = "Which answer is better in content?"
LANGUAGE = "Which one is written in better Basque?"
OVERALL = "And overall, which one is better?"


def test_the_site_speaks_basque(visitor: Visitor) -> None:
    visitor.page.goto("/")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "eu")
    assert eu("Take part") != "Take part", "The Basque catalogue is not there."
    expect(visitor.page.get_by_role("link", name=eu("Take part"))).to_be_visible()


def join_by_hand(page: Page) -> None:
    page.get_by_role("link", name=eu("Take part")).click()
    page.get_by_role("radio", name="C1/C2").check()
    page.get_by_role("radio", name=eu("Vocational training")).check()
    page.get_by_role("checkbox", name=eu("I am 14 or older")).check()
    page.get_by_role("checkbox", name=eu("I have read the text of the campaign and accept it")).check()
    page.get_by_role("button", name=eu("Join")).click()


@pytest.mark.parametrize("screen", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_from_home_to_a_counted_vote(visit: Callable[..., Visitor], worker: None, screen: dict[str, Any]) -> None:
    page = visit(**screen).page
    page.goto("/")
    join_by_hand(page)
    page.get_by_role("button", name=eu("Start a battle")).click()
    in_step(page)
    expect(ballot(page)).to_be_hidden()

    ask(page, QUESTION)
    expect(page.get_by_text(QUESTION)).to_be_visible()
    ended(page)
    for side in "ab":
        expect(answer(page, side).locator("[data-arena-answer-text]")).not_to_be_empty()
    if screen is PHONE:
        page.get_by_role("button", name=eu("Vote")).click()
    choose(page, "content", "a")
    choose(page, "language", "tie")
    expect(question(page, "overall")).to_be_hidden()
    ballot(page).get_by_role("button", name=eu("Vote")).click()

    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()
    for name in NAMES.values():
        expect(ballot(page)).to_contain_text(name)
    expect(page.get_by_text(eu("Your vote is counted in the ranking."))).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "The page scrolls sideways."
    page.get_by_role("button", name=eu("Next battle")).click()
    in_step(page)
    expect(page.locator("[data-arena-turn]")).to_have_count(0)


def test_the_vote_shows_in_the_ranking(visitor: Visitor, site: RunningSite, worker: None) -> None:
    page = visitor.start_battle()
    ask(page, QUESTION)
    ended(page)
    choose(page, "content", "b")
    choose(page, "language", "b")
    ballot(page).get_by_role("button", name=eu("Vote")).click()
    expect(page.get_by_role("link", name=eu("See the ranking"))).to_be_visible(timeout=30_000)
    # What beat does every two minutes.
    site.run("manage.py", "shell", "--command", "from ranking.tasks import refresh_snapshots; refresh_snapshots()")
    page.get_by_role("link", name=eu("See the ranking")).click()
    for name in NAMES.values():
        expect(page.get_by_role("table").get_by_text(name).first).to_be_visible()


def tab_to(page: Page, name: str, role: str = "button", presses: int = 40) -> None:
    """Presses Tab until the focus is on what is looked for."""
    wanted = page.get_by_role(role, name=name)  # type: ignore[arg-type]
    for _ in range(presses):
        if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} was not reached by keyboard.")


def test_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    tab_to(page, eu("Take part"), "link")
    page.keyboard.press("Enter")
    page.wait_for_url("**/join/")
    tab_to(page, "A1/A2", "radio")
    page.keyboard.press("ArrowDown")
    tab_to(page, eu("University"), "radio")
    page.keyboard.press("Space")
    for box in ("I have read the text of the campaign and accept it", "I am 14 or older"):
        tab_to(page, eu(box), "checkbox")
        page.keyboard.press("Space")
    tab_to(page, eu("Join"))
    page.keyboard.press("Enter")
    tab_to(page, eu("Start a battle"))
    page.keyboard.press("Enter")

    in_step(page)
    expect(prompt_box(page)).to_be_focused()
    page.keyboard.type("Lehen lerroa")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("bigarren lerroa")
    page.keyboard.press("Enter")
    ended(page)
    expect(page.locator("[data-arena-prompt-said]")).to_have_text("Lehen lerroa\nbigarren lerroa")

    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name=eu(CONTENT)).get_by_role("radio").first).to_be_focused()
    page.keyboard.press("1")
    expect(page.get_by_role("group", name=eu(LANGUAGE)).get_by_role("radio").first).to_be_focused()
    page.keyboard.press("3")
    expect(page.get_by_role("group", name=eu(OVERALL)).get_by_role("radio").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("group", name=eu(OVERALL)).get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()
    tab_to(page, eu("Next battle"))
    page.keyboard.press("Enter")
    in_step(page)
    expect(prompt_box(page)).to_be_focused()
