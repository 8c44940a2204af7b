"""Resolving the reports of volunteers."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from arena.actions.admin_history import record_admin_change
from arena.enums import ReportResolution
from arena.exceptions import ReportResolved
from arena.models import Report, User


@transaction.atomic
def resolve_report(*, report_id: int, resolution: ReportResolution, by: User) -> Report:
    """Takes a report out of the queue. The first of two admins wins; raises ReportResolved for the other."""
    updated = Report.objects.filter(pk=report_id, resolved_at__isnull=True).update(
        resolved_at=timezone.now(), resolved_by=by, resolution=resolution
    )
    report = Report.objects.get(pk=report_id)
    if updated != 1:
        raise ReportResolved
    record_admin_change(
        by=by, changed=report, message=_("Resolved: %(resolution)s.") % {"resolution": resolution.label.lower()}
    )
    return report
