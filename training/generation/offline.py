"""The engine of `--engine vllm`: vLLM's offline engine, in a process inside the engine's environment."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inference.engine.environment import ROOT, Engine
from inference.engine.guard import guarded
from inference.engine.processes import tail
from training.asking import Told
from training.exceptions import CannotWrite
from training.generation.engines import EngineFailed, Request, Sampled
from training.generation.sampling import Sampling

WORKER = "training.engine_worker"
_SECONDS_TO_END = 30
_VARIABLES = {
    # In one process a step's batches depend on the requests alone, not on when these arrive.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    # Nothing about who makes what goes to third parties.
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True, slots=True)
class OfflineEngine:
    """A worker that has loaded its model."""

    process: "subprocess.Popen[str]"
    log: Path
    decode: Callable[[list[int]], str]

    def sample(self, requests: Sequence[Request], sampling: Sampling, told: Told) -> list[Sampled]:
        if not requests:
            return []
        asked = [
            {"tokens": list(request.tokens or ()), "seed": request.seed, "max_tokens": request.max_tokens}
            for request in requests
        ]
        _write(self.process, self.log, {"requests": asked, "sampling": asdict(sampling)})
        while "sampled" not in (answer := _read(self.process, self.log)):
            told(answer["more"])
        return [self._sampled(each) for each in answer["sampled"]]

    def _sampled(self, value: Mapping[str, Any]) -> Sampled:
        return Sampled(self.decode(value["tokens"]), value["reason"] != "length", len(value["tokens"]))


@contextmanager
def started(
    settings: Mapping[str, Any], *, python: Path, log: Path, decode: Callable[[list[int]], str]
) -> Iterator[OfflineEngine]:
    """A worker with the arguments of `vllm.LLM` in `settings`; it ends with the block, and with this process.

    Raises EngineFailed with the end of its log where it cannot start, or dies.
    """
    if not python.exists():
        raise EngineFailed(f"{python} does not exist. Install the engine (make engine), or name its Python (--python).")
    variables = [f"{name}={value}" for name, value in _variables(settings).items()]
    command = guarded(["env", *variables, str(python), "-m", WORKER, json.dumps(dict(settings))])
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        errors = log.open("wb")
    except OSError as error:
        raise CannotWrite(f"{log} could not be written: {error.strerror or error}.") from error
    with errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, text=True
        )
    try:
        _read(process, log)
        yield OfflineEngine(process, log, decode)
    finally:
        _end(process)


def default_python() -> Path:
    return Engine().python


def _variables(settings: Mapping[str, Any]) -> dict[str, str]:
    # What lies on this disk needs no look at the hub, which without a network costs minutes of retries.
    return _VARIABLES | ({"HF_HUB_OFFLINE": "1"} if Path(settings["model"]).exists() else {})


def _write(process: "subprocess.Popen[str]", log: Path, asked: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
    except BrokenPipeError as error:
        raise _died(process, log) from error


def _read(process: "subprocess.Popen[str]", log: Path) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.endswith("\n"):
        raise _died(process, log)
    return json.loads(line)


def _died(process: "subprocess.Popen[str]", log: Path) -> EngineFailed:
    code = process.wait(_SECONDS_TO_END)
    return EngineFailed(
        f"The engine ended with code {code}. Finished shards stay: run the same command again to go on. "
        f"The end of its log, {log}:\n{tail(log)}"
    )


def _end(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        try:
            pipe.close()
        except BrokenPipeError:
            # What was on its way is lost with the worker, whose death was told.
            continue
    process.terminate()
    process.wait()
