"""The history of what admins did, in the log that Django's admin shows."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from arena.models import User


def record_admin_change(*, by: User, changed: Model, message: str) -> LogEntry:
    """Adds a line to the history of `changed`. Call it in the transaction of the change, so that both stand or fall."""
    entry: LogEntry = LogEntry.objects.log_actions(
        user_id=by.pk, queryset=[changed], action_flag=CHANGE, change_message=message, single_object=True
    )
    return entry
