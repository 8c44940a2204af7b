"""What every page shows: the site, the languages, and who is there."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from arena.identity import ArenaRequest
from arena.models import Ballot, Campaign

#: Each language in its own name.
_NATIVE_NAMES = {"eu": "Euskara", "es": "Español", "fr": "Français", "en": "English"}


def site(request: HttpRequest) -> dict[str, Any]:
    participant = getattr(cast(ArenaRequest, request), "participant", None)
    featured = SimpleLazyObject(Campaign.objects.featured)

    def own_votes() -> int:
        if not participant or not featured:
            return 0
        return Ballot.objects.of_campaign(cast(Campaign, featured)).filter(battle__participant=participant).count()

    return {
        "site_name": settings.SITE_NAME,
        "contact_email": settings.CONTACT_EMAIL,
        "participant": participant,
        "featured_campaign": featured,
        "own_votes": SimpleLazyObject(own_votes),
        "languages": [
            {"code": code, "name": _NATIVE_NAMES[code], "current": code == translation.get_language()}
            for code, _name in settings.LANGUAGES
        ],
    }
