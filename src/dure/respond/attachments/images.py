"""Still images, put together anew from the chunks that carry the picture: PNG (ISO/IEC 15948), WebP (RFC 9649)."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS: Final = 64_000_000
"""More than any telephone takes; beyond it whoever looks would pay."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND"})


class Refused(Exception):
    """A file that is not taken; `key` says why, `at` where (a line, a name)."""

    def __init__(self, key: str, at: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.at = at


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a file, and what was left out (`location`, `details`, `behind`, `animation`)."""

    content: bytes
    left_out: frozenset[str] = frozenset()


def check_size(width: int, height: int) -> None:
    """Raises Refused for no picture at all, or too many pixels."""
    if not width or not height:
        raise Refused("respond.attachment.broken")
    if width * height > MOST_PIXELS:
        raise Refused("respond.attachment.pixels")


def png(content: bytes) -> Kept:
    """A PNG without text, place, profiles, animation and what follows its end. Each checksum must be right, and what
    is packed must be exactly the picture.
    """
    out, left_out, data = [PNG], set[str](), []
    at, begun = len(PNG), False
    bound = 0
    while True:
        if at + 12 > len(content):
            raise Refused("respond.attachment.broken")
        (length,) = struct.unpack_from(">I", content, at)
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(content) or zlib.crc32(kind + body) != struct.unpack_from(">I", content, end - 4)[0]:
            raise Refused("respond.attachment.broken")
        if not begun:
            if kind != b"IHDR":
                raise Refused("respond.attachment.broken")
            begun, bound = True, _bound(body)
        if kind in _PICTURE:
            out.append(content[at:end])
        elif kind in {b"acTL", b"fcTL", b"fdAT"}:
            left_out.add("animation")
        elif not kind[0] & 0x20:  # a critical chunk that is none of the standard's
            raise Refused("respond.attachment.broken")
        else:
            left_out.add("location" if kind == b"eXIf" else "details")
        if kind == b"IDAT":
            data.append(body)
        at = end
        if kind == b"IEND":
            break
    if at != len(content):
        left_out.add("behind")
    _check_packed(data, bound)
    return Kept(b"".join(out), frozenset(left_out))


def _bound(header: bytes) -> int:
    """The bytes of the unpacked picture at most (each of seven passes of an interlaced one has its own lines)."""
    if len(header) != 13:
        raise Refused("respond.attachment.broken")
    width, height, depth, colour, _packing, _filter, interlaced = struct.unpack(">IIBBBBB", header)
    check_size(width, height)
    if colour not in _CHANNELS or depth not in {1, 2, 4, 8, 16}:
        raise Refused("respond.attachment.broken")
    line = (width * depth * _CHANNELS[colour] + 7) // 8 + 1
    return int(line * height + (8 * (height + 8) + 64 * 8 if interlaced else 0)) * (2 if interlaced else 1)


def _check_packed(data: list[bytes], bound: int) -> None:
    inflate, size = zlib.decompressobj(), 0
    try:
        for piece in data:
            rest = piece
            while rest:
                size += len(inflate.decompress(rest, 1 << 20))
                rest = inflate.unconsumed_tail
                if size > bound:
                    raise Refused("respond.attachment.bomb")
    except zlib.error as error:
        raise Refused("respond.attachment.broken") from error
    if not inflate.eof:
        raise Refused("respond.attachment.broken")


def webp(content: bytes) -> Kept:
    """A WebP without place, details, profiles and what follows its end. Moving ones are refused."""
    end = struct.unpack_from("<I", content, 4)[0] + 8
    if end > len(content) + 1:
        raise Refused("respond.attachment.broken")
    left_out = {"behind"} if len(content) > end + 1 else set[str]()
    chunks, at, pictured = [], 12, False
    while at + 8 <= min(end, len(content)):
        kind, length = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        body = content[at + 8 : at + 8 + length]
        if len(body) != length:
            raise Refused("respond.attachment.broken")
        at += 8 + length + (length & 1)
        if kind in {b"ANIM", b"ANMF"}:
            raise Refused("respond.attachment.moving")
        if kind == b"VP8X":
            check_size(*_extended(body))
            body = bytes([body[0] & 0x10]) + body[1:]  # of what it announces only transparency stays
        elif kind in {b"VP8 ", b"VP8L"}:
            check_size(*(_lossy(body) if kind == b"VP8 " else _lossless(body)))
            pictured = True
        elif kind != b"ALPH":
            left_out.add("location" if kind in {b"EXIF", b"XMP "} else "details")
            continue
        chunks.append(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1))
    if not pictured:
        raise Refused("respond.attachment.broken")
    whole = b"WEBP" + b"".join(chunks)
    return Kept(b"RIFF" + struct.pack("<I", len(whole)) + whole, frozenset(left_out))


def _extended(body: bytes) -> tuple[int, int]:
    if len(body) != 10:
        raise Refused("respond.attachment.broken")
    return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1


def _lossy(body: bytes) -> tuple[int, int]:
    if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a":
        raise Refused("respond.attachment.broken")
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(body: bytes) -> tuple[int, int]:
    if len(body) < 5 or body[0] != 0x2F:
        raise Refused("respond.attachment.broken")
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
