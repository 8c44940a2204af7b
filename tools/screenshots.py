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
import time
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
SECONDS_TO_BE_PROBED = 25
#: Current rankings are looked after every two minutes.
SECONDS_TO_COMPUTE = 240
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


def as_volunteer(camera: Camera) -> str:
    """From the home page to a counted vote, and to the pages around it. Returns the campaign's slug."""
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
    _visit_until(page, f"/c/{slug}/leaderboard/", ".ladder li")
    camera.take("leaderboard", full=True)
    camera.visit(f"/c/{slug}/contributors/", "contributors")
    return str(slug)


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
    """The index, the models, the matchup that runs, and the newest battle. Takes a snapshot by hand, for its page."""
    page = camera.page
    page.goto("/accounts/login/?next=/admin/")
    page.locator('input[name="login"]').fill(admin)
    page.locator('input[name="password"]').fill(password)
    page.locator('form:has(input[name="password"]) button[type="submit"]').click()
    page.wait_for_url("**/admin/")
    camera.take("admin-index", full=True)
    camera.visit("/admin/inference/servedmodel/", "admin-models")
    for listed, link, name in (
        ("/admin/arena/matchup/", "a[href$='/watch/']", "admin-watch"),
        ("/admin/arena/battle/?status__exact=voted", "#result_list tbody th a", "admin-battle"),
    ):
        page.goto(listed)
        camera.visit(str(page.locator(link).first.evaluate("link => link.href")), name)
    page.goto("/admin/ranking/snapshot/take/")
    page.locator('select[name="campaign"]').select_option(index=1)
    page.locator('form:has(select[name="campaign"]) [type="submit"]').click()
    page.wait_for_url("**/admin/ranking/snapshot/")


def as_researcher(camera: Camera, slug: str) -> None:
    """The snapshots that were published, how the ranking came to be what it is, and what changed between two."""
    page = camera.page
    _visit_until(page, f"/c/{slug}/leaderboard/snapshots/", "main table tbody tr:nth-child(2)")
    camera.take("snapshots", full=True)
    camera.visit(f"/c/{slug}/leaderboard/history/", "history")
    page.goto(f"/c/{slug}/leaderboard/snapshots/")
    page.locator("main form button").click()
    page.wait_for_url("**/compare/**")
    camera.take("compare", full=True)


def take_benchmarks(browser: Browser, address: str, slug: str) -> None:
    """The page of a campaign's benchmarks."""
    for width, screen in SCREENS.items():
        reader = browser.new_context(base_url=address, locale="eu-ES", **screen)
        Camera(reader.new_page(), width, FOLDER).visit(f"/c/{slug}/benchmarks/", "benchmarks")
        reader.close()


def _visit_until(page: Page, path: str, selector: str) -> None:
    """Goes to a page again and again until the worker has made what it shows."""
    for _attempt in range(SECONDS_TO_COMPUTE):
        page.goto(path)
        if page.locator(selector).count():
            return
        page.wait_for_timeout(1000)
    raise SystemExit(f"{path} shows nothing after {SECONDS_TO_COMPUTE} s: does a worker run?")


def take_all(browser: Browser, address: str, *, admin: str, password: str, models: str) -> None:
    """Every picture, at both widths, each volunteer and admin in a session of their own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if models:
        tell_models(models, models=[MODEL_NAME], texts=ANSWERS, tokens_per_second=12)
        # The site asks its models every ten seconds how they are; the home page says so where they are not well.
        time.sleep(SECONDS_TO_BE_PROBED)
    for width, screen in SCREENS.items():
        volunteer = browser.new_context(base_url=address, locale="eu-ES", **screen)
        slug = as_volunteer(Camera(volunteer.new_page(), width, FOLDER))
        volunteer.close()
        office = browser.new_context(base_url=address, locale="eu-ES", **screen)
        as_admin(Camera(office.new_page(), width, FOLDER), admin=admin, password=password)
        office.close()
    for width, screen in SCREENS.items():
        reader = browser.new_context(base_url=address, locale="eu-ES", **screen)
        as_researcher(Camera(reader.new_page(), width, FOLDER), slug)
        reader.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them."""
    parser = argparse.ArgumentParser(description="Take the pictures of docs/screenshots from a running site.")
    parser.add_argument("address", help="of the site, such as http://127.0.0.1:8000")
    parser.add_argument("--admin", default="admin", help="user name; the password is read from standard input")
    parser.add_argument("--models", default="", help="address of a scripted model server, without /v1")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser to use")
    parser.add_argument("--benchmarks", metavar="SLUG", help="only the page of this campaign's benchmarks")
    options = parser.parse_args(arguments)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=CHROMIUM_ARGUMENTS)
        if options.benchmarks:
            take_benchmarks(browser, options.address, options.benchmarks)
        else:
            password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().strip()
            take_all(browser, options.address, admin=options.admin, password=password, models=options.models)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
