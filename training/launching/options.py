"""The arguments that `train_variant` and `train_grid` share."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.commands import positive
from training.grid import SIZES
from training.launching.launch import Launcher
from training.launching.rendering import Slurm
from training.recipes import ATTENTIONS, DTYPES, SHARDINGS, Lora

#: Options that replace a figure of the study, by the recipe's field.
OVERRIDES = (
    *("max_steps", "epochs", "sequence_length", "sequences_per_step", "sequences_per_device", "learning_rate"),
    *("weight_decay", "warmup", "neftune", "dtype", "attention", "liger", "gradient_checkpointing", "seed"),
    "evaluations_per_epoch",
)


def add_places(parser: ArgumentParser) -> None:
    parser.add_argument("--size", choices=SIZES, default=SIZES[0], help=f"of the grid (default: {SIZES[0]})")
    parser.add_argument(
        "--launcher",
        choices=[each.value for each in Launcher],
        default=Launcher.LOCAL.value,
        help="local: one process here; accelerate: all GPUs of this machine; slurm: nodes of a cluster",
    )
    parser.add_argument("--nodes", type=positive, metavar="N", help="default: 1; with slurm, as many as the study had")
    parser.add_argument("--gpus-per-node", type=count, metavar="G", help="default: those here; with slurm, the study's")
    parser.add_argument(
        "--cpu-processes", type=positive, default=1, metavar="N", help="without GPUs: processes of a node (default: 1)"
    )
    parser.add_argument("--sharding", choices=SHARDINGS, help="default: the study's, as far as the machines allow")
    parser.add_argument(
        "--resume", default="auto", metavar="auto|never|CHECKPOINT", help="from which checkpoint (default: the newest)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan, and write and start nothing")
    parser.add_argument("--write", action="store_true", help="with --dry-run: write the files all the same")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the Python that has torch")


def add_overrides(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("in place of the study's figures")
    group.add_argument("--max-steps", type=count, metavar="N", help="stop after so many (default: by epochs)")
    group.add_argument("--epochs", type=float, metavar="X", help="default: 4")
    group.add_argument("--sequence-length", type=positive, metavar="TOKENS", help="default: as the data were prepared")
    group.add_argument("--sequences-per-step", type=positive, metavar="N", help="default: 256; at 70B 512")
    group.add_argument("--per-device", dest="sequences_per_device", type=positive, metavar="N", help="default: 2")
    group.add_argument("--learning-rate", type=float, metavar="X", help="the peak; default: 1e-5, with --lora 1e-4")
    group.add_argument("--weight-decay", type=float, metavar="X", help="default: 0.1")
    group.add_argument("--warmup", type=float, metavar="SHARE", help="of all steps; default: 0.1")
    group.add_argument("--neftune", type=float, metavar="ALPHA", help="default: 5; 0 for none")
    group.add_argument("--dtype", choices=DTYPES, help="default: bf16; on a CPU fp32")
    group.add_argument("--attention", choices=ATTENTIONS, help="default: flash_attention_2 where it can be had")
    group.add_argument("--liger", action=BooleanOptionalAction, help="Liger kernels (default: where they can be had)")
    group.add_argument("--gradient-checkpointing", action=BooleanOptionalAction, help="default: yes")
    group.add_argument("--seed", type=count, metavar="N", help="default: 33; exp_2_010 at 8B 42")
    group.add_argument("--evaluations-per-epoch", type=positive, metavar="N", help="and checkpoints; default: 4")


def add_lora(parser: ArgumentParser) -> None:
    usual = Lora()
    group = parser.add_argument_group("adapters")
    group.add_argument("--lora", action="store_true", help="train an adapter, not the whole model")
    group.add_argument("--lora-rank", type=positive, default=usual.rank, metavar="N", help=f"default: {usual.rank}")
    group.add_argument("--lora-alpha", type=positive, default=usual.alpha, metavar="N", help=f"default: {usual.alpha}")
    group.add_argument(
        "--lora-dropout", type=float, default=usual.dropout, metavar="X", help=f"default: {usual.dropout}"
    )
    group.add_argument("--lora-targets", nargs="+", metavar="MODULE", help="default: all linear layers but the head")


def add_slurm(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("slurm")
    for name, meaning in (
        ("partition", "where to queue"),
        ("account", "whose hours"),
        ("qos", "quality of service"),
        ("mem", "memory of a node, such as 480G"),
    ):
        group.add_argument(f"--{name}", default="", help=meaning)
    group.add_argument("--time", default="24:00:00", help="limit of a job; it is queued again (default: 24:00:00)")
    group.add_argument("--cpus-per-task", type=positive, default=16, metavar="N", help="cores of a node (default: 16)")
    group.add_argument("--sbatch", action="append", default=[], metavar="OPTION=VALUE", help="any other of sbatch's")
    group.add_argument("--setup", action="append", default=[], metavar="LINE", help="shell to run before, on each node")


def count(text: str) -> int:
    """An argument of argparse: a whole number from 0."""
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def pair(text: str) -> tuple[str, str]:
    """An argument of argparse: NAME=VALUE."""
    name, found, value = text.partition("=")
    if not found or not name.strip() or not value.strip():
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def slurm_of(options: Mapping[str, Any]) -> Slurm:
    """What `add_slurm` was given. An option of sbatch may be written with its dashes or without."""
    return Slurm(
        partition=options["partition"],
        account=options["account"],
        qos=options["qos"],
        time=options["time"],
        cpus_per_task=options["cpus_per_task"],
        mem=options["mem"],
        options=tuple(each.lstrip("-") for each in options["sbatch"]),
        setup=tuple(options["setup"]),
    )
