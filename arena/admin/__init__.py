"""The admin's pages, one file a family."""

from arena.admin import ballots, battles, campaigns, competitors, history, matchups, people, reports

__all__ = ["ballots", "battles", "campaigns", "competitors", "history", "matchups", "people", "reports"]
