"""Serve a spec's models on nodes of Slurm, with their state in the database.

Nodes report through files of a shared folder; this process reads them, asks the servers whether they are ready, and
registers them. It never speaks to a node otherwise, and a node never to the database.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asgiref.sync import sync_to_async

from inference.actions import record_probe
from inference.endpoints import close_session
from inference.engine.plan import Server
from inference.engine.registration import register_hosted, register_spec
from inference.engine.signals import stop_on_signals
from inference.engine.slurm.jobs import cancel, living_tasks, submit
from inference.engine.slurm.script import LOGS, REPORTS, JobArray, job_arrays, script
from inference.engine.slurm.watch import Watch
from inference.engine.spec import Spec
from inference.engine.table import plan_table
from inference.engine.vllm_args import Launch
from inference.enums import ModelHealth
from inference.exceptions import EngineError
from inference.health import ProbeResult
from inference.models import ServedModel

SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True)
class SlurmBackend:
    """Submits an array for each kind of node, and watches its servers. `run` is a folder to make, which nodes share."""

    spec: Spec
    servers: Sequence[Server]
    launch: Launch
    run: Path
    pause: float = SECONDS_BETWEEN_LOOKS

    @property
    def job_name(self) -> str:
        return "lehia-" + re.sub(r"[^\w.-]", "-", self.spec.source.stem)

    def describe(self) -> str:
        """The plan, and every script."""
        return "\n".join([plan_table(self.spec, self.servers), *(f"\n{text}" for _, text in self._scripts())])

    def serve(self, say: Callable[[str], None]) -> bool:
        """Serve until a signal to stop comes. False if every server ended. Raises SpecError or EngineError."""
        if not self.servers:
            register_spec(self.spec, ())
            say("There is no server to start.")
            return True
        self.prepare()
        return asyncio.run(self.watch(say))

    def prepare(self) -> None:
        """Register what is served elsewhere, and make the run's folder. Raises SpecError or EngineError."""
        for server in self.servers:
            if server.host.slurm is None:
                problem = f"of {server.host.name} has no 'slurm', which says how to ask for such a node"
                raise self.spec.error(server.host, "name", problem)
        leftover = living_tasks(self.job_name)
        if leftover:
            jobs = " ".join(sorted({task.partition("_")[0] for task in leftover}))
            raise EngineError(f"Jobs {self.job_name} are there already. End them first: scancel {jobs}")
        for hosted in self.spec.hosted:
            register_hosted(hosted)
        for folder in (self.run / REPORTS, self.run / LOGS):
            folder.mkdir(parents=True)

    async def watch(self, say: Callable[[str], None]) -> bool:
        """Submit the scripts and follow their servers; see `serve`."""
        stop = stop_on_signals()
        jobs: list[str] = []
        watch = Watch(self.servers, self.run, self.job_name, say)
        try:
            for array, text in self._scripts():
                path = self.run / array.file_name
                path.write_text(text)
                job = await asyncio.to_thread(submit, path)
                jobs.append(job)
                say(f"{path.name}: submitted as job {job}")
                watch.expect({server.name: f"{job}_{i}" for i, group in enumerate(array.tasks) for server in group})
            await sync_to_async(_tell_that_they_wait)(self.servers)
            while not stop.is_set() and not watch.is_over:
                await watch.look()
                try:
                    await asyncio.wait_for(stop.wait(), self.pause)
                except TimeoutError:
                    continue
            return stop.is_set()
        finally:
            await _cancel(jobs, say)
            await watch.end()
            await close_session()

    def _scripts(self) -> Iterator[tuple[JobArray, str]]:
        for array in job_arrays(self.servers):
            yield array, script(array, self.launch, self.run, self.job_name)


async def _cancel(jobs: Sequence[str], say: Callable[[str], None]) -> None:
    if not jobs:
        return
    say(f"cancelling {', '.join(jobs)}")
    try:
        await asyncio.to_thread(cancel, jobs)
    except EngineError as error:
        say(f"{error}\nLook whether they have ended: squeue --me")


def _tell_that_they_wait(servers: Sequence[Server]) -> None:
    """Served models of an earlier run cannot be drawn before their new servers have an address."""
    names = {name for server in servers for name in server.served_names}
    for served_model in ServedModel.objects.filter(name__in=names):
        result = ProbeResult(ModelHealth.FAILING, "Its server waits for a node of Slurm.")
        record_probe(served_model_id=served_model.pk, result=result)
