"""Makes database and static files of the browser tests: `python -m tests.browser.seed BASE_URL`.

One open campaign of two competitors, whose models are `stub-a` and `stub-b` of the scripted model server.
"""

import os
import sys
from typing import Any

import django
from django.core.management import call_command

SLUG = "lehia"
NAMES = {"stub-a": "Ipar haizea", "stub-b": "Hego haizea"}
#: A second campaign, whose ballot has everything that a form can have.
LONG_SLUG = "luzea"
#: A third one, with votes and rankings, four of them published. The home page does not show it.
RANKED_SLUG = "sailkatua"
LONG_FORM: dict[str, Any] = {
    "dimensions": [
        {"key": "content", "choices": ["a", "tie", "b", "both_good", "both_bad", "dont_know"]},
        {"key": "language"},
        {"key": "overall", "asked": "disagreement"},
    ],
    "reasons": [
        {"key": "clear", "label": {"eu": "Argiagoa da", "en": "It is clearer"}},
        {"key": "right", "label": {"eu": "Zuzenagoa da", "en": "It is more correct"}},
    ],
    "comment": True,
}


def seed_rankings() -> None:
    from django.utils import timezone

    from ranking.actions.current import refresh_campaign
    from ranking.actions.snapshots import take_snapshot
    from tests.ranking.campaigns import START, campaign_with_votes, vote_again

    campaign = campaign_with_votes(40, slug=RANKED_SLUG, starts_at=START)
    refresh_campaign(campaign=campaign)
    vote_again(campaign, timezone.now())
    take_snapshot(campaign=campaign, dimension="overall", label="Eskuz hartua")


def seed(base_url: str) -> None:
    from tests.factories import CampaignFactory, CompetitorFactory, MatchupFactory, ServedModelFactory

    served = [ServedModelFactory(name=name, model_name=name, base_url=base_url) for name in NAMES]
    # The newest campaign is the one of the home page.
    options: dict[str, Any]
    for slug, options in ((LONG_SLUG, {"ballot_form": LONG_FORM, "reveal_policy": "never"}), (SLUG, {})):
        campaign = CampaignFactory(
            slug=slug, with_texts=True, leaderboard_policy="always", max_prompt_chars=400, max_turns=3, **options
        )
        competitors = [
            CompetitorFactory(campaign=campaign, served_model=model, name=NAMES[model.name]) for model in served
        ]
        MatchupFactory(campaign=campaign, competitors=competitors, running=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    seed_rankings()
    seed(sys.argv[1])
