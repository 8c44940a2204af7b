"""Answers as they are written: resumed, seen twice, stopped, failed, tried again, and with the line cut."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.line import Line
from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor, answer, ask, ballot, ended, eu, in_step, prompt_box, until
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

WORDS = [f"hitza{n}" for n in range(1, 61)]
LONG = " ".join(WORDS)
SLOW = 12.0
"""Tokens a second: the long answer takes five seconds."""


def speak_slowly(server: StubServer) -> None:
    server.script.text = LONG
    server.script.tokens_per_second = SLOW


def said(page: Page, side: str, turn: int = 1) -> str:
    return answer(page, side, turn).locator("[data-arena-answer-text]").inner_text().strip()


def begun(page: Page) -> None:
    for side in "ab":
        expect(answer(page, side)).to_contain_text("hitza3")


def failed_and_healthy(page: Page) -> tuple[str, str]:
    """Which side failed, and which did not: the sides are drawn at random."""
    expect(page.locator('[data-arena-answer][data-status="failed"]')).to_have_count(1, timeout=20_000)
    failed = page.locator('[data-arena-answer][data-status="failed"]').get_attribute("data-arena-answer")
    assert failed
    return failed, "b" if failed == "a" else "a"


def test_a_reload_resumes(visitor: Visitor, openai_server: StubServer) -> None:
    speak_slowly(openai_server)
    page = visitor.start_battle()
    ask(page, "Esan hitzak")
    begun(page)
    page.reload()
    expect(answer(page, "a")).to_contain_text("hitza3")
    expect(answer(page, "a")).to_have_attribute("aria-busy", "true")
    ended(page)
    assert said(page, "a") == said(page, "b") == LONG
    assert len(openai_server.requests) == 2
    expect(ballot(page)).to_be_visible()


def test_two_tabs_see_the_same(visitor: Visitor, openai_server: StubServer) -> None:
    speak_slowly(openai_server)
    first = visitor.start_battle()
    second = visitor.context.new_page()
    second.goto(first.url)
    in_step(second)
    prompt_box(second).fill("Hau ez da galduko")
    ask(first, "Esan hitzak")
    begun(second)
    for page in (first, second):
        ended(page)
        assert said(page, "a") == said(page, "b") == LONG
        expect(page.get_by_text("Esan hitzak")).to_be_visible()
    expect(prompt_box(second)).to_have_value("Hau ez da galduko")
    ask(second, "Bigarrena")
    expect(answer(first, "a", 2)).to_be_visible()
    ended(first, 2)

    ballot(first).locator('input[value="tie"]').first.check(force=True)
    ballot(first).locator('input[name="language"][value="tie"]').check(force=True)
    ballot(first).get_by_role("button", name=eu("Vote")).click()
    expect(first.get_by_role("heading", name=eu("Thank you"))).to_be_visible()
    expect(second.get_by_text(eu("You have voted in this battle. Thank you."))).to_be_visible()
    expect(ballot(second)).to_be_hidden()
    expect(prompt_box(second)).to_be_hidden()


def test_stopping_keeps_what_was_said(visitor: Visitor, openai_server: StubServer) -> None:
    speak_slowly(openai_server)
    page = visitor.start_battle()
    ask(page, "Esan hitzak")
    begun(page)
    answer(page, "a").get_by_role("button", name=re.compile(eu("Stop"))).click()
    expect(answer(page, "a")).to_have_attribute("aria-busy", "false")
    expect(answer(page, "b")).to_have_attribute("aria-busy", "true")
    expect(answer(page, "a")).to_contain_text(eu("Stopped"))
    page.locator("[data-arena-stop]").click()
    ended(page)
    for side in "ab":
        text = said(page, side)
        assert LONG.startswith(text) and "hitza3" in text and "hitza60" not in text
    expect(ballot(page)).to_be_visible()
    expect(prompt_box(page)).to_be_focused()
    assert openai_server.aborted_answers == 2


def test_a_failed_side_is_tried_again(visitor: Visitor, openai_server: StubServer) -> None:
    openai_server.behave("stub-a", Behaviour.CUT)
    page = visitor.start_battle()
    ask(page, "Kaixo")
    failed, healthy = failed_and_healthy(page)
    ended(page)
    expect(answer(page, failed)).to_contain_text(eu("What it said before is kept."))
    expect(answer(page, healthy)).to_have_attribute("data-status", "complete")
    expect(ballot(page)).to_be_hidden()
    healthy_text = said(page, healthy)

    openai_server.behave("stub-a", Behaviour.OK)
    answer(page, failed).get_by_role("button", name=re.compile(eu("Try again"))).click()
    expect(answer(page, failed)).to_have_attribute("data-status", "complete", timeout=20_000)
    assert said(page, failed)
    assert said(page, healthy) == healthy_text
    expect(ballot(page)).to_be_visible()


def test_two_other_models_for_the_same_prompt(visitor: Visitor, openai_server: StubServer) -> None:
    openai_server.behave("stub-a", Behaviour.HTTP_500)
    page = visitor.start_battle()
    before = page.url
    ask(page, "Galdera hau ez da galduko")
    failed, _healthy = failed_and_healthy(page)
    ended(page)
    expect(answer(page, failed)).to_contain_text(eu("This side could not answer."))
    assert "stub" not in page.content()
    openai_server.behave("stub-a", Behaviour.OK)
    page.get_by_role("button", name=eu("Two other models")).click()
    page.wait_for_url(lambda url: url != before)
    in_step(page)
    expect(prompt_box(page)).to_have_value("Galdera hau ez da galduko")


def test_connects_again_after_a_cut(visit: Callable[..., Visitor], line: Line, openai_server: StubServer) -> None:
    speak_slowly(openai_server)
    visitor = visit(line.url)
    visitor.expect_problem("WebSocket|ERR_")
    page = visitor.start_battle()
    ask(page, "Esan hitzak")
    begun(page)
    line.cut()
    expect(page.get_by_text(eu("Connecting again… Nothing is lost."))).to_be_visible()
    # What is asked while the line is down goes out when it is back.
    line.mend()
    expect(page.get_by_text(eu("Connecting again… Nothing is lost."))).to_be_hidden(timeout=20_000)
    ended(page)
    assert said(page, "a") == said(page, "b") == LONG
    expect(ballot(page)).to_be_visible()


def test_word_of_the_ballot_that_gets_lost(visitor: Visitor) -> None:
    """A frame may be lost between processes, or overtaken: the page asks when it should have heard."""

    def lose_it(socket: WebSocketRoute) -> None:
        arena = socket.connect_to_server()
        arena.on_message(lambda frame: None if '"type":"ballot"' in frame else socket.send(frame))

    visitor.page.route_web_socket(re.compile("/ws/battles/"), lose_it)
    page = visitor.start_battle()
    ask(page, "Kaixo")
    ended(page)
    expect(ballot(page)).to_be_visible()


def test_a_prompt_sent_without_a_line_goes_out_later(
    visit: Callable[..., Visitor], line: Line, openai_server: StubServer
) -> None:
    visitor = visit(line.url)
    visitor.expect_problem("WebSocket|ERR_")
    page = visitor.start_battle()
    line.cut()
    expect(page.locator('[data-arena-battle][data-connection="waiting"]')).to_be_attached()
    ask(page, "Zain dagoen galdera")
    expect(prompt_box(page)).to_have_value("Zain dagoen galdera")
    expect(page.get_by_role("button", name=eu("Sending…"))).to_be_visible()
    line.mend()
    expect(answer(page, "a")).to_be_visible(timeout=20_000)
    expect(prompt_box(page)).to_have_value("")
    ended(page)
    expect(page.locator("[data-arena-turn]")).to_have_count(1)


def test_a_socket_that_is_half_open_is_found_out(
    visit: Callable[..., Visitor], line: Line, openai_server: StubServer
) -> None:
    visitor = visit(line.url)
    visitor.page.clock.install()
    page = visitor.start_battle()
    line.mute()
    ask(page, "Inora ez doan galdera")
    page.clock.fast_forward(21_000)
    line.mend()
    page.clock.fast_forward(11_000)
    page.clock.fast_forward(1_000)
    expect(answer(page, "a")).to_be_visible(timeout=20_000)
    expect(prompt_box(page)).to_have_value("")


def test_a_web_process_that_is_killed_locks_nothing(
    visitor: Visitor, site: RunningSite, openai_server: StubServer
) -> None:
    """The text that was saved stays, the sides are said to have failed, and both can be tried again."""
    visitor.expect_problem("WebSocket|ERR_")
    speak_slowly(openai_server)
    openai_server.script.tokens_per_second = 4
    page = visitor.start_battle()
    ask(page, "Esan hitzak")
    for side in "ab":
        expect(answer(page, side)).to_contain_text("hitza8")
    site.kill()
    site.start()
    for side in "ab":
        expect(answer(page, side)).to_have_attribute("data-status", "failed", timeout=60_000)
        assert said(page, side).startswith("hitza1 hitza2")
    openai_server.script.tokens_per_second = 200
    for side in "ab":
        answer(page, side).get_by_role("button", name=re.compile(eu("Try again"))).click()
    for side in "ab":
        expect(answer(page, side)).to_have_attribute("data-status", "complete", timeout=20_000)
    assert said(page, "a") == said(page, "b") == LONG
    expect(ballot(page)).to_be_visible()


def test_a_deploy_goes_by_unseen(visitor: Visitor, site: RunningSite, openai_server: StubServer) -> None:
    """The answers go on to their end, and the next prompt is answered by the new process."""
    visitor.expect_problem("WebSocket|ERR_")
    speak_slowly(openai_server)
    page = visitor.start_battle()
    ask(page, "Esan hitzak")
    begun(page)
    site.reload()
    ended(page)
    assert said(page, "a") == said(page, "b") == LONG
    assert len(openai_server.requests) == 2
    openai_server.reset()
    ask(page, "Esan gehiago")
    ended(page, turn=2)
    expect(ballot(page)).to_be_visible()


def test_the_text_is_outside_of_live_regions(visitor: Visitor, openai_server: StubServer) -> None:
    """A screen reader hears that the answers begin and end, not every word of two texts at once."""
    openai_server.script.tokens_per_second = 30
    page = visitor.start_battle()
    page.evaluate(
        """() => {
          window.heard = [];
          const line = document.querySelector("[data-arena-status]");
          new MutationObserver(() => window.heard.push(line.textContent)).observe(line, {childList: true});
        }"""
    )
    ask(page, "Kaixo")
    expect(answer(page, "a")).to_have_attribute("aria-busy", "true")
    ended(page)
    expect(ballot(page)).to_be_visible()
    assert page.locator("[aria-live] [data-arena-answer-text], [role=status] [data-arena-answer-text]").count() == 0
    heard = " ".join(page.evaluate("window.heard"))
    assert heard.count(eu("Both models are answering.")) == 1
    for side in "AB":
        assert heard.count(eu("Answer {side} is there.").format(side=side)) == 1
    assert heard.count(eu("You can vote now.")) == 1


def test_the_reader_is_left_alone(visitor: Visitor, openai_server: StubServer) -> None:
    openai_server.script.text = "\n\n".join(f"Paragrafo {n} da hau." for n in range(1, 120))
    openai_server.script.tokens_per_second = 60
    page = visitor.start_battle()
    ask(page, "Asko idatzi")
    expect(answer(page, "a")).to_contain_text("Paragrafo 25")
    # Nobody has scrolled: the prompt stays where it can be read.
    expect(page.get_by_text("Asko idatzi")).to_be_in_viewport()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 20_000)
    expect(answer(page, "a")).to_contain_text("Paragrafo 45")
    rest = "document.documentElement.scrollHeight - innerHeight - scrollY"
    until(page, f"{rest} < 100")
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(300)
    before = page.evaluate("scrollY")
    expect(answer(page, "a")).to_contain_text("Paragrafo 65")
    assert page.evaluate("scrollY") == before
    page.locator("[data-arena-stop]").click()
    ended(page)


def test_copying_takes_the_text_as_written(visitor: Visitor, openai_server: StubServer) -> None:
    openai_server.script.text = "Hau **lodia** da:\n\n- bat\n- bi"
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.start_battle()
    ask(page, "Kaixo")
    ended(page)
    answer(page, "b").get_by_role("button", name=re.compile(eu("Copy"))).click()
    expect(answer(page, "b").get_by_role("button", name=eu("Copied"))).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == openai_server.script.text


def test_on_a_phone_the_sides_are_swiped_or_chosen(visit: Callable[..., Visitor], openai_server: StubServer) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True).start_battle()
    ask(page, "Lehena")
    ended(page)
    ask(page, "Bigarrena")
    ended(page, 2)
    show_b = page.get_by_role("button", name=eu("Show answer B"))
    for turn in (1, 2):
        expect(answer(page, "b", turn).get_by_role("heading", name="B")).not_to_be_in_viewport(ratio=1)
    show_b.focus()
    page.keyboard.press("Enter")
    expect(show_b).to_have_attribute("aria-pressed", "true")
    expect(answer(page, "b", 2).get_by_role("heading", name="B")).to_be_in_viewport(ratio=1)
    tracks = "[...document.querySelectorAll('[data-arena-pair]')]"
    until(page, f"{tracks}.every((track) => track.scrollLeft > 250 && !track.dataset.moving)")
    # A swipe back in one turn takes the other turn along.
    page.locator("[data-arena-pair]").nth(1).evaluate("track => track.scrollTo({left: 0})")
    expect(show_b).to_have_attribute("aria-pressed", "false")
    until(page, f"{tracks}.every((track) => track.scrollLeft < 20)")
