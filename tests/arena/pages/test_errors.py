"""Pages of errors stand on nothing that may be broken."""

import pytest
from django.http import HttpResponse
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import reverse

from arena.views import errors
from tests.arena.pages.conftest import take_part_as
from tests.factories import CampaignFactory, ConsentFactory


@pytest.mark.parametrize("code", ["400", "500"])
def test_a_broken_site_can_still_say_so(code: str) -> None:
    html = get_template(f"{code}.html").render({})
    assert 'href="/"' in html
    assert "<h1>" in html


def test_an_unexpected_failure_is_answered_without_the_request() -> None:
    response: HttpResponse = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "/static/css/base.css" in response.content.decode()


@pytest.mark.django_db
def test_an_unknown_address(client: Client) -> None:
    response = client.get("/ez-dago/")
    assert response.status_code == 404
    assert "This page is out" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["403", "429"])
def test_pages_with_the_whole_frame(client: Client, rf: RequestFactory, name: str) -> None:
    request = client.get("/").wsgi_request
    assert 'class="brand"' in get_template(f"{name}.html").render({}, request)


@pytest.fixture
def refused(client: Client) -> HttpResponse:
    """A battle cannot be started in a campaign that is over."""
    campaign = CampaignFactory(closed=True)
    take_part_as(client, ConsentFactory(campaign=campaign, version=campaign.consent_version).participant)
    return client.post(reverse("arena:start_battle", args=[campaign.slug]))


@pytest.mark.django_db
def test_a_refused_post_is_a_page_with_a_way_on(refused: HttpResponse) -> None:
    assert refused.status_code == 409
    html = refused.content.decode()
    assert "This campaign takes no votes now." in html
    assert 'href="/">To the start' in html


@pytest.mark.django_db
def test_after_a_refused_post_the_language_switch_leads_to_a_page_that_can_be_shown(refused: HttpResponse) -> None:
    assert '<input type="hidden" name="next" value="/">' in refused.content.decode()
