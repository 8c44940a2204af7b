"""A volunteer says that something is wrong in a battle."""

from django.db import IntegrityError, transaction

from arena.exceptions import AlreadyReported, ReportInvalid
from arena.models import Battle, Participant, Report


def report_battle(*, battle: Battle, participant: Participant, kind: str, reason: str) -> Report:
    """Puts a report into the admins' queue. Takes no lock: one report of a kind per battle is the database's rule.

    Raises AlreadyReported, or ReportInvalid without a reason.
    """
    cleaned = reason.replace("\x00", "").strip()
    if not cleaned:
        raise ReportInvalid
    try:
        with transaction.atomic():
            return Report.objects.create(battle=battle, participant=participant, kind=kind, reason=cleaned)
    except IntegrityError as error:
        raise AlreadyReported from error
