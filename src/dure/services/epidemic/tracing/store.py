"""The pings of one file as sorted columns on disk, a folder for each day (UTC): read by position, never searched whole.

A ping is (moment, place, who), who being a number of this file alone. Of a day they stand in the order of their key:
ten minutes, row of the grid, column of the grid. What is near a place at a time is therefore a few stretches, found by
bisection of the distinct keys (`keys`) and read at `starts[i]:starts[i + 1]`. Places are metres of EPSG:5179.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SLOT_S = 600
"""Seconds of a slot of time."""
CELL_M = 50
"""Metres of a cell's side."""
DAY_S = 86_400
SLOTS = DAY_S // SLOT_S
_ROWS, _COLUMNS = 50_000, 40_000
"""Of the grid: 2,500 km northwards, 2,000 km eastwards, more than the plane of Korea (EPSG:5179) reaches."""
EXACT_M = 0.1
"""Places are kept to the decimetre."""
_EPOCH = date(1970, 1, 1)

Ints = NDArray[np.int64]
Metres = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pings:
    """Pings, a column each: Unix seconds, metres east and north, metres of error, and whose (a number)."""

    at: Ints
    x: Metres
    y: Metres
    error: Metres
    who: Ints

    def __len__(self) -> int:
        return len(self.at)

    def only(self, chosen: NDArray[np.bool_] | Ints) -> "Pings":
        """These of them."""
        return Pings(self.at[chosen], self.x[chosen], self.y[chosen], self.error[chosen], self.who[chosen])


@dataclass(frozen=True, slots=True)
class Day:
    """A day's columns, mapped from disk: seconds of the day, decimetres east and north, metres of error, whose."""

    number: int
    keys: Ints
    starts: Ints
    at: NDArray[np.int32]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    error: NDArray[np.uint16]
    who: NDArray[np.int32]

    def pings(self, chosen: Ints) -> Pings:
        """These of its pings."""
        return Pings(
            self.at[chosen].astype(np.int64) + self.number * DAY_S,
            np.asarray(self.x[chosen] * EXACT_M, dtype=np.float64),
            np.asarray(self.y[chosen] * EXACT_M, dtype=np.float64),
            self.error[chosen].astype(np.float64),
            self.who[chosen].astype(np.int64),
        )


_TYPES: Mapping[str, str] = {"at": "i4", "x": "i4", "y": "i4", "error": "u2", "who": "i4"}


def key_of(slot: Ints, row: Ints, column: Ints) -> Ints:
    """Where a ping stands: by slot of its day, then northwards, then eastwards."""
    return (slot * _ROWS + row) * _COLUMNS + column


def on_grid(x: Metres, y: Metres) -> NDArray[np.bool_]:
    """Which places the grid has."""
    side = float(CELL_M)
    return np.asarray((x >= side) & (x < (_COLUMNS - 1) * side) & (y >= side) & (y < (_ROWS - 1) * side))


def keep(folder: Path, pings: Pings) -> None:
    """Add pings to the file's folder: those of a day that is there are sorted in. Blocking; raises OSError."""
    if not len(pings):
        return
    numbers = pings.at // DAY_S
    for number in np.unique(numbers):
        own = pings.only(numbers == number)
        known = _opened(folder / str(number), int(number)) if (folder / str(number)).is_dir() else None
        _write(folder, int(number), own if known is None else _joined(own, known.pings(np.arange(len(known.at)))))


def _joined(one: Pings, other: Pings) -> Pings:
    return Pings(
        np.concatenate([one.at, other.at]),
        np.concatenate([one.x, other.x]),
        np.concatenate([one.y, other.y]),
        np.concatenate([one.error, other.error]),
        np.concatenate([one.who, other.who]),
    )


def _write(folder: Path, number: int, pings: Pings) -> None:
    seconds = pings.at - number * DAY_S
    key = key_of(seconds // SLOT_S, (pings.y // CELL_M).astype(np.int64), (pings.x // CELL_M).astype(np.int64))
    order = np.argsort(key)
    sorted_ = key[order]
    first = np.flatnonzero(np.concatenate([[True], sorted_[1:] != sorted_[:-1]]))
    columns = {
        "at": seconds,
        "x": np.rint(pings.x / EXACT_M),
        "y": np.rint(pings.y / EXACT_M),
        "error": np.clip(pings.error, 0, 65_535),
        "who": pings.who,
    }
    beside = folder / f".{number}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name, column in columns.items():
        _saved(beside / f"{name}.npy", column[order].astype(_TYPES[name]))
    _saved(beside / "keys.npy", sorted_[first])
    _saved(beside / "starts.npy", np.append(first, len(sorted_)))
    shutil.rmtree(folder / str(number), ignore_errors=True)
    beside.rename(folder / str(number))


def _saved(path: Path, column: NDArray[np.generic]) -> None:
    with path.open("wb") as file:
        np.save(file, column)
        file.flush()
        os.fsync(file.fileno())


def days(folder: Path, first: int | None = None, last: int | None = None) -> Iterator[Day]:
    """The days that a file has, from `first` to `last` (days since 1970), in their order."""
    if not folder.is_dir():
        return
    for number in sorted(int(one.name) for one in folder.iterdir() if one.name.isdecimal()):
        if (first is None or number >= first) and (last is None or number <= last):
            yield _opened(folder / str(number), number)


def _opened(folder: Path, number: int) -> Day:
    found = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in (*_TYPES, "keys", "starts")}
    return Day(number, **found)


def number_of(day: date) -> int:
    """A day's number."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day of a number."""
    return _EPOCH + timedelta(days=number)


def destroy(folder: Path) -> None:
    """Take a file's pings off the disk. Blocking."""
    shutil.rmtree(folder, ignore_errors=True)
