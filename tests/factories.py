"""Rows for tests, with traits that name scenarios.

    MatchupFactory(running=True, competitors=3)
    BattleFactory(answered=True)                    one turn, both answers complete
    BattleFactory(b_failed=True)                    one turn, side B failed
    BattleFactory(voted=True, ballot__choices={"content": "a", "language": "b", "overall": "b"})
    ParticipantFactory(blocked=True)

Whatever is not said is ordinary: an open campaign, healthy models, a person who has joined. Nothing is random.
"""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from arena import models
from arena.ballot_forms import overall_winner
from arena.enums import (
    AnswerStatus,
    BattleStatus,
    CampaignStatus,
    Education,
    LanguageLevel,
    MatchupState,
    ParticipantKind,
    ReportKind,
    ReportResolution,
    Side,
)
from inference.enums import BreakerCause, BreakerState, ChangeKind, ModelHealth
from inference.models import Place, ServedModel, ServedModelChange

PASSWORD = "sokatira-1931"


def _now() -> Any:
    return factory.LazyFunction(timezone.now)


def _ago(**span: float) -> Any:
    return factory.LazyFunction(lambda: timezone.now() - timedelta(**span))


class ServedModelFactory(DjangoModelFactory[ServedModel]):
    """Ready to answer. Give `base_url` where something really listens."""

    class Meta:
        model = ServedModel

    class Params:
        unprobed = factory.Trait(health=ModelHealth.UNKNOWN, health_checked_at=None, ready_since=None)
        warming_up = factory.Trait(
            health=ModelHealth.WARMING_UP, health_reason="The server is loading.", ready_since=None
        )
        failing = factory.Trait(health=ModelHealth.FAILING, health_reason="Connection refused.", ready_since=None)
        disabled = factory.Trait(is_enabled=False)
        with_key = factory.Trait(api_key_env="LATXA_API_KEY")
        out = factory.Trait(
            breaker_state=BreakerState.OPEN,
            breaker_since=_ago(minutes=3),
            breaker_cause=BreakerCause.ANSWERS,
            breaker_detail="http_status: 500: out of memory",
            breaker_retry_at=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=1)),
            breaker_openings=1,
        )
        out_by_hand = factory.Trait(out=True, breaker_cause=BreakerCause.BY_HAND, breaker_retry_at=None)
        cooled_down = factory.Trait(out=True, breaker_retry_at=_ago(seconds=1))
        on_trial = factory.Trait(
            breaker_state=BreakerState.HALF_OPEN,
            breaker_since=_ago(seconds=5),
            breaker_cause=BreakerCause.COOLED_DOWN,
            breaker_openings=1,
        )

    name = factory.Sequence(lambda n: f"served-model-{n}")
    base_url = "http://127.0.0.1:9/v1"
    model_name = factory.SelfAttribute("name")
    revision = "main"
    health = ModelHealth.READY
    health_checked_at = _now()
    ready_since = _ago(hours=1)


class ServedModelChangeFactory(DjangoModelFactory[ServedModelChange]):
    """Out of pairing, for answers that failed."""

    class Meta:
        model = ServedModelChange

    class Params:
        of_health = factory.Trait(
            kind=ChangeKind.HEALTH,
            before=ModelHealth.READY,
            after=ModelHealth.FAILING,
            cause="",
            detail="Connection refused.",
        )

    served_model = factory.SubFactory(ServedModelFactory)
    kind = ChangeKind.BREAKER
    before = BreakerState.CLOSED
    after = BreakerState.OPEN
    cause = BreakerCause.ANSWERS
    detail = "http_status: 500: out of memory"


class PlaceFactory(DjangoModelFactory[Place]):
    """Waits in the queue of a model with a limit."""

    class Meta:
        model = Place

    class Params:
        admitted = factory.Trait(admitted_at=_now())
        lost = factory.Trait(seen_at=_ago(minutes=5))

    served_model = factory.SubFactory(ServedModelFactory, max_concurrent_answers=1)
    holder = factory.Sequence(lambda n: f"holder-{n}")


class UserFactory(DjangoModelFactory[models.User]):
    class Meta:
        model = models.User
        skip_postgeneration_save = True

    class Params:
        admin = factory.Trait(is_staff=True, is_superuser=True, username=factory.Sequence(lambda n: f"admin-{n}"))
        first_login = factory.Trait(must_change_password=True)

    username = factory.Sequence(lambda n: f"boluntarioa-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.eus")
    password = factory.django.Password(PASSWORD)


