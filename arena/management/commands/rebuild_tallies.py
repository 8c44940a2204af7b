from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from arena.actions.collection import rebuild_tallies
from arena.models import Campaign


class Command(BaseCommand):
    help = "Throws away the tallies, contributions and Elo ratings of a campaign (or of all) and collects them again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", metavar="SLUG", help="all campaigns where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        campaigns = Campaign.objects.order_by("pk")
        if options["campaign"]:
            campaigns = campaigns.filter(slug=options["campaign"])
            if not campaigns:
                raise CommandError(f"There is no campaign {options['campaign']!r}.")
        for campaign in campaigns:
            self.stdout.write(f"{campaign.slug}: {rebuild_tallies(campaign=campaign)} ballots")
