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


class Reader:
    """Takes a stream apart as it comes. `sps` and `pps` stand before the first picture."""

    def __init__(self) -> None:
        self.sps: list[bytes] = []
        self.pps: list[bytes] = []
        self._held = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[Picture]:
        """The pictures that `data` completes. Raises BrokenStream."""
        self._held += data
        found: list[Picture] = []
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
            if kind == _VIDEO and size > 5 and body[1] == 0:
                self._sets(body[5:])
            elif kind == _VIDEO and size > 5 and body[1] == 1:
                found.append(Picture(tuple(_sized(body[5:])), body[0] >> 4 == 1, at_ms))
        return found

    def _sets(self, record: bytes) -> None:
        """An AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
        found: list[list[bytes]] = []
        at = 5
        for mask in (0x1F, 0xFF):
            count, at = record[at] & mask, at + 1
            found.append([])
            for _ in range(count):
                size = int.from_bytes(record[at : at + 2], "big")
                found[-1].append(record[at + 2 : at + 2 + size])
                at += 2 + size
        self.sps, self.pps = found


def _sized(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size
