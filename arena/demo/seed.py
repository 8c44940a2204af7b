"""Writes the demo campaign into the database. Harmless when done twice."""

import secrets

from django.db import transaction
from django.utils import timezone

from arena.demo import campaign as demo
from arena.enums import CampaignStatus, LeaderboardPolicy, MatchupState
from arena.models import (
    Campaign,
    CampaignText,
    Competitor,
    ConsentText,
    Matchup,
    MatchupEntry,
    StartingPrompt,
    User,
)
from inference.models import ServedModel

ADMIN = "admin"


@transaction.atomic
def seed_demo() -> str | None:
    """Makes the admin and the demo campaign where they are missing; returns the admin's one-time password, or None.

    What an admin has changed in the demo stays as it is.
    """
    password = _make_admin()
    campaign, created = Campaign.objects.get_or_create(
        slug=demo.SLUG,
        defaults={
            "name": "Demo",
            "status": CampaignStatus.OPEN,
            "leaderboard_policy": LeaderboardPolicy.ALWAYS,
            "max_battles_per_hour": 120,
        },
    )
    if created:
        _write_texts(campaign)
        _launch(campaign, _make_competitors(campaign))
    return password


def _make_admin() -> str | None:
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(username=ADMIN, password=password, must_change_password=True)
    return password


def _write_texts(campaign: Campaign) -> None:
    CampaignText.objects.bulk_create(
        [CampaignText(campaign=campaign, language=language, **text) for language, text in demo.TEXTS.items()]
    )
    ConsentText.objects.bulk_create(
        [ConsentText(campaign=campaign, version=1, language=lang, body=body) for lang, body in demo.CONSENT.items()]
    )
    StartingPrompt.objects.bulk_create(
        [
            StartingPrompt(campaign=campaign, language=language, text=text, position=position)
            for language, texts in demo.STARTING_PROMPTS.items()
            for position, text in enumerate(texts)
        ]
    )


def _make_competitors(campaign: Campaign) -> list[Competitor]:
    served_model, _created = ServedModel.objects.get_or_create(
        name=demo.SERVED_MODEL["name"],
        defaults={"base_url": demo.SERVED_MODEL["base_url"], "model_name": demo.SERVED_MODEL["model_name"]},
    )
    return [
        Competitor.objects.create(
            campaign=campaign,
            served_model=served_model,
            max_tokens=demo.MAX_TOKENS,
            extra_parameters=demo.EXTRA_PARAMETERS,
            **entry,
        )
        for entry in demo.COMPETITORS
    ]


def _launch(campaign: Campaign, competitors: list[Competitor]) -> None:
    matchup = Matchup.objects.create(
        campaign=campaign, state=MatchupState.RUNNING, started_at=timezone.now(), **demo.MATCHUP
    )
    MatchupEntry.objects.bulk_create([MatchupEntry(matchup=matchup, competitor=entry) for entry in competitors])
