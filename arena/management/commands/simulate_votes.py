from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from arena.demo.simulation import NothingToSimulate, simulate_votes
from arena.models import Campaign


class Command(BaseCommand):
    help = "Writes simulated votes into a campaign, marked as such for ever, and prints the strengths behind them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--votes", required=True, type=int, metavar="N")
        parser.add_argument("--seed", required=True, type=int, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']!r}.")
        if options["votes"] < 1:
            raise CommandError(f"--votes must be at least 1, not {options['votes']}.")
        try:
            strengths = simulate_votes(campaign=campaign, votes=options["votes"], seed=options["seed"])
        except NothingToSimulate:
            raise CommandError(
                f"The campaign {campaign.slug!r} has no matchup beyond draft with two competitors to vote on."
            ) from None
        self.stdout.write(f"{options['votes']} simulated votes written to {campaign.slug}. Strengths (logits):")
        for name, strength in sorted(strengths.items(), key=lambda item: -item[1]):
            self.stdout.write(f"  {strength:+.3f}  {name}")
