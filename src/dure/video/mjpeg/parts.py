"""Pictures out of a body of multipart/x-mixed-replace (RFC 2046, 5.1) as cameras send it. Pure.

How long a part is said to be is not believed: a JPEG says itself where it ends (ITU-T T.81, B.1). Parts that are no
pictures (cameras send sound so, too) are left out unread.
"""

import re
from dataclasses import dataclass

from dure.video.model import BrokenStream

LARGEST = 8 << 20
"""Bytes of one picture."""
MOST_PIXELS = 40_000_000
_LARGEST_HEAD = 8 << 10
_MOST_OTHER = 1 << 20
"""Bytes that are no picture, between two of them."""
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_BARE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole JPEG and its size as it says."""

    data: bytes
    width: int
    height: int


def boundary_of(kind: str) -> bytes | None:
    """What stands between parts, by `Content-Type`; None where it is no stream of parts."""
    name, *more = (one.strip() for one in kind.split(";"))
    if name.lower() not in ("multipart/x-mixed-replace", "multipart/mixed"):
        return None
    told = {key.strip().lower(): value.strip().strip('"') for key, _, value in (one.partition("=") for one in more)}
    found = told.get("boundary", "").lstrip("-").encode("latin-1", "replace")
    return found if 0 < len(found) <= 100 else None


class Parts:
    """Takes a body apart as it comes. Never holds more than one picture and what came with its end."""

    def __init__(self, boundary: bytes) -> None:
        self._boundary = boundary
        self._held = bytearray()
        self._other = 0
        self._inside = False
        self._at = 0  # up to where a picture is known
        self._scanning = False
        self._size = (0, 0)

    def feed(self, data: bytes) -> list[Picture]:
        """The pictures that `data` completes. Raises BrokenStream."""
        self._held += data
        found: list[Picture] = []
        while True:
            if not self._inside:
                if not self._entered():
                    return found
            elif (end := self._end()) is None:
                if len(self._held) > LARGEST:
                    raise BrokenStream("a picture without end")
                return found
            else:
                found.append(Picture(bytes(self._held[:end]), *self._size))
                del self._held[:end]
                self._inside, self._other = False, 0

    def _entered(self) -> bool:
        """Whether the head of a part with a picture has been read."""
        held = self._held
        at = held.find(self._boundary)
        if at < 0:
            self._skip(max(0, len(held) - len(self._boundary)))
            return False
        line = at + len(self._boundary)
        ends = [(stop, long) for mark, long in ((b"\r\n\r\n", 4), (b"\n\n", 2)) if (stop := held.find(mark, line)) >= 0]
        if not ends:
            self._skip(at)
            if len(held) > _LARGEST_HEAD:
                raise BrokenStream("a head without end")
            return False
        stop, long = min(ends)
        head = bytes(held[line:stop]).decode("latin-1").lower()
        if stop - line > _LARGEST_HEAD or head.startswith("--"):
            raise BrokenStream("no more parts")
        self._skip(stop + long)
        self._inside = "content-type:" not in head or re.search(r"content-type:\s*image/jpe?g", head) is not None
        self._at, self._scanning, self._size = 0, False, (0, 0)
        return True

    def _skip(self, count: int) -> None:
        self._other += count
        if self._other > _MOST_OTHER:
            raise BrokenStream("nothing but other things")
        del self._held[:count]

    def _end(self) -> int | None:
        """Where the picture ends; None while it is not known. Goes on where it stood."""
        held = self._held
        if len(held) < 2:
            return None
        if held[:2] != b"\xff\xd8":
            raise BrokenStream("no JPEG")
        self._at = max(self._at, 2)
        while len(held) >= self._at + 4 or (len(held) >= self._at + 2 and held[self._at + 1] == _END):
            if self._scanning:
                found = _NEXT.search(held, self._at)
                if found is None:
                    self._at = max(self._at, len(held) - 1)
                    return None
                self._at, self._scanning = found.start(), False
                continue
            marker = held[self._at + 1]
            if held[self._at] != 0xFF:
                raise BrokenStream("no JPEG")
            if marker == _END:
                return self._whole(self._at + 2)
            if marker == 0xFF or marker in _BARE:
                self._at += 1 if marker == 0xFF else 2
                continue
            if not self._segment(marker):
                return None
        return None

    def _segment(self, marker: int) -> bool:
        """Step over a segment; False where too little of it is there."""
        held, at = self._held, self._at
        long = held[at + 2] << 8 | held[at + 3]
        if long < 2:
            raise BrokenStream("no JPEG")
        if marker in _FRAMES:
            if len(held) < at + 9:
                return False
            high, wide = int.from_bytes(held[at + 5 : at + 7], "big"), int.from_bytes(held[at + 7 : at + 9], "big")
            if min(high, wide) < 8 or high * wide > MOST_PIXELS:
                raise BrokenStream("a picture of no size")
            self._size = wide, high
        self._at = at + 2 + long
        self._scanning = marker == _SCAN
        return True

    def _whole(self, end: int) -> int:
        if self._size == (0, 0):
            raise BrokenStream("a picture of no size")
        return end
