"""Starts a matchup from the shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations

from arena.actions.launching import MatchupDiffers, launch_matchup
from arena.commands import campaign_or_error, in_words
from arena.enums import PairingPolicy
from arena.exceptions import Refusal
from arena.models import Campaign, Competitor


class Command(BaseCommand):
    help = "Make a matchup of these competitors and start it. Harmless when done twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="of the matchup")
        parser.add_argument("--competitors", required=True, nargs="+", metavar="NAME", help="two or more, by name")
        parser.add_argument("--target-votes", type=int, metavar="N", help="over all pairs (default: 500)")
        parser.add_argument("--pairing", choices=PairingPolicy.values, help="default: uncertainty")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_or_error(options["campaign"])
        competitors = _competitors(campaign, options["competitors"])
        settings = {"target_votes": options["target_votes"], "pairing_policy": options["pairing"]}
        try:
            started = launch_matchup(
                campaign=campaign,
                name=options["name"],
                competitors=competitors,
                **{field: value for field, value in settings.items() if value is not None},
            )
        except (MatchupDiffers, Refusal) as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(in_words(error)) from error
        state = "is started" if started else "runs already"
        self.stdout.write(f"{options['name']} {state}: {', '.join(each.name for each in competitors)}.")


def _competitors(campaign: Campaign, names: list[str]) -> list[Competitor]:
    known = {competitor.name: competitor for competitor in campaign.competitors.all()}
    if missing := [name for name in names if name not in known]:
        raise CommandError(
            f"{campaign.slug} has no competitor {missing[0]!r}. It has: {', '.join(sorted(known)) or 'none'}."
        )
    return [known[name] for name in dict.fromkeys(names)]
