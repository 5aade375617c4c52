"""Columns of a large CSV file, block by block: words, numbers and moments as arrays. Imported only where such a file is
read, in a child: the library takes its time and memory.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y%m%d%H%M%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
)
_ZONED = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z")
_BLOCK = 16 << 20
Kind = Literal["words", "number", "moment"]
Numbers = np.ndarray[Any, np.dtype[Any]]


class Coded(NamedTuple):
    """Words as numbers into a list of the different ones."""

    codes: Numbers
    words: list[str]


class BrokenTable(Exception):
    """The file cannot be read as a table."""


class Columns:
    """A file's columns by their names in the head. Blocking; raises BrokenTable, OSError."""

    def __init__(self, path: Path) -> None:
        try:
            self._reader = _opened(path)
        except pa.ArrowInvalid as error:
            raise BrokenTable from error
        self.names: list[str] = self._reader.schema.names

    def blocks(self, wanted: Mapping[str, tuple[str, Kind]], ahead_s: int) -> Iterator[dict[str, Numbers | Coded]]:
        """Block by block: `wanted` says of which column what is to be made, by the name it is given. Numbers are NaN
        and moments (Unix seconds) -1 where a cell is none; moments without a zone are `ahead_s` ahead of UTC.
        """
        try:
            for batch in self._reader:
                yield {name: _made(batch.column(column), kind, ahead_s) for name, (column, kind) in wanted.items()}
        except pa.ArrowInvalid as error:
            raise BrokenTable from error


def _made(column: Any, kind: Kind, ahead_s: int) -> Numbers | Coded:
    trimmed = pc.utf8_trim_whitespace(column)
    if kind == "number":
        return _numbers(trimmed)
    if kind == "moment":
        return _moments(trimmed, ahead_s)
    coded = pc.dictionary_encode(pc.fill_null(trimmed, ""))
    return Coded(coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist())


def _opened(path: Path) -> csv.CSVStreamingReader:
    with path.open("rb") as file:
        head = file.readline(1 << 16)
    encoding = "utf8"
    try:
        head.decode()
    except UnicodeDecodeError:
        encoding = "cp949"
    names = head.decode(encoding, "replace").lstrip("\ufeff").strip()
    delimiter = max(",\t;|", key=names.count)
    strings = {name: pa.string() for name in (one.strip().strip('"') for one in names.split(delimiter))}
    return csv.open_csv(
        path,
        read_options=csv.ReadOptions(block_size=_BLOCK, encoding=encoding, use_threads=False),
        parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=lambda _row: "skip"),
        convert_options=csv.ConvertOptions(column_types=strings, strings_can_be_null=True),
    )


def _numbers(column: Any) -> Numbers:
    """As numbers; NaN for what is none."""
    fits = pc.match_substring_regex(column, r"^-?\d{1,12}(\.\d{1,20})?$")
    return np.asarray(
        pc.if_else(fits, column, None).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64
    )


def _moments(column: Any, ahead_s: int) -> Numbers:
    """As Unix seconds; -1 for what is no time."""
    found = np.full(len(column), -1, dtype=np.int64)
    bare = pc.replace_substring_regex(column, r"\.\d+", "")
    for format_, ahead in (*((one, ahead_s) for one in _FORMATS), *((one, 0) for one in _ZONED)):
        if (found >= 0).all():
            return found
        read_ = pc.strptime(bare, format=format_, unit="s", error_is_null=True)
        seconds = pc.fill_null(read_.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        use = (found < 0) & (seconds >= 0)
        found[use] = seconds[use] - ahead
    epoch = pc.if_else(pc.match_substring_regex(bare, r"^\d{10}$"), bare, None).cast(pa.int64())
    seconds = pc.fill_null(epoch, -1).to_numpy(zero_copy_only=False)
    use = (found < 0) & (seconds >= 0)
    found[use] = seconds[use]
    return found
