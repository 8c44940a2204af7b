"""Start and stop guarded processes from asyncio. Standard library only."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.engine.guard import DEFAULT_GRACE, guarded

KEPT_LOG_BYTES = 5 * 1024 * 1024


async def start(
    command: Sequence[str],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    grace: float = DEFAULT_GRACE,
) -> asyncio.subprocess.Process:
    """Start `command` under a guard, its output going to the end of `log`, or to the returned process's
    stdout.

    It runs in a session of its own: Ctrl-C in the terminal reaches the caller alone, who then stops things in
    order. Call it from the main thread, since Linux tells a process of the end of the thread that started it.
    """
    output = _open_log(log) if log else asyncio.subprocess.PIPE
    variables = [f"{name}={value}" for name, value in (env or {}).items()]
    try:
        return await asyncio.create_subprocess_exec(
            *guarded(["env", *variables, *command], grace=grace),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        if log:
            os.close(output)


async def stop(process: asyncio.subprocess.Process, *, grace: float = DEFAULT_GRACE) -> None:
    """End a process that `start` gave, and all below it. Returns when it is gone."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), grace + 5)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def size_of(log: Path) -> int:
    """In bytes; 0 where there is none."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, lines: int = 15, *, since: int = 0) -> str:
    """The last lines of a log, to show why its process died, of those after its first `since` bytes."""
    if not log.exists():
        return ""
    size = size_of(log)
    # Smaller than it was, it is a new one (`_open_log`).
    begin = since if since <= size else 0
    with log.open("rb") as file:
        file.seek(max(begin, size - 64 * 1024))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` of `host`, one of this machine's addresses, now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do, so that a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _open_log(log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > KEPT_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
