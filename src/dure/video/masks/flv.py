"""FLV as FFmpeg writes it (Adobe Flash Video File Format 10.1, annex E), taken apart: H.264 pictures alone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from dure.video.model import LARGEST_BOX, BrokenStream

_HEADER, _TAG, _TRAILER = 13, 11, 4
_VIDEO = 9


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's NAL units, whether it stands by itself, and its time in milliseconds."""

    nals: tuple[bytes, ...]
    key: bool
    at_ms: int


class Tags:
    """Takes a stream apart into the bodies of its video tags, as it comes."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Time in milliseconds and body of each video tag that `data` completes. Raises BrokenStream."""
        self._held += data
        found: list[tuple[int, bytes]] = []
        if not self._begun:
            if len(self._held) < _HEADER:
                return found
            del self._held[:_HEADER]
            self._begun = True
        while len(self._held) >= _TAG:
            size = int.from_bytes(self._held[1:4], "big")
            if size > LARGEST_BOX:
                raise BrokenStream("a tag has a wrong size")
            if len(self._held) < _TAG + size + _TRAILER:
                break
            kind, at_ms = self._held[0], int.from_bytes(self._held[4:7], "big") | self._held[7] << 24
            body = bytes(self._held[_TAG : _TAG + size])
            del self._held[: _TAG + size + _TRAILER]
            if kind == _VIDEO and size > 5:
                found.append((at_ms, body))
        return found


class Reader:
    """Takes a stream of H.264 apart. `sps` and `pps` stand before the first picture."""

    def __init__(self) -> None:
        self.sps: list[bytes] = []
        self.pps: list[bytes] = []
        self._tags = Tags()

    def feed(self, data: bytes) -> list[Picture]:
        """The pictures that `data` completes. Raises BrokenStream."""
        found: list[Picture] = []
        for at_ms, body in self._tags.feed(data):
            if body[1] == 0:
                self.sps, self.pps = sets(body[5:])
            elif body[1] == 1:
                found.append(Picture(tuple(sized(body[5:])), body[0] >> 4 == 1, at_ms))
        return found


def sets(record: bytes) -> list[list[bytes]]:
    """SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    found: list[list[bytes]] = []
    at = 5
    for mask in (0x1F, 0xFF):
        count, at = record[at] & mask, at + 1
        found.append([])
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            found[-1].append(record[at + 2 : at + 2 + size])
            at += 2 + size
    return found


def sized(data: bytes) -> Iterator[bytes]:
    """NAL units, each behind its size of four bytes."""
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size
