"""What the management commands share."""

from arena.commands import campaign_or_error as campaign_or_error
