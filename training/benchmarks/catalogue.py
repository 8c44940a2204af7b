"""The 29 tasks of the study: where each comes from and how it is asked. Pure.

Their names and numbers of examples are the study's (Sainz et al., 2025). lm-evaluation-harness 0.4.13 has twenty; those
without a folder of the harness are in `training/benchmarks/tasks`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from training.exceptions import UnknownTask

OURS = Path(__file__).parent / "tasks"
SHOTS = 5
BIAS_SHOTS = 4
ACCURACY = "acc,none"
FLEXIBLE = "exact_match,flexible-extract"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A task. `folder`: where the harness has it, below `lm_eval/tasks`; empty for one of ours.

    `is_generated`: scored by what the model writes, not by the log-probabilities of given answers.
    """

    name: str
    language: str
    folder: str = ""
    shots: int = SHOTS
    is_bias: bool = False

    @property
    def is_generated(self) -> bool:
        return self.name.startswith("mgsm_")

    @property
    def metric(self) -> str:
        """The score that is published of it, as the harness calls it."""
        return FLEXIBLE if self.is_generated else ACCURACY


def _bias(name: str, language: str, folder: str = "") -> Benchmark:
    return Benchmark(name, language, folder, shots=BIAS_SHOTS, is_bias=True)


BASQUE = (
    Benchmark("arc_eu_challenge", "eu", "basque_bench"),
    Benchmark("arc_eu_easy", "eu", "basque_bench"),
    _bias("basqbbq", "eu"),
    Benchmark("belebele_eus_Latn", "eu", "belebele"),
    Benchmark("bertaqa_eu_local", "eu"),
    Benchmark("bertaqa_eu_global", "eu"),
    Benchmark("bl2mp", "eu"),
    # Its parts are the harness's; the mean that is weighted by their sizes is ours.
    Benchmark("eus_exams_eu", "eu", "eus_exams"),
    Benchmark("eus_proficiency", "eu", "eus_proficiency"),
    Benchmark("eus_reading", "eu", "eus_reading"),
    Benchmark("eus_trivia", "eu", "eus_trivia"),
    Benchmark("mgsm_native_cot_eu", "eu", "basque_bench"),
    Benchmark("mmlu_eu", "eu"),
    Benchmark("piqa_eu", "eu", "basque_bench"),
    Benchmark("xstorycloze_eu", "eu", "xstorycloze"),
)
ENGLISH = (
    Benchmark("arc_challenge", "en", "arc"),
    Benchmark("arc_easy", "en", "arc"),
    _bias("bbq", "en", "bbq"),
    Benchmark("belebele_eng_Latn", "en", "belebele"),
    Benchmark("bertaqa_en_global", "en"),
    Benchmark("bertaqa_en_local", "en"),
    Benchmark("mgsm_native_cot_en", "en", "mgsm"),
    Benchmark("mmlu_en", "en"),
    Benchmark("piqa", "en", "piqa"),
    Benchmark("xstorycloze_en", "en", "xstorycloze"),
)
SPANISH = (
    Benchmark("belebele_spa_Latn", "es", "belebele"),
    Benchmark("mgsm_native_cot_es", "es", "mgsm"),
    Benchmark("mmlu_es", "es"),
    Benchmark("xstorycloze_es", "es", "xstorycloze"),
)
ALL = (*BASQUE, *ENGLISH, *SPANISH)
BENCHMARKS = MappingProxyType({benchmark.name: benchmark for benchmark in ALL})
SETS = MappingProxyType({"basque": BASQUE, "english": ENGLISH, "spanish": SPANISH, "all": ALL})


def expanded(names: Sequence[str]) -> list[str]:
    """The names of tasks, with those of SETS replaced by what is in them; each once, in order."""
    found = [each for name in names for each in ([one.name for one in SETS[name]] if name in SETS else [name])]
    return list(dict.fromkeys(found))


def unknown(name: str, known: Iterable[str]) -> UnknownTask:
    """The error that nobody knows the task `name`, with the nearest names."""
    near = get_close_matches(name, {*known, *SETS}, n=5, cutoff=0.5)
    advice = f"Is it one of {', '.join(near)}?" if near else f"Sets of tasks are {', '.join(SETS)}."
    return UnknownTask(f"No task is called {name!r}. {advice} Further tasks come with --include-path FOLDER.")
