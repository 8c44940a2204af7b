"""The demo's campaign, made once. `python -m tools.demo_training.campaign` runs in Django."""

import os

import django
from django.db import transaction

from tools.demo_training.work import CAMPAIGN

_TITLES = {
    "eu": (
        "Zertarako balio du euskarazko corpusak?",
        "Hiru eredu txiki, euskara kaskarrekoak: jatorrizkoa, eta hemen entrenatutako bi.",
    ),
    "es": (
        "¿Para qué sirve el corpus en euskera?",
        "Tres modelos pequeños, de euskera pobre: el original y dos entrenados aquí.",
    ),
    "fr": (
        "À quoi sert le corpus en basque ?",
        "Trois petits modèles au basque pauvre : l’original et deux entraînés ici.",
    ),
    "en": (
        "What is the Basque corpus good for?",
        "Three small models of poor Basque: the original, and two that were trained here.",
    ),
}


def make_campaign() -> bool:
    """Make the campaign with its texts unless it is there; whether it was made. What admins changed stays."""
    from arena.demo import campaign as demo
    from arena.enums import CampaignStatus, LeaderboardPolicy
    from arena.models import Campaign, CampaignText, ConsentText

    with transaction.atomic():
        campaign, created = Campaign.objects.get_or_create(
            slug=CAMPAIGN,
            defaults={
                "name": "Demo: training",
                "status": CampaignStatus.OPEN,
                "leaderboard_policy": LeaderboardPolicy.ALWAYS,
            },
        )
        if created:
            for language, (title, tagline) in _TITLES.items():
                CampaignText.objects.create(campaign=campaign, language=language, title=title, tagline=tagline)
            for language, body in demo.CONSENT.items():
                ConsentText.objects.create(campaign=campaign, version=1, language=language, body=body)
    return created


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print(f"Campaign {CAMPAIGN}: {'made' if make_campaign() else 'is there'}.")
