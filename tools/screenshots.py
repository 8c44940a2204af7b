"""Pictures of the pages for docs/screenshots, taken in a real browser from a site that runs already.

    .venv/bin/python -m tools.screenshots http://127.0.0.1:8000 --models http://127.0.0.1:8100 < password.txt

It starts nothing. The site needs an open campaign, a worker and an admin who has chosen a password of their own, which
is read from standard input. It takes part as a volunteer, so it casts two votes. `--models` is a scripted model server
of the tests (`python -m tests.stubs.openai_server`), which is then told what to say; without it the site's own models
answer.
"""

import argparse
import getpass
import json
import re
import shutil
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.venv import ROOT

FOLDER = ROOT / "docs" / "screenshots"
SCREENS: dict[int, dict[str, Any]] = {
    360: {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    1280: {"viewport": {"width": 1280, "height": 800}},
}
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: The pictures that are taken in dark too, by name and width.
DARK = {("home", 1280), ("battle-answered", 1280), ("leaderboard", 360)}
#: Tall pages are cut here.
MOST_PIXELS_HIGH = 1500
SECONDS_TO_ANSWER = 120
#: What the demo's model is called, for the scripted server that stands in for it.
MODEL_NAME = "smollm2-135m-instruct"
PROMPT = "Nola egiten da marmitakoa?"
ANSWERS = [
    "**Marmitakoa** arrantzaleen plater bat da: hegaluzea eta patatak.\n\n"
    "1. Zuritu kilo bat patata, eta **kraskatu** zati handitan.\n"
    "2. Frijitu tipula bat, bi piper berde eta berakatz-ale bat su motelean.\n"
    "3. Gehitu patatak eta bi txorizero-piperren mamia. Estali arrain-saldaz.\n"
    "4. Egosi hogei minutuz. Bota hegaluzea zatitan, eta **itzali sua**.\n\n"
    "> Utzi bost minutuz estalita: hegaluzea bere beroan eginda, samur geratuko da.",
    "Marmitakoa egiteko, lehenengo patatak moztu behar dira eta gero egosi. Tipula eta piperra ere bota ahal dira, "
    "nahi izanez gero.\n\n"
    "| Osagaia | Zenbat |\n|---|---|\n| Patata | 1 kg |\n| Hegaluzea | 600 g |\n| Tipula | 1 |\n\n"
    "Azkenean arraina sartu eta prest. *On egin!*",
]


@dataclass
class Camera:
    """Takes the pictures of one width. A name is written once."""

    page: Page
    width: int
    folder: Path

    def take(self, name: str, *, full: bool = False) -> None:
        """A picture of what is to be seen, or of the whole page where it is `full`."""
        self._take(name, "light", full)
        if (name, self.width) in DARK:
            self._take(name, "dark", full)

    def _take(self, name: str, scheme: Literal["light", "dark"], full: bool) -> None:
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        options: dict[str, Any] = {"animations": "disabled", "caret": "hide"}
        if full:
            height = min(int(self.page.evaluate("document.documentElement.scrollHeight")), MOST_PIXELS_HIGH)
            options |= {"full_page": True, "clip": {"x": 0, "y": 0, "width": self.width, "height": height}}
        path = self.folder / f"{name}-{self.width}{'-dark' if scheme == 'dark' else ''}.png"
        self.page.screenshot(path=path, **options)
        print(f"{path.name}: {path.stat().st_size // 1024} KB", flush=True)

    def visit(self, path: str, name: str, *, full: bool = True) -> None:
        """Goes to a page and takes its picture."""
        response = self.page.goto(path)
        if response is None or not response.ok:
            raise SystemExit(f"{path} answers {response.status if response else 'nothing'}.")
        self.take(name, full=full)


def tell_models(address: str, **script: object) -> None:
    """Tells the scripted model server what to do."""
    body = json.dumps(script).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}/control", data=body), timeout=10):
        pass


