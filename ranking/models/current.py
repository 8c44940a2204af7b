"""The rankings that the leaderboard shows: one of each selection, overwritten as votes come."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.models.computed import ComputedRanking
from ranking.selections import Selection


class CurrentRankingQuerySet(models.QuerySet["CurrentRanking"]):
    def find(self, campaign: Campaign, dimension: str, selection: Selection) -> "CurrentRanking | None":
        return self.filter(campaign=campaign, dimension=dimension, **selection.columns()).first()


class CurrentRanking(ComputedRanking):
    """The newest ranking of a campaign, dimension and selection. A cache: it can be computed again at any time.

    What is to be kept is published as a snapshot.
    """

    # The campaign's votes when these were read, those outside the selection included: what newer ones are told by.
    seen_ballots = models.PositiveIntegerField(_("votes of the campaign then"))
    seen_cut_off = models.DateTimeField(_("newest vote of the campaign then"))

    objects: ClassVar[CurrentRankingQuerySet] = CurrentRankingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(ComputedRanking.Meta):
        verbose_name = _("current ranking")
        verbose_name_plural = _("current rankings")
        constraints = [
            *ComputedRanking.Meta.constraints,
            models.UniqueConstraint(
                fields=["campaign", "dimension", "slice", "ties", "style_control"], name="one_current_ranking"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.dimension} · {self.selection or '–'}"
