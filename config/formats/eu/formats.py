"""Basque dates.

Django writes "2025ko" and "11a"; Basque says 2025eko and 11, which no format string can know. Numbers are right for
every date. Where a date stands in a sentence, use the filter `long_date`.
"""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i"
