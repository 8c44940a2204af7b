"""Instructions and their answers, sampled from an instruct model that is given only its chat template."""

import json
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, _ArgumentGroup
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.columns import MAGPIE
from training.commands import StageCommand, counter, positive
from training.exceptions import NothingUsable
from training.generation import offline
from training.generation.sampling import Sampling
from training.generation.settings import ANSWER, CONTEXT, INSTRUCTION, EngineKind, Settings
from training.generation.stage import generation_of
from training.generation.tasks import Task
from training.served_models import add_api_arguments, api_of
from training.stages import Layout, Made

ROWS = 100
_TAKEN = (
    *("model", "total", "seed", "context", "sanitize", "tries", "revision", "tokenizer", "prefix", "system_prompt"),
    *("keep_default_system", "dtype"),
)
"""Arguments that the settings have under the same names."""


class Command(StageCommand):
    help = "Sample instructions and answers from an instruct model (Magpie). Started again, it goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", required=True, help="folder, id of the hub, or name at the server")
        parser.add_argument("--revision", default="", help="of the model: a branch, tag or commit of the hub")
        parser.add_argument("--engine", choices=[str(kind) for kind in EngineKind], required=True)
        parser.add_argument("--total", type=positive, required=True, metavar="N", help="rows to ask for")
        parser.add_argument(
            "--task", choices=[str(task) for task in Task], default="general", help="(default: general)"
        )
        parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
        _add_prompt(parser.add_argument_group("prompt"))
        _add_sampling(parser.add_argument_group("instructions"), "", INSTRUCTION)
        _add_sampling(parser.add_argument_group("answers"), "answer-", ANSWER)
        _add_engine(parser.add_argument_group("engine"))
        add_api_arguments(parser.add_argument_group("server, for --engine openai"))
        super().add_arguments(parser)
        # A shard is what is lost when a process is killed. Where texts come fast, more rows in one go come faster.
        parser.set_defaults(rows_per_shard=ROWS)

    def run(self, options: dict[str, Any]) -> None:
        generation = generation_of(
            _settings(options), rows_per_shard=options["rows_per_shard"], skip_bad=options["skip_bad"]
        )
        folder: Path = options["output"]
        log = folder / f"engine-{options['shard']:05d}.log"
        layout = Layout(folder, MAGPIE, form=options["format"])

        def make(wanted: set[int]) -> Iterator[tuple[int, Made]]:
            with counter("texts") as told:
                yield from generation.make(wanted, engine_python=options["python"], log=log, told=told)

        manifest = self.go(generation.plan, layout, make, options)
        if manifest is not None and not manifest.rows:
            raise NothingUsable(
                f"{folder}: the model gave not one row that can be used, as the counts above say. Try another model, "
                "prompt or sampling, into another folder."
            )


def _add_prompt(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--tokenizer", default="", metavar="MODEL", help="folder or id of the hub (default: the model's)"
    )
    group.add_argument("--prefix", default="", metavar="TEXT", help="before the user's turn, instead of the template's")
    group.add_argument("--system-prompt", default="", metavar="TEXT", help="instead of the task's")
    group.add_argument(
        "--keep-default-system",
        action="store_true",
        help="leave in the system message that the template adds by itself",
    )
    group.add_argument("--context", type=positive, default=CONTEXT, metavar="N", help=f"tokens (default: {CONTEXT})")


def _add_sampling(group: _ArgumentGroup, name: str, default: Sampling) -> None:
    group.add_argument(f"--{name}temperature", type=float, default=default.temperature, help=f"({default.temperature})")
    group.add_argument(f"--{name}top-p", type=float, default=default.top_p, help=f"({default.top_p})")
    group.add_argument(
        f"--{name}max-tokens", type=positive, default=default.max_tokens, metavar="N", help=f"({default.max_tokens})"
    )
    group.add_argument(
        f"--{name}stop",
        action="append",
        metavar="TEXT",
        help=f"text that ends it, may be given more than once ({', '.join(default.stop) or 'none'})",
    )
    if default.heading_ban:
        group.add_argument(
            "--heading-ban",
            action=BooleanOptionalAction,
            default=True,
            help="no Markdown heading at the beginning (default)",
        )
        group.add_argument("--sanitize", action="store_true", help="clean both texts, and count what was done")
        group.add_argument(
            "--tries", type=positive, default=8, metavar="N", help="how often an unusable text is drawn at most (8)"
        )


def _add_engine(group: _ArgumentGroup) -> None:
    group.add_argument("--dtype", default="auto", help="auto, float32, bfloat16… (auto; hf on a CPU: float32)")
    group.add_argument(
        "--engine-arg",
        type=_named_value,
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="an argument of vllm.LLM, such as tensor_parallel_size=4",
    )
    group.add_argument(
        "--python", type=Path, default=offline.default_python(), help="the one that has vLLM (.venv-engine's)"
    )


def _named_value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ArgumentTypeError(f"{text!r} is not NAME=JSON")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _settings(options: dict[str, Any]) -> Settings:
    engine = EngineKind(options["engine"])
    is_served = engine is EngineKind.OPENAI or options["base_url"]
    return Settings(
        engine=engine,
        task=Task(options["task"]),
        instruction=replace(_sampling(INSTRUCTION, "", options), heading_ban=options["heading_ban"]),
        answer=_sampling(ANSWER, "answer_", options),
        engine_arguments=dict(options["engine_arg"]),
        api=api_of(options, options["model"]) if is_served else None,
        **{name: options[name] for name in _TAKEN},
    )


def _sampling(default: Sampling, name: str, options: dict[str, Any]) -> Sampling:
    stop = options[f"{name}stop"]
    return replace(
        default,
        temperature=options[f"{name}temperature"],
        top_p=options[f"{name}top_p"],
        max_tokens=options[f"{name}max_tokens"],
        stop=default.stop if stop is None else tuple(text for text in stop if text),
    )
