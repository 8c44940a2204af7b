import json
from typing import Any

from django.core.management.base import BaseCommand

from arena.demo.seed import ADMIN, seed_demo


class Command(BaseCommand):
    help = (
        "Makes an admin and the demo campaign where they are missing. "
        "Prints one JSON line with the admin's one-time password, null where an admin was there before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps({"admin": ADMIN, "password": seed_demo()}))
