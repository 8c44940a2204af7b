"""What a run is spread over, and how its parameters are. Pure."""

from dataclasses import dataclass

from training.exceptions import CannotLaunch


@dataclass(frozen=True, slots=True)
class Machines:
    """Nodes with GPUs; or nodes without, where `processes_per_node` share the CPU."""

    nodes: int = 1
    gpus_per_node: int = 0
    processes_on_cpu: int = 1

    @property
    def processes_per_node(self) -> int:
        return self.gpus_per_node or self.processes_on_cpu

    @property
    def processes(self) -> int:
        """One a GPU, where there are any."""
        return self.nodes * self.processes_per_node

    @property
    def what(self) -> str:
        """What a process has to itself."""
        return "GPUs" if self.gpus_per_node else "processes"

    def __str__(self) -> str:
        what = "GPU" if self.gpus_per_node else "process"
        many = what if self.processes_per_node == 1 else {"GPU": "GPUs", "process": "processes"}[what]
        each = f"{self.processes_per_node} {many}" + ("" if self.gpus_per_node else " on the CPU")
        return f"{self.nodes} × {each}" if self.nodes > 1 else each


def sharding_for(machines: Machines, wished: str) -> str:
    """`wished` where that can be; else what is next to it on fewer machines: full on one node, none for one process."""
    if not machines.gpus_per_node or machines.processes == 1:
        return "none"
    if wished == "hybrid" and (machines.nodes == 1 or machines.gpus_per_node == 1):
        return "full"
    return wished


def check_sharding(machines: Machines, sharding: str) -> None:
    """Raises CannotLaunch for a sharding that these machines cannot have."""
    if sharding == "none":
        return
    if not machines.gpus_per_node:
        raise CannotLaunch(
            f"--sharding {sharding} needs GPUs: on a CPU accelerate would run plain data parallelism instead. "
            "Take --sharding none."
        )
    if machines.processes == 1:
        raise CannotLaunch(f"--sharding {sharding} needs several GPUs, and there is one. Take --sharding none.")
    if sharding == "hybrid" and (machines.nodes == 1 or machines.gpus_per_node == 1):
        raise CannotLaunch(
            "--sharding hybrid shards within a node and copies between nodes: it needs 2 nodes or more with 2 GPUs or "
            f"more each, and there are {machines.nodes} × {machines.gpus_per_node}. Take --sharding full."
        )
