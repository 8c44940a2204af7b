"""What models scored on benchmarks."""

from collections.abc import Iterable
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_SHA256 = r"^[0-9a-f]{64}$"


class BenchmarkScoreQuerySet(models.QuerySet["BenchmarkScore"]):
    def of_models(self, names: Iterable[str]) -> "BenchmarkScoreQuerySet":
        return self.filter(model__in=set(names))


class BenchmarkScore(models.Model):
    """One model's score on one task, as it was imported from a file.

    Scores are of models and not of competitors, whose campaigns come and go: `ranking.benchmark_names` brings the two
    together. `value` is in the unit of its metric: accuracies are shares from 0 to 1.
    """

    model = models.CharField(_("model"), max_length=200)
    task = models.CharField(_("task"), max_length=200)
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    metric = models.CharField(_("metric"), max_length=100)
    value = models.FloatField(_("score"))
    stderr = models.FloatField(_("standard error"), null=True, blank=True)
    higher_is_better = models.BooleanField(_("higher is better"), default=True)
    n = models.PositiveIntegerField(_("questions"), null=True, blank=True)
    n_in_all = models.PositiveIntegerField(_("questions of the task"), null=True, blank=True)
    shots = models.PositiveIntegerField(_("examples shown"), null=True, blank=True)
    harness = models.CharField(_("measured with"), max_length=100, blank=True, default="")
    file_name = models.CharField(_("file"), max_length=255)
    file_sha256 = models.CharField(_("fingerprint of the file"), max_length=64, validators=[RegexValidator(_SHA256)])
    imported_at = models.DateTimeField(_("imported"), default=timezone.now)

    objects: ClassVar[BenchmarkScoreQuerySet] = BenchmarkScoreQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("benchmark score")
        verbose_name_plural = _("benchmark scores")
        ordering = ["model", "language", "task"]
        constraints = [
            # Its index serves the page too, which asks for the scores of some models.
            models.UniqueConstraint(fields=["model", "task"], name="benchmark_score_once"),
            models.CheckConstraint(condition=~Q(model="") & ~Q(task=""), name="benchmark_score_named"),
            models.CheckConstraint(
                condition=Q(stderr__isnull=True) | Q(stderr__gte=0), name="benchmark_score_error_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(n__isnull=True) | Q(n_in_all__isnull=True) | Q(n__lte=F("n_in_all")),
                name="benchmark_score_n_within_task",
            ),
            models.CheckConstraint(
                condition=Q(file_sha256__regex=_SHA256), name="benchmark_score_fingerprint_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} · {self.task}: {self.value:g}"

    @property
    def is_partial(self) -> bool:
        """Whether only some questions of the task were asked."""
        return self.n is not None and self.n_in_all is not None and self.n < self.n_in_all
