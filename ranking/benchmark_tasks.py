"""The 29 benchmark tasks of the study: in which language, by which metric, and which of them are made of parts. Pure.

Sources: the names, languages and scores are those of the study's tables (Sainz et al., 2025); the names of metrics are
those of lm-evaluation-harness, `metric,filter`.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

ACCURACY = "acc,none"
FLEXIBLE = "exact_match,flexible-extract"
GENERATED = "exact_match,strict_match"
"""How models that give no log-probabilities were scored on questions of choice: by the letter that they wrote."""

LANGUAGES = ("eu", "en", "es")


@dataclass(frozen=True, slots=True)
class BenchmarkTask:
    """A task. `metrics`: the metrics that score it, the first one of which a result has.

    A bias task measures something else than knowledge or skill: no mean has it in. `parts`: what the names of its
    parts begin with, where its score is their mean weighted by their sizes.
    """

    name: str
    language: str
    metrics: tuple[str, ...] = (ACCURACY, GENERATED)
    is_bias: bool = False
    parts: str = ""
    shots: int = 5


def _tasks(language: str, *names: str) -> tuple[BenchmarkTask, ...]:
    return tuple(_task(name, language) for name in names)


def _task(name: str, language: str) -> BenchmarkTask:
    if name.startswith("mgsm_"):
        return BenchmarkTask(name, language, (FLEXIBLE,))
    if name.endswith("bbq"):
        parts = "basqbbq_" if name == "basqbbq" else ""
        return BenchmarkTask(name, language, is_bias=True, parts=parts, shots=4)
    return BenchmarkTask(name, language, parts="eus_exams_eu_" if name == "eus_exams_eu" else "")


BASQUE = _tasks(
    "eu",
    "arc_eu_challenge",
    "arc_eu_easy",
    "basqbbq",
    "belebele_eus_Latn",
    "bertaqa_eu_local",
    "bertaqa_eu_global",
    "bl2mp",
    "eus_exams_eu",
    "eus_proficiency",
    "eus_reading",
    "eus_trivia",
    "mgsm_native_cot_eu",
    "mmlu_eu",
    "piqa_eu",
    "xstorycloze_eu",
)
ENGLISH = _tasks(
    "en",
    "arc_challenge",
    "arc_easy",
    "bbq",
    "belebele_eng_Latn",
    "bertaqa_en_global",
    "bertaqa_en_local",
    "mgsm_native_cot_en",
    "mmlu_en",
    "piqa",
    "xstorycloze_en",
)
SPANISH = _tasks("es", "belebele_spa_Latn", "mgsm_native_cot_es", "mmlu_es", "xstorycloze_es")
TASKS = MappingProxyType({task.name: task for task in (*BASQUE, *ENGLISH, *SPANISH)})


def whole_of(name: str) -> BenchmarkTask | None:
    """The task that `name` is a part of; None where it is none's."""
    return next((task for task in TASKS.values() if task.parts and name.startswith(task.parts)), None)


def language_of(name: str) -> str:
    """The language of a task: of one of the 29 as the study says, of any other as its name ends; "" where unknown."""
    task = TASKS.get(name) or whole_of(name)
    if task is not None:
        return task.language
    ending = name.rsplit("_", 1)[-1] if "_" in name else ""
    return ending if ending in LANGUAGES else ""


def mean_of(language: str, values: Mapping[str, float], *, among: Collection[str] | None = None) -> tuple[float, int]:
    """The mean of a model's scores on the study's tasks of a language without those of bias, and over how many.

    As in the study's tables, it is the mean of what is there: means of models that lack tasks are not comparable with
    others, unless only tasks `among` those that both have are taken. NaN and 0 where there is none.
    """
    found = [
        values[task.name]
        for task in TASKS.values()
        if task.language == language and not task.is_bias and task.name in values
        if among is None or task.name in among
    ]
    return (sum(found) / len(found) if found else math.nan), len(found)
