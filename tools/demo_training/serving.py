"""The demo's model server: the real `serve_models`, up while a block lasts."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference.engine.guard import guarded
from inference.engine.processes import port_is_free, tail
from tools.demo_training.work import BASE_URL, PORT, ROOT, SERVED, Failed, Work, say, stop

_SECONDS_TO_START = 600

_SPEC = """\
# Made by `make demo-training`: the small model, and later its adapters, on one server.
models:
  - name: {name}
    path: {path}
    port: {port}
    dtype: bfloat16
    max_model_len: 2048
    # Without chunks: on a CPU vLLM 0.32 dies of a prompt in two chunks whose request has a seed.
    extra_args: [--enforce-eager, --no-enable-chunked-prefill, --max-num-batched-tokens, "4096"]
    env:
      VLLM_CPU_KVCACHE_SPACE: 1
"""


def write_spec(path: Path, base: Path) -> None:
    """A spec that serves the model without adapters, unless there is one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_SPEC.format(name=SERVED, path=base, port=PORT), encoding="utf-8")


@contextmanager
def serving(work: Work, *names: str) -> Iterator[None]:
    """All models `names` of the demo's spec answer inside. Raises Failed where they do not come up."""
    if not port_is_free(PORT):
        raise Failed(f"Something listens on port {PORT} already, which the demo's model server needs.")
    log = work.path("log", "serve_models.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            guarded([sys.executable, "manage.py", "serve_models", str(work.path("spec.yaml"))], grace=60),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "LEHIA_LOG_LEVEL": "WARNING"},
            start_new_session=True,
        )
    try:
        while not set(names) <= _served():
            if process.poll() is not None or time.monotonic() - began > _SECONDS_TO_START:
                raise Failed(f"The models do not answer. The end of {log}:\n{tail(log)}")
            time.sleep(1)
        say(f"    vLLM serves {', '.join(names)} after {time.monotonic() - began:.0f} s")
        yield
    finally:
        stop(process)


def answer(model: str, question: str) -> str:
    """What a served model answers in a few words. Raises Failed."""
    messages = [{"role": "user", "content": question}]
    body = {"model": model, "messages": messages, "max_tokens": 40, "temperature": 0.0, "repetition_penalty": 1.1}
    request = urllib.request.Request(
        f"{BASE_URL}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as reply:
            value: dict[str, Any] = json.load(reply)
            return " ".join(str(value["choices"][0]["message"]["content"]).split())
    except (urllib.error.URLError, OSError, ValueError, LookupError) as error:
        raise Failed(f"{model} does not answer: {error}.") from error


def _served() -> set[str]:
    try:
        with urllib.request.urlopen(f"{BASE_URL}/models", timeout=5) as reply:
            return {str(model["id"]) for model in json.load(reply)["data"]}
    except (urllib.error.URLError, OSError, ValueError, LookupError):
        return set()
