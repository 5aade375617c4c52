"""Recordings: where one begins and ends, its bytes, what is found in it. Pure."""

import struct
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID

from dure.video.model import BrokenStream, Fragment, Init, read_fragment, read_init

LASTS_MS = 5 * 60_000
"""A recording is cut at the first picture that stands by itself after so long."""
MOST_BYTES = 256 << 20
"""And after so many bytes; offsets fit 32 bits with room to spare."""
GAP_MS = 2_000
"""Nothing for so long is a gap: a new recording begins after it, and players show that nothing is there."""
JUMP_MS = 1_500
"""A camera's clock may be so far from when its pictures come; beyond that it has jumped."""
DAYS = 30
"""Standard Guidelines for Personal Information Protection (Korea), Article 41(2): 30 days where nothing else is set."""

_NTP = 2_208_988_800_000
_ARBITRARY = 8  # the relation of both clocks is ours, and the same throughout a file
_MARK = UUID("7d0a4f3e-5b52-4c47-9a06-64757265ab01").bytes
_PRFT = struct.Struct(">I4sIIQQ")
_KEY = struct.Struct("<II")
_CAMERA_LIMIT = 1_000


_SETTLED_MS = 2_000
_SLEW_MS = 5.0


class Clock:
    """The wall clock of one camera's pictures: the camera's own steps, put where pictures come with the least delay.

    What comes late once was held up on its way; what comes late for two seconds is later. Never backwards.
    """

    def __init__(self) -> None:
        self._last_ms: int | None = None
        self._offset_ms = 0.0
        self._seen: deque[tuple[float, float]] = deque()

    def place(self, picture: Fragment) -> int | None:
        """When the picture was, in milliseconds since 1970; None where it does not follow the one before: a clock
        jumped, or nothing came for too long.
        """
        if self._last_ms is None:
            return None
        step = picture.at_s * 1_000
        self._follow(picture.came_ms, picture.came_ms - step)
        at = round(step + self._offset_ms)
        if abs(at - picture.came_ms) > JUMP_MS or not -JUMP_MS < at - self._last_ms <= GAP_MS:
            return None
        self._last_ms = max(at, self._last_ms + 1)
        return self._last_ms

    def begin(self, picture: Fragment) -> int:
        """Begin anew with this picture; when it was."""
        self._offset_ms = picture.came_ms - picture.at_s * 1_000
        self._seen = deque([(picture.came_ms, self._offset_ms)])
        self._last_ms = round(picture.came_ms)
        return self._last_ms

    def _follow(self, came_ms: float, delay: float) -> None:
        self._seen.append((came_ms, delay))
        while len(self._seen) > 1 and came_ms - self._seen[0][0] > _SETTLED_MS:
            self._seen.popleft()
        least = min(one for _, one in self._seen)
        self._offset_ms = max(least, self._offset_ms - _SLEW_MS)


def stamped(at_ms: int, picture: Fragment, timescale: int) -> bytes:
    """A picture as it is written: behind the box that says when it was."""
    ntp = ((at_ms + _NTP) << 32) // 1_000
    head = _PRFT.pack(_PRFT.size, b"prft", 0x01000000 | _ARBITRARY, 1, ntp, round(picture.at_s * timescale))
    return head + picture.data


def opening(init: Init, camera_id: str) -> bytes:
    """How a file begins: the stream's description, and whose it is."""
    name = camera_id.encode()[:_CAMERA_LIMIT]
    return init.data + (24 + len(name)).to_bytes(4, "big") + b"uuid" + _MARK + name


def path_of(camera_id: str, at: datetime, id_: UUID) -> PurePosixPath:
    """Where a recording lies below the folder: by day, and by camera, whose id may be no file's name."""
    folder = sha256(camera_id.encode()).hexdigest()[:24]
    return PurePosixPath(f"{at:%Y-%m-%d}", folder, f"{at:%H%M%S}-{id_}.mp4")


def id_in(path: PurePosixPath) -> UUID | None:
    """The recording's id in its file's name; None for a file that is none of ours."""
    try:
        return UUID(path.stem.partition("-")[2])
    except ValueError:
        return None


@dataclass(slots=True)
class Keys:
    """Where pictures that stand by themselves begin: milliseconds after the recording's first, and bytes."""

    at_ms: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)

    def add(self, at_ms: int, offset: int) -> None:
        """One more; both grow."""
        self.at_ms.append(at_ms)
        self.offset.append(offset)

    def packed(self) -> bytes:
        """As they are kept in the index: pairs of 32 bits, little-endian."""
        return b"".join(_KEY.pack(*pair) for pair in zip(self.at_ms, self.offset, strict=True))

    @classmethod
    def read(cls, data: bytes) -> "Keys":
        """The other way round. Raises struct.error."""
        pairs = list(_KEY.iter_unpack(data))
        return cls([one[0] for one in pairs], [one[1] for one in pairs])

    def before(self, at_ms: int) -> int:
        """The place of the last one at or before `at_ms`; the first where all are later."""
        return max(0, bisect_right(self.at_ms, at_ms) - 1)

    def until(self, size: int) -> None:
        """Forget those that begin at or after `size` bytes."""
        while self.offset and self.offset[-1] >= size:
            self.offset.pop()
            self.at_ms.pop()


