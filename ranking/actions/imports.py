"""Importing the votes of a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import structlog
from django.db import transaction
from django.utils import timezone

from arena.enums import BattleStatus, CampaignStatus, MatchupState, ParticipantKind
from arena.models import (
    Answer,
    Ballot,
    Battle,
    Campaign,
    Competitor,
    Judgement,
    Matchup,
    MatchupEntry,
    Participant,
    Turn,
)
from arena.self_identification import identifies_itself, parse_words
from arena.sending import send_on_commit
from arena.tasks import collect
from ranking.files.battles import BattleReader, FileAnswer, FileBattle
from ranking.files.errors import BadLine
from ranking.files.reading import read_rows

log = structlog.get_logger(__name__)

BATCH = 500
MATCHUP = "Imported votes"


@dataclass(slots=True)
class Imported:
    """What an import did, and what of the file has no place here."""

    votes: int = 0
    there_before: int = 0
    new_campaign: bool = False
    competitors: list[str] = field(default_factory=list)
    prompts_differ: int = 0
    voters_changed: int = 0


def import_battles(*, path: Path, slug: str) -> Imported:
    """Stores the battles of a file in the campaign with this address, all of them or, where a line is bad, none.

    Where there is no such campaign it is made, as a draft that no visitor sees.

    The file is read twice: once to check every line, before the database is touched, and once to store them in one
    transaction. A battle that is there already (by its id) is passed over, so that importing twice is harmless; one
    that says something else is refused. Models without a competitor of their name become competitors that are never
    drawn. Votes of blocked participants go into quarantine. Raises `BadFile`, and ValidationError where the
    address can be no campaign's.
    """
    done = _check(path)
    with transaction.atomic():
        campaign, done.new_campaign = _campaign(slug)
        store = _Store(path=path, campaign=campaign, now=timezone.now(), done=done)
        for batch in _batches(_battles(path)):
            store.add(batch)
        if done.votes:
            send_on_commit(collect)
    log.info("battles_imported", campaign=slug, votes=done.votes, there_before=done.there_before)
    return done


def _campaign(slug: str) -> tuple[Campaign, bool]:
    found = Campaign.objects.filter(slug=slug).first()
    if found is not None:
        return found, False
    campaign = Campaign(slug=slug, name=slug[:120], status=CampaignStatus.DRAFT)
    campaign.full_clean()
    campaign.save()
    return campaign, True


def _battles(path: Path) -> Iterator[FileBattle]:
    reader = BattleReader(path)
    for number, row in read_rows(path):
        yield reader.read(number, row)


def _check(path: Path) -> Imported:
    done = Imported()
    voters: dict[str, tuple[str, str]] = {}
    for battle in _battles(path):
        done.prompts_differ += any(turn.prompts_differ for turn in battle.turns)
        if battle.username:
            told = (battle.user_language, battle.user_education)
            done.voters_changed += voters.setdefault(battle.username, told) != told
    return done


def _batches(battles: Iterable[FileBattle]) -> Iterator[list[FileBattle]]:
    remaining = iter(battles)
    while batch := list(islice(remaining, BATCH)):
        yield batch


@dataclass(slots=True)
class _Store:
    """Stores battles in batches, with few queries each."""

    path: Path
    campaign: Campaign
    now: datetime
    done: Imported
    known: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = field(init=False)
    competitors: dict[str, Competitor] = field(init=False)
    matchups: dict[str, Matchup] = field(init=False)
    voters: dict[str, Participant] = field(init=False)
    entries: set[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = _known_battles(self.campaign)
        self.competitors = {row.name: row for row in self.campaign.competitors.all()}
        self.matchups = {row.name: row for row in self.campaign.matchups.all()}
        self.voters = {row.external_name: row for row in Participant.objects.exclude(external_name="")}
        self.entries = set(
            MatchupEntry.objects.filter(matchup__campaign=self.campaign).values_list("matchup", "competitor")
        )

    def add(self, batch: list[FileBattle]) -> None:
        new = [battle for battle in batch if not self._is_known(battle)]
        self.done.there_before += len(batch) - len(new)
        if not new:
            return
        self._add_competitors(new)
        self._add_matchups(new)
        voters = self._add_voters(new)
        battles = Battle.objects.bulk_create(
            [self._battle(line, voter) for line, voter in zip(new, voters, strict=True)]
        )
        self._add_turns(new, battles)
        self._add_ballots(new, battles, voters)
        self.done.votes += len(new)

    def _is_known(self, line: FileBattle) -> bool:
        identity = self.known.get(line.id)
        if identity is not None and identity != line.identity:
            raise BadLine(self.path, line.number, f"the battle {line.id!r} is there already and says something else")
        return identity is not None

    def _add_competitors(self, new: list[FileBattle]) -> None:
        factors = {line.model_a: line.factors_a for line in new} | {line.model_b: line.factors_b for line in new}
        missing = [
            Competitor(campaign=self.campaign, name=name, is_active=False, factors=dict(factors[name]))
            for name in sorted(factors.keys() - self.competitors.keys())
        ]
        self.competitors |= {row.name: row for row in Competitor.objects.bulk_create(missing)}
        self.done.competitors += [row.name for row in missing]

    def _add_matchups(self, new: list[FileBattle]) -> None:
        names = sorted({line.matchup or MATCHUP for line in new} - self.matchups.keys())
        missing = [
            Matchup(
                campaign=self.campaign,
                name=name,
                state=MatchupState.FINISHED,
                started_at=self.now,
                finished_at=self.now,
            )
            for name in names
        ]
        self.matchups |= {row.name: row for row in Matchup.objects.bulk_create(missing)}
        wanted = {
            (self._matchup(line).pk, self.competitors[model].pk)
            for line in new
            for model in (line.model_a, line.model_b)
        }
        entries = sorted(wanted - self.entries)
        MatchupEntry.objects.bulk_create([MatchupEntry(matchup_id=m, competitor_id=c) for m, c in entries])
        self.entries |= wanted

    def _matchup(self, line: FileBattle) -> Matchup:
        return self.matchups[line.matchup or MATCHUP]

    def _add_voters(self, new: list[FileBattle]) -> list[Participant]:
        """The voter of each line; a line without a name has a voter of its own."""
        missing: dict[str, Participant] = {}
        for line in new:
            if (key := line.username or f"\x00{line.id}") not in self.voters and key not in missing:
                missing[key] = Participant(
                    kind=ParticipantKind.IMPORTED,
                    external_name=line.username,
                    language_level=line.user_language,
                    education=line.user_education,
                )
        Participant.objects.bulk_create(missing.values())
        self.voters |= missing
        return [self.voters[line.username or f"\x00{line.id}"] for line in new]

    def _battle(self, line: FileBattle, voter: Participant) -> Battle:
        cast = line.cast or self.now
        return Battle(
            campaign=self.campaign,
            matchup=self._matchup(line),
            participant=voter,
            competitor_a=self.competitors[line.model_a],
            competitor_b=self.competitors[line.model_b],
            pairing_policy=line.pairing_policy,
            draw_probability=line.draw_probability,
            language=line.language or "eu",
            status=BattleStatus.VOTED,
            external_id=line.id,
            created_at=line.started or cast,
            closed_at=cast,
        )

    def _add_turns(self, new: list[FileBattle], battles: list[Battle]) -> None:
        lines = [
            (turn, battle, i, line.labels)
            for line, battle in zip(new, battles, strict=True)
            for i, turn in enumerate(line.turns)
        ]
        turns = Turn.objects.bulk_create(
            [
                Turn(
                    battle=battle,
                    index=i + 1,
                    prompt=line.prompt,
                    created_at=line.created or battle.created_at,
                    **(labels if i == 0 else {}),
                )
                for line, battle, i, labels in lines
            ]
        )
        words = parse_words(self.campaign.self_identifying_words)
        Answer.objects.bulk_create(
            [
                _answer(turn, side, answer, battle, words)
                for turn, (line, battle, _, _) in zip(turns, lines, strict=True)
                for side, answer in (("a", line.a), ("b", line.b))
            ]
        )

    def _add_ballots(self, new: list[FileBattle], battles: list[Battle], voters: list[Participant]) -> None:
        ballots = Ballot.objects.bulk_create(
            [
                Ballot(
                    battle=battle,
                    reasons=list(line.reasons),
                    comment=line.comment,
                    created_at=line.cast or self.now,
                    quarantined_at=self.now if voter.is_blocked else None,
                )
                for line, battle, voter in zip(new, battles, voters, strict=True)
            ]
        )
        Judgement.objects.bulk_create(
            [
                Judgement(ballot=ballot, dimension=dimension, choice=choice)
                for line, ballot in zip(new, ballots, strict=True)
                for dimension, choice in line.choices.items()
            ]
        )


def _answer(turn: Turn, side: str, line: FileAnswer, battle: Battle, words: Sequence[str]) -> Answer:
    return Answer(
        turn=turn,
        side=side,
        status=line.status,
        text=line.text,
        system_prompt=line.system_prompt,
        created_at=turn.created_at,
        heartbeat_at=turn.created_at,
        ended_at=battle.closed_at,
        # As the file's campaign marked it, where it did.
        **{"self_identified": identifies_itself(line.text, words), **line.details},
    )


def _known_battles(campaign: Campaign) -> dict[str, tuple[str, str, tuple[tuple[str, str], ...]]]:
    """The battles with a vote, by the id that an export gives them."""
    choices: dict[int, dict[str, str]] = {}
    judgements = Judgement.objects.filter(ballot__battle__campaign=campaign).order_by()
    for battle, dimension, choice in judgements.values_list("ballot__battle", "dimension", "choice").iterator():
        choices.setdefault(battle, {})[dimension] = choice
    battles = Battle.objects.filter(campaign=campaign, status=BattleStatus.VOTED).order_by()
    rows = battles.values_list("pk", "external_id", "uid", "competitor_a__name", "competitor_b__name")
    return {
        external_id or str(uid): (a, b, tuple(sorted(choices.get(pk, {}).items())))
        for pk, external_id, uid, a, b in rows.iterator()
    }
