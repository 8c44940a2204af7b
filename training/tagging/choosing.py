"""The missions that a command's options ask for."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from training.exceptions import TrainingError
from training.served_models import add_api_arguments, api_of
from training.tagging.asked import AskedMission
from training.tagging.constraints import Constraint
from training.tagging.embedding import EMBEDDER
from training.tagging.missions import Mission
from training.tagging.nearness import FARTHEST
from training.tagging.neighbours import THRESHOLD, NeighboursMission
from training.tagging.questions import QUESTIONS
from training.tagging.reward import REWARD_MODEL, RewardMission
from training.tagging.safety import GUARD, SafetyMission
from training.tagging.spoken import LanguageMission

MISSIONS = (*QUESTIONS, "safety", "reward", "language", "neighbours")


def add_mission_arguments(parser: ArgumentParser, whole: Callable[[str], int]) -> None:
    """The missions and their options."""
    parser.add_argument("--missions", nargs="+", choices=MISSIONS, required=True, help="what to find out")
    parser.add_argument("--seed", type=int, default=0, help="of further attempts (default: 0)")
    asked = parser.add_argument_group("quality, difficulty, category: a served model")
    add_api_arguments(asked)
    asked.add_argument("--model", default="", help="its name at the server")
    asked.add_argument("--revision", default="", help="of that model, for the record")
    asked.add_argument("--attempts", type=whole, default=2, help="to get JSON, the first at temperature 0 (default: 2)")
    asked.add_argument("--max-tokens", type=whole, default=1024, help="of a reply (default: 1024)")
    asked.add_argument(
        "--constraint",
        choices=[each.value for each in Constraint],
        default=Constraint.NONE.value,
        help="hold replies to the form: regex (vLLM), schema (response_format); default: none",
    )
    safety = parser.add_argument_group("safety: a served guard model")
    safety.add_argument("--safety-model", default=GUARD, help=f"its name at the server (default: {GUARD})")
    safety.add_argument("--safety-base-url", default="", metavar="URL", help="its server (default: --base-url)")
    safety.add_argument("--safety-revision", default="", help="of that model, for the record")
    local = parser.add_argument_group("reward and neighbours: models in this process, by folder or hub id")
    local.add_argument("--reward-model", default=REWARD_MODEL, help=f"default: {REWARD_MODEL}")
    local.add_argument("--reward-revision", default="")
    local.add_argument("--embedder", default=EMBEDDER, help=f"or an installed package with one (default: {EMBEDDER})")
    local.add_argument("--embedder-revision", default="")
    local.add_argument("--near", type=float, default=THRESHOLD, help=f"squared distance (default: {THRESHOLD})")


def missions_of(options: dict[str, Any]) -> list[Mission]:
    """In the order of MISSIONS. Raises TrainingError for an option that is missing."""
    return [_mission(name, options) for name in MISSIONS if name in options["missions"]]


def _mission(name: str, options: dict[str, Any]) -> Mission:
    if name in QUESTIONS:
        return _asked(name, options)
    if name == "safety":
        url = options["safety_base_url"] or options["base_url"]
        api = api_of({**options, "base_url": url}, options["safety_model"])
        return SafetyMission(api, options["safety_revision"])
    if name == "reward":
        return RewardMission(options["reward_model"], options["reward_revision"])
    if name == "neighbours":
        if not 0 <= options["near"] <= FARTHEST:
            raise TrainingError(f"--near {options['near']:g}: squared distances go from 0 to {FARTHEST}.")
        return NeighboursMission(options["embedder"], options["embedder_revision"], options["near"])
    return LanguageMission()


def _asked(name: str, options: dict[str, Any]) -> AskedMission:
    if not options["model"]:
        raise TrainingError(f"The mission {name} asks a served model. Name it by --model.")
    api = api_of(options, options["model"])
    names = ("revision", "attempts", "max_tokens", "seed")
    constraint = Constraint(options["constraint"])
    return AskedMission(QUESTIONS[name], api, constraint=constraint, **{each: options[each] for each in names})
