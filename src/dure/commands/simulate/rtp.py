"""H.264 and H.265 on their way: out of FLV, which frames each picture, into RTP packets (RFC 6184, RFC 7798). Pure."""

import struct
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dure.video.masks.flv import Tags, sets, sized

CLOCK_HZ = 90_000
_FU_A = 28
_LARGEST = 1_380


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture: its NAL units without start codes, its time in 1/90,000 s, and whether it stands by itself."""

    nals: tuple[bytes, ...]
    time: int
    key: bool


class FlvReader:
    """Takes FLV apart as it comes. `parameters` are the SPS and PPS once they are known."""

    def __init__(self) -> None:
        self.parameters: tuple[bytes, ...] = ()
        self._tags = Tags()

    def feed(self, data: bytes) -> list[Unit]:
        """The pictures that `data` completes."""
        return [unit for at_ms, body in self._tags.feed(data) for unit in self._video(body, at_ms)]

    def _video(self, body: bytes, at_ms: int) -> list[Unit]:
        if body[0] & 0x80:
            return self._enhanced(body, at_ms)
        if body[1] == 0:
            self.parameters = tuple(nal for each in sets(body[5:]) for nal in each)
            return []
        if body[1] != 1:
            return []
        nals = tuple(sized(body[5:]))
        return [Unit(nals, at_ms * CLOCK_HZ // 1_000, body[0] >> 4 == 1)] if nals else []

    def _enhanced(self, body: bytes, at_ms: int) -> list[Unit]:
        """How FLV carries H.265 (Enhanced RTMP 1): a kind of packet and four letters before what AVC has."""
        kind = body[0] & 0x0F
        if kind == 0:
            self.parameters = tuple(_arrays(body[5:]))
            return []
        if kind not in {1, 3}:
            return []
        nals = tuple(nal for nal in sized(body[8 if kind == 1 else 5 :]) if nal[0] >> 1 < 32)
        return [Unit(nals, at_ms * CLOCK_HZ // 1_000, body[0] >> 4 & 7 == 1)] if nals else []


def _arrays(record: bytes) -> Iterator[bytes]:
    """VPS, SPS and PPS of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1)."""
    at = 23
    for _ in range(record[22]):
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + size]
            at += 2 + size


def packets(
    unit: Unit, sequence: int, source: int, *, began: int = 0, payload_type: int = 96, codec: str = "h264"
) -> list[bytes]:
    """The RTP packets of one picture, from sequence number `sequence` on; the last one carries the marker. `began` is
    what the stream's clock showed at its beginning."""
    payloads = [payload for nal in unit.nals for payload in _CUTS[codec](nal)]
    last = len(payloads) - 1
    return [
        struct.pack(
            ">BBHII",
            0x80,
            payload_type | (0x80 if index == last else 0),
            (sequence + index) & 0xFFFF,
            (began + unit.time) & 0xFFFFFFFF,
            source,
        )
        + payload
        for index, payload in enumerate(payloads)
    ]


def _payloads(nal: bytes) -> Iterator[bytes]:
    """A small NAL unit as it is, a large one in fragments (FU-A)."""
    if len(nal) <= _LARGEST:
        yield nal
        return
    indicator, kind, body = (nal[0] & 0xE0) | _FU_A, nal[0] & 0x1F, nal[1:]
    for at in range(0, len(body), _LARGEST):
        first, last = at == 0, at + _LARGEST >= len(body)
        yield bytes((indicator, kind | (0x80 if first else 0) | (0x40 if last else 0))) + body[at : at + _LARGEST]


def _payloads_h265(nal: bytes) -> Iterator[bytes]:
    """A small NAL unit as it is, a large one in fragments (FU, RFC 7798 section 4.4.3)."""
    if len(nal) <= _LARGEST:
        yield nal
        return
    head, kind, body = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F, nal[2:]
    for at in range(0, len(body), _LARGEST):
        first, last = at == 0, at + _LARGEST >= len(body)
        yield head + bytes((kind | (0x80 if first else 0) | (0x40 if last else 0),)) + body[at : at + _LARGEST]


_CUTS: dict[str, Callable[[bytes], Iterator[bytes]]] = {"h264": _payloads, "h265": _payloads_h265}
"""How each codec's units are cut into payloads; others add theirs."""


def cut_by(codec: str, cut: Callable[[bytes], Iterator[bytes]]) -> None:
    """Another codec's way."""
    _CUTS[codec] = cut


def sound(sequence: int, source: int, canary: bytes) -> bytes:
    """An RTP packet of sound (PCMU, RFC 3551): what must reach nobody."""
    return struct.pack(">BBHII", 0x80, 0, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, source) + canary


def description(parameters: Sequence[bytes], name: str, codec: str = "h264") -> str:
    """The SDP of one stream of pictures (RFC 8866; RFC 6184, 8.2; RFC 7798, 7.2) and one of sound."""
    if codec == "h264":
        sets = ",".join(b64encode(one).decode() for one in parameters)
        format_ = f"packetization-mode=1;profile-level-id={parameters[0][1:4].hex()};sprop-parameter-sets={sets}"
    else:
        names = ("vps", "sps", "pps")
        format_ = ";".join(f"sprop-{k}={b64encode(one).decode()}" for k, one in zip(names, parameters, strict=False))
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "m=video 0 RTP/AVP 96",
        f"a=rtpmap:96 {codec.upper()}/{CLOCK_HZ}",
        f"a=fmtp:96 {format_}",
        "a=control:track1",
        "m=audio 0 RTP/AVP 0",
        "a=rtpmap:0 PCMU/8000",
        "a=control:track2",
    )
    return "\r\n".join(lines) + "\r\n"
