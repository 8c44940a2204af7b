"""The ballot: what it asks when, its keys, and what becomes of a refused one."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seed import LONG_SLUG
from tests.browser.visitor import Visitor, ask, ballot, choose, ended, eu, in_step, question


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """A battle whose ballot is open."""
    page = visitor.start_battle()
    ask(page, "Kaixo")
    ended(page)
    expect(ballot(page)).to_be_visible()
    return page


def cast(page: Page) -> None:
    ballot(page).get_by_role("button", name=eu("Vote")).click()


def own_data(page: Page) -> dict[str, Any]:
    """What the arena stored, as a volunteer downloads it."""
    data: dict[str, Any] = json.loads(page.context.request.get("/me/export/").text())
    return data


def checked(page: Page, key: str) -> list[str]:
    return [str(radio.get_attribute("value")) for radio in question(page, key).locator("input:checked").all()]


def test_overall_is_asked_on_disagreement_and_only_then(page: Page) -> None:
    for content, language, apart in (
        ("a", "a", False), ("a", "tie", False), ("tie", "b", False), ("tie", "tie", False), ("b", "a", True),
    ):  # fmt: skip
        choose(page, "content", content)
        choose(page, "language", language)
        expect(question(page, "overall")).to_be_visible(visible=apart)
    choose(page, "overall", "b")
    choose(page, "language", "b")
    expect(question(page, "overall")).to_be_hidden()
    # What was said is forgotten with the question.
    choose(page, "language", "a")
    expect(question(page, "overall")).to_be_visible()
    assert checked(page, "overall") == []


def test_overall_is_not_sent_when_it_is_not_asked(page: Page) -> None:
    choose(page, "content", "b")
    choose(page, "language", "a")
    choose(page, "overall", "b")
    choose(page, "language", "tie")
    with page.expect_request("**/ballot/") as sent:
        cast(page)
    assert "overall" not in (sent.value.post_data or "")
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()


def test_an_incomplete_ballot_is_not_sent(page: Page) -> None:
    choose(page, "content", "a")
    cast(page)
    expect(page.get_by_text(eu("Choose an answer to each question."))).to_be_visible()
    expect(question(page, "language").get_by_role("radio").first).to_be_focused()
    choose(page, "language", "a")
    expect(page.get_by_text(eu("Choose an answer to each question."))).to_be_hidden()
    cast(page)
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_visible()


def test_keys_choose_in_the_first_question_without_an_answer(page: Page) -> None:
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("2")
    page.keyboard.press("2")
    assert (checked(page, "content"), checked(page, "language")) == (["tie"], ["tie"])
    question(page, "content").get_by_role("radio").nth(1).focus()
    page.keyboard.press("1")
    assert checked(page, "content") == ["a"]
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_visible()


def test_digits_in_a_text_choose_nothing(page: Page) -> None:
    page.get_by_role("textbox", name=eu("Your prompt")).press_sequentially("123")
    assert (checked(page, "content"), checked(page, "language")) == ([], [])


def test_choices_outlive_a_follow_up_turn(page: Page) -> None:
    choose(page, "content", "b")
    ask(page, "Eta gero?")
    expect(ballot(page)).to_be_hidden()
    ended(page, 2)
    expect(ballot(page)).to_be_visible()
    assert checked(page, "content") == ["b"]


def test_without_a_line_the_choices_are_kept(page: Page, visitor: Visitor) -> None:
    visitor.expect_problem("ERR_FAILED|htmx:")
    page.route("**/ballot/", lambda route: route.abort())
    choose(page, "content", "a")
    choose(page, "language", "tie")
    cast(page)
    expect(page.get_by_text(eu("The vote could not be sent. Your choices are kept: try it again."))).to_be_visible()
    page.unroute("**/ballot/")
    cast(page)
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()


def test_a_vote_whose_acknowledgement_got_lost(page: Page, visitor: Visitor) -> None:
    """The vote is committed, so the page learns of it by the battle's socket."""
    visitor.expect_problem("ERR_FAILED|htmx:")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/ballot/", lose_the_answer)
    choose(page, "content", "a")
    choose(page, "language", "a")
    cast(page)
    expect(page.get_by_text(eu("You have voted in this battle. Thank you."))).to_be_visible()
    expect(ballot(page)).to_be_hidden()
    assert len([b for b in own_data(page)["battles"] if b["ballot"]]) == 1


