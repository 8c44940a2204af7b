"""The scene of most tests: a campaign with a running matchup, and a volunteer who has joined it."""

import pytest

from arena.models import Campaign, Matchup, Participant
from tests.factories import CampaignFactory, ConsentFactory, MatchupFactory


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Open, with Basque texts."""
    return CampaignFactory(with_texts=True)


@pytest.fixture
def matchup(campaign: Campaign) -> Matchup:
    """Running, with three healthy competitors."""
    return MatchupFactory(campaign=campaign, running=True, competitors=3)


@pytest.fixture
def volunteer(campaign: Campaign) -> Participant:
    """Has joined the campaign, without an account."""
    return ConsentFactory(campaign=campaign).participant
