"""A browser tab with somebody in it who minds everything that goes wrong."""

import gettext
import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.browser.seed import SLUG

LOCALE = Path(__file__).resolve().parents[2] / "locale"
ABOUT_ME = {"language_level": "c1_c2", "education": "university", "confirmed_age": "on", "accept_consent": "on"}


def eu(msgid: str) -> str:
    """What the Basque page says for a msgid. The sites of these tests are in Basque, as they come."""
    return gettext.translation("django", LOCALE, languages=["eu"]).gettext(msgid)


class Visitor:
    """One browser session on the site, its main tab, and the list of what went wrong in any of its tabs."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.on("page", self._watch)
        self.page = context.new_page()

    def expect_problem(self, pattern: str) -> None:
        """A console message that belongs to what the test does: browsers log a refused request as an error."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [text for text in self.problems if not any(known.search(text) for known in self._expected)]

    # Ways to get somewhere quickly. How a person gets there is in test_journey.

    def join(self, slug: str = SLUG) -> None:
        self.page.goto("/privacy/")
        self._post(f"/c/{slug}/join/", ABOUT_ME)

    def start_battle(self, slug: str = SLUG) -> Page:
        """Joins where needed, and opens a new battle, with the page in step with the arena."""
        self.join(slug)
        self.page.goto(self._post(f"/c/{slug}/battles/", {}))
        in_step(self.page)
        return self.page

    def _post(self, path: str, fields: dict[str, str]) -> str:
        token = next(c["value"] for c in self.context.cookies() if c["name"] == "csrftoken")
        form = {"csrfmiddlewaretoken": token, **fields}
        response = self.context.request.post(path, form=form, max_redirects=0)  # type: ignore[arg-type]
        assert response.status == 302, f"{path}: {response.status} {response.text()[:500]}"
        return response.headers["location"]

    def _watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"error in the page: {error}"))
        page.on("dialog", self._interrupted)
        page.on("request", self._requested)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _interrupted(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.base_url, "data:")):
            self.problems.append(f"request to a third party: {request.url}")


def until(page: Page, condition: str, seconds: float = 10.0) -> None:
    """Waits until a condition in the page holds. Playwright's own way evaluates a string, which the policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"Never true: {condition}"
        page.wait_for_timeout(50)


# The battle's page, by what people see of it.


def in_step(page: Page) -> None:
    """Waits until the page has the state of the battle."""
    expect(page.locator("[data-arena-battle][data-synced]")).to_be_attached()


def prompt_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name=eu("Your prompt"))


def ask(page: Page, prompt: str) -> None:
    prompt_box(page).fill(prompt)
    prompt_box(page).press("Enter")


def answer(page: Page, side: str, turn: int = 1) -> Locator:
    name = eu("Answer {side}, turn {turn}").format(side=side.upper(), turn=turn)
    return page.get_by_role("article", name=name)


def ended(page: Page, turn: int = 1) -> None:
    """Waits until nothing is written any more in a turn."""
    for side in "ab":
        expect(answer(page, side, turn)).to_have_attribute("aria-busy", "false", timeout=20_000)


def ballot(page: Page) -> Locator:
    return page.get_by_role("region", name=eu("Ballot"))


def question(page: Page, key: str) -> Locator:
    return page.locator(f'[data-arena-question="{key}"]')


def choose(page: Page, key: str, choice: str) -> None:
    question(page, key).locator(f'label:has(input[value="{choice}"])').click()
