"""The arguments of `evaluate_benchmarks`, and the model that they name."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from config.secrets import model_api_key
from inference.models import ServedModel
from training.asking import Api
from training.benchmarks.catalogue import SETS
from training.benchmarks.models import Named, Served, local_model
from training.commands import positive
from training.exceptions import TrainingError
from training.served_models import add_api_arguments, api_of


def add_model_arguments(parser: ArgumentParser) -> None:
    """Which model, and how it is loaded or reached."""
    group = parser.add_argument_group("model", "one of --model, --served and --base-url")
    group.add_argument("--model", default="", metavar="PATH|ID", help="folder of a model or adapter, or id of a hub")
    group.add_argument("--served", default="", metavar="NAME", help="served model of the database")
    add_api_arguments(group)
    group.add_argument("--model-name", default="", metavar="M", help="what the server at --base-url calls it")
    group.add_argument("--tokenizer", default="", metavar="PATH|ID", help="of a served model (default: its model name)")
    group.add_argument("--revision", default="", help="branch, tag or commit of a hub")
    group.add_argument("--name", default="", help="what its results go by (default: as its card or server says)")
    group.add_argument("--max-length", type=positive, default=0, metavar="N", help="longest context, in tokens")
    group = parser.add_argument_group("loading", "for --model")
    group.add_argument("--device", default="", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    group.add_argument("--dtype", default="", help="default: bfloat16 on a GPU, float32 on a CPU")
    group.add_argument("--batch-size", type=positive, default=1, metavar="N")
    group.add_argument("--parallelize", action="store_true", help="spread the model over all GPUs")


def add_task_arguments(parser: ArgumentParser) -> None:
    """What it is asked, and how."""
    group = parser.add_argument_group("tasks")
    group.add_argument(
        "--tasks", nargs="+", default=[], metavar="T", help=f"names, or {', '.join(SETS)} (default: all)"
    )
    group.add_argument("--include-path", type=Path, action="append", default=[], metavar="FOLDER", help="of task files")
    group.add_argument("--texts", type=Path, metavar="ROWS", help="held-out texts, for the task heldout_eu")
    group.add_argument("--choices", type=Path, metavar="ROWS", help="questions, for the task help_choice_eu")
    group.add_argument("--num-fewshot", type=int, metavar="N", help="examples (default: 5, and 4 for bias tasks)")
    group.add_argument("--limit", type=positive, metavar="N", help="only the first questions; for trials")
    group.add_argument("--seed", type=int, default=1234, help="of the draw of examples (default: the harness's, 1234)")
    group.add_argument(
        "--chat-template",
        choices=["auto", "yes", "no"],
        default="auto",
        help="with examples as turns (default: where the tokenizer has a template)",
    )
    group.add_argument("--samples", action="store_true", help="keep every prompt and answer")
    group.add_argument("--dry-run", action="store_true", help="list the tasks and end")


def model_of(options: dict[str, Any]) -> Named:
    """The model that the arguments name. Raises TrainingError."""
    named = [each for each in ("model", "served", "base_url") if options[each]]
    if len(named) != 1:
        raise TrainingError("Name one model: by --model, by --served, or by --base-url and --model-name.")
    if options["served"]:
        return _served(options)
    if options["base_url"]:
        if not options["model_name"]:
            raise TrainingError("--base-url needs --model-name: what the server calls the model.")
        api = api_of(options, options["model_name"])
        return _at_server(api, options, name=options["model_name"], revision=options["revision"])
    loading = ("device", "dtype", "batch_size", "max_length", "parallelize")
    return local_model(
        options["model"],
        name=options["name"],
        revision=options["revision"],
        tokenizer=options["tokenizer"],
        **{each: options[each] for each in loading},
    )


def _served(options: dict[str, Any]) -> Named:
    name = options["served"]
    try:
        model = ServedModel.objects.get(name=name)
        key = model_api_key(model.api_key_env)
    except ServedModel.DoesNotExist as error:
        known = ", ".join(ServedModel.objects.values_list("name", flat=True)) or "none"
        raise TrainingError(f"The database has no served model {name!r}. It has: {known}.") from error
    except DatabaseError as error:
        raise TrainingError(f"--served {name}: the database cannot be read ({error}).") from error
    except ImproperlyConfigured as error:
        raise TrainingError(f"--served {name}: {error}") from error
    api = Api(model.reachable_addresses[0], model.model_name, key, options["at_once"], options["timeout"])
    return _at_server(api, options, name=name, revision=model.revision or options["revision"])


def _at_server(api: Api, options: dict[str, Any], *, name: str, revision: str) -> Named:
    source = Served(api, options["tokenizer"], options["revision"], options["max_length"])
    return Named(options["name"] or name, source, revision, {})
