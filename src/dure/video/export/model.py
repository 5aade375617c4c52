"""What an export is made of, and what is handed to the child that makes it. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

MOST_CAMERA_HOURS: Final = 24
"""One camera for a day, or five for the best part of five hours: more is asked for in parts."""
MOST_DOWNLOADS: Final = 3
KEPT: Final = timedelta(days=7)
"""So long a finished export can be fetched; then it is destroyed, and that is written down."""
APART_MS: Final = 2_000
"""Pictures farther apart than this leave a gap that the manifest names."""
FORMAT: Final = "dure-video-1"


class Part(msgspec.Struct, frozen=True):
    """A recording that is read: its file, and from when until before when (milliseconds since 1970) of it."""

    path: str
    begin_ms: int
    end_ms: int


class View(msgspec.Struct, frozen=True):
    """One camera's share: its name on the file, the recordings in order, and what is covered."""

    camera_id: str
    name: str
    parts: Sequence[Part]
    polygons: Sequence[Sequence[tuple[float, float]]]


class Order(msgspec.Struct, frozen=True):
    """What the child is told over its standard input; nothing else is known to it."""

    folder: str
    views: Sequence[View]
    line: str
    """Burnt in: who, which case, which document."""
    zone_s: int
    font: str | None = None
    blur: bool = True


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a stream and its hash: of the source a group of pictures, of the result a fragment."""

    begin_ms: int
    bytes: int
    sha256: str


class Made(msgspec.Struct, frozen=True):
    """One camera's file, as the child reports it."""

    camera_id: str
    file: str
    bytes: int
    sha256: str
    source: Sequence[Piece]
    result: Sequence[Piece]
    gaps: Sequence[tuple[int, int]]
    """From when until when (milliseconds since 1970) there is no picture."""
    pictures: int
    detector: str
    looked: int
    """Pictures that the detector looked at, and how many places it blurred in them."""
    found: int


def camera_hours(cameras: int, begin: datetime, end: datetime) -> float:
    """How much an export holds."""
    return cameras * (end - begin) / timedelta(hours=1)


def gaps(spans: Sequence[tuple[int, int]], begin_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Where between `begin_ms` and `end_ms` no picture is: `spans` are those that are, in order."""
    found, at = [], begin_ms
    for start, stop in sorted(spans):
        if start - at > APART_MS:
            found.append((at, start))
        at = max(at, stop)
    if end_ms - at > APART_MS:
        found.append((at, end_ms))
    return found


def moment(ms: int) -> datetime:
    """Milliseconds since 1970 as a time."""
    return datetime.fromtimestamp(ms / 1_000, UTC)


def file_name(number: int, camera_id: str) -> str:
    """What one camera's file is called within the archive."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in camera_id)
    return f"{number:02d}-{plain[:60]}.mp4"
