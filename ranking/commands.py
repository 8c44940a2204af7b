"""What the management commands share."""

from django.core.management.base import CommandError

from arena.models import Campaign


def campaign_or_error(slug: str) -> Campaign:
    """The campaign with this address, or a sentence that says which there are."""
    try:
        return Campaign.objects.get(slug=slug)
    except Campaign.DoesNotExist:
        known = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none"
        raise CommandError(f"There is no campaign {slug!r}. There are: {known}.") from None
