"""Pictures into fragmented MP4 (ISO/IEC 14496-12), one fragment a picture, as they come. Pure.

The stream's clock is ours: it goes on by what the camera's stamps say, and where those stand still, go back or leap,
by what a picture usually takes, so that players never meet a hole.
"""

import struct
from collections import deque
from collections.abc import Sequence

from dure.video.model import Fragment, Init, read_init
from dure.video.rtsp.sets import Codec, Shape, avcc, hvcc

CLOCK_HZ = 90_000
_USUAL = CLOCK_HZ // 15
_SHORTEST, _LONGEST = CLOCK_HZ // 240, 2 * CLOCK_HZ
_BACK = CLOCK_HZ
"""Stamps that go back by less are pictures out of order (B); by more, a camera whose clock was set."""
_KEY, _OTHER = 0x02000000, 0x01010000
_FRAGMENT = struct.Struct(">I4sI4sIII4sI4sIII4sIQI4sIIIIIIiI4s")
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: bytes, *content: bytes) -> bytes:
    """A box."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def beginning(codec: Codec, vps: list[bytes], sps: list[bytes], pps: list[bytes], shape: Shape) -> Init:
    """The initialisation segment of a stream with these parameter sets. Raises BrokenStream."""
    if codec is Codec.H264:
        entry, record = b"avc1", box(b"avcC", avcc(sps, pps, shape))
    else:
        entry, record = b"hvc1", box(b"hvcC", hvcc(vps, sps, pps, shape))
    looks = struct.pack(">6xH16xHHIIIH32sHh", 1, shape.width, shape.height, 0x480000, 0x480000, 0, 1, bytes(32), 24, -1)
    table = box(
        b"stbl",
        full(b"stsd", 0, 0, struct.pack(">I", 1), box(entry, looks, record)),
        *(full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco")),
        full(b"stsz", 0, 0, bytes(8)),
    )
    here = full(b"url ", 0, 1)
    media = box(
        b"mdia",
        full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, CLOCK_HZ, 0, 0x55C4, 0)),
        full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"video\0"),
        box(
            b"minf",
            full(b"vmhd", 0, 1, bytes(8)),
            box(b"dinf", full(b"dref", 0, 0, struct.pack(">I", 1), here)),
            table,
        ),
    )
    size = struct.pack(">II", shape.width << 16, shape.height << 16)
    track = box(
        b"trak", full(b"tkhd", 0, 3, struct.pack(">IIIII8xhhhH", 0, 0, 1, 0, 0, 0, 0, 0, 0), _MATRIX, size), media
    )
    movie = box(
        b"moov",
        full(b"mvhd", 0, 0, struct.pack(">IIIIIH10x", 0, 0, 1_000, 0, 0x10000, 0x100), _MATRIX, bytes(24), b"\0\0\0\2"),
        track,
        box(b"mvex", full(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, 0, 0, 0))),
    )
    return read_init(box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41") + movie)


class Muxer:
    """Gives each picture its time on the stream's clock and its fragment."""

    def __init__(self) -> None:
        self._number = 0
        self._stamp: int | None = None  # of the picture before, as the camera said it (RTP, 32 bits)
        self._shown = 0  # of the picture before, on our clock
        self._sent = -1
        self._steps: deque[int] = deque(maxlen=8)
        self._usual = _USUAL

    def picture(self, nals: Sequence[bytes], key: bool, stamp: int, came_ms: float) -> Fragment:
        """A picture's slices, its RTP stamp (1/90,000 s), and when it came (milliseconds since 1970)."""
        shown, sent = self._times(stamp)
        size = sum(map(len, nals)) + 4 * len(nals)
        self._number += 1
        head = _FRAGMENT.pack(
            *(104, b"moof", 16, b"mfhd", 0, self._number, 80, b"traf"),
            *(16, b"tfhd", 0x020000, 1, 20, b"tfdt", 1 << 24, sent),
            *(36, b"trun", 1 << 24 | 0xF01, 1, 112, self._usual, size, _KEY if key else _OTHER, shown - sent),
            *(8 + size, b"mdat"),
        )
        parts = [head]
        for nal in nals:
            parts += (len(nal).to_bytes(4, "big"), nal)
        return Fragment(b"".join(parts), key, sent / CLOCK_HZ, came_ms)

    def _times(self, stamp: int) -> tuple[int, int]:
        """When the picture is shown and when it is decoded, on our clock. Chromium drops pictures after a step of more
        than twice what the picture before was said to take, until the next that stands by itself: longer ones are cut.
        """
        if self._stamp is None:
            self._stamp, self._sent = stamp, self._shown
            return self._shown, self._sent
        step = (stamp - self._stamp + 0x80000000) % 0x100000000 - 0x80000000
        self._stamp = stamp
        told = self._usual
        if 0 < step <= _LONGEST:
            step = min(step, 2 * told)
            self._steps.append(max(step, _SHORTEST))
            self._usual = max(self._steps)
        if step == 0 or not -_BACK < step <= _LONGEST:
            step = told
        self._shown = max(0, self._shown + step)
        least = self._sent + _SHORTEST
        self._sent = least if step < 0 else max(self._shown, least)
        return self._shown, self._sent