class ParticipantFactory(DjangoModelFactory[models.Participant]):
    """A person who has joined, without an account."""

    class Meta:
        model = models.Participant

    class Params:
        with_account = factory.Trait(user=factory.SubFactory(UserFactory))
        imported = factory.Trait(
            kind=ParticipantKind.IMPORTED, external_name=factory.Sequence(lambda n: f"user_{n}"), confirmed_age=False
        )
        simulated = factory.Trait(kind=ParticipantKind.SIMULATED, confirmed_age=False)
        blocked = factory.Trait(blocked_at=_now(), block_reason="Always votes A within a second.")
        erased = factory.Trait(erased_at=_now(), user=None)

    kind = ParticipantKind.PERSON
    language_level = LanguageLevel.C
    education = Education.UNIVERSITY
    confirmed_age = True


class CampaignFactory(DjangoModelFactory[models.Campaign]):
    """Open since yesterday, for two weeks."""

    class Meta:
        model = models.Campaign
        skip_postgeneration_save = True

    class Params:
        draft = factory.Trait(status=CampaignStatus.DRAFT)
        paused = factory.Trait(status=CampaignStatus.PAUSED)
        closed = factory.Trait(status=CampaignStatus.CLOSED)
        ended = factory.Trait(starts_at=_ago(days=15), ends_at=_ago(days=1))
        with_texts = factory.Trait(
            basque_text=factory.RelatedFactory("tests.factories.CampaignTextFactory", "campaign", language="eu"),
            basque_consent=factory.RelatedFactory("tests.factories.ConsentTextFactory", "campaign", language="eu"),
            basque_prompt=factory.RelatedFactory("tests.factories.StartingPromptFactory", "campaign", language="eu"),
        )

    slug = factory.Sequence(lambda n: f"kanpaina-{n}")
    name = factory.Sequence(lambda n: f"Campaign {n}")
    status = CampaignStatus.OPEN
    starts_at = _ago(days=1)
    ends_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=13))


class CampaignTextFactory(DjangoModelFactory[models.CampaignText]):
    class Meta:
        model = models.CampaignText

    campaign = factory.SubFactory(CampaignFactory)
    language = "eu"
    title = "Zein da hobea?"
    tagline = "Konparatu bi erantzun, eta esan zein den hobea."
    notice = "Oso maila desberdineko ereduak ari dira."


class ConsentTextFactory(DjangoModelFactory[models.ConsentText]):
    class Meta:
        model = models.ConsentText

    campaign = factory.SubFactory(CampaignFactory)
    version = 1
    language = "eu"
    body = "Zure botoak eta galderak **argitaratu** egingo dira."


class StartingPromptFactory(DjangoModelFactory[models.StartingPrompt]):
    class Meta:
        model = models.StartingPrompt

    campaign = factory.SubFactory(CampaignFactory)
    language = "eu"
    text = factory.Sequence(lambda n: f"Idatzi bertso bat itsasoari buruz ({n}).")
    position = factory.Sequence(lambda n: n)


class ConsentFactory(DjangoModelFactory[models.Consent]):
    class Meta:
        model = models.Consent

    participant = factory.SubFactory(ParticipantFactory)
    campaign = factory.SubFactory(CampaignFactory)
    version = 1


class CompetitorFactory(DjangoModelFactory[models.Competitor]):
    class Meta:
        model = models.Competitor

    class Params:
        imported = factory.Trait(served_model=None)
        inactive = factory.Trait(is_active=False)
        unhealthy = factory.Trait(served_model=factory.SubFactory(ServedModelFactory, failing=True))

    campaign = factory.SubFactory(CampaignFactory)
    served_model = factory.SubFactory(ServedModelFactory)
    name = factory.Sequence(lambda n: f"exp_{n:03d}")
    system_prompt = "Latxa zara, euskarazko laguntzailea. Gaur {date} da."
    factors = factory.LazyFunction(lambda: {"backbone": "instruct", "corpus": "eu"})


