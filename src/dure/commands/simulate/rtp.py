"""H.264 on its way: out of FLV, which frames each picture, into RTP packets (RFC 6184). Pure."""

import struct
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CLOCK_HZ = 90_000
_HEADER, _TAG, _TRAILER = 13, 11, 4  # FLV's header with its first back pointer, a tag's head, a back pointer
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
        self._held = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[Unit]:
        """The pictures that `data` completes."""
        self._held += data
        found: list[Unit] = []
        if not self._begun:
            if len(self._held) < _HEADER:
                return found
            del self._held[:_HEADER]
            self._begun = True
        while len(self._held) >= _TAG:
            size = int.from_bytes(self._held[1:4], "big")
            if len(self._held) < _TAG + size + _TRAILER:
                break
            body = bytes(self._held[_TAG : _TAG + size])
            at_ms = int.from_bytes(self._held[4:7], "big") | self._held[7] << 24
            kind = self._held[0]
            del self._held[: _TAG + size + _TRAILER]
            if kind == 9 and size > 5:
                found += self._video(body, at_ms)
        return found

    def _video(self, body: bytes, at_ms: int) -> list[Unit]:
        if body[1] == 0:
            self.parameters = tuple(_parameters(body[5:]))
            return []
        if body[1] != 1:
            return []
        nals = tuple(_sized(body[5:]))
        return [Unit(nals, at_ms * CLOCK_HZ // 1_000, body[0] >> 4 == 1)] if nals else []


def _parameters(record: bytes) -> Iterator[bytes]:
    """SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 5
    for mask in (0x1F, 0xFF):
        count = record[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + size]
            at += 2 + size


def _sized(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def packets(unit: Unit, sequence: int, source: int, *, began: int = 0, payload_type: int = 96) -> list[bytes]:
    """The RTP packets of one picture, from sequence number `sequence` on; the last one carries the marker. `began` is
    what the stream's clock showed at its beginning."""
    payloads = [payload for nal in unit.nals for payload in _payloads(nal)]
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


def description(parameters: Sequence[bytes], name: str) -> str:
    """The SDP of one H.264 stream (RFC 8866, RFC 6184 section 8.2)."""
    profile = parameters[0][1:4].hex()
    sets = ",".join(b64encode(one).decode() for one in parameters)
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "m=video 0 RTP/AVP 96",
        f"a=rtpmap:96 H264/{CLOCK_HZ}",
        f"a=fmtp:96 packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}",
        "a=control:track1",
    )
    return "\r\n".join(lines) + "\r\n"
