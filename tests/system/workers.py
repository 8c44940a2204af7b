"""Which process serves a connection, as the kernel tells. Linux only."""

import re
from pathlib import Path

from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer

_FEW_TRIES = 40


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def worker_of(stack: Stack, socket: Socket) -> int:
    """The process id of the gunicorn worker at the other end of a socket."""
    inode = _inode(stack.port, socket.local_port)
    for pid in stack.web_workers():
        if any(_target(entry) == f"socket:[{inode}]" for entry in Path(f"/proc/{pid}/fd").iterdir()):
            return pid
    raise AssertionError("no worker has this connection")


async def socket_on(volunteer: Volunteer, battle: str, stack: Stack, *, other_than: int) -> Socket:
    """A further socket to a battle, at another worker than the one given."""
    for _try in range(_FEW_TRIES):
        socket = await volunteer.socket(battle)
        if worker_of(stack, socket) != other_than:
            return socket
        await socket.close()
    raise AssertionError("every connection went to the same worker")


def _inode(server_port: int, client_port: int) -> str:
    ends = f":{server_port:04X} 0100007F:{client_port:04X} 01 "
    for line in Path("/proc/net/tcp").read_text().splitlines():
        if ends in line:
            found = re.split(r"\s+", line.strip())[9]
            return found
    raise AssertionError("the connection is not there")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
