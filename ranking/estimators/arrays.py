"""Array types of this package."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def frozen(array: FloatArray | IntArray) -> None:
    """Make an array read-only, so that a frozen dataclass is frozen to the bottom."""
    array.setflags(write=False)