def as_volunteer(camera: Camera) -> None:
    """From the home page to a counted vote, and to the pages around it."""
    page = camera.page
    camera.visit("/", "home")
    page.locator(".start a.button").click()
    page.wait_for_url("**/join/")
    slug = re.findall(r"/c/([\w-]+)/join/", page.url)[0]
    camera.take("join", full=True)
    for name, value in (("language_level", "c1_c2"), ("education", "university")):
        page.locator(f'input[name="{name}"][value="{value}"]').check()
    for name in ("confirmed_age", "accept_consent"):
        page.locator(f'input[name="{name}"]').check()
    page.locator('form:has(input[name="accept_consent"]) button[type="submit"]').click()
    page.locator("form.start button").click()
    _battle(camera)
    camera.visit("/me/", "me")
    camera.visit(f"/c/{slug}/leaderboard/", "leaderboard")
    camera.visit(f"/c/{slug}/contributors/", "contributors")


def _battle(camera: Camera) -> None:
    page = camera.page
    expect(page.locator("[data-arena-battle][data-synced]")).to_be_attached()
    camera.take("battle-empty")
    page.locator("[data-arena-prompt]").fill(PROMPT)
    page.locator("[data-arena-prompt]").press("Enter")
    for side in "ab":
        text = page.locator(f'[data-arena-answer="{side}"] [data-arena-answer-text]')
        expect(text).to_contain_text(re.compile(r"\S(.|\n){60}"), timeout=SECONDS_TO_ANSWER * 1000)
    camera.take("battle-streaming")
    for side in "ab":
        answer = page.locator(f'[data-arena-answer="{side}"]')
        expect(answer).to_have_attribute("aria-busy", "false", timeout=SECONDS_TO_ANSWER * 1000)
    page.evaluate("scrollTo(0, 0)")
    camera.take("battle-answered")
    if camera.width < 600:
        page.locator("[data-arena-vote]").click()
    for question, choice in (("content", "a"), ("language", "b"), ("overall", "a")):
        page.locator(f'[data-arena-question="{question}"] label:has(input[value="{choice}"])').click()
    _show_ballot(page)
    camera.take("ballot")
    page.locator("[data-arena-cast]").click()
    expect(page.locator('[data-arena-counted="true"]')).to_be_attached(timeout=60_000)
    _show_ballot(page)
    camera.take("thanks")


def _show_ballot(page: Page) -> None:
    """From its top: on a phone it is a sheet that scrolls by itself."""
    ballot = page.locator("[data-arena-ballot]")
    ballot.scroll_into_view_if_needed()
    ballot.evaluate("ballot => [ballot, ...ballot.querySelectorAll('*')].forEach(part => { part.scrollTop = 0 })")


def as_admin(camera: Camera, *, admin: str, password: str) -> None:
    """The index, the matchup that runs, and the newest battle."""
    page = camera.page
    page.goto("/accounts/login/?next=/admin/")
    page.locator('input[name="login"]').fill(admin)
    page.locator('input[name="password"]').fill(password)
    page.locator('form:has(input[name="password"]) button[type="submit"]').click()
    page.wait_for_url("**/admin/")
    camera.take("admin-index", full=True)
    for listed, link, name in (
        ("/admin/arena/matchup/", "a[href$='/watch/']", "admin-watch"),
        ("/admin/arena/battle/?status__exact=voted", "#result_list tbody th a", "admin-battle"),
    ):
        page.goto(listed)
        camera.visit(str(page.locator(link).first.evaluate("link => link.href")), name)


def take_all(browser: Browser, address: str, *, admin: str, password: str, models: str) -> None:
    """Every picture, at both widths, each volunteer and admin in a session of their own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if models:
        tell_models(models, models=[MODEL_NAME], texts=ANSWERS, tokens_per_second=12)
    for width, screen in SCREENS.items():
        volunteer = browser.new_context(base_url=address, locale="eu-ES", **screen)
        as_volunteer(Camera(volunteer.new_page(), width, FOLDER))
        volunteer.close()
        office = browser.new_context(base_url=address, locale="eu-ES", **screen)
        as_admin(Camera(office.new_page(), width, FOLDER), admin=admin, password=password)
        office.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them."""
    parser = argparse.ArgumentParser(description="Take the pictures of docs/screenshots from a running site.")
    parser.add_argument("address", help="of the site, such as http://127.0.0.1:8000")
    parser.add_argument("--admin", default="admin", help="user name; the password is read from standard input")
    parser.add_argument("--models", default="", help="address of a scripted model server, without /v1")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser to use")
    options = parser.parse_args(arguments)
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=CHROMIUM_ARGUMENTS)
        take_all(browser, options.address, admin=options.admin, password=password, models=options.models)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
