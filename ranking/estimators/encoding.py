"""Columns of labels turned into integer codes, whatever holds them: lists, numpy, pandas or pyarrow.

A column of labels is looked at once. Everything after it, checks included, works on the distinct labels.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray

MISSING = -1
"""Code of an entry that is missing: None, NaN or NA where the column's own type says so."""

_NUMBERS = (int, float, np.floating, np.integer)


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Distinct entries of a column in the order in which they first appear, and the code of each row (n,).

    `MISSING` is the code of rows that are missing to the column's own type; a list's None is an entry like others.
    """

    entries: Sequence[object]
    codes: IntArray


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Shown:
    """Stands for an entry that cannot be hashed."""

    text: str

    def __repr__(self) -> str:
        return self.text


def is_missing(entry: object) -> bool:
    """Whether an entry says that there is none: None, NaN, or pandas' NA and NaT."""
    if isinstance(entry, str):
        return False
    if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(entry, float | np.floating) and bool(np.isnan(entry))


def all_texts(entries: Sequence[object]) -> bool:
    """Whether every entry is a text, which is quickly seen."""
    return set(map(type, entries)) <= {str}


def label_codes(column: Sequence[Any]) -> Labels:
    """The labels of a column (n,). What cannot be hashed, and so is no name, stands as an entry that shows it."""
    module = type(column).__module__.partition(".")[0]
    if module in ("pyarrow", "pandas") or (isinstance(column, np.ndarray) and column.dtype.kind == "U"):
        return _from_arrow(column)
    return _from_entries(column.tolist() if isinstance(column, np.ndarray) else column)


def number_values(column: Sequence[Any]) -> FloatArray | None:
    """A column's numbers (n,) as doubles, NaN and infinities included, or None where some entry is no number."""
    array = column if isinstance(column, np.ndarray) else None
    if array is None and type(column).__module__.partition(".")[0] in ("pyarrow", "pandas"):
        array = np.asarray(column)
    if array is not None and array.dtype.kind in "iuf":
        return array.astype(np.float64)
    entries = column if array is None else array.tolist()
    kinds = set(map(type, entries))
    if not all(issubclass(kind, _NUMBERS) and kind is not bool for kind in kinds):
        return None
    return np.fromiter(entries, np.float64, len(entries))


def _from_entries(column: Sequence[Any]) -> Labels:
    code: defaultdict[object, int] = defaultdict()
    code.default_factory = code.__len__  # a label that is new gets the next number
    try:
        codes = np.fromiter(map(code.__getitem__, column), np.int64, len(column))
    except TypeError:
        return _from_entries([entry if isinstance(entry, Hashable) else _Shown(repr(entry)) for entry in column])
    return Labels(list(code), codes)


def _from_arrow(column: Any) -> Labels:
    import pyarrow as pa

    try:
        array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column, from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if not isinstance(array, pa.DictionaryArray):
            array = array.dictionary_encode()
    except (pa.ArrowException, OverflowError):  # several types in one column, or lists: for the checks to name
        return _from_entries(column.tolist())
    codes = array.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int64)
    return _distinct(array.dictionary.to_pylist(), codes)


def _distinct(entries: list[object], codes: IntArray) -> Labels:
    """Without entries that no row has, or that a dictionary holds twice; missing ones as MISSING."""
    used = np.zeros(len(entries) + 1, dtype=bool)  # the last place is that of MISSING
    used[codes] = True
    if used[:-1].all() and all_texts(entries) and len(set(entries)) == len(entries):
        return Labels(entries, codes)
    kept: dict[object, int] = {}
    table = np.full(len(entries) + 1, MISSING, dtype=np.int64)
    for code in np.flatnonzero(used[:-1]).tolist():
        if entries[code] is not None:
            table[code] = kept.setdefault(entries[code], len(kept))
    return Labels(list(kept), table[codes])