class MatchupFactory(DjangoModelFactory[models.Matchup]):
    """A draft without entries. `competitors=3` makes three, `competitors=[…]` enters those."""

    class Meta:
        model = models.Matchup
        skip_postgeneration_save = True

    class Params:
        weighted = factory.Trait(pairing_policy="weighted")
        running = factory.Trait(state=MatchupState.RUNNING, started_at=_ago(hours=2))
        paused = factory.Trait(state=MatchupState.PAUSED, started_at=_ago(hours=2))
        finished = factory.Trait(state=MatchupState.FINISHED, started_at=_ago(hours=2), finished_at=_now())

    campaign = factory.SubFactory(CampaignFactory)
    name = factory.Sequence(lambda n: f"Matchup {n}")
    pairing_policy = "uniform"
    target_votes = 100

    @factory.post_generation
    def competitors(obj: models.Matchup, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if not create or not extracted:
            return
        if isinstance(extracted, int):
            extracted = [CompetitorFactory(campaign=obj.campaign, **kwargs) for _ in range(extracted)]
        for competitor in extracted:
            MatchupEntryFactory(matchup=obj, competitor=competitor)


class MatchupEntryFactory(DjangoModelFactory[models.MatchupEntry]):
    class Meta:
        model = models.MatchupEntry

    matchup = factory.SubFactory(MatchupFactory)
    competitor = factory.SubFactory(CompetitorFactory, campaign=factory.SelfAttribute("..matchup.campaign"))
    weight = 1.0


class AnswerFactory(DjangoModelFactory[models.Answer]):
    """Complete."""

    class Meta:
        model = models.Answer

    class Params:
        waiting = factory.Trait(
            status=AnswerStatus.WAITING,
            text="",
            ended_at=None,
            attempts=0,
            finish_reason="",
            prompt_tokens=None,
            completion_tokens=None,
            first_token_ms=None,
            duration_ms=None,
        )
        streaming = factory.Trait(
            status=AnswerStatus.STREAMING,
            text="Euskara hizkuntza",
            ended_at=None,
            finish_reason="",
            prompt_tokens=None,
            completion_tokens=None,
            duration_ms=None,
        )
        lost = factory.Trait(
            status=AnswerStatus.STREAMING,
            text="Euskara",
            ended_at=None,
            finish_reason="",
            heartbeat_at=_ago(minutes=5),
        )
        stopped = factory.Trait(status=AnswerStatus.STOPPED, text="Euskara hizkuntza bat", finish_reason="")
        failed = factory.Trait(
            status=AnswerStatus.FAILED,
            text="",
            finish_reason="",
            failure_kind="http_status",
            failure_detail="500 Internal Server Error: exp_666 is on fire",
            completion_tokens=None,
            first_token_ms=None,
            duration_ms=None,
        )

    turn = factory.SubFactory("tests.factories.TurnFactory")
    side = Side.A
    status = AnswerStatus.COMPLETE
    text = factory.LazyAttribute(lambda answer: f"**{answer.side.upper()}** aldearen erantzuna da hau.")
    attempts = 1
    finish_reason = "stop"
    prompt_tokens = 40
    completion_tokens = 12
    first_token_ms = 250
    duration_ms = 1200
    ended_at = _now()


def _answers(a: dict[str, Any] | None = None, b: dict[str, Any] | None = None) -> Any:
    return factory.Trait(
        answer_a=factory.RelatedFactory(AnswerFactory, "turn", side=Side.A, **(a or {})),
        answer_b=factory.RelatedFactory(AnswerFactory, "turn", side=Side.B, **(b or {})),
    )


class TurnFactory(DjangoModelFactory[models.Turn]):
    """A prompt without answers; the traits add both."""

    class Meta:
        model = models.Turn
        skip_postgeneration_save = True

    class Params:
        answered = _answers()
        waiting = _answers({"waiting": True}, {"waiting": True})
        streaming = _answers({"streaming": True}, {"streaming": True})
        a_failed = _answers(a={"failed": True})
        b_failed = _answers(b={"failed": True})
        both_failed = _answers({"failed": True}, {"failed": True})
        a_stopped = _answers(a={"stopped": True})

    battle = factory.SubFactory("tests.factories.BattleFactory")
    index = 1
    prompt = "Nola esaten da «deadline» euskaraz?"


def _first_turn(**turn: Any) -> Any:
    return factory.RelatedFactory(TurnFactory, "battle", **turn)


class BattleFactory(DjangoModelFactory[models.Battle]):
    """Open and without a prompt, in a running matchup of its own, between two healthy competitors of it."""

    class Meta:
        model = models.Battle
        skip_postgeneration_save = True

    class Params:
        waiting = factory.Trait(turn=_first_turn(waiting=True))
        streaming = factory.Trait(turn=_first_turn(streaming=True))
        answered = factory.Trait(turn=_first_turn(answered=True))
        a_failed = factory.Trait(turn=_first_turn(a_failed=True))
        b_failed = factory.Trait(turn=_first_turn(b_failed=True))
        both_failed = factory.Trait(turn=_first_turn(both_failed=True))
        voted = factory.Trait(
            status=BattleStatus.VOTED,
            closed_at=_now(),
            turn=_first_turn(answered=True),
            ballot=factory.RelatedFactory("tests.factories.BallotFactory", "battle"),
        )
        skipped = factory.Trait(status=BattleStatus.SKIPPED, closed_at=_now(), skip_reason="Ez dakit nahikoa.")
        redrawn = factory.Trait(status=BattleStatus.REDRAWN, closed_at=_now(), turn=_first_turn(b_failed=True))

    matchup = factory.SubFactory(MatchupFactory, running=True)
    campaign = factory.SelfAttribute("matchup.campaign")
    participant = factory.SubFactory(ParticipantFactory)
    competitor_a = factory.SubFactory(CompetitorFactory, campaign=factory.SelfAttribute("..campaign"))
    competitor_b = factory.SubFactory(CompetitorFactory, campaign=factory.SelfAttribute("..campaign"))
    pairing_policy = factory.SelfAttribute("matchup.pairing_policy")
    draw_probability = 0.5

    @factory.post_generation
    def entries(obj: models.Battle, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        """Both competitors take part in the matchup, unless `entries=False`."""
        if create and extracted is not False:
            for competitor in (obj.competitor_a, obj.competitor_b):
                models.MatchupEntry.objects.get_or_create(matchup=obj.matchup, competitor=competitor)


class BallotFactory(DjangoModelFactory[models.Ballot]):
    """A vote, not collected yet. `choices={…}` says what it says: A on content and on language by default."""

    class Meta:
        model = models.Ballot
        skip_postgeneration_save = True

    class Params:
        collected = factory.Trait(collected_at=_now())
        quarantined = factory.Trait(quarantined_at=_now())

    battle = factory.SubFactory(BattleFactory, answered=True, status=BattleStatus.VOTED, closed_at=_now())

    @factory.post_generation
    def choices(obj: models.Ballot, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if not create:
            return
        choices = extracted if extracted is not None else {"content": "a", "language": "a"}
        for dimension, choice in choices.items():
            models.Judgement.objects.create(ballot=obj, dimension=dimension, choice=choice)
        if obj.collected_at and not obj.winner:
            obj.winner = overall_winner(choices)
            obj.save(update_fields=["winner"])


class JudgementFactory(DjangoModelFactory[models.Judgement]):
    class Meta:
        model = models.Judgement

    ballot = factory.SubFactory(BallotFactory, choices={})
    dimension = "content"
    choice = "a"


class ReportFactory(DjangoModelFactory[models.Report]):
    """In the queue."""

    class Meta:
        model = models.Report

    class Params:
        upheld = factory.Trait(resolved_at=_now(), resolution=ReportResolution.UPHELD)
        dismissed = factory.Trait(resolved_at=_now(), resolution=ReportResolution.DISMISSED)

    battle = factory.SubFactory(BattleFactory, answered=True)
    participant = factory.SelfAttribute("battle.participant")
    kind = ReportKind.OFFENSIVE
    reason = "B aldea iraingarria da."


class DayTallyFactory(DjangoModelFactory[models.DayTally]):
    """Of today."""

    class Meta:
        model = models.DayTally

    matchup = factory.SubFactory(MatchupFactory)
    day = factory.LazyFunction(timezone.localdate)
    votes = 1
    newest = _now()


class PairTallyFactory(DjangoModelFactory[models.PairTally]):
    class Meta:
        model = models.PairTally

    matchup = factory.SubFactory(MatchupFactory, running=True)
    dimension = "overall"
    first = factory.SubFactory(CompetitorFactory, campaign=factory.SelfAttribute("..matchup.campaign"))
    second = factory.SubFactory(CompetitorFactory, campaign=factory.SelfAttribute("..matchup.campaign"))


class ContributionFactory(DjangoModelFactory[models.Contribution]):
    class Meta:
        model = models.Contribution

    campaign = factory.SubFactory(CampaignFactory)
    participant = factory.SubFactory(ParticipantFactory)
    votes = 12
    tickets = 1


class EloRatingFactory(DjangoModelFactory[models.EloRating]):
    class Meta:
        model = models.EloRating

    competitor = factory.SubFactory(CompetitorFactory)
