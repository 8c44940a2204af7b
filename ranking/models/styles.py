"""What answers look like, measured once."""

from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from arena.enums import BattleStatus
from arena.models import Answer, Campaign
from ranking.style_measures import VERSION

#: Votes that are looked at to see how far measuring has come.
NEWEST = 200


class AnswerStyleQuerySet(models.QuerySet["AnswerStyle"]):
    def current(self) -> "AnswerStyleQuerySet":
        """Of the answers as they are, by the measures as they are."""
        return self.filter(version=VERSION, run=F("answer__run"))

    def reach_the_newest_of(self, campaign: Campaign) -> bool:
        """Whether the campaign's newest votes have answers that are measured: then those before them are too."""
        newest = campaign.battles.filter(status=BattleStatus.VOTED).order_by("-pk").values_list("pk", flat=True)
        return self.filter(answer__turn__battle__in=list(newest[:NEWEST])).exists()


class AnswerStyle(models.Model):
    """The measures of one answer: see `ranking.style_measures.StyleMeasures`. A cache, which can be filled again."""

    MEASURES: ClassVar[tuple[str, ...]] = ("tokens", "headings", "list_items", "bold", "basque_letters", "letters")

    answer = models.OneToOneField(
        Answer, verbose_name=_("answer"), on_delete=models.CASCADE, primary_key=True, related_name="style"
    )
    # An answer that is tried again has another run, and the measures of the one before are not its own.
    run = models.PositiveIntegerField()
    version = models.PositiveSmallIntegerField()
    tokens = models.PositiveIntegerField()
    headings = models.PositiveIntegerField()
    list_items = models.PositiveIntegerField()
    bold = models.PositiveIntegerField()
    basque_letters = models.PositiveIntegerField()
    letters = models.PositiveIntegerField()

    objects: ClassVar[AnswerStyleQuerySet] = AnswerStyleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("style of an answer")
        verbose_name_plural = _("styles of answers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(basque_letters__lte=F("letters")), name="answer_style_basque_within_letters"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id}: {self.tokens}"
