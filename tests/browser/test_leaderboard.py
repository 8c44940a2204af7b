"""The leaderboard in a browser: its switches, the wait for a ranking, and the question about two models."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.seed import RANKED_SLUG
from tests.browser.visitor import Visitor, eu

PATH = f"/c/{RANKED_SLUG}/leaderboard/"


def test_the_answer_about_two_models(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(PATH)
    page.get_by_label(eu("This model")).select_option("exp_2_101")
    page.get_by_label(eu("and this one")).select_option("exp_0_010")
    page.get_by_role("button", name=eu("Compare")).click()
    expect(page.get_by_text("exp_2_101 exp_0_010 baino hobea izateko probabilitatea: %")).to_be_visible()


@pytest.mark.usefixtures("worker")
def test_a_ranking_that_nobody_has_asked_for_comes_by_itself(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(PATH)
    page.get_by_text(eu("Choose the votes")).click()
    page.locator('select[name="ties"]').select_option("drop")
    page.get_by_role("button", name=eu("Show"), exact=True).click()
    expect(page).to_have_url(re.compile("ties=drop"))
    expect(page.get_by_text("--ties drop")).to_be_visible(timeout=60_000)


def test_from_the_list_to_what_changed(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(PATH)
    page.get_by_role("link", name=eu("All published rankings")).click()
    page.get_by_role("button", name=eu("What changed?")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(eu("What changed between two rankings"))
    expect(page.get_by_text(eu("Votes that were added, pair by pair"))).to_be_visible()
