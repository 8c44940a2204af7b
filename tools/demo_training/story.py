"""What came of the demo, in the end: figures, and where to look."""

import json
from pathlib import Path

from tools.demo_training.steps import PARTS, WITH_CORPUS
from tools.demo_training.work import CAMPAIGN, ORIGINAL, Failed, Work, say

HELD_OUT = ("heldout_eu", "bits_per_character,none")
CHOICE = ("help_choice_eu", "acc,none")


def tell(work: Work, seconds: float) -> None:
    """Say it. Raises Failed for result files that do not have it."""
    found = {name: figures(work.path("scores", name, "results.json")) for name in (ORIGINAL, *PARTS)}
    say("")
    say(f"{'':20} {'bits per character of':>24} {'questions with':>16}")
    say(f"{'':20} {'held-out Basque':>24} {'four choices':>16}")
    for name, (bits, share) in found.items():
        say(f"{name:20} {bits:>24.3f} {100 * share:>15.1f}%")
    say("")
    say(verdict(found[WITH_CORPUS][0], found[ORIGINAL][0]))
    say(f"The page says the same: http://127.0.0.1:8000/c/{CAMPAIGN}/benchmarks/")
    say(f"To vote: make run SPEC={work.path('spec.yaml')}, then http://127.0.0.1:8000/c/{CAMPAIGN}/")
    say(f"It took {seconds / 60:.0f} minutes. Everything is in {work.folder}; what is removed there is made again.")


def figures(path: Path) -> tuple[float, float]:
    """Bits per character, and the share of right answers, of a result file. Raises Failed."""
    try:
        results = json.loads(path.read_text(encoding="utf-8"))["results"]
        return float(results[HELD_OUT[0]][HELD_OUT[1]]), float(results[CHOICE[0]][CHOICE[1]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"{path} does not have both scores: {type(error).__name__}: {error}.") from error


def verdict(variant: float, original: float) -> str:
    """Whether the variant with the corpus beat the original on held-out Basque. Fewer bits are better."""
    if variant < original:
        less = 100 * (1 - variant / original)
        return f"The variant with the Basque corpus beat the original on held-out Basque: {less:.0f}% fewer bits."
    return "The variant with the Basque corpus did NOT beat the original on held-out Basque."
