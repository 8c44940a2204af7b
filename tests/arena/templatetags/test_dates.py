from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from arena.templatetags.dates import basque_day, basque_year, long_date


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (1900, "1900eko"),
        (1995, "1995eko"),
        (2000, "2000ko"),
        (2011, "2011ko"),
        (2021, "2021eko"),
        (2024, "2024ko"),
        (2025, "2025eko"),
        (2026, "2026ko"),
        (2030, "2030eko"),
        (2040, "2040ko"),
    ],
)
def test_a_year_is_declined_as_it_is_said(year: int, said: str) -> None:
    assert basque_year(year) == said


@pytest.mark.parametrize(("day", "said"), [(1, "1a"), (10, "10a"), (11, "11"), (21, "21a"), (31, "31")])
def test_a_day_has_its_article_once(day: int, said: str) -> None:
    assert basque_day(day) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("eu", "2025eko martxoaren 19a"),
        ("es", "19 de marzo de 2025"),
        ("fr", "19 mars 2025"),
        ("en", "March 19, 2025"),
    ],
)
def test_each_language_writes_its_own(language: str, said: str) -> None:
    with translation.override(language):
        assert long_date(date(2025, 3, 19)) == said


def test_a_time_is_of_the_sites_zone() -> None:
    with translation.override("eu"):
        assert long_date(datetime(2026, 11, 30, 23, 30, tzinfo=UTC)) == "2026ko abenduaren 1a"
