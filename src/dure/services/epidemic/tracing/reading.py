"""A file of pings, read in blocks into the columns: whose, when, where. Runs in a child; the library is imported there.

Rows outside of the approved time are not kept, whatever the file holds: what was not asked for was not given.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from pyproj import Transformer

from dure.city.projection import METRIC, WGS84
from dure.documents.header import plain
from dure.services.epidemic.tracing import store
from dure.services.epidemic.tracing.store import Pings

COLUMNS = {
    "who": ("가입자번호", "전화번호", "휴대전화번호", "회선번호", "id", "subscriber", "phone", "device_id", "user_id"),
    "at": ("시각", "일시", "접속일시", "측위시각", "time", "timestamp", "datetime", "at"),
    "lon": ("경도", "lon", "lng", "longitude"),
    "lat": ("위도", "lat", "latitude"),
    "error": ("오차", "정확도", "반경", "accuracy", "error", "radius"),
}
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y%m%d%H%M%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
)
_ZONED = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z")
_KOREA = (124.0, 33.0, 132.0, 39.0)
_BLOCK = 16 << 20
_AT_ONCE = 4_000_000
"""Rows that are sorted in at once."""


class WrongFile(Exception):
    """The file cannot be one of pings; the message is a key of the catalogue."""


@dataclass(slots=True)
class Read:
    """What came of a file. `names` are the identifiers by their number."""

    rows: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)


def read(path: Path, folder: Path, first: int, last: int, zone_s: int) -> Read:
    """Keep the pings of `path` in `folder`, those from `first` to `last` (Unix seconds). Times without a zone are
    `zone_s` seconds ahead of UTC. Blocking; raises WrongFile.
    """
    done = Read()
    numbers: dict[str, int] = {}
    waiting: list[Pings] = []
    try:
        reader = _opened(path)
        columns = _named(reader.schema.names)
        for batch in reader:
            waiting.append(_pings(batch, columns, numbers, done, (first, last, zone_s)))
            if sum(len(one) for one in waiting) >= _AT_ONCE:
                store.keep(folder, _whole(waiting))
                waiting = []
    except pa.ArrowInvalid as error:
        raise WrongFile("epidemic.trace.file.unreadable") from error
    store.keep(folder, _whole(waiting))
    done.names = list(numbers)
    return done


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


def _named(names: list[str]) -> dict[str, str]:
    known = {plain(word): field_ for field_, words in COLUMNS.items() for word in words}
    found: dict[str, str] = {}
    for name in names:
        meant = known.get(plain(name.lstrip("\ufeff")))
        if meant is not None:
            found.setdefault(meant, name)
    if not {"who", "at", "lon", "lat"} <= found.keys():
        raise WrongFile("epidemic.trace.file.columns")
    return found


def _pings(
    batch: pa.RecordBatch, columns: dict[str, str], numbers: dict[str, int], done: Read, span: tuple[int, int, int]
) -> Pings:
    column = {name: pc.utf8_trim_whitespace(batch.column(at)) for name, at in columns.items()}
    at = _moments(column["at"], span[2])
    lon, lat = _numbers(column["lon"]), _numbers(column["lat"])
    error = _numbers(column["error"]) if "error" in column else np.zeros(len(at))
    coded = pc.dictionary_encode(pc.fill_null(column["who"], ""))
    words = coded.dictionary.to_pylist()
    named = np.array([bool(word) for word in words], dtype=bool)[coded.indices.to_numpy(zero_copy_only=False)]
    west, south, east, north = _KOREA
    in_korea = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    checks = {
        "who": named,
        "at": at >= 0,
        "place": in_korea,
        "span": (at >= span[0]) & (at <= span[1]),
    }
    good = np.ones(len(at), dtype=bool)
    for name, fits in checks.items():
        done.refused[name] += int((good & ~fits).sum())
        good &= fits
    rows = np.flatnonzero(good)
    indices = coded.indices.to_numpy(zero_copy_only=False)[rows]
    own = np.full(len(words), -1, dtype=np.int64)
    for index in np.unique(indices):
        own[index] = numbers.setdefault(words[index], len(numbers))
    x, y = _transformer().transform(lon[rows], lat[rows])
    done.rows += len(at)
    done.kept += len(rows)
    return Pings(at[rows], x, y, np.nan_to_num(error[rows], nan=0.0), own[indices])


_made: list[Transformer] = []


def _transformer() -> Transformer:
    if not _made:
        _made.append(Transformer.from_crs(WGS84, METRIC, always_xy=True))
    return _made[0]


def _numbers(column: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """As numbers; NaN for what is none."""
    fits = pc.match_substring_regex(column, r"^-?\d{1,12}(\.\d{1,20})?$")
    return np.asarray(
        pc.if_else(fits, column, None).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64
    )


def _moments(column: Any, zone_s: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """As Unix seconds; -1 for what is no time."""
    found = np.full(len(column), -1, dtype=np.int64)
    bare = pc.replace_substring_regex(column, r"\.\d+", "")
    for format_, ahead in (*((one, zone_s) for one in _FORMATS), *((one, 0) for one in _ZONED)):
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


def _whole(parts: list[Pings]) -> Pings:
    from dure.services.epidemic.tracing.search import joined

    return joined(parts)
