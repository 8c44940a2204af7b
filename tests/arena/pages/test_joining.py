import pytest
from django.test import Client
from django.urls import reverse

from arena.models import Campaign
from tests.arena.pages.conftest import take_part_as
from tests.factories import CampaignFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign: Campaign = CampaignFactory(with_texts=True)
    return campaign


def test_the_levels_are_explained(client: Client, campaign: Campaign) -> None:
    html = client.get(reverse("arena:join", args=[campaign.slug])).content.decode()
    assert "I understand simple sentences and everyday expressions." in html
    assert html.count('type="radio"') == 7


def test_errors_stand_with_their_fields_and_nothing_given_is_lost(client: Client, campaign: Campaign) -> None:
    response = client.post(reverse("arena:join", args=[campaign.slug]), {"language_level": "c1_c2"})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_education_error"' in html
    assert 'aria-describedby="id_education_helptext id_education_error"' in html
    assert 'aria-describedby="id_confirmed_age_error"' in html
    assert 'value="c1_c2" required' in html.replace('id="id_language_level_2" ', "").replace(" checked", "")
    assert "checked" in html


def test_a_new_text_is_shown_to_who_takes_part_already(client: Client, campaign: Campaign) -> None:
    take_part_as(client, ParticipantFactory())
    html = client.get(reverse("arena:consent", args=[campaign.slug])).content.decode()
    assert "Accept and go on" in html
    response = client.post(reverse("arena:consent", args=[campaign.slug]), {"sent": "empty"})
    assert response.status_code == 422
    assert 'id="id_accept_consent_error"' in response.content.decode()
