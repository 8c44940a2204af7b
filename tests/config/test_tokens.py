"""The colours can be read by everybody: contrast of each pairing, in light and in dark (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEET = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text()
LIGHT_SELECTOR = ":root {"
SYSTEM_DARK_SELECTOR = ':root:not([data-theme="light"]) {'
CHOSEN_DARK_SELECTOR = ':root[data-theme="dark"] {'

TEXT = 4.5
SHAPE = 3.0
#: Foreground, grounds that it stands on, least contrast.
PAIRINGS = [
    ("ink", ("paper", "sheet", "sunk", "a-soft", "b-soft", "good-soft", "warn-soft", "bad-soft"), TEXT),
    ("ink-soft", ("paper", "sheet", "sunk", "a-soft", "b-soft"), TEXT),
    ("link", ("paper", "sheet", "sunk"), TEXT),
    ("a", ("paper", "sheet", "sunk", "a-soft"), TEXT),
    ("b", ("paper", "sheet", "sunk", "b-soft"), TEXT),
    ("a-ink", ("a",), TEXT),
    ("b-ink", ("b",), TEXT),
    ("action-ink", ("action", "action-hover"), TEXT),
    ("court-ink", ("court", "court-deep"), TEXT),
    ("court-soft", ("court", "court-deep"), TEXT),
    ("good", ("good-soft", "sheet"), TEXT),
    ("warn", ("warn-soft", "sheet"), TEXT),
    ("bad", ("bad-soft", "sheet", "paper"), TEXT),
    ("sheet", ("bad",), TEXT),
    ("line-strong", ("paper", "sheet", "sunk"), SHAPE),
    ("focus", ("paper", "sheet", "sunk"), SHAPE),
]


def colours(selector: str) -> dict[str, str]:
    start = SHEET.index(selector) + len(selector)
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", SHEET[start : SHEET.index("}", start)]))


LIGHT = colours(LIGHT_SELECTOR)
DARK = colours(CHOSEN_DARK_SELECTOR)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2, definition)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("foreground", "ground", "least"),
    [(name, ground, least) for name, grounds, least in PAIRINGS for ground in grounds],
)
def test_pairing_has_enough_contrast(theme: dict[str, str], foreground: str, ground: str, least: float) -> None:
    assert contrast(theme[foreground], theme[ground]) >= least


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_both_sides_weigh_the_same(theme: dict[str, str]) -> None:
    assert contrast(theme["a"], theme["b"]) < 1.1
    assert contrast(theme["a-soft"], theme["b-soft"]) < 1.1


def test_the_two_dark_blocks_are_the_same() -> None:
    assert colours(SYSTEM_DARK_SELECTOR) == DARK


def test_dark_changes_every_colour_of_light() -> None:
    assert set(DARK) == set(LIGHT)
