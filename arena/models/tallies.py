"""Counts that collection keeps, all of which can be rebuilt from the ballots."""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from arena.ballot_forms import OVERALL
from arena.matchmaking import Met
from arena.models.campaigns import Campaign
from arena.models.matchups import Competitor, Matchup
from arena.models.people import Participant


class PairTallyQuerySet(models.QuerySet["PairTally"]):
    def met(self, matchups: Iterable[int]) -> dict[int, tuple[Met, ...]]:
        """By matchup, what its competitors have done against each other overall. One query, a row a pair."""
        rows = self.filter(matchup__in=list(matchups), dimension=OVERALL).order_by("matchup", "first", "second")
        found: dict[int, list[Met]] = {}
        for matchup, *row in rows.values_list("matchup", "first", "second", "first_wins", "second_wins", "ties"):
            found.setdefault(matchup, []).append(Met(*row))
        return {matchup: tuple(met) for matchup, met in found.items()}


class PairTally(models.Model):
    """How often two competitors of a matchup won against each other in one dimension. `first` has the lower key."""

    matchup = models.ForeignKey(Matchup, verbose_name=_("matchup"), on_delete=models.CASCADE, related_name="tallies")
    dimension = models.SlugField(max_length=40)
    first = models.ForeignKey(Competitor, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Competitor, on_delete=models.CASCADE, related_name="+")
    first_wins = models.PositiveIntegerField(default=0)
    second_wins = models.PositiveIntegerField(default=0)
    ties = models.PositiveIntegerField(default=0)
    # Votes that say nothing of this dimension: somebody did not know, or was not asked.
    silent = models.PositiveIntegerField(default=0)

    objects: ClassVar[PairTallyQuerySet] = PairTallyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("pair tally")
        verbose_name_plural = _("pair tallies")
        constraints = [
            models.UniqueConstraint(fields=["matchup", "dimension", "first", "second"], name="tally_once_per_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="tally_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} {self.first_wins} – {self.second_wins} {self.second} ({self.ties})"

    @property
    def votes(self) -> int:
        return self.first_wins + self.second_wins + self.ties


class DayTally(models.Model):
    """The collected votes of a matchup on one day, by the site's clock: what pages count votes by."""

    matchup = models.ForeignKey(Matchup, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    votes = models.PositiveIntegerField(default=0)
    newest = models.DateTimeField()

    class Meta:
        verbose_name = _("day's tally")
        verbose_name_plural = _("days' tallies")
        constraints = [
            models.UniqueConstraint(fields=["matchup", "day"], name="day_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.matchup} {self.day}: {self.votes}"


class Contribution(models.Model):
    """The collected votes and raffle tickets of a participant in a campaign."""

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="contributions"
    )
    participant = models.ForeignKey(
        Participant, verbose_name=_("participant"), on_delete=models.CASCADE, related_name="contributions"
    )
    votes = models.PositiveIntegerField(_("votes"), default=0)
    tickets = models.PositiveIntegerField(_("raffle tickets"), default=0)

    class Meta:
        verbose_name = _("contribution")
        verbose_name_plural = _("contributions")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "participant"], name="contribution_once_per_campaign"),
        ]
        indexes = [
            # Serves the contributors' board.
            models.Index(fields=["campaign", "-votes"], name="contribution_board"),
        ]

    def __str__(self) -> str:
        return f"{self.participant}: {self.votes}"


class EloRating(models.Model):
    """The online Elo of a competitor: a live sign of where things go, not the published ranking."""

    competitor = models.OneToOneField(
        Competitor, verbose_name=_("competitor"), on_delete=models.CASCADE, related_name="elo"
    )
    rating = models.FloatField(default=1000.0)
    battles = models.PositiveIntegerField(default=0)
    # As volunteers see them. Collection brings them up to date every so many votes.
    shown_rating = models.FloatField(default=1000.0)
    shown_battles = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("Elo rating")
        verbose_name_plural = _("Elo ratings")

    def __str__(self) -> str:
        return f"{self.competitor}: {self.rating:.0f}"
