"""The queue of reports."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from arena.models import Report, User
from tests.factories import ReportFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/arena/report/"


def _resolve(report: Report, resolution: str) -> str:
    return reverse("admin:arena_report_resolve", args=[report.pk, resolution])


def test_what_waits_comes_first_and_oldest_first(admin_client: Client) -> None:
    done = ReportFactory(upheld=True)
    old, new = ReportFactory(), ReportFactory()
    assert list(admin_client.get(LIST).context["cl"].result_list) == [old, new, done]


@pytest.mark.parametrize("resolution", ["upheld", "dismissed"])
def test_one_click_resolves(admin_client: Client, boss: User, resolution: str) -> None:
    report = ReportFactory()
    assert _resolve(report, resolution) in admin_client.get(LIST).content.decode()
    assert admin_client.post(_resolve(report, resolution)).headers["Location"] == LIST
    report.refresh_from_db()
    assert (report.resolution, report.resolved_by) == (resolution, boss)
    assert LogEntry.objects.get().object_id == str(report.pk)
    assert _resolve(report, resolution) not in admin_client.get(LIST).content.decode()


def test_a_second_click_is_refused_and_said(admin_client: Client) -> None:
    report = ReportFactory(dismissed=True)
    response = admin_client.post(_resolve(report, "upheld"), follow=True)
    assert {message.level_tag for message in response.context["messages"]} == {"error"}
    report.refresh_from_db()
    assert report.resolution == "dismissed"


def test_it_can_be_done_from_the_battle_and_leads_back_there(admin_client: Client) -> None:
    report = ReportFactory()
    battle = reverse("admin:arena_battle_change", args=[report.battle_id])
    assert _resolve(report, "upheld") in admin_client.get(battle).content.decode()
    response = admin_client.post(_resolve(report, "upheld"), {"next": battle})
    assert response.headers["Location"] == battle
    foreign = admin_client.post(_resolve(ReportFactory(), "upheld"), {"next": "//example.org/"})
    assert foreign.headers["Location"] == LIST


def test_neither_a_link_nor_a_made_up_decision_resolves(admin_client: Client) -> None:
    report = ReportFactory()
    assert admin_client.get(_resolve(report, "upheld")).status_code == 405
    assert admin_client.post(_resolve(report, "asko")).status_code == 404
    assert Report.objects.unresolved().get() == report


def test_who_may_only_look_decides_nothing(client: Client) -> None:
    viewer, report = UserFactory(is_staff=True), ReportFactory()
    viewer.user_permissions.add(Permission.objects.get(codename="view_report"))
    client.force_login(viewer)
    assert _resolve(report, "upheld") not in client.get(LIST).content.decode()
    assert client.post(_resolve(report, "upheld")).status_code == 403
    assert Report.objects.unresolved().get() == report
