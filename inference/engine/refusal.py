"""Why a server has no place, in figures. Pure."""

from collections.abc import Mapping

from inference.engine.places import MOST_TAKEN, WHOLE, GpuId, Machine, Need

MOST_LINES = 16


def refusal(need: Need, machines: Mapping[str, Machine], takers: Mapping[GpuId, Mapping[str, float]]) -> str:
    """What `need` asks for, and a line for each GPU that it might have had. `takers` has GB by server for each GPU."""
    lines: list[str] = []
    for name in need.machines:
        gpus = machines[name].gpus
        if len(gpus) < need.gpus:
            lines.append(f"  {name} has {_gpus(len(gpus))}, and {need.gpus} are needed")
        else:
            lines += [_offer(need, (name, index), gb, takers[name, index]) for index, gb in enumerate(gpus)]
    more = [f"  and {len(lines) - MOST_LINES} more like these"] if len(lines) > MOST_LINES else []
    return "\n".join([_demand(need), *lines[:MOST_LINES], *more])


def _demand(need: Need) -> str:
    which = f" (number {', '.join(map(str, need.pinned))})" if need.pinned else ""
    if need.share is not None:
        return f"needs {need.share:g} of the memory of {_gpus(need.gpus)}{which}, and no host has that free:"
    each = " each" if need.gpus > 1 else ""
    total = f" ({need.gpus} × {need.gb_each:.1f} = {need.gpus * need.gb_each:.1f} GB)" if need.gpus > 1 else ""
    return f"needs {need.gb_each:.1f} GB on {_gpus(need.gpus)}{each}{which}{total}, and no host has that free:"


def _offer(need: Need, gpu: GpuId, gb: float, takers: Mapping[str, float]) -> str:
    most = MOST_TAKEN / WHOLE
    free = max(0.0, gb * most - sum(takers.values()))
    taken = "".join(f" − {amount:.1f} for {server}" for server, amount in takers.items())
    text = f"  {gpu[0]}, GPU {gpu[1]}: {most:g} × {gb:g} GB{taken} = {free:.1f} GB free"
    if need.share is None:
        return text
    wanted = f"{need.share:g} × {gb:g} GB = {need.share * gb:.1f} GB"
    if need.weights_gb > need.share * gb:
        return f"{text}; {wanted} is less than the {need.weights_gb:.1f} GB of weights on it"
    return f"{text}; {wanted} is needed"


def _gpus(count: int) -> str:
    return f"{count} GPU{'' if count == 1 else 's'}"
