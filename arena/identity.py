"""Who is asking: from a session and an account to a participant."""

import uuid
from collections.abc import MutableMapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from arena.models import Participant, User

SESSION_KEY = "participant"


class ArenaRequest(HttpRequest):
    """A request that has passed `arena.middleware.participant`."""

    participant: Participant | None


def find_participant(session: MutableMapping[str, Any], user: User | AnonymousUser) -> Participant | None:
    """The participant of an account, or, for somebody without one, of the session."""
    if user.is_authenticated:
        return Participant.objects.filter(user=user).first()
    uid = session.get(SESSION_KEY)
    if uid is None:
        return None
    return Participant.objects.filter(uid=uuid.UUID(uid), user__isnull=True, erased_at__isnull=True).first()


def remember_participant(session: MutableMapping[str, Any], participant: Participant) -> None:
    """Makes the session that of this participant."""
    session[SESSION_KEY] = str(participant.uid)
