"""`make run`: everything, on a machine that has Python and nothing else. Standard library only.

Sets up what is missing, starts the web server, the worker and beat, and then the models, which take longer
and must not keep the page waiting. It stops all of them when it is told to stop, and they stop by themselves
when it is killed.
"""

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inference.engine import processes
from inference.engine.guard import die_with_parent
from tools import venv

ROOT = venv.ROOT
VAR = Path(os.environ.get("LEHIA_VAR_DIR") or ROOT / "var")
LOGS = VAR / "log"
BIN = venv.VENV / "bin"
DEMO_SPEC = "docs/specs/demo.yaml"
HOST = "127.0.0.1"
SECONDS_TO_ANSWER = 120.0
SECONDS_TO_STOP = 15.0


class Failed(Exception):
    """Something did not work; the text says what, and what to do."""


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


@dataclass
class Child:
    """A process that is to run as long as we do."""

    name: str
    process: asyncio.subprocess.Process
    log: Path


@dataclass
class Run:
    """One `make run`."""

    port: int
    spec: str
    models: bool
    extra_index: str
    started: float = field(default_factory=time.monotonic)
    children: list[Child] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def go(self) -> None:
        """Set up, start, and wait until something ends. Raises Failed."""
        self._refuse_taken_port()
        password = await self._set_up()
        await self._start_site()
        self._welcome(password)
        models = asyncio.create_task(self._models()) if self.models else None
        try:
            await self._watch()
        finally:
            if models:
                models.cancel()
                await asyncio.gather(models, return_exceptions=True)

    async def stop(self) -> None:
        """End every process that was started."""
        if self.children:
            say("Stopping " + ", ".join(child.name for child in self.children) + " …")
        await asyncio.gather(*(processes.stop(child.process, grace=SECONDS_TO_STOP) for child in self.children))

    def _refuse_taken_port(self) -> None:
        if not processes.port_is_free(self.port, HOST):
            another = f"make run PORT={self.port + 1}"
            raise Failed(f"Port {self.port} is taken by another program. End it, or choose another: {another}")

    async def _set_up(self) -> str | None:
        """Whatever is not done yet; the admin's one-time password if the admin is new."""
        if not venv.is_installed("web"):
            async with _timed("Python packages"):
                await _relay([sys.executable, "-m", "tools.venv", "web"])
        say("database, catalogues, static files, demo campaign …")
        announce = ["--announce", self.spec] if self.models else []
        seeded = ""
        async for line in _lines([_python(), "-m", "tools.prepare", *announce], env={"LEHIA_LOG_LEVEL": "WARNING"}):
            if line.startswith('{"admin"'):
                seeded = line
            else:
                say(f"  {line}")
        password: str | None = json.loads(seeded)["password"]
        return password

    async def _start_site(self) -> None:
        """The web server, the worker and beat; returns when the page answers."""
        async with _timed("web server, worker and beat"):
            env = {"LEHIA_DRAIN_SECONDS": os.environ.get("LEHIA_DRAIN_SECONDS", "5")}
            gunicorn = [str(BIN / "gunicorn"), "config.asgi:application", "--config", "python:config.gunicorn"]
            await self._start("web", [*gunicorn, "--bind", f"{HOST}:{self.port}"], env)
            celery = [str(BIN / "celery"), "--app", "config.celery", "--quiet"]
            await self._start("worker", [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"], env)
            # No pid file: one that a killed beat left behind would keep the next from starting.
            await self._start("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="], env)
            await self._until_it_answers()

    async def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Child:
        log = LOGS / f"{name}.log"
        process = await processes.start(command, log=log, env=env, cwd=ROOT, grace=SECONDS_TO_STOP)
        child = Child(name, process, log)
        self.children.append(child)
        return child

    async def _until_it_answers(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while not await asyncio.to_thread(_answers, self.address):
            self._refuse_dead()
            if time.monotonic() > deadline:
                raise Failed(
                    f"The page does not answer. The end of var/log/web.log:\n{processes.tail(LOGS / 'web.log')}"
                )
            await asyncio.sleep(0.2)

    def _refuse_dead(self) -> None:
        for child in self.children:
            if child.process.returncode is not None:
                raise Failed(
                    f"{child.name} ended with code {child.process.returncode}. The end of {child.log}:\n"
                    + processes.tail(child.log)
                )

    def _welcome(self, password: str | None) -> None:
        say()
        say(f"  Lehia is at {self.address} after {time.monotonic() - self.started:.0f} s.")
        if password:
            say(f"  Admin: {self.address}/admin/ as admin, one-time password {password}")
        else:
            say(f"  Admin: {self.address}/admin/ (password forgotten? .venv/bin/python manage.py changepassword admin)")
        say("  Logs are in var/log. Ctrl-C stops everything.")
        say()

    async def _models(self) -> None:
        """Install the engine, make the demo's model, and serve. The page stays up whatever happens here."""
        engine = [sys.executable, "-m", "inference.engine.environment"]
        index = ["--extra-index", self.extra_index] if self.extra_index else []
        try:
            await self._model_step("engine", [*engine, *index])
            if self.spec == DEMO_SPEC:
                await self._model_step("demo model", [sys.executable, "-m", "inference.engine.demo_model"])
            await self._model_step("models", [_python(), "manage.py", "serve_models", self.spec])
        except Failed as error:
            say(f"models | {error}")
            reason = "Their servers could not be started; see var/log/models.log."
            say("models | The models are NOT available; the page is up and says so. See var/log/models.log.")
            await _relay([_python(), "manage.py", "announce_models", self.spec, "--withdraw", reason])

    async def _model_step(self, name: str, command: list[str]) -> None:
        """Run one step to its end, showing its lines. Raises Failed with a clear line."""
        # Its lines are for people here; the servers have logs of their own.
        env = {"LEHIA_LOG_LEVEL": "WARNING"}
        process = await processes.start(command, log=None, env=env, cwd=ROOT, grace=30.0)
        child = Child(name, process, LOGS / "models.log")
        # Before the site in the list of what is stopped, which makes no difference, and out of it when it has
        # ended.
        self.children.append(child)
        assert process.stdout is not None
        LOGS.mkdir(parents=True, exist_ok=True)
        with child.log.open("a") as log:
            async for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                log.write(line + "\n")
                log.flush()
                say(f"models | {line}")
        code = await process.wait()
        self.children.remove(child)
        if code:
            raise Failed(f"The step “{name}” ended with code {code}.")

    async def _watch(self) -> None:
        """Wait for the end of a process that must not end. Raises Failed when one did."""
        site = [child for child in self.children if child.name in {"web", "worker", "beat"}]
        ends = [asyncio.create_task(child.process.wait()) for child in site]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        self._refuse_dead()


def _python() -> str:
    return str(venv.PYTHON)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as page:
            return int(page.status) == 200
    except (urllib.error.URLError, OSError):
        return False


@asynccontextmanager
async def _timed(title: str) -> AsyncIterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    say(f"{title} …")
    yield
    say(f"{title}: done in {time.monotonic() - started:.1f} s")


async def _relay(command: list[str]) -> None:
    """Run a step to its end, showing its lines."""
    async for line in _lines(command):
        say(f"  {line}")


async def _lines(command: list[str], env: dict[str, str] | None = None) -> AsyncIterator[str]:
    process = await processes.start(command, log=None, env=env, cwd=ROOT, grace=5.0)
    assert process.stdout is not None
    kept: list[str] = []
    try:
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            kept = [*kept[-14:], line]
            yield line
        code = await process.wait()
    finally:
        await processes.stop(process, grace=5.0)
    if code:
        shown = " ".join(Path(part).name if "/" in part else part for part in command[:3])
        raise Failed(f"“{shown}” failed with code {code}:\n" + "\n".join(kept))


def _only_one() -> None:
    """Hold a lock as long as this process lives. Raises Failed if another run holds it."""
    VAR.mkdir(parents=True, exist_ok=True)
    lock = os.open(VAR / "run.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failed("Another `make run` is running here. Stop it first.") from None


async def _main(run: Run) -> None:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        await run.go()
    finally:
        # From here on a second Ctrl-C changes nothing: stopping has its own time limit.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: None)
        await run.stop()


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description="Set up and run Lehia on this machine.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--spec", default=DEMO_SPEC, help="which models to serve (default: the demo's)")
    parser.add_argument("--no-models", action="store_true", help="leave the models to somebody else")
    options = parser.parse_args()
    if "MAKELEVEL" in os.environ:
        die_with_parent()
    run = Run(options.port, options.spec, not options.no_models, os.environ.get("LEHIA_PIP_EXTRA_INDEX", ""))
    try:
        _only_one()
        asyncio.run(_main(run))
    except Failed as error:
        say(f"\n{error}")
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        say("Everything is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
