"""JPEG (ITU-T T.81), put together anew from the segments that carry the picture. Of Exif only the way up is kept."""

import struct
from typing import Final

from dure.respond.attachments.images import Kept, Refused, check_size

MOST_SCANS: Final = 100
"""A progressive photo has about ten; thousands keep whoever looks busy for minutes."""
_TABLES = frozenset({0xDB, 0xC4, 0xDD})  # DQT, DHT, DRI
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_ORIENTATION, _GPS = 0x0112, 0x8825


def rebuilt(content: bytes) -> Kept:
    """The picture without place, camera, time, comments, thumbnails, profiles and what follows its end."""
    out, left_out, at = [b"\xff\xd8"], set[str](), 2
    frames = scans = 0
    way_up = 1
    while True:
        marker, at = _marker(content, at)
        if marker == 0xD9:
            break
        if marker in {0x01, 0xD8} or 0xD0 <= marker <= 0xD7:
            raise Refused("respond.attachment.broken")
        body, at = _body(content, at)
        if marker in _FRAMES:
            frames += 1
            _check_frame(body)
            out += [_segment(0xE1, _exif(way_up))] if way_up != 1 else []
            out.append(_segment(marker, body))
        elif marker == 0xDA:
            scans += 1
            end = _entropy(content, at)
            out += [_segment(marker, body), content[at:end]]
            at = end
        elif marker in _TABLES or (marker == 0xEE and body[:5] == b"Adobe"):
            out.append(_segment(marker, body))
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            found, way = _metadata(marker, body)
            left_out |= found
            way_up = way or way_up
        else:
            raise Refused("respond.attachment.broken")
        if frames > 1 or scans > MOST_SCANS:
            raise Refused("respond.attachment.broken")
    if not frames or not scans:
        raise Refused("respond.attachment.broken")
    if at < len(content):
        left_out.add("behind")
    return Kept(b"".join([*out, b"\xff\xd9"]), frozenset(left_out))


def _marker(content: bytes, at: int) -> tuple[int, int]:
    if at >= len(content) or content[at] != 0xFF:
        raise Refused("respond.attachment.broken")
    while at < len(content) and content[at] == 0xFF:
        at += 1
    if at >= len(content) or content[at] == 0:
        raise Refused("respond.attachment.broken")
    return content[at], at + 1


def _body(content: bytes, at: int) -> tuple[bytes, int]:
    if at + 2 > len(content):
        raise Refused("respond.attachment.broken")
    (length,) = struct.unpack_from(">H", content, at)
    if length < 2 or at + length > len(content):
        raise Refused("respond.attachment.broken")
    return content[at + 2 : at + length], at + length


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def _entropy(content: bytes, at: int) -> int:
    """Where the packed data of a scan end: at the first marker that neither escapes nor restarts."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise Refused("respond.attachment.broken")
        following = content[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        else:
            return at


def _check_frame(body: bytes) -> None:
    if len(body) < 6 or body[0] != 8 or len(body) != 6 + 3 * body[5] or body[5] not in {1, 3, 4}:
        raise Refused("respond.attachment.broken")
    height, width = struct.unpack_from(">HH", body, 1)
    check_size(width, height)


def _metadata(marker: int, body: bytes) -> tuple[set[str], int | None]:
    if marker == 0xE0 and body[:5] == b"JFIF\0":
        return set(), None
    if marker == 0xE1 and body[:6] == b"Exif\0\0":
        tags = _tags(body[6:])
        way = tags.get(_ORIENTATION)
        found = {"location"} if _GPS in tags else set[str]()
        return found | {"details"}, way if way is not None and 1 <= way <= 8 else None
    if marker == 0xE1 and b"http://ns.adobe.com/xap" in body[:40] and b"GPS" in body:
        return {"location"}, None
    return {"details"}, None


def _tags(tiff: bytes) -> dict[int, int]:
    """The tags of the first directory with the first 16 bits of their values; nothing where it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return {}
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return {}
    (many,) = struct.unpack_from(order + "H", tiff, start)
    found = {}
    for each in range(min(many, 500)):
        at = start + 2 + 12 * each
        if at + 12 > len(tiff):
            break
        tag, _type, _count, value = struct.unpack_from(order + "HHIH", tiff, at)
        found[tag] = value
    return found


def _exif(way_up: int) -> bytes:
    """An Exif block that says which way is up, and nothing else."""
    return b"Exif\0\0" + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, way_up, 0, 0)
