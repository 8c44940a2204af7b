"""Open battles for the bench to prompt in. Runs inside Django, by `manage.py shell`."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from arena.identity import remember_participant
from arena.models import Battle, Campaign, Participant
from tests.factories import (
    BattleFactory,
    CampaignFactory,
    CompetitorFactory,
    ConsentFactory,
    MatchupFactory,
    ParticipantFactory,
    ServedModelFactory,
)

SLUG = "bench"


def make(base_url: str, kinds: dict[str, int]) -> list[dict[str, Any]]:
    """Battles by kind, each with the cookie of its volunteer. A kind names its models: `ok` gives bench-a and bench-b.

    Any other kind, such as `hangs`, gives two models of that name, which no other battle uses.
    """
    campaign = Campaign.objects.filter(slug=SLUG).first() or CampaignFactory(slug=SLUG)
    plans = []
    with transaction.atomic():
        for kind, count in kinds.items():
            names = ("bench-a", "bench-b") if kind == "ok" else (f"bench-a-{kind}", f"bench-b-{kind}")
            matchup = MatchupFactory(
                campaign=campaign,
                running=True,
                competitors=[_competitor(campaign, name, base_url) for name in names],
            )
            plans += [_battle(matchup, kind, names) for _index in range(count)]
    return plans


def _competitor(campaign: Campaign, name: str, base_url: str) -> Any:
    known = campaign.competitors.filter(name=name).first()
    if known is not None:
        return known
    served = ServedModelFactory(name=name, base_url=base_url)
    return CompetitorFactory(campaign=campaign, name=name, served_model=served, max_tokens=4096)


def _battle(matchup: Any, kind: str, names: tuple[str, str]) -> dict[str, Any]:
    participant = ParticipantFactory()
    ConsentFactory(participant=participant, campaign=matchup.campaign, version=matchup.campaign.consent_version)
    first, second = matchup.competitors.order_by("name")
    battle: Battle = BattleFactory(
        campaign=matchup.campaign,
        matchup=matchup,
        participant=participant,
        competitor_a=first,
        competitor_b=second,
    )
    models = dict(zip("ab", names, strict=True))
    return {"kind": kind, "uid": str(battle.uid), "cookie": _cookie(participant), "models": models}


def _cookie(participant: Participant) -> str:
    session = SessionStore()
    remember_participant(session, participant)
    session.save()
    return f"sessionid={session.session_key}"
