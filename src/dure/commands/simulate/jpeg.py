"""Motion JPEG on its way: out of FFmpeg's output, into RTP packets (RFC 2435). Pure."""

import struct
from collections.abc import Iterator

from dure.commands.simulate.rtp import CLOCK_HZ, Unit, cut_by

_LARGEST = 1_300
_TABLES = 128  # two of 64 bytes, as baseline JPEG has them


class JpegReader:
    """Takes pictures apart that come one after the other, `rate` a second."""

    def __init__(self, rate: int) -> None:
        self.parameters: tuple[bytes, ...] = ()
        self._step = CLOCK_HZ // rate
        self._held = bytearray()
        self._count = 0

    def feed(self, data: bytes) -> list[Unit]:
        """The pictures that `data` completes."""
        self._held += data
        found: list[Unit] = []
        while (end := self._held.find(b"\xff\xd9")) >= 0:
            picture = bytes(self._held[: end + 2])
            del self._held[: end + 2]
            self.parameters = (b"jpeg",)
            found.append(Unit((picture,), self._count * self._step, True))
            self._count += 1
        return found


def payloads(picture: bytes) -> Iterator[bytes]:
    """A picture as packets carry it: without its head, whose tables come in the first (RFC 2435, 3.1)."""
    tables, kind, width, height, scan = _parts(picture)
    for at in range(0, len(scan), _LARGEST):
        head = struct.pack(">I", at) + bytes((kind, 255, width // 8, height // 8))
        if at == 0:
            head += struct.pack(">HH", 0, len(tables)) + tables
        yield head + scan[at : at + _LARGEST]


def _parts(picture: bytes) -> tuple[bytes, int, int, int, bytes]:
    """Its quantization tables, the kind of sampling (RFC 2435, 4.1), width, height, and its scan."""
    at, tables, kind, width, height = 2, b"", 1, 0, 0
    while True:
        marker, size = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        body = picture[at + 4 : at + 2 + size]
        if marker == 0xDB:
            tables += b"".join(body[start + 1 : start + 65] for start in range(0, len(body), 65))
        elif marker == 0xC0:
            height, width, kind = *struct.unpack(">HH", body[1:5]), int(body[7] == 0x22)
        at += 2 + size
        if marker == 0xDA:
            return (tables * 2)[:_TABLES], kind, width, height, picture[at:-2]


def description(name: str) -> str:
    """The SDP of a stream of JPEG pictures and one of sound."""
    lines = ("v=0", "o=- 0 0 IN IP4 127.0.0.1", f"s={name}", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
             "m=video 0 RTP/AVP 26", "a=control:track1", "m=audio 0 RTP/AVP 0", "a=control:track2")  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


cut_by("jpeg", payloads)
