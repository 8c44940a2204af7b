"""Starting a battle, and ending it without a vote."""

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from arena.actions.joining import has_joined
from arena.enums import AnswerStatus, BattleStatus
from arena.exceptions import (
    BattleClosed,
    Blocked,
    CampaignNotOpen,
    ConsentNeeded,
    NoPairReady,
    NothingToRedraw,
    NotJoined,
    TooManyBattles,
)
from arena.matchmaking import ADAPTIVE, Candidate, Draw, Entry, draw
from arena.metrics import DRAWS
from arena.models import Answer, Battle, Campaign, Competitor, Matchup, MatchupEntry, PairTally, Participant
from inference.breaker import UNTIL_ANSWERED, UNTIL_PROMPT
from inference.pairing import claim_pair, give_back_trials

_RNG = random.SystemRandom()
#: Draws until one is of models that were not taken on trial, and did not leave pairing, in the meantime. Each that is
#: given up means that somebody else got on.
_MAX_DRAWS = 10


def check_may_take_part(*, campaign: Campaign, participant: Participant | None) -> Participant:
    """Raises NotJoined, Blocked, CampaignNotOpen or ConsentNeeded; returns the participant otherwise."""
    if not participant:
        raise NotJoined
    if participant.is_blocked:
        raise Blocked
    if not campaign.is_accepting:
        raise CampaignNotOpen
    if not has_joined(participant=participant, campaign=campaign):
        raise ConsentNeeded
    return participant


def pair_is_ready(campaign: Campaign) -> bool:
    """Whether a battle could be drawn now."""
    return any(len(candidate.entries) >= 2 for candidate in _candidates(campaign))


@transaction.atomic
def start_battle(
    *, campaign: Campaign, participant: Participant | None, language: str, rng: random.Random = _RNG
) -> Battle:
    """The volunteer's open battle, or a new one with a fresh draw.

    Locks the participant's row, so that two starts at once give one battle. Raises a Refusal when the volunteer may not
    take part, has started too many, or no two models can answer.
    """
    participant = check_may_take_part(campaign=campaign, participant=participant)
    _lock_participant(participant)
    current = Battle.objects.open().of(participant).filter(campaign=campaign).select_for_update(of=("self",)).first()
    if current is not None:
        if not current.turns.exists():
            renew_draw_if_needed(battle=current, keep=UNTIL_PROMPT, rng=rng)
        return current
    _check_pace(campaign, participant)
    return _create(campaign, participant, language, rng=rng)


def renew_draw_if_needed(*, battle: Battle, keep: timedelta = UNTIL_ANSWERED, rng: random.Random = _RNG) -> None:
    """Draws again where a model of a battle without a prompt can no longer answer. The caller holds the battle's row.

    Locks the rows of the two served models: neither leaves pairing before the caller commits. A model on trial is kept
    for this battle for as long as `keep`. Raises NoPairReady.
    """
    trial = str(battle.uid)
    if _claim([battle.competitor_a, battle.competitor_b], trial, keep):
        return
    drawn = _draw(battle.campaign, rng, trial=trial, keep=keep)
    battle.matchup_id, battle.competitor_a_id, battle.competitor_b_id = drawn.matchup, drawn.a, drawn.b
    battle.draw_probability = drawn.probability
    battle.pairing_policy = Matchup.objects.get(pk=drawn.matchup).pairing_policy
    battle.save(update_fields=["matchup", "competitor_a", "competitor_b", "draw_probability", "pairing_policy"])


@transaction.atomic
def skip_battle(*, battle: Battle, participant: Participant, reason: str = "") -> Battle:
    """Ends a battle without a vote. Locks the battle's row. Harmless on one that was skipped before."""
    locked = lock_battle(battle=battle, participant=participant)
    if locked.status == BattleStatus.SKIPPED:
        return locked
    if not locked.is_open:
        raise BattleClosed
    _close(locked, BattleStatus.SKIPPED, reason=reason)
    if not locked.turns.exists():
        # Others need not wait for a prompt that will not come.
        give_back_trials(trial=str(locked.uid))
    return locked


@transaction.atomic
def redraw_battle(*, battle: Battle, participant: Participant, language: str, rng: random.Random = _RNG) -> Battle:
    """Two other models for the prompt of a battle in which a side failed. Nobody is blamed: it counts for nothing.

    Locks the participant's row, as starting does, and then the battle's. Raises NothingToRedraw where no answer failed,
    NoPairReady where no two models can answer. Done twice, it returns the same new battle.
    """
    check_may_take_part(campaign=battle.campaign, participant=participant)
    _lock_participant(participant)
    locked = lock_battle(battle=battle, participant=participant)
    if locked.status == BattleStatus.REDRAWN and (successor := locked.redrawn_as.first()) is not None:
        return successor
    if not locked.is_open:
        raise BattleClosed
    failed = Answer.objects.filter(turn__battle=locked, status=AnswerStatus.FAILED).values_list("side", flat=True)
    if not failed:
        raise NothingToRedraw
    _close(locked, BattleStatus.REDRAWN)
    avoid = frozenset(locked.competitor(side).pk for side in failed)
    return _create(locked.campaign, participant, language, redrawn_from=locked, avoid=avoid, rng=rng)


