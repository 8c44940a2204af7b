"""Dates in words: `{{ battle.created_at|long_date }}` is "2026ko azaroaren 23a", or what the active language says."""

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

register = template.Library()


@register.filter
def long_date(value: date) -> str:
    """The date in words, in the site's time zone where it has a time."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    if get_language() != "eu":
        return date_format(value, "DATE_FORMAT")
    return f"{basque_year(value.year)} {date_format(value, 'F')}ren {basque_day(value.day)}"


def basque_year(year: int) -> str:
    """The year with its case ending, as it is said: -ko after a vowel, -eko after a consonant.

    2025 ends in "bost" (five), 2021 in "bat" (one), 2030 in "hamar" (ten), 1900 in "ehun" (hundred): -eko.
    """
    ends_in_hundred = year % 100 == 0 and year % 1000 != 0
    ends_in_consonant = ends_in_hundred or (year % 100 and (year % 10 == 5 or year % 20 in (1, 10)))
    return f"{year}{'eko' if ends_in_consonant else 'ko'}"


def basque_day(day: int) -> str:
    """The day with its article. 11 and 31 have it in the word itself: "hamaika"."""
    return f"{day}" if day in (11, 31) else f"{day}a"
