"""Which pages train, and which are held out. A page is in the same part on every machine, whatever other pages are."""

import hashlib
from enum import StrEnum

HELD_OUT_PERCENT = 10


class Part(StrEnum):
    TRAIN = "train"
    HELD_OUT = "held-out"
    ALL = "all"

    def has(self, path: str) -> bool:
        """Whether the page at `path` is in this part: about one page of ten is held out, by the hash of its path."""
        is_held_out = int(hashlib.sha256(path.encode()).hexdigest()[:8], 16) % 100 < HELD_OUT_PERCENT
        return self is Part.ALL or is_held_out == (self is Part.HELD_OUT)
