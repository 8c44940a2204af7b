"""Run benchmarks of lm-evaluation-harness on a checkpoint or a served model: `manage.py evaluate_benchmarks --help`."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.benchmarks import asked
from training.benchmarks.catalogue import BENCHMARKS, expanded
from training.benchmarks.job import Job, layout_of, plan_of
from training.benchmarks.local_tasks import write_local_tasks
from training.benchmarks.models import has_template, load_tokenizer
from training.benchmarks.results import RESULTS, merged, scores_of, write_results
from training.benchmarks.running import Settings, shots_of
from training.commands import StageCommand
from training.exceptions import DataUnreachable, TrainingError
from training.manifests import Manifest
from training.shards import rows_of
from training.stages import Made


class Command(StageCommand):
    help = "Scores of benchmarks, in the harness's own result file."
    reads_rows = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        asked.add_model_arguments(parser)
        asked.add_task_arguments(parser)
        super().add_arguments(parser)

    def run(self, options: dict[str, Any]) -> None:
        include, local = _local_tasks(options)
        tasks = expanded([*options["tasks"], *local] or ["all"])
        if options["dry_run"]:
            self._list(tasks, options["num_fewshot"])
            return
        job = _job(tasks, include, options)
        plan = plan_of(job)
        layout = layout_of(job, options["output"], options["format"])
        manifest = self.go(plan, layout, lambda wanted: self._make(job, wanted), options)
        if manifest is not None:
            self._conclude(job, manifest)

    def _list(self, tasks: list[str], asked_shots: int | None) -> None:
        self.stdout.write(f"{'task':24} {'language':8} {'examples':8} {'score':30} of")
        for name in tasks:
            known = BENCHMARKS.get(name)
            shots = shots_of(name, Settings(shots=asked_shots))
            told = (known.language, known.metric) if known else ("", "")
            home = ("the harness" if known.folder else "Lehia") if known else "elsewhere"
            said = "its own" if shots is None else str(shots)
            self.stdout.write(f"{name:24} {told[0]:8} {said:8} {told[1]:30} {home}".rstrip())
        self.stdout.write(f"{len(tasks)} tasks.")

    def _make(self, job: Job, wanted: set[int]) -> Iterator[tuple[int, Made]]:
        without_data: list[str] = []
        opened = job.open()
        for number in sorted(wanted):
            began = time.monotonic()
            try:
                made = job.make(opened, number)
            except DataUnreachable as error:
                self.stderr.write(str(error))
                without_data.append(job.tasks[number])
                continue
            yield number, made
            name = job.tasks[number]
            score = next((row for row in made.rows if row["task"] == name), made.rows[0])
            self.stdout.write(f"{name}: {_told(score)}, {time.monotonic() - began:.0f} s")
        if without_data:
            raise DataUnreachable(
                f"{len(without_data)} of {len(wanted)} tasks had no data: {', '.join(without_data)}. The others are "
                "finished; run the same command again for these."
            )

    def _conclude(self, job: Job, manifest: Manifest) -> None:
        by_task = merged(row["said"] for row in rows_of(manifest, "said"))
        path = manifest.folder / RESULTS
        about = {**json.loads(next(iter(rows_of(manifest, "said")))["about"]), "date": time.time()}
        write_results(path, by_task, about)
        parts = {part for group in by_task["group_subtasks"].values() for part in group}
        for score in scores_of(by_task):
            if score["task"] not in parts:
                self.stdout.write(f"{score['task']:32} {_told(score)}")
        self.stdout.write(f"Results: {path}")


def _told(score: dict[str, Any]) -> str:
    value = "none" if score["value"] is None else f"{score['value']:.4f}"
    doubt = "" if score["stderr"] is None else f" ± {score['stderr']:.4f}"
    return f"{score['metric']} {value}{doubt} ({score['samples']} questions, {score['shots']} examples)"


def _local_tasks(options: dict[str, Any]) -> tuple[list[Path], list[str]]:
    include = list(options["include_path"])
    if options["texts"] is None and options["choices"] is None:
        return include, []
    folder = options["output"] / "local-tasks"
    names = write_local_tasks(folder, texts=options["texts"], choices=options["choices"])
    return [*include, folder], names


def _job(tasks: list[str], include: list[Path], options: dict[str, Any]) -> Job:
    if options["num_fewshot"] is not None and options["num_fewshot"] < 0:
        raise TrainingError("--num-fewshot must be 0 or more.")
    model = asked.model_of(options)
    settings = Settings(
        shots=options["num_fewshot"],
        limit=options["limit"],
        seed=options["seed"],
        with_template=has_template(load_tokenizer(model), options["chat_template"]),
        with_samples=options["samples"],
    )
    return Job(model, tuple(tasks), tuple(include), settings)
