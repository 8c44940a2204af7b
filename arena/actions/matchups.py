"""Starting, pausing and finishing matchups, and who takes part in them."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from arena.actions.admin_history import record_admin_change
from arena.enums import MatchupState
from arena.exceptions import CompetitorOfOtherCampaign, MatchupEntriesFixed, MatchupNotReady, MatchupTransition
from arena.models import Competitor, Matchup, MatchupEntry, User

#: In these states no battle is drawn, so who takes part can be changed.
EDITABLE_STATES = frozenset({MatchupState.DRAFT, MatchupState.PAUSED})


def start_matchup(*, matchup_id: int, by: User | None) -> Matchup:
    """From draft to running. Locks the matchup.

    Raises MatchupTransition where it is no draft, and MatchupNotReady with fewer than two competitors to draw.
    """
    return _move(matchup_id, MatchupState.RUNNING, source=MatchupState.DRAFT, by=by, message=_("Started."))


def resume_matchup(*, matchup_id: int, by: User | None) -> Matchup:
    """From paused to running. Locks the matchup. Raises as `start_matchup` does."""
    return _move(matchup_id, MatchupState.RUNNING, source=MatchupState.PAUSED, by=by, message=_("Resumed."))


def pause_matchup(*, matchup_id: int, by: User | None) -> Matchup:
    """From running to paused: nothing new is drawn, open battles go on. Locks the matchup. Raises MatchupTransition."""
    return _move(matchup_id, MatchupState.PAUSED, by=by, message=_("Paused."))


def finish_matchup(*, matchup_id: int, by: User | None) -> Matchup:
    """From running or paused to finished, for good. Locks the matchup. Raises MatchupTransition.

    `by` is nobody where the target was reached.
    """
    return _move(matchup_id, MatchupState.FINISHED, by=by, message=_("Finished."))


@transaction.atomic
def set_entries(*, matchup_id: int, weights: Mapping[int, float]) -> None:
    """Makes the competitors in `weights` (key to weight, above 0) the matchup's only ones. Locks the matchup.

    Raises MatchupEntriesFixed where it runs or is finished, and CompetitorOfOtherCampaign.
    """
    matchup = Matchup.objects.select_for_update(of=("self",)).get(pk=matchup_id)
    if matchup.state not in EDITABLE_STATES:
        raise MatchupEntriesFixed(state=matchup.get_state_display().lower())
    if Competitor.objects.filter(pk__in=weights, campaign=matchup.campaign_id).count() != len(weights):
        raise CompetitorOfOtherCampaign
    matchup.entries.exclude(competitor__in=weights).delete()
    MatchupEntry.objects.bulk_create(
        [
            MatchupEntry(matchup=matchup, competitor_id=competitor_id, weight=weight)
            for competitor_id, weight in weights.items()
        ],
        update_conflicts=True,
        unique_fields=["matchup", "competitor"],
        update_fields=["weight"],
    )


@transaction.atomic
def _move(
    matchup_id: int, wanted: MatchupState, *, by: User | None, message: str, source: MatchupState | None = None
) -> Matchup:
    matchup = Matchup.objects.select_for_update(of=("self",)).get(pk=matchup_id)
    if wanted not in Matchup.TRANSITIONS[matchup.state] or matchup.state != (source or matchup.state):
        raise MatchupTransition(state=matchup.get_state_display().lower(), wanted=wanted.label.lower())
    if wanted == MatchupState.RUNNING:
        _check_can_run(matchup)
    now = timezone.now()
    matchup.state = wanted
    matchup.started_at = matchup.started_at or now
    matchup.finished_at = now if wanted == MatchupState.FINISHED else None
    matchup.save(update_fields=["state", "started_at", "finished_at"])
    if by is not None:
        record_admin_change(by=by, changed=matchup, message=message)
    return matchup


def _check_can_run(matchup: Matchup) -> None:
    # Health is not asked for: it comes and goes, and the draw looks at it each time.
    drawable = Competitor.objects.filter(
        entries__matchup=matchup, campaign=matchup.campaign_id, is_active=True, served_model__isnull=False
    )
    if drawable.count() < 2:
        raise MatchupNotReady
