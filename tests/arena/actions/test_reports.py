"""Reports leave the queue once."""

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from arena.actions.reports import resolve_report
from arena.enums import ReportResolution
from arena.exceptions import ReportResolved
from arena.models import Report
from tests.factories import ReportFactory, UserFactory


@pytest.mark.django_db
@pytest.mark.parametrize("resolution", list(ReportResolution))
def test_a_report_is_resolved_and_the_history_says_so(resolution: ReportResolution) -> None:
    boss, report = UserFactory(admin=True), ReportFactory()
    resolved = resolve_report(report_id=report.pk, resolution=resolution, by=boss)
    assert (resolved.resolution, resolved.resolved_by) == (resolution, boss)
    assert resolved.resolved_at is not None
    assert LogEntry.objects.get().object_id == str(report.pk)
    assert not Report.objects.unresolved().exists()


@pytest.mark.django_db
def test_a_second_decision_is_refused_and_changes_nothing() -> None:
    boss, report = UserFactory(admin=True), ReportFactory()
    resolve_report(report_id=report.pk, resolution=ReportResolution.UPHELD, by=boss)
    with pytest.raises(ReportResolved):
        resolve_report(report_id=report.pk, resolution=ReportResolution.DISMISSED, by=UserFactory(admin=True))
    report.refresh_from_db()
    assert (report.resolution, report.resolved_by) == (ReportResolution.UPHELD, boss)
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db
def test_the_queue_is_oldest_first() -> None:
    old, new = ReportFactory(), ReportFactory()
    ReportFactory(dismissed=True)
    assert list(Report.objects.unresolved()) == [old, new]


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_decide_at_once_one_wins() -> None:
    """A compare-and-swap: the update that finds the report resolved changes no row."""
    boss, report = UserFactory(admin=True), ReportFactory()
    barrier, outcomes = threading.Barrier(2), []

    def decide(resolution: ReportResolution) -> None:
        try:
            barrier.wait(timeout=10)
            resolve_report(report_id=report.pk, resolution=resolution, by=boss)
            outcomes.append(resolution.value)
        except ReportResolved:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[resolution]) for resolution in ReportResolution]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    report.refresh_from_db()
    assert sorted(outcomes) == sorted([report.resolution, "refused"])
    assert LogEntry.objects.count() == 1
