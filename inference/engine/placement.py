"""Which server runs on which GPUs. Pure: servers and hosts in, places out, the same ones every time.

Memory is counted in thousandths of a GPU, because shares such as 0.49 have no exact float. Servers are placed from the
largest to the smallest, each on the first GPUs with room; where that leads nowhere, earlier choices are taken back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from inference.engine.places import MOST_TAKEN, WHOLE, CannotPlace, GpuId, Machine, Need, Place
from inference.engine.refusal import refusal

MOST_TAKEN_BACK = 20_000


def place(needs: Sequence[Need], machines: Sequence[Machine], *, may_span: bool = False) -> list[Place]:
    """A place for each of `needs`, in their order. Raises CannotPlace.

    With `may_span`, a server that needs more GPUs than any of its machines has gets untouched GPUs of several.
    """
    by_name = {machine.name: machine for machine in machines}
    on_cpu = {i for i, need in enumerate(needs) if not any(by_name[name].gpus for name in need.machines)}
    search = _Search(by_name, may_span)
    order = sorted((i for i in range(len(needs)) if i not in on_cpu), key=lambda i: search.difficulty(needs[i]))
    found = dict(zip(order, search.run([needs[i] for i in order]), strict=True))
    found |= _on_cpus({i: needs[i] for i in sorted(on_cpu)}, by_name)
    return [found[i] for i in range(len(needs))]


def _on_cpus(needs: Mapping[int, Need], machines: Mapping[str, Machine]) -> dict[int, Place]:
    """Spread over the hosts: each server goes to the one that has the fewest."""
    counts = dict.fromkeys(machines, 0)
    found = {}
    for index, need in needs.items():
        name = min(need.machines, key=lambda name: counts[name])
        counts[name] += 1
        found[index] = Place(name)
    return found


@dataclass
class _Search:
    """Depth first, with the thousandths taken of each GPU as its state."""

    machines: Mapping[str, Machine]
    may_span: bool
    taken: dict[GpuId, dict[str, int]] = field(default_factory=dict)
    taken_back: int = 0
    first_refusal: CannotPlace | None = None

    def difficulty(self, need: Need) -> tuple[float, ...]:
        """Sorts what is hard to place first: what is fixed, then what is large, then what has little choice."""
        largest = max(gb for name in need.machines for gb in self.machines[name].gpus or (0.0,))
        gb = need.share * largest if need.share is not None else need.gb_each
        return (not need.pinned, -need.gpus, -gb, len(need.machines))

    def run(self, needs: Sequence[Need]) -> list[Place]:
        for machine in self.machines.values():
            for index in range(len(machine.gpus)):
                self.taken[machine.name, index] = {}
        places = self._place(needs)
        if places is None:
            assert self.first_refusal
            raise self.first_refusal
        return places

    def _place(self, needs: Sequence[Need]) -> list[Place] | None:
        """Places for all of `needs`, or None where there are none, or none were found in time.

        A loop, since there may be more servers than calls can be within each other.
        """
        chosen: list[Place] = []
        choices: list[Iterator[Place]] = []
        while len(chosen) < len(needs):
            need = needs[len(chosen)]
            if len(choices) == len(chosen):
                choices.append(self._candidates(need))
            candidate = next(choices[-1], None)
            if candidate is not None:
                self._take(need, candidate)
                chosen.append(candidate)
                continue
            self._refuse(need)
            choices.pop()
            self.taken_back += 1
            if not chosen or self.taken_back > MOST_TAKEN_BACK:
                return None
            self._give_back(needs[len(chosen) - 1], chosen.pop())
        return chosen

    def _take(self, need: Need, place: Place) -> None:
        amount = WHOLE if place.spans else _thousandths(place.share or 0)
        for gpu in place.gpus:
            self.taken[gpu][need.server] = amount

    def _give_back(self, need: Need, place: Place) -> None:
        for gpu in place.gpus:
            del self.taken[gpu][need.server]

    def _refuse(self, need: Need) -> None:
        """Remembers, with the arithmetic, the first server that there was no room for."""
        if self.first_refusal is None:
            takers = {
                gpu: {name: self._gb(gpu) * part / WHOLE for name, part in by.items()} for gpu, by in self.taken.items()
            }
            self.first_refusal = CannotPlace(need.server, refusal(need, self.machines, takers))

    def _candidates(self, need: Need) -> Iterator[Place]:
        seen: set[tuple[object, ...]] = set()
        for name in need.machines:
            for gpus in self._groups(need, name):
                share = self._share(need, gpus)
                # GPUs that are alike lead to the same end.
                alike = (name, share, *(tuple(sorted(self.taken[gpu].values())) for gpu in gpus), *map(self._gb, gpus))
                if share is not None and alike not in seen:
                    seen.add(alike)
                    yield Place(name, gpus, share)
        if self.may_span and need.gpus > max(len(self.machines[name].gpus) for name in need.machines):
            yield from self._spanning(need)

    def _groups(self, need: Need, name: str) -> Iterator[tuple[GpuId, ...]]:
        """Groups of one machine's GPUs that might do: single ones in order, or the first and the emptiest with room."""
        gpus = [(name, index) for index in range(len(self.machines[name].gpus))]
        if need.pinned:
            if max(need.pinned) < len(gpus):
                yield tuple(gpus[index] for index in need.pinned)
            return
        roomy = [gpu for gpu in gpus if self._share(need, (gpu,)) is not None]
        if need.gpus == 1:
            yield from ((gpu,) for gpu in roomy)
        elif len(roomy) >= need.gpus:
            yield tuple(roomy[: need.gpus])
            emptiest = sorted(roomy, key=lambda gpu: (sum(self.taken[gpu].values()), -self._gb(gpu), gpu))
            yield tuple(sorted(emptiest[: need.gpus]))

    def _spanning(self, need: Need) -> Iterator[Place]:
        gpus = [(name, i) for name in need.machines for i in range(len(self.machines[name].gpus))]
        empty = tuple(gpu for gpu in gpus if not self.taken[gpu])[: need.gpus]
        share = self._share(need, empty) if len(empty) == need.gpus else None
        if share is not None:
            yield Place(empty[0][0], empty, share)

    def _share(self, need: Need, gpus: Sequence[GpuId]) -> float | None:
        """The share of each of `gpus` that the server takes; None where one of them has no room for it."""
        share = need.share if need.share is not None else ceil(need.gb_each / min(map(self._gb, gpus)) * 100) / 100
        for gpu in gpus:
            if _thousandths(share) > MOST_TAKEN - sum(self.taken[gpu].values()):
                return None
            if need.weights_gb > share * self._gb(gpu):
                return None
        return share

    def _gb(self, gpu: GpuId) -> float:
        machine, index = gpu
        return self.machines[machine].gpus[index]


def _thousandths(share: float) -> int:
    """Rounded up, but not for what is only the float's error."""
    return ceil(round(share * WHOLE, 6))
