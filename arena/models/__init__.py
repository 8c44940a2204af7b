"""The arena's tables, one file a family."""

from arena.models.ballots import Ballot, Judgement, Report
from arena.models.battles import Answer, Battle, Turn
from arena.models.campaigns import Campaign, CampaignText, ConsentText, StartingPrompt
from arena.models.matchups import Competitor, Matchup, MatchupEntry
from arena.models.people import Consent, Participant, User
from arena.models.tallies import Contribution, DayTally, EloRating, PairTally

__all__ = [
    "Answer",
    "Ballot",
    "Battle",
    "Campaign",
    "CampaignText",
    "Competitor",
    "Consent",
    "ConsentText",
    "Contribution",
    "DayTally",
    "EloRating",
    "Judgement",
    "Matchup",
    "MatchupEntry",
    "PairTally",
    "Participant",
    "Report",
    "StartingPrompt",
    "Turn",
    "User",
]
