import pytest
from django.test import Client
from django.urls import reverse

from arena.models import Participant
from tests.arena.pages.conftest import take_part_as
from tests.factories import BattleFactory, CampaignFactory, ContributionFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def participant(client: Client) -> Participant:
    participant: Participant = ParticipantFactory()
    take_part_as(client, participant)
    return participant


def test_without_battles_it_says_what_will_be_here(client: Client, participant: Participant) -> None:
    CampaignFactory()
    html = client.get(reverse("arena:me")).content.decode()
    assert "No battles yet." in html
    assert 'max="10" value="0"' in html
    assert "Make an account and keep your battles" in html


def test_without_a_campaign_it_still_shows_the_own_data(client: Client, participant: Participant) -> None:
    assert reverse("arena:my_data") in client.get(reverse("arena:me")).content.decode()


def test_each_battle_leads_to_where_it_can_be_read(client: Client, participant: Participant) -> None:
    voted = BattleFactory(participant=participant, voted=True)
    still_open = BattleFactory(participant=participant, answered=True, matchup=voted.matchup, campaign=voted.campaign)
    html = client.get(reverse("arena:me")).content.decode()
    assert reverse("arena:my_battle", args=[voted.uid]) in html
    assert reverse("arena:battle", args=[still_open.uid]) in html


def test_an_account_has_its_settings_and_a_way_out(client: Client) -> None:
    participant = ParticipantFactory(with_account=True)
    client.force_login(participant.user)
    html = client.get(reverse("arena:me")).content.decode()
    assert participant.user.username in html
    for name in ("account_email", "account_change_password", "account_logout", "arena:erase"):
        assert reverse(name) in html


def test_a_past_battle_shows_questions_answers_and_vote(client: Client, participant: Participant) -> None:
    battle = BattleFactory(participant=participant, voted=True)
    html = client.get(reverse("arena:my_battle", args=[battle.uid])).content.decode()
    turn = battle.turns.get()
    assert turn.prompt in html
    assert html.count('class="past-answer"') == 2
    assert "Your vote" in html


def test_a_side_that_failed_is_said_neutrally(client: Client, participant: Participant) -> None:
    battle = BattleFactory(participant=participant, redrawn=True)
    html = client.get(reverse("arena:my_battle", args=[battle.uid])).content.decode()
    assert html.count("This side could not finish its answer.") == 1
    assert "You did not vote in this battle." in html


def test_erasing_says_what_goes_and_what_stays_and_asks_once_more(client: Client, participant: Participant) -> None:
    BattleFactory(participant=participant, voted=True)
    html = client.get(reverse("arena:erase")).content.decode()
    assert "Your one vote, without a name" in html
    response = client.post(reverse("arena:erase"), {"sent": "empty"})
    assert response.status_code == 422
    assert 'id="id_confirm_error"' in response.content.decode()


def test_the_board_marks_the_own_row(client: Client, participant: Participant) -> None:
    campaign = CampaignFactory()
    ContributionFactory(campaign=campaign, participant=participant, votes=12, tickets=1)
    ContributionFactory(campaign=campaign, votes=20, tickets=2)
    html = client.get(reverse("arena:contributors", args=[campaign.slug])).content.decode()
    assert html.count('<tr class="own">') == 1


def test_an_empty_board_invites(client: Client) -> None:
    campaign = CampaignFactory()
    html = client.get(reverse("arena:contributors", args=[campaign.slug])).content.decode()
    assert "The first place is free." in html


def test_votes_per_day_are_drawn_and_told(client: Client, participant: Participant) -> None:
    battle = BattleFactory(participant=participant, voted=True)
    html = client.get(reverse("arena:contributors", args=[battle.campaign.slug])).content.decode()
    assert html.count('<rect class="bar"') == 1
    assert html.count('<rect class="bar-own"') == 1
    assert "The same as a table" in html


@pytest.mark.parametrize("name", ["arena:about", "arena:privacy"])
@pytest.mark.parametrize("with_campaign", [True, False])
def test_pages_that_tell(client: Client, name: str, with_campaign: bool) -> None:
    if with_campaign:
        CampaignFactory(with_texts=True)
    assert client.get(reverse(name)).status_code == 200