def test_a_refused_ballot_comes_back_as_it_was(page: Page, visitor: Visitor) -> None:
    visitor.expect_problem("422|409")
    choose(page, "content", "a")
    choose(page, "language", "a")
    ballot(page).get_by_text(eu("Add a comment")).click()
    page.get_by_role("textbox", name=eu("Comment")).fill("Ongi dago")
    # As from a page of before the campaign's form was changed.
    page.evaluate("document.querySelector('[name=language][value=a]').value = 'zein'")
    cast(page)
    expect(page.get_by_text(eu("The ballot is not complete. Choose an answer to each question."))).to_be_focused()
    assert checked(page, "content") == ["a"]
    assert checked(page, "language") == []
    expect(page.get_by_role("textbox", name=eu("Comment"))).to_have_value("Ongi dago")
    choose(page, "language", "tie")
    cast(page)
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()


def test_a_campaigns_own_form(visitor: Visitor) -> None:
    page = visitor.start_battle(LONG_SLUG)
    ask(page, "Kaixo")
    ended(page)
    expect(question(page, "content").get_by_role("radio")).to_have_count(6)
    expect(ballot(page).get_by_role("checkbox")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    page.keyboard.press("1")
    ballot(page).get_by_role("checkbox", name="Argiagoa da").check()
    ballot(page).get_by_text(eu("Add a comment")).click()
    page.get_by_role("textbox", name=eu("Comment")).fill("Bi lerro\ndira hauek")
    cast(page)
    expect(page.get_by_role("heading", name=eu("Thank you"))).to_be_focused()
    expect(ballot(page)).not_to_contain_text("haizea")
    page.get_by_role("button", name=eu("Next battle")).click()
    in_step(page)


def test_skipping_gives_two_other_models(page: Page) -> None:
    before = page.url
    page.get_by_role("button", name=eu("Skip"), exact=True).click()
    dialog = page.get_by_role("dialog", name=eu("Skip this battle?"))
    dialog.get_by_role("textbox").fill("Ez dut ulertzen")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name=eu("Skip"), exact=True).click()
    expect(dialog.get_by_role("textbox")).to_have_value("Ez dut ulertzen")
    dialog.get_by_role("button", name=eu("Skip it")).click()
    page.wait_for_url(lambda url: url != before and "/battles/" in url)
    in_step(page)
    expect(page.locator("[data-arena-turn]")).to_have_count(0)


def test_reporting_asks_what_is_wrong(page: Page, visitor: Visitor) -> None:
    visitor.expect_problem("422")
    page.get_by_role("button", name=eu("Report"), exact=True).click()
    dialog = page.get_by_role("dialog", name=eu("Report this battle"))
    dialog.get_by_role("textbox").fill("B aldeak telefono bat eman du")
    dialog.get_by_role("button", name=eu("Send the report")).click()
    # The form that came back: what is chosen in the one before it is gone when this one comes.
    expect(dialog.locator("[data-invalid]")).to_be_visible()
    dialog.get_by_role("radio", name=eu("Personal data")).check()
    expect(dialog.get_by_role("textbox")).to_have_value("B aldeak telefono bat eman du")
    dialog.get_by_role("button", name=eu("Send the report")).click()
    expect(dialog.get_by_text(eu("Thank you. Somebody will read it. You can go on with the battle."))).to_be_visible()
    dialog.get_by_role("button", name=eu("Close")).click()
    expect(ballot(page)).to_be_visible()
