"""Columns to Parquet. Imported only where a file is written: the library takes 60 MB and a third of a second."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dure.engine.history import Column, Moments, Words


def write(path: Path, columns: Mapping[str, Column], order: Sequence[str]) -> None:
    """Write columns of one length with zstd, sorted by `order`; text sorts by its codes. Blocking; raises OSError."""
    keys = {name: _key(columns[name]) for name in order}
    sorting = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in order])
    table = pa.table({name: _arrow(column) for name, column in columns.items()}).take(sorting)
    pq.write_table(table, path, compression="zstd")


def _floats(column: array[float]) -> Any:
    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column)])


def _codes(column: array[int]) -> Any:
    return pa.Array.from_buffers(pa.int32(), len(column), [None, pa.py_buffer(column)])


def _key(column: Column) -> Any:
    if isinstance(column, Words):
        return _codes(column.codes)
    return _floats(column.seconds) if isinstance(column, Moments) else pa.array(column)


def _arrow(column: Column) -> Any:
    if isinstance(column, Words):
        return pa.DictionaryArray.from_arrays(_codes(column.codes), pa.array(column.words, pa.string()))
    if isinstance(column, Moments):
        micros = pc.cast(pc.round(pc.multiply(_floats(column.seconds), 1e6)), pa.int64())
        return micros.cast(pa.timestamp("us", "UTC"))
    if column.typecode == "b":
        return pa.Array.from_buffers(pa.int8(), len(column), [None, pa.py_buffer(column)]).cast(pa.bool_())
    return _floats(cast("array[float]", column))
