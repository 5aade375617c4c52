"""Fragmented MP4 as it comes out of FFmpeg, taken apart (ISO/IEC 14496-12), and what of it is kept for whom. Pure.

A stream is one initialisation segment (`ftyp` and `moov`) and then fragments (`moof` and `mdat`) of one picture each.
"""

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LARGEST_BOX = 8 << 20
"""Bytes. A picture of a camera is far smaller; what claims more is rubbish."""
MOST_KEPT = 16 << 20
"""Bytes of one group of pictures that are kept for who comes next."""
MOST_PICTURES = 900
"""Pictures of one group that are kept: a minute of a camera that sends a picture to begin with only now and then."""
_NOT_SYNC = 0x10000


class BrokenStream(Exception):
    """What came is not the video that it claims to be."""


@dataclass(frozen=True, slots=True)
class Init:
    """How a stream begins: its bytes, its codec as browsers name it (RFC 6381), and its clock's ticks a second."""

    data: bytes
    codec: str
    timescale: int
    width: int
    height: int

    @property
    def mime(self) -> str:
        """For `MediaSource.isTypeSupported`."""
        return f'video/mp4; codecs="{self.codec}"'


@dataclass(frozen=True, slots=True)
class Fragment:
    """One picture: its bytes, whether it stands by itself, its time in seconds on the stream's clock, and when it came
    in (milliseconds since 1970).
    """

    data: bytes
    key: bool
    at_s: float
    came_ms: float = 0.0


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The boxes side by side in `data[start:end]`: type, and where the content begins and ends. Raises BrokenStream."""
    at, stop = start, len(data) if end is None else end
    while at < stop:
        if stop - at < 8:
            raise BrokenStream("a box is cut off")
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > stop:
            raise BrokenStream("a box has a wrong size")
        yield data[at + 4 : at + 8], at + 8, at + size
        at += size


def inside(data: bytes, *path: bytes) -> list[tuple[int, int]]:
    """Where the contents of all boxes at this path are. Raises BrokenStream."""
    found = [(0, len(data))]
    for step in path:
        found = [(start, end) for outer in found for kind, start, end in boxes(data, *outer) if kind == step]
    return found


class Splitter:
    """Takes a stream apart as it comes. Never holds more than a box and its head."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._parts: list[bytes] = []
        self._init: Init | None = None

    def feed(self, data: bytes, came_ms: float = 0.0) -> list[Init | Fragment]:
        """What `data`, which came at `came_ms`, completes. Raises BrokenStream; nothing more can be read from this
        stream then.
        """
        self._held += data
        found: list[Init | Fragment] = []
        while len(self._held) >= 8:
            size = int.from_bytes(self._held[:4], "big")
            if not 8 <= size <= LARGEST_BOX:
                raise BrokenStream("a box has a wrong size")
            if len(self._held) < size:
                break
            box = bytes(self._held[:size])
            del self._held[:size]
            piece = self._box(box[4:8], box, came_ms)
            if piece is not None:
                found.append(piece)
        return found

    def _box(self, kind: bytes, box: bytes, came_ms: float) -> Init | Fragment | None:
        if kind in {b"ftyp", b"moof"}:
            self._parts = [box]
        elif kind == b"moov":
            self._init = read_init(b"".join([*self._parts, box]))
            self._parts = []
            return self._init
        elif kind == b"mdat" and self._parts:
            if self._init is None:
                raise BrokenStream("a picture came before its description")
            data = b"".join([*self._parts, box])
            self._parts = []
            return read_fragment(data, self._init.timescale, came_ms)
        return None


