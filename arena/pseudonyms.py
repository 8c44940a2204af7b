"""The names that people have in exports."""

import hashlib
import hmac

from django.conf import settings

from arena.enums import ParticipantKind
from arena.models import Participant


def pseudonym(participant: Participant) -> str:
    """A keyed pseudonym: the same for all votes of a participant, and without the key nobody can tell whose.

    Imported participants keep the pseudonym of their file, so that a file goes through import and export unchanged.
    """
    if participant.kind == ParticipantKind.IMPORTED and participant.external_name:
        return participant.external_name
    digest = hmac.new(settings.PSEUDONYM_KEY.encode(), participant.uid.bytes, hashlib.sha256).hexdigest()
    return f"p_{digest[:20]}"
