"""A file of pings, read in blocks into the columns: whose, when, where. Runs in a child; the library is imported there.

Rows outside of the approved time are not kept, whatever the file holds: what was not asked for was not given.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pyproj import Transformer

from dure.city.projection import METRIC, WGS84
from dure.documents.header import plain
from dure.engine.csvcolumns import BrokenTable, Coded, Columns, Kind, Numbers
from dure.services.epidemic.tracing import store
from dure.services.epidemic.tracing.search import joined
from dure.services.epidemic.tracing.store import Pings

COLUMNS = {
    "who": ("가입자번호", "전화번호", "휴대전화번호", "회선번호", "id", "subscriber", "phone", "device_id", "user_id"),
    "at": ("시각", "일시", "접속일시", "측위시각", "time", "timestamp", "datetime", "at"),
    "lon": ("경도", "lon", "lng", "longitude"),
    "lat": ("위도", "lat", "latitude"),
    "error": ("오차", "정확도", "반경", "accuracy", "error", "radius"),
}
_KINDS: dict[str, Kind] = {"who": "words", "at": "moment", "lon": "number", "lat": "number", "error": "number"}
_KOREA = (124.0, 33.0, 132.0, 39.0)
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
        table = Columns(path)
        for block in table.blocks(_named(table.names), zone_s):
            waiting.append(_pings(block, numbers, done, (first, last)))
            if sum(len(one) for one in waiting) >= _AT_ONCE:
                store.keep(folder, joined(waiting))
                waiting = []
    except BrokenTable as error:
        raise WrongFile("epidemic.trace.file.unreadable") from error
    store.keep(folder, joined(waiting))
    done.names = list(numbers)
    return done


def _named(names: list[str]) -> dict[str, tuple[str, Kind]]:
    known = {plain(word): field_ for field_, words in COLUMNS.items() for word in words}
    found: dict[str, tuple[str, Kind]] = {}
    for name in names:
        meant = known.get(plain(name.lstrip("\ufeff")))
        if meant is not None:
            found.setdefault(meant, (name, _KINDS[meant]))
    if not {"who", "at", "lon", "lat"} <= found.keys():
        raise WrongFile("epidemic.trace.file.columns")
    return found


def _pings(block: dict[str, Numbers | Coded], numbers: dict[str, int], done: Read, span: tuple[int, int]) -> Pings:
    who, at, lon, lat = block["who"], block["at"], block["lon"], block["lat"]
    assert isinstance(who, Coded)
    assert not isinstance(at, Coded)
    assert not isinstance(lon, Coded)
    assert not isinstance(lat, Coded)
    error = block.get("error", np.zeros(len(at)))
    assert not isinstance(error, Coded)
    west, south, east, north = _KOREA
    checks = {
        "who": np.array([bool(word) for word in who.words], dtype=bool)[who.codes],
        "at": at >= 0,
        "place": (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north),
        "span": (at >= span[0]) & (at <= span[1]),
    }
    good = np.ones(len(at), dtype=bool)
    for name, fits in checks.items():
        done.refused[name] += int((good & ~fits).sum())
        good &= fits
    rows = np.flatnonzero(good)
    own = np.full(len(who.words), -1, dtype=np.int64)
    for code in np.unique(who.codes[rows]):
        own[code] = numbers.setdefault(who.words[code], len(numbers))
    x, y = _transformer().transform(lon[rows], lat[rows])
    done.rows += len(at)
    done.kept += len(rows)
    return Pings(at[rows], x, y, np.nan_to_num(error[rows], nan=0.0), own[who.codes[rows]])


_made: list[Transformer] = []


def _transformer() -> Transformer:
    if not _made:
        _made.append(Transformer.from_crs(WGS84, METRIC, always_xy=True))
    return _made[0]
