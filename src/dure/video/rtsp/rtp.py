"""RTP packets (RFC 3550) into pictures: H.264 (RFC 6184: single, STAP-A, FU-A) and H.265 (RFC 7798: single, AP, FU).
Pure; packets come in order, over TCP.
"""

from dataclasses import dataclass

from dure.video.model import LARGEST_BOX, BrokenStream
from dure.video.rtsp.sets import Codec

MOST_STRANGE = 200
"""So many units in a row that are none of the codec's: the camera lied about it."""
_MOST_UNITS = 1_024
_HEAD = 12


@dataclass(frozen=True, slots=True)
class Packet:
    """What RTP says around a payload."""

    kind: int
    marker: bool
    sequence: int
    stamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit: its NAL units without start codes, and its stamp in ticks of the stream's clock (32 bits)."""

    nals: list[bytes]
    stamp: int


def packet(data: bytes) -> Packet | None:
    """An RTP packet; None for one that is cut off or of another version."""
    if len(data) < _HEAD or data[0] >> 6 != 2:
        return None
    first = data[0]
    at, end = _HEAD + 4 * (first & 0xF), len(data)
    if first & 0x10:
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    if first & 0x20:
        end -= data[-1]
    if at > end:
        return None
    return Packet(
        data[1] & 0x7F,
        data[1] >= 0x80,
        int.from_bytes(data[2:4], "big"),
        int.from_bytes(data[4:8], "big"),
        data[at:end],
    )


class Assembler:
    """Puts pictures together. One of which a packet is missing is left out."""

    def __init__(self, codec: Codec, kind: int) -> None:
        self.lost = 0
        self._long = 1 if codec is Codec.H264 else 2  # bytes of a NAL unit's head
        self._kind = kind
        self._nals: list[bytes] = []
        self._parts: list[bytes] = []
        self._bytes = 0
        self._stamp: int | None = None
        self._expected: int | None = None
        self._whole = True
        self._strange = 0

    def feed(self, data: bytes) -> list[Unit]:
        """What a packet completes. Raises BrokenStream where it cannot be the codec that was promised."""
        one = packet(data)
        if one is None or one.kind != self._kind:
            if one is not None and one.sequence == self._expected:  # of the same count, and nothing to us
                self._expected = (one.sequence + 1) & 0xFFFF
            self._stranger()
            return []
        found: list[Unit] = []
        hole = self._expected is not None and one.sequence != self._expected
        self._whole = self._whole and not hole
        if self._stamp is not None and one.stamp != self._stamp:
            found += self._done()
        self._stamp = one.stamp
        if hole:  # whether it was at the end of the one or at the beginning of the other nobody can tell
            self.lost += 1
            self._whole = False
            self._parts = []
        self._expected = (one.sequence + 1) & 0xFFFF
        self._payload(one.payload)
        if one.marker:
            found += self._done()
            self._stamp = None
        return found

    def _payload(self, data: bytes) -> None:
        if len(data) <= self._long:
            return
        self._bytes += len(data)
        if self._bytes > LARGEST_BOX or len(self._nals) > _MOST_UNITS:
            raise BrokenStream("a picture without end")
        kind = data[0] & 0x1F if self._long == 1 else data[0] >> 1 & 0x3F
        together, pieces = (24, 28) if self._long == 1 else (48, 49)
        if kind == together:
            self._together(data)
        elif kind == pieces:
            self._piece(data)
        elif (1 <= kind <= 23) if self._long == 1 else (kind <= 47 and data[1] & 7):
            self._nals.append(data)
            self._strange = 0
        else:
            self._stranger()

    def _together(self, data: bytes) -> None:
        at = self._long
        while at + 2 < len(data):
            size = int.from_bytes(data[at : at + 2], "big")
            if size <= self._long or at + 2 + size > len(data):
                self._stranger()
                return
            self._nals.append(data[at + 2 : at + 2 + size])
            at += 2 + size

    def _piece(self, data: bytes) -> None:
        long = self._long
        told = data[long]
        if told & 0x80:
            kind = told & (0x1F if long == 1 else 0x3F)
            head = bytes((data[0] & 0xE0 | kind,)) if long == 1 else bytes((data[0] & 0x81 | kind << 1, data[1]))
            self._parts = [head, data[long + 1 :]]
        elif self._parts:
            self._parts.append(data[long + 1 :])
        else:
            self._whole = False  # its beginning never came
        if told & 0x40 and self._parts:
            self._nals.append(b"".join(self._parts))
            self._parts = []
            self._strange = 0

    def _stranger(self) -> None:
        self._strange += 1
        if self._strange > MOST_STRANGE:
            raise BrokenStream("not the codec that was promised")

    def _done(self) -> list[Unit]:
        """The picture that is complete now."""
        nals, whole, stamp = self._nals, self._whole and not self._parts, self._stamp
        self._nals, self._parts, self._bytes, self._whole = [], [], 0, True
        return [Unit(nals, stamp)] if nals and whole and stamp is not None else []
