"""Array types of this package."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def frozen(array: NDArray[Any]) -> None:
    """Make an array read-only, so that a frozen dataclass is frozen to the bottom."""
    array.setflags(write=False)
