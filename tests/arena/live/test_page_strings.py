"""The strings of the battle page's scripts: all that they ask for are there, and none is left over."""

import re
from pathlib import Path

from django.conf import settings

from arena.live.page_strings import page_strings

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js" / "battle"
#: Keys that the scripts put together, from the status of an answer or of a battle.
STATUSES = {"waiting", "streaming", "stopped", "failed"}
COMPOSED = STATUSES | {
    *(f"announce_{phase}" for phase in ("running", "queued", "complete", "stopped", "failed")),
    *(f"closed_{status}" for status in ("voted", "skipped", "redrawn")),
}


def asked_for() -> set[str]:
    """The keys that stand in a call of `text(…)`; words in its conditions are statuses, and no keys."""
    source = "\n".join(path.read_text() for path in SCRIPTS.glob("*.mjs"))
    calls = re.findall(r"\btext\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)", source)
    compared = re.compile(r'===\s*"\w+"')
    return {key for call in calls for key in re.findall(r'"([a-z_]+)"', compared.sub("", call))}


def test_every_string_is_there_and_used() -> None:
    assert asked_for() | COMPOSED == set(page_strings())


def test_places_are_those_that_scripts_fill_in() -> None:
    places = {place for value in page_strings().values() for place in re.findall(r"\{(\w+)\}", value)}
    assert places == {"side", "turn", "place", "over", "left"}
