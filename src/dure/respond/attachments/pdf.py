"""PDF (ISO 32000): refused where anything in it acts by itself, is packed inside it, or cannot be looked into.

Names are looked for in the file's bytes and in its object streams, which are unpacked with a bound. Nothing is drawn.
"""

import re
import zlib
from typing import Final

from dure.respond.attachments.images import Kept, Refused

UNPACKED: Final = 64 << 20
"""Bytes that the object streams of a file may become together; they hold words, not pictures."""
_RATIO = 300
_ACTS = {
    b"JavaScript": "script",
    b"Rendition": "script",  # the only other act that may carry one
    b"Launch": "launch",
    b"EmbeddedFile": "embedded",
    b"EmbeddedFiles": "embedded",
    b"RichMedia": "media",
    b"Movie": "media",
    b"Sound": "media",
    b"XFA": "form",
    b"SubmitForm": "form",
    b"ImportData": "form",
    b"GoToR": "elsewhere",
    b"GoToE": "elsewhere",
    b"Encrypt": "locked",
}
_NAME = re.compile(rb"/([^\s/<>\[\](){}%]{1,60})")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_OBJECTS = re.compile(rb"/Type\s*/ObjStm\b")
_STREAM = re.compile(rb"stream\r?\n")


def checked(content: bytes) -> Kept:
    """The file as it is, up to its last end mark. Raises Refused."""
    end = content.rfind(b"%%EOF")
    if end < 0 or content.rfind(b"startxref", 0, end) < 0:
        raise Refused("respond.attachment.broken")
    whole = content[: end + 5] + b"\n"
    _look(whole)
    # A name may be written with #xx also where it says that a stream holds objects: then none is found, and is refused.
    spelled = len(_spelled(whole, b"ObjStm"))
    streams = [match.start() for match in _OBJECTS.finditer(whole)]
    if spelled != len(streams):
        raise Refused("respond.attachment.active", "hidden")
    room = UNPACKED
    for at in streams:
        inner = _unpacked(whole, at, room)
        room -= len(inner)
        _look(inner)
    return Kept(whole, frozenset({"behind"}) if content[end + 5 :].strip() else frozenset())


def _look(part: bytes) -> None:
    for match in _NAME.finditer(part):
        name = match[1]
        if b"#" in name:
            name = _HEX.sub(lambda found: bytes([int(found[1], 16)]), name)
        if (why := _ACTS.get(name)) is not None:
            raise Refused("respond.attachment.locked" if why == "locked" else "respond.attachment.active", why)


def _spelled(part: bytes, wanted: bytes) -> list[bytes]:
    names = (_HEX.sub(lambda found: bytes([int(found[1], 16)]), match[1]) for match in _NAME.finditer(part))
    return [name for name in names if name == wanted]


def _unpacked(whole: bytes, at: int, room: int) -> bytes:
    """What an object stream holds. The dictionary stands before `stream`, the data until `endstream`."""
    begin = whole.rfind(b"obj", 0, at)
    start = _STREAM.search(whole, at)
    if begin < 0 or start is None:
        raise Refused("respond.attachment.broken")
    dictionary = whole[begin : start.start()]
    if len(dictionary) > 4_000 or not re.search(rb"/Filter\s*\[?\s*/FlateDecode\s*\]?", dictionary):
        raise Refused("respond.attachment.active", "hidden")
    if b"/DecodeParms" in dictionary:
        raise Refused("respond.attachment.active", "hidden")
    end = whole.find(b"endstream", start.end())
    packed = whole[start.end() : end if end >= 0 else len(whole)]
    inflate = zlib.decompressobj()
    try:
        inner = inflate.decompress(packed, min(room, max(1 << 20, len(packed) * _RATIO)) + 1)
    except zlib.error as error:
        raise Refused("respond.attachment.broken") from error
    if inflate.unconsumed_tail or len(inner) > room:
        raise Refused("respond.attachment.bomb")
    return inner
