"""Serve models that are larger than a host: vLLM spreads them over Ray, which is started on the hosts by hand.

Ray gives its workers whole GPUs. It is started with just those GPUs that the plan has for such models, so that models
of a single host can have the others.
"""

import ipaddress
import shlex
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from inference.engine.local import LocalBackend, commands_by_host
from inference.engine.plan import Server
from inference.engine.spec import HostSpec, Spec
from inference.engine.table import plan_table
from inference.engine.vllm_args import Launch, python_of
from inference.exceptions import EngineError

RAY_PORT = 6379
_SECONDS_TO_CONNECT = 5


@dataclass(frozen=True)
class RayBackend:
    """The servers of this machine, some of which have their workers on others."""

    local: LocalBackend

    def describe(self) -> str:
        """The plan, how to start Ray, and the commands of each host."""
        servers, launch = self.local.servers, self._launch
        starts = ray_starts(self.local.spec, servers, launch)
        return "\n".join([plan_table(self.local.spec, servers), *starts, *commands_by_host(servers, launch)])

    def serve(self, say: Callable[[str], None]) -> bool:
        """As LocalBackend does. Raises EngineError, with the commands that start Ray, where it is not there."""
        if any(server.place.spans for server in self.local.servers) and not _listens(self._launch.ray_address):
            starts = "\n".join(ray_starts(self.local.spec, self.local.servers, self._launch))
            raise EngineError(f"Ray does not answer at {self._launch.ray_address}. Start it:\n{starts}")
        return replace(self.local, launch=self._launch).serve(say)

    @property
    def _launch(self) -> Launch:
        """With the address of Ray's head: the one given, or the first host of the models that are spread."""
        head = next((server.host for server in self.local.servers if server.place.spans), None)
        launch = self.local.launch
        if launch.ray_address or head is None:
            return launch
        return replace(launch, ray_address=f"{head.reached_at}:{RAY_PORT}")


def ray_starts(spec: Spec, servers: Sequence[Server], launch: Launch) -> Iterator[str]:
    """The command that starts Ray on each host that a model spans, the head's first. Raises SpecError."""
    gpus = sorted({gpu for server in servers if server.place.spans for gpu in server.gpus})
    head, _, port = launch.ray_address.rpartition(":")
    hosts = [host for host in spec.hosts if host.name in {name for name, _ in gpus}]
    for host in sorted(hosts, key=lambda host: host.reached_at != head):
        _refuse_names(spec, host)
        numbers = [str(index) for name, index in gpus if name == host.name]
        variables = f"CUDA_VISIBLE_DEVICES={','.join(numbers)} VLLM_HOST_IP={host.reached_at}"
        role = f"--head --port={port}" if host.reached_at == head else f"--address={launch.ray_address}"
        ray = shlex.quote(str(python_of(host, launch).with_name("ray")))
        yield f"\n# on {host.name}, before anything else"
        yield f"env {variables} {ray} start {role} --node-ip-address={host.reached_at} --num-gpus={len(numbers)}"


def _refuse_names(spec: Spec, host: HostSpec) -> None:
    try:
        address = ipaddress.ip_address(host.reached_at.strip("[]"))
    except ValueError:
        address = None
    if address is None or address.is_loopback:
        raise spec.error(host, "address", f"of {host.name} must be an IP address that the other hosts reach, for Ray")


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_CONNECT).close()
    except (OSError, ValueError):
        return False
    return True
