"""Who votes: an account is optional, a participant is not."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from arena.enums import Education, LanguageLevel, ParticipantKind


class User(AbstractUser):
    """An account. Everything that is personal and not a vote lives here, so that erasing it is deleting one row."""

    must_change_password = models.BooleanField(_("must change the password at the next log-in"), default=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique",
                violation_error_message=_("Another account uses this e-mail address."),
            ),
        ]

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        # By whatever page: the password is no longer the one that somebody else has seen.
        self.must_change_password = False


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def blocked(self) -> "ParticipantQuerySet":
        return self.filter(blocked_at__isnull=False)


class Participant(models.Model):
    """The voter behind battles and ballots. Stays, without a person, when the account is erased."""

    uid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=ParticipantKind, default=ParticipantKind.PERSON)
    user = models.OneToOneField(
        User, verbose_name=_("account"), null=True, blank=True, on_delete=models.SET_NULL, related_name="participant"
    )
    language_level = models.CharField(
        _("level of Basque"), max_length=40, blank=True, help_text=_("Imported votes keep the words of their file.")
    )
    education = models.CharField(_("education"), max_length=60, blank=True)
    confirmed_age = models.BooleanField(_("is 14 or older"), default=False)
    external_name = models.CharField(
        _("name in the imported file"), max_length=200, blank=True, help_text=_("A pseudonym, never a person's name.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True)
    block_reason = models.CharField(_("reason of the block"), max_length=300, blank=True)
    erased_at = models.DateTimeField(_("account erased"), null=True, blank=True)

    objects: ClassVar[ParticipantQuerySet] = ParticipantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind=ParticipantKind.PERSON)
                | Q(confirmed_age=True, language_level__in=LanguageLevel.values, education__in=Education.values),
                name="participant_person_has_joined",
                violation_error_message=_(
                    "A person says their level of Basque and their education, and is 14 or older."
                ),
            ),
            models.CheckConstraint(condition=Q(kind__in=ParticipantKind.values), name="participant_kind_valid"),
            models.CheckConstraint(
                condition=Q(blocked_at__isnull=True, block_reason="")
                | Q(blocked_at__isnull=False) & ~Q(block_reason=""),
                name="participant_blocked_iff_reason",
                violation_error_message=_("A block needs a reason."),
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(user__isnull=True),
                name="participant_erased_has_no_account",
            ),
            # Serves import: the participants of a file are found by their names in it.
            models.UniqueConstraint(
                F("external_name"), condition=~Q(external_name=""), name="participant_external_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.user.get_username() if self.user else f"{self.get_kind_display()} {str(self.uid)[:8]}"

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None


class Consent(models.Model):
    """That a participant accepted one version of a campaign's consent text."""

    participant = models.ForeignKey(
        Participant, verbose_name=_("participant"), on_delete=models.CASCADE, related_name="consents"
    )
    campaign = models.ForeignKey(
        "arena.Campaign", verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="consents"
    )
    version = models.PositiveIntegerField(_("version"))
    accepted_at = models.DateTimeField(_("accepted"), auto_now_add=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["participant", "campaign", "version"], name="consent_once_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.participant} · {self.campaign} v{self.version}"
