"""A model with a limit: who waits for it is told so, and at which place."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor, answer, ask, ballot, ended, eu, in_step
from tests.stubs.openai_server import StubServer

LONG = " ".join(f"hitza{n}" for n in range(1, 400))
LIMIT = "from inference.models import ServedModel\nServedModel.objects.update(max_concurrent_answers={limit})"
NEXT = eu("Next in the queue")
NOTE = eu("Many are asking just now. This answer keeps its place, even if you close the page.")


def second_place() -> str:
    return eu("In the queue: place {place}").format(place=2)


@pytest.fixture
def one_at_a_time(site: RunningSite, openai_server: StubServer) -> Iterator[None]:
    """Both models take one answer at a time, and take long for it."""
    openai_server.script.text = LONG
    openai_server.script.tokens_per_second = 10
    site.run("manage.py", "shell", "--no-imports", "-c", LIMIT.format(limit=1))
    yield
    site.run("manage.py", "shell", "--no-imports", "-c", LIMIT.format(limit=None))


def stop(page: Page) -> None:
    page.locator("[data-arena-stop]").click()
    ended(page)


def listen(page: Page) -> None:
    page.evaluate(
        """() => {
          window.heard = [];
          const line = document.querySelector("[data-arena-status]");
          new MutationObserver(() => window.heard.push(line.textContent)).observe(line, {childList: true});
        }"""
    )


@pytest.mark.usefixtures("one_at_a_time")
def test_volunteers_see_their_places(visit: Callable[..., Visitor], openai_server: StubServer) -> None:
    first, second, third = (visit().start_battle() for _volunteer in range(3))
    ask(first, "Lehena naiz")
    for side in "ab":
        expect(answer(first, side)).to_contain_text("hitza2")
    ask(second, "Bigarrena naiz")
    for side in "ab":
        expect(answer(second, side)).to_contain_text(NEXT)
    listen(third)
    ask(third, "Hirugarrena naiz")
    for side in "ab":
        expect(answer(third, side)).to_contain_text(second_place())
        expect(answer(third, side)).to_contain_text(NOTE)

    # A reload shows the place again, and keeps it.
    second.reload()
    in_step(second)
    for side in "ab":
        expect(answer(second, side)).to_contain_text(NEXT)

    stop(first)
    for side in "ab":
        expect(answer(second, side)).to_contain_text("hitza2")
        expect(answer(second, side)).not_to_contain_text(NOTE)
        expect(answer(third, side)).to_contain_text(NEXT)
    # Whoever stops while waiting leaves the queue.
    stop(third)
    expect(answer(third, "a")).to_contain_text(eu("Stopped before it said anything."))
    assert len(openai_server.requests) == 4
    heard = " ".join(third.evaluate("window.heard"))
    for side in "AB":
        waits = eu("Answer {side} waits in the queue.").format(side=side)
        assert heard.count(waits) == 1, "once, and not with every change"
    stop(second)
    expect(ballot(second)).to_be_visible()


@pytest.mark.usefixtures("one_at_a_time")
def test_a_page_that_is_closed_keeps_its_place(visit: Callable[..., Visitor], openai_server: StubServer) -> None:
    first, second = (visit().start_battle() for _volunteer in range(2))
    ask(first, "Lehena naiz")
    expect(answer(first, "a")).to_contain_text("hitza2")
    ask(second, "Bigarrena naiz")
    expect(answer(second, "b")).to_contain_text(NEXT)
    battle = second.url
    second.goto("/about/")
    openai_server.script.tokens_per_second = 400
    stop(first)
    second.goto(battle)
    for side in "ab":
        expect(answer(second, side)).to_contain_text("hitza399", timeout=20_000)
