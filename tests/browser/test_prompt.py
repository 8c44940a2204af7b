"""The prompt box: nothing that was typed is lost, whatever happens."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor, answer, ask, ended, eu, in_step, prompt_box
from tests.stubs.openai_server import StubServer

LIMIT = 400


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.start_battle()


def test_an_empty_prompt_is_refused(page: Page) -> None:
    ask(page, "  \n ")
    expect(page.get_by_role("alert").get_by_text(eu("Write something first."))).to_be_visible()
    expect(page.locator("[data-arena-turn]")).to_have_count(0)


def test_length_counts_code_points_and_is_limited(page: Page) -> None:
    prompt_box(page).fill("🙂" * LIMIT)
    expect(page.locator("[data-arena-count]")).to_have_text(f"{LIMIT} / {LIMIT}")
    prompt_box(page).fill("🙂" * (LIMIT + 3))
    prompt_box(page).press("Enter")
    expect(page.get_by_role("alert").get_by_text(eu("Too long by {over} characters.").format(over=3))).to_be_visible()
    expect(prompt_box(page)).to_have_value("🙂" * (LIMIT + 3))
    ask(page, "🙂" * LIMIT)
    expect(answer(page, "a")).to_be_visible()
    ended(page)


def test_a_draft_outlives_a_reload(page: Page) -> None:
    prompt_box(page).fill("Erdizka idatzitako")
    page.reload()
    in_step(page)
    expect(prompt_box(page)).to_have_value("Erdizka idatzitako")
    ask(page, "Bidalia")
    ended(page)
    page.reload()
    in_step(page)
    expect(prompt_box(page)).to_have_value("")


def test_what_the_arena_refuses_stays_in_the_box(page: Page) -> None:
    ask(page, "Karaktere\u0007 arraroa")
    message = "The prompt has characters that cannot be read (control characters). Remove them and send it again."
    expect(page.get_by_text(eu(message))).to_be_visible()
    expect(prompt_box(page)).to_have_value("Karaktere\u0007 arraroa")
    ask(page, "Karaktererik gabe")
    expect(answer(page, "a")).to_be_visible()
    expect(page.get_by_text(eu(message))).to_be_hidden()


def test_two_tabs_prompting_at_once_lose_nothing(visitor: Visitor, page: Page) -> None:
    other = visitor.context.new_page()
    other.goto(page.url)
    in_step(other)
    # The second tab hears nothing of the first one's turn before it sends its own.
    other.evaluate("document.querySelector('[data-arena-prompt]').value = 'Bigarren fitxakoa'")
    ask(page, "Lehen fitxakoa")
    other.evaluate("document.querySelector('[data-arena-prompt-form]').requestSubmit()")
    expect(answer(other, "a")).to_be_visible()
    ended(other)
    asked = other.locator("[data-arena-prompt-said]").all_inner_texts()
    boxes = [prompt_box(tab).input_value() for tab in (page, other)]
    assert {"Lehen fitxakoa", "Bigarren fitxakoa"} <= {*asked, *boxes}


def test_composing_a_character_sends_nothing(page: Page) -> None:
    prompt_box(page).fill("日本")
    prompt_box(page).dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(page.locator("[data-arena-turn]")).to_have_count(0)
    expect(prompt_box(page)).to_have_value("日本")


def test_a_starting_prompt_fills_the_box(page: Page) -> None:
    start = page.locator("[data-arena-starting-prompt]").first
    words = start.inner_text()
    start.click()
    expect(prompt_box(page)).to_have_value(words)
    expect(prompt_box(page)).to_be_focused()
    # Now that there is something in the box, nothing replaces it.
    expect(start).to_be_hidden()


def test_turns_up_to_the_limit_of_the_campaign(page: Page) -> None:
    for turn in (1, 2, 3):
        ask(page, f"{turn}. galdera")
        ended(page, turn)
    expect(prompt_box(page)).to_be_hidden()
    expect(page.get_by_text(eu("This battle has had all its turns. Now it is time to vote."))).to_be_visible()


def test_somebody_elses_battle_is_not_found(visit: Callable[..., Visitor], page: Page) -> None:
    other = visit()
    other.expect_problem("404")
    other.join()
    response = other.page.goto(page.url)
    assert response and response.status == 404


PROBE = "from inference.probing import probe_enabled_models\nprobe_enabled_models()"


def test_a_prompt_that_no_models_can_take_stays_in_the_box_until_they_can(
    page: Page, site: RunningSite, openai_server: StubServer
) -> None:
    openai_server.refuse_connections()
    site.run("manage.py", "shell", "--no-imports", "-c", PROBE)
    ask(page, "Inor ez da etxean")
    message = "The models are not ready yet. Your prompt is kept: try again in a moment."
    expect(page.get_by_role("alert").get_by_text(eu(message))).to_be_visible()
    expect(prompt_box(page)).to_have_value("Inor ez da etxean")
    page.reload()
    in_step(page)
    expect(prompt_box(page)).to_have_value("Inor ez da etxean")

    openai_server.accept_connections()
    site.run("manage.py", "shell", "--no-imports", "-c", PROBE)
    page.get_by_role("button", name=eu("Send"), exact=True).click()
    ended(page)
    expect(prompt_box(page)).to_have_value("")
