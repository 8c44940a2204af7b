"""Labelling prompts and answers: their language, and what prompts ask for. In the worker, long after the volunteer."""

import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from arena.categories import RULES, by_rules, instruction, parse_categories, question, read_answer
from arena.enums import ENDED_ANSWERS, CategorySource
from arena.models import Answer, Campaign, Turn
from inference.asking import answer_all
from inference.exceptions import AnswerFailed
from inference.languages import detect
from inference.models import ServedModel
from inference.prompting import messages_for
from inference.served import endpoints_for
from inference.streaming import ChatRequest

log = structlog.get_logger(__name__)

BATCH = 200
#: Prompts that a model is asked about in one go, each with room for one name.
ASKED_AT_ONCE = 32
_ANSWER_TOKENS = 12


def label(*, seconds: float) -> int:
    """Labels what has no label yet, newest first, for about so many seconds; returns how many labels were given.

    Takes no lock: a label is written where there is none yet, so two workers at once do the same work and no harm.
    """
    until = time.monotonic() + seconds
    steps: list[Callable[[], int]] = [label_prompt_languages, label_answer_languages]
    steps += [
        lambda campaign=campaign: label_categories(campaign=campaign)  # type: ignore[misc]
        for campaign in Campaign.objects.exclude(category_source=CategorySource.NONE).order_by("-pk")
    ]
    labelled = 0
    while steps and time.monotonic() < until:
        for step in list(steps):
            done = step()
            labelled += done
            if not done:
                steps.remove(step)
            if time.monotonic() >= until:
                break
    return labelled


def label_prompt_languages(*, batch: int = BATCH) -> int:
    """Tells the language of prompts that nobody has told; returns how many."""
    waiting = Turn.objects.filter(language_source="")
    rows = list(waiting.order_by("-pk").values_list("pk", "prompt")[:batch])
    return _store(waiting, "language", _languages(rows), source=language_source())


def label_answer_languages(*, batch: int = BATCH) -> int:
    """Tells the language of answers that nobody has told; returns how many."""
    waiting = Answer.objects.filter(language_source="", status__in=ENDED_ANSWERS).exclude(text="")
    rows = list(waiting.order_by("-pk").values_list("pk", "text")[:batch])
    return _store(waiting, "language", _languages(rows), source=language_source())


def label_categories(*, campaign: Campaign, batch: int = BATCH) -> int:
    """Says what prompts of a campaign ask for, by its rules or its model; returns how many."""
    waiting = Turn.objects.filter(battle__campaign=campaign, category_source="")
    newest = waiting.order_by("-pk").values_list("pk", "prompt")
    if campaign.category_source == CategorySource.RULES:
        labels = [(key, by_rules(prompt)) for key, prompt in newest[:batch]]
        return _store(Turn.objects.filter(category_source=""), "category", labels, source=f"rules:{RULES}")
    model = campaign.category_model
    # Gone from pairing, it has enough to do with coming back; those that it can be asked about wait.
    if model is None or not ServedModel.objects.usable().filter(pk=model.pk).exists():
        return 0
    labels = _ask(campaign, model, list(newest[:ASKED_AT_ONCE]))
    return _store(Turn.objects.filter(category_source=""), "category", labels, source=f"model:{model.name}")


def language_source() -> str:
    """Who tells languages here, with its version."""
    return f"lingua:{version('lingua-language-detector')}"


def _languages(rows: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    found = [(key, detect(text)) for key, text in rows]
    return [(key, told[0] if told else "") for key, told in found]


def _ask(campaign: Campaign, model: ServedModel, rows: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """What the model says of each prompt; one that it did not answer is left for another time."""
    categories = parse_categories(campaign.categories)
    try:
        endpoints = endpoints_for(model)
    except ImproperlyConfigured as error:
        log.warning("prompts_not_sorted", campaign=campaign.slug, error=error)
        return []
    if not rows or not endpoints:
        return []
    requests = [
        ChatRequest(
            messages_for(endpoints[0].system_prompt_mode, instruction(categories), [(question(prompt), None)]),
            temperature=0.0,
            max_tokens=_ANSWER_TOKENS,
        )
        for _key, prompt in rows
    ]
    answers = async_to_sync(answer_all)(endpoints, requests)
    failures = [answer for answer in answers if isinstance(answer, AnswerFailed)]
    if failures:
        log.warning("prompts_not_sorted", campaign=campaign.slug, count=len(failures), kind=str(failures[0].kind))
    return [
        (key, read_answer(answer, categories))
        for (key, _prompt), answer in zip(rows, answers, strict=True)
        if isinstance(answer, str)
    ]


def _store(waiting: QuerySet[Any], name: str, labels: Iterable[tuple[int, str]], *, source: str) -> int:
    """Writes labels where there is still none; one statement for each that was given."""
    keys: dict[str, list[int]] = {}
    for key, given in labels:
        keys.setdefault(given, []).append(key)
    return sum(
        waiting.filter(pk__in=each).update(**{name: given, f"{name}_source": source}) for given, each in keys.items()
    )