def lock_battle(*, battle: Battle, participant: Participant, related: Sequence[str] = ()) -> Battle:
    """The battle with its row locked, campaign, participant and what is `related` besides, as for `select_related`.

    Raises Battle.DoesNotExist where it is not the participant's.
    """
    Battle.objects.select_for_update(of=("self",)).only("pk").get(pk=battle.pk, participant=participant)
    # Not joined to the locked row: that would be as old as the statement, which may have waited for the lock while an
    # admin blocked the participant or paused the campaign. Read now, they are as they are now.
    return Battle.objects.select_related("campaign", "participant", *related).get(pk=battle.pk)


def _lock_participant(participant: Participant) -> None:
    """One start or redraw of a participant at a time. Raises NotJoined where an account has just taken them over."""
    # NO KEY, because battles that are being inserted refer to the participant.
    locked = Participant.objects.select_for_update(of=("self",), no_key=True).filter(pk=participant.pk)
    if locked.first() is None:
        raise NotJoined


def _close(battle: Battle, status: BattleStatus, *, reason: str = "") -> None:
    battle.status = status
    battle.skip_reason = reason.replace("\x00", "").strip()[:300]
    battle.closed_at = timezone.now()
    battle.save(update_fields=["status", "skip_reason", "closed_at"])


def _check_pace(campaign: Campaign, participant: Participant) -> None:
    since = timezone.now() - timedelta(hours=1)
    started = Battle.objects.of(participant).filter(campaign=campaign, created_at__gte=since).count()
    if started >= campaign.max_battles_per_hour:
        raise TooManyBattles


def _create(
    campaign: Campaign,
    participant: Participant,
    language: str,
    *,
    redrawn_from: Battle | None = None,
    avoid: frozenset[int] = frozenset(),
    rng: random.Random,
) -> Battle:
    uid = uuid.uuid4()
    drawn = _draw(campaign, rng, trial=str(uid), keep=UNTIL_PROMPT, avoid=avoid)
    return Battle.objects.create(
        uid=uid,
        campaign=campaign,
        matchup_id=drawn.matchup,
        participant=participant,
        competitor_a_id=drawn.a,
        competitor_b_id=drawn.b,
        draw_probability=drawn.probability,
        pairing_policy=Matchup.objects.get(pk=drawn.matchup).pairing_policy,
        language=language,
        redrawn_from=redrawn_from,
    )


def _draw(
    campaign: Campaign, rng: random.Random, *, trial: str, keep: timedelta, avoid: frozenset[int] = frozenset()
) -> Draw:
    """Draws without the competitors to avoid, which have just failed; with them where nobody else can answer.

    Locks the rows of the two served models, and keeps those on trial for the battle `trial`. Raises NoPairReady.
    """
    for _attempt in range(_MAX_DRAWS):
        candidates = _candidates(campaign, trial)
        drawn = draw([_without(candidate, avoid) for candidate in candidates], rng) or draw(candidates, rng)
        if drawn is None:
            break
        if _claim(Competitor.objects.filter(pk__in=(drawn.a, drawn.b)), trial, keep):
            DRAWS.labels("drawn").inc()
            return drawn
    DRAWS.labels(NoPairReady.code).inc()
    raise NoPairReady


def _claim(competitors: Iterable[Competitor], trial: str, keep: timedelta) -> bool:
    """Whether these two can meet in the battle `trial`, as their models are now and stay until the commit."""
    served = [each.served_model_id for each in competitors if each.is_active and each.served_model_id is not None]
    if len(served) < 2:
        return False
    return claim_pair(served_model_ids=set(served), trial=trial, keep=keep)


def _without(candidate: Candidate, avoid: frozenset[int]) -> Candidate:
    return replace(candidate, entries=tuple(entry for entry in candidate.entries if entry.key not in avoid))


def _candidates(campaign: Campaign, trial: str = "") -> list[Candidate]:
    entries: dict[int, list[Entry]] = {}
    able = Competitor.objects.able_to_answer(trial)
    for entry in MatchupEntry.objects.filter(matchup__in=campaign.running_matchups(), competitor__in=able).order_by(
        "pk"
    ):
        entries.setdefault(entry.matchup_id, []).append(Entry(key=entry.competitor_id, weight=entry.weight))
    matchups = list(campaign.running_matchups().order_by("pk"))
    adaptive = [matchup.pk for matchup in matchups if matchup.pairing_policy in ADAPTIVE]
    # As collected: a vote that waits for the worker, or a battle that is open, moves a draw a little later.
    met = PairTally.objects.met(adaptive) if adaptive else {}
    return [
        Candidate(
            key=matchup.pk,
            policy=matchup.pairing_policy,
            entries=tuple(entries.get(matchup.pk, ())),
            met=met.get(matchup.pk, ()),
        )
        for matchup in matchups
    ]