@dataclass(frozen=True, slots=True)
class Shot:
    """A written picture: when it was, whether it stands by itself, where its bytes are (behind its stamp), and its time
    in seconds on the stream's own clock.
    """

    at_ms: int
    key: bool
    start: int
    end: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds: whose it is, its description, its pictures, and up to where it is whole."""

    camera_id: str
    init: Init
    shots: Sequence[Shot]
    size: int

    def keys(self) -> Keys:
        """Its index; the stamp before a picture belongs to it."""
        keys = Keys()
        for shot in self.shots:
            if shot.key:
                keys.add(shot.at_ms - self.shots[0].at_ms, shot.start - _PRFT.size)
        return keys


def read_head(data: bytes) -> tuple[Init, str, int]:
    """The description, the camera's id, and where the pictures begin. Raises BrokenStream."""
    at = 0
    init_end = None
    while True:
        kind, start, end = _box(data, at)
        if kind == b"moov":
            init_end = end
        elif kind == b"uuid" and init_end is not None and data[start : start + 16] == _MARK:
            return read_init(bytes(data[:init_end])), bytes(data[start + 16 : end]).decode(), end
        elif kind not in {b"ftyp", b"free"}:
            raise BrokenStream("no recording of ours")
        at = end


def _box(data: bytes, at: int) -> tuple[bytes, int, int]:
    if len(data) - at < 8:
        raise BrokenStream("a box is cut off")
    size = int.from_bytes(data[at : at + 4], "big")
    if size < 8 or at + size > len(data):
        raise BrokenStream("a box is cut off")
    return bytes(data[at + 4 : at + 8]), at + 8, at + size


def shots(data: bytes, timescale: int, start: int = 0) -> Iterator[Shot]:
    """The whole pictures in `data` from `start` on, a stamp at its beginning; ends where one is cut off or is none."""
    at = start
    while True:
        try:
            stamp, _, after = _box(data, at)
            moof, _, middle = _box(data, after)
            mdat, _, end = _box(data, middle)
            if (stamp, moof, mdat) != (b"prft", b"moof", b"mdat") or after - at != _PRFT.size:
                return
            ntp = int.from_bytes(data[at + 16 : at + 24], "big")
            picture = read_fragment(bytes(data[after:end]), timescale)
        except BrokenStream:
            return
        yield Shot(((ntp * 1_000 + (1 << 31)) >> 32) - _NTP, picture.key, after, end, picture.at_s)
        at = end


def read_file(data: bytes) -> Found:
    """All of a file, as far as it is whole. Raises BrokenStream where not even its head is."""
    init, camera_id, start = read_head(data)
    found = list(shots(data, init.timescale, start))
    return Found(camera_id, init, found, found[-1].end if found else start)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with pictures, both ends included."""

    start_ms: int
    end_ms: int


def spans(parts: Iterable[Span], apart_ms: int = GAP_MS) -> list[Span]:
    """Stretches without a gap: what follows within `apart_ms` is one. In order."""
    out: list[Span] = []
    for part in sorted(parts, key=lambda one: (one.start_ms, one.end_ms)):
        if out and part.start_ms - out[-1].end_ms <= apart_ms:
            out[-1] = Span(out[-1].start_ms, max(out[-1].end_ms, part.end_ms))
        else:
            out.append(part)
    return out


def holes(parts: Iterable[Span], since_ms: int, until_ms: int) -> list[Span]:
    """What of `since_ms` until `until_ms` lies in none of these, where it is more than a gap. In order."""
    out: list[Span] = []
    at_ms = since_ms
    for part in [*spans(parts), Span(until_ms, until_ms)]:
        end = min(part.start_ms, until_ms)
        if end - at_ms > (GAP_MS if at_ms > since_ms or end < until_ms else 0):
            out.append(Span(at_ms, end))
        at_ms = max(at_ms, part.end_ms + 1)
    return out


def oldest_shown(now: datetime, days: int | None) -> datetime:
    """Pictures before this are not shown any more, whether their file is gone yet or not."""
    return now - timedelta(days=DAYS if days is None else days)


def at(ms: float) -> datetime:
    """Milliseconds since 1970 as a time."""
    return datetime.fromtimestamp(ms / 1_000, UTC)


def ms(time: datetime) -> int:
    """A time as milliseconds since 1970."""
    return round(time.timestamp() * 1_000)
