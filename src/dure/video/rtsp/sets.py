"""Parameter sets of H.264 (Rec. ITU-T H.264, 7.3.2.1) and H.265 (Rec. ITU-T H.265, 7.3.2.2): how large a picture is,
and the records that players want (ISO/IEC 14496-15). Pure.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

from dure.video.model import BrokenStream

LARGEST_SET = 4_096
"""Bytes. Parameter sets are some dozens."""
_CHROMA_TOLD = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_MOST_PIXELS = 16_384


class Codec(StrEnum):
    """What a camera may send that browsers play as it is."""

    H264 = "h264"
    H265 = "h265"


@dataclass(frozen=True, slots=True)
class Shape:
    """A picture as its parameter set describes it."""

    id: int
    width: int
    height: int
    chroma: int
    luma_bits: int
    chroma_bits: int
    layers: int = 1
    nested: int = 1


class _Bits:
    """Bits from the left, with Exp-Golomb codes (H.264, 9.1). Raises BrokenStream at the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise BrokenStream("a parameter set is cut off")
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise BrokenStream("a number without end")
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def plain(nal: bytes) -> bytes:
    """A NAL unit without the bytes that keep start codes out of it (H.264, 7.4.1)."""
    return nal.replace(b"\0\0\3", b"\0\0")


def h264(sps: bytes) -> Shape:
    """An SPS of H.264. Raises BrokenStream."""
    data = plain(sps)
    if len(data) < 5:
        raise BrokenStream("a parameter set is cut off")
    bits = _Bits(data[4:])
    number, chroma, luma_bits, chroma_bits = bits.ue(), 1, 8, 8
    if data[1] in _CHROMA_TOLD:
        chroma = bits.ue()
        if chroma == 3:
            bits.take(1)
        luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 12 if chroma == 3 else 8)
    bits.ue()
    _skip_order(bits)
    bits.ue()
    bits.take(1)
    wide, high = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    fields = 2 - frames_only
    across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * fields
    left, right, top, bottom = (bits.ue(), bits.ue(), bits.ue(), bits.ue()) if bits.take(1) else (0, 0, 0, 0)
    width, height = wide * 16 - across * (left + right), high * 16 * fields - down * (top + bottom)
    return _sound(Shape(number, width, height, chroma, luma_bits, chroma_bits))


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _skip_order(bits: _Bits) -> None:
    """How the order of pictures is counted."""
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.take(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 256)):
            bits.se()


def h265(sps: bytes) -> Shape:
    """An SPS of H.265. Raises BrokenStream."""
    data = plain(sps)
    if len(data) < 16:
        raise BrokenStream("a parameter set is cut off")
    bits = _Bits(data[2:])
    bits.take(4)
    layers, nested = bits.take(3) + 1, bits.take(1)
    bits.take(96)
    told = [bits.take(2) for _ in range(layers - 1)]
    if told:
        bits.take(2 * (8 - len(told)))
    for one in told:
        bits.take(88 * (one >> 1) + 8 * (one & 1))
    number, chroma = bits.ue(), bits.ue()
    if chroma == 3:
        bits.take(1)
    width, height = bits.ue(), bits.ue()
    if bits.take(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= (2 if chroma in (1, 2) else 1) * (left + right)
        height -= (2 if chroma == 1 else 1) * (top + bottom)
    return _sound(Shape(number, width, height, chroma, 8 + bits.ue(), 8 + bits.ue(), layers, nested))


def _sound(shape: Shape) -> Shape:
    if not (8 <= shape.width <= _MOST_PIXELS and 8 <= shape.height <= _MOST_PIXELS):
        raise BrokenStream("a picture of no size")
    if shape.chroma > 3 or not (8 <= shape.luma_bits <= 16 and 8 <= shape.chroma_bits <= 16):
        raise BrokenStream("a picture of no colour")
    return shape


def avcc(sps: list[bytes], pps: list[bytes], shape: Shape) -> bytes:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    first = sps[0]
    parts = [b"\x01", first[1:4], b"\xff", bytes((0xE0 | len(sps),)), *map(_long, sps), bytes((len(pps),))]
    parts += map(_long, pps)
    if first[1] in {100, 110, 122, 144}:
        parts.append(bytes((0xFC | shape.chroma, 0xF8 | (shape.luma_bits - 8), 0xF8 | (shape.chroma_bits - 8), 0)))
    return b"".join(parts)


def hvcc(vps: list[bytes], sps: list[bytes], pps: list[bytes], shape: Shape) -> bytes:
    """HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1)."""
    profile = plain(sps[0])[3:15]
    head = struct.pack(
        ">B12sHBBBBHBB",
        1,
        profile,
        0xF000,
        0xFC,
        0xFC | shape.chroma,
        0xF8 | (shape.luma_bits - 8),
        0xF8 | (shape.chroma_bits - 8),
        0,
        shape.layers << 3 | shape.nested << 2 | 3,
        3,
    )
    arrays = [
        bytes((0x80 | kind,)) + len(sets).to_bytes(2, "big") + b"".join(map(_long, sets))
        for kind, sets in ((32, vps), (33, sps), (34, pps))
    ]
    return head + b"".join(arrays)


def _long(nal: bytes) -> bytes:
    return len(nal).to_bytes(2, "big") + nal
