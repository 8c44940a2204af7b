"""Who may see the ranking of a campaign, and which."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from arena.ballot_forms import OVERALL
from arena.ballot_labels import dimension_name
from arena.models import Campaign
from ranking.comparisons import campaign_dimensions
from ranking.models import Snapshot
from ranking.models.snapshots import SnapshotQuerySet


def public_campaign(slug: str) -> Campaign:
    """A campaign that is no draft. Raises Http404."""
    return get_object_or_404(Campaign.objects.public(), slug=slug)


def open_campaign(request: HttpRequest, slug: str) -> Campaign:
    """A campaign whose ranking the visitor may see. Raises Http404."""
    campaign = public_campaign(slug)
    if not may_see(request, campaign):
        raise Http404
    return campaign


def is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


def may_see(request: HttpRequest, campaign: Campaign) -> bool:
    return campaign.leaderboard_is_public or is_staff(request)


def asked_dimension(request: HttpRequest, campaign: Campaign) -> str:
    """The dimension that the address names; overall where it names none. Raises Http404."""
    dimension = request.GET.get("dimension", OVERALL)
    if dimension not in campaign_dimensions(campaign):
        raise Http404
    return dimension


def named_dimensions(campaign: Campaign) -> list[tuple[str, str]]:
    """The campaign's dimensions with their names."""
    return [(key, dimension_name(campaign, key)) for key in campaign_dimensions(campaign)]


def visible_snapshots(request: HttpRequest, campaign: Campaign) -> SnapshotQuerySet:
    return Snapshot.objects.filter(campaign=campaign).visible_to(staff=is_staff(request))