def read_init(data: bytes) -> Init:
    """An initialisation segment. Raises BrokenStream where it is not exactly one track of video: sound is nowhere
    let through (Personal Information Protection Act, Article 25(5)).
    """
    try:
        handlers = [data[start + 8 : start + 12] for start, _ in inside(data, b"moov", b"trak", b"mdia", b"hdlr")]
        if handlers != [b"vide"]:
            raise BrokenStream("other than one track of video")
        ((clock, _),) = inside(data, b"moov", b"trak", b"mdia", b"mdhd")
        at = clock + (20 if data[clock] == 1 else 12)
        timescale = int.from_bytes(data[at : at + 4], "big")
        ((described, end),) = inside(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        kind, entry, entry_end = next(boxes(data, described + 8, end))
        width, height = struct.unpack_from(">HH", data, entry + 24)
        codec = _codec(data, kind, entry + 78, entry_end)
    except (struct.error, IndexError, StopIteration, ValueError) as error:
        raise BrokenStream("the description cannot be read") from error
    if timescale == 0:
        raise BrokenStream("a clock that stands still")
    return Init(data, codec, timescale, width, height)


def _codec(data: bytes, kind: bytes, start: int, end: int) -> str:
    """RFC 6381's name. H.264: profile, constraints, level of `avcC`; H.265: ISO/IEC 14496-15, annex E.3, of `hvcC`."""
    for name, at, stop in boxes(data, start, end):
        record = data[at:stop]
        if name == b"avcC":
            return f"{kind.decode('ascii')}.{record[1:4].hex()}"
        if name == b"hvcC":
            space = ("", "A", "B", "C")[record[1] >> 6]
            fits = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
            tier = "H" if record[1] & 0x20 else "L"
            marks = record[6:12].rstrip(b"\0")
            rest = "".join(f".{mark:X}" for mark in marks)
            return f"{kind.decode('ascii')}.{space}{record[1] & 0x1F}.{fits:X}.{tier}{record[12]}{rest}"
    raise BrokenStream("a codec that browsers do not know")


def read_fragment(data: bytes, timescale: int, came_ms: float = 0.0) -> Fragment:
    """A fragment. Raises BrokenStream."""
    try:
        ((head, _),) = inside(data, b"moof", b"traf", b"tfhd")
        ((time, _),) = inside(data, b"moof", b"traf", b"tfdt")
        ((run, _),) = inside(data, b"moof", b"traf", b"trun")
        ticks = int.from_bytes(data[time + 4 : time + (12 if data[time] == 1 else 8)], "big")
        flags = _first_flags(data, run)
        if flags is None:
            flags = _default_flags(data, head)
    except (struct.error, IndexError, ValueError) as error:
        raise BrokenStream("a fragment cannot be read") from error
    return Fragment(data, not flags & _NOT_SYNC, ticks / timescale, came_ms)


def _first_flags(data: bytes, run: int) -> int | None:
    """The sample flags that `trun` (8.8.8) gives its first sample."""
    told = int.from_bytes(data[run + 1 : run + 4], "big")
    at = run + 8 + (4 if told & 0x1 else 0)
    if told & 0x4:
        return int(struct.unpack_from(">I", data, at)[0])
    if told & 0x400:
        at += sum(4 for bit in (0x100, 0x200) if told & bit)
        return int(struct.unpack_from(">I", data, at)[0])
    return None


def _default_flags(data: bytes, head: int) -> int:
    """The sample flags that `tfhd` (8.8.7) gives by default; none given: a picture that stands by itself."""
    told = int.from_bytes(data[head + 1 : head + 4], "big")
    at = head + 8 + (8 if told & 0x1 else 0) + sum(4 for bit in (0x2, 0x8, 0x10) if told & bit)
    return int(struct.unpack_from(">I", data, at)[0]) if told & 0x20 else 0


class Kept:
    """The group of pictures that is being shown, from its first on, for who comes next: a new viewer starts at once."""

    def __init__(self, most_bytes: int = MOST_KEPT, most_pictures: int = MOST_PICTURES) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self._most_pictures = most_pictures
        self._group: list[Fragment] = []

    @property
    def group(self) -> Sequence[Fragment]:
        """Begins with a picture that stands by itself, or is empty."""
        return self._group

    def add(self, fragment: Fragment) -> None:
        """One more picture. A group that grows too long is let go: who comes then waits for the next."""
        if fragment.key:
            self.clear()
        elif not self._group:
            return
        self._group.append(fragment)
        self.bytes += len(fragment.data)
        if self.bytes > self._most_bytes or len(self._group) > self._most_pictures:
            self.clear()

    def clear(self) -> None:
        """Nothing is kept any more: the stream begins anew."""
        self._group = []
        self.bytes = 0


class Queue:
    """What one viewer has yet to be sent. Who falls behind loses what waits and goes on with the next picture that
    stands by itself: at the live edge, and with bounded memory.
    """

    def __init__(self, most_bytes: int = 4 << 20, most_pictures: int = 60) -> None:
        self.bytes = 0
        self.dropped = 0
        self._most = self._limit = (most_bytes, most_pictures)
        self._waiting: deque[Fragment] = deque()
        self._needs_key = True

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, group: Sequence[Fragment]) -> None:
        """Start anew with what is kept; one group is never too much for somebody who has just come."""
        self._waiting = deque(group)
        self.bytes = sum(len(one.data) for one in group)
        self._limit = self._most[0] + self.bytes, self._most[1] + len(group)
        self._needs_key = not group

    def put(self, fragment: Fragment) -> None:
        """One more picture, or none, where this viewer waits for one that stands by itself."""
        if self._needs_key and not fragment.key:
            self.dropped += 1
            return
        fresh = self._needs_key
        self._needs_key = False
        most_bytes, most_pictures = self._limit
        full = len(self._waiting) >= most_pictures or self.bytes + len(fragment.data) > most_bytes
        if full and not fresh:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self.bytes = 0
            self._limit = self._most
            if not fragment.key:
                self.dropped += 1
                self._needs_key = True
                return
        self._waiting.append(fragment)
        self.bytes += len(fragment.data)

    def take(self) -> Fragment | None:
        """The next picture to send."""
        if not self._waiting:
            return None
        fragment = self._waiting.popleft()
        self.bytes -= len(fragment.data)
        return fragment


def pause_s(failures: int) -> float:
    """How long to wait before a camera is asked again: longer after each failure in a row, 15 s at most."""
    return min(15.0, 0.5 * 2 ** min(failures, 10)) if failures else 0.0
