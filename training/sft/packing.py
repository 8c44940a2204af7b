"""Documents into rows of one length, whole and side by side."""

from bisect import bisect_left, insort
from collections.abc import Sequence


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Packs of positions in `lengths` whose sums are at most `capacity`: best-fit decreasing.

    The longest first, each into the pack where it leaves the least room; the same lengths give the same packs. Best-fit
    decreasing needs at most 11/9 of the fewest packs possible, and 4 (Johnson, Demers, Ullman, Garey, Graham 1974).
    Raises ValueError for a length that is no length, or more than `capacity`.
    """
    packs: list[list[int]] = []
    room: list[tuple[int, int]] = []  # of packs with any: what is left, and which pack; ascending
    for position in sorted(range(len(lengths)), key=lambda each: (-lengths[each], each)):
        length = lengths[position]
        if not 0 < length <= capacity:
            raise ValueError(f"a document of {length} tokens does not fit into {capacity}")
        place = bisect_left(room, (length, -1))
        if place < len(room):
            left, pack = room.pop(place)
            packs[pack].append(position)
        else:
            left, pack = capacity, len(packs)
            packs.append([position])
        if left > length:
            insort(room, (left - length, pack))
    return packs
