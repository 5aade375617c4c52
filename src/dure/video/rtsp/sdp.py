"""What a camera says it can send (SDP, RFC 8866): its first track of video. Others are not even looked at. Pure."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

from dure.video.rtsp.sets import Codec

LARGEST_SDP = 64 << 10
_MAP = re.compile(r"rtpmap:(\d{1,3}) +([A-Za-z0-9-]+)/(\d{1,9})")
_JPEG = 26
_CODECS: Mapping[str, Codec | Literal["jpeg"]] = {
    "H264": Codec.H264,
    "H265": Codec.H265,
    "HEVC": Codec.H265,
    "JPEG": "jpeg",
}


@dataclass(slots=True)
class Track:
    """One track as it was told; `codec` is None for one that we do not know."""

    kind: int
    control: str = ""
    codec: Codec | Literal["jpeg"] | None = None
    sets: list[bytes] = field(default_factory=list)


def video(text: str) -> Track | None:
    """The first track of video, best one that we know; None where there is none."""
    found = _tracks(text)
    known = [track for track in found if track.codec is not None]
    return next(iter(known or found), None)


def _tracks(text: str) -> list[Track]:
    tracks: list[Track] = []
    here: Track | None = None
    for line in text.splitlines():
        name, _, value = line.strip().partition("=")
        if name == "m":
            words = value.split(" ")
            here = None
            if words[0] == "video" and len(words) > 3 and words[3].isdigit():
                here = Track(int(words[3]), codec="jpeg" if words[3] == str(_JPEG) else None)
                tracks.append(here)
        elif name == "a" and here is not None:
            _attribute(here, value)
    return tracks


def _attribute(track: Track, value: str) -> None:
    if value.startswith("control:"):
        track.control = value.removeprefix("control:").strip()
    elif (mapped := _MAP.match(value)) is not None and int(mapped[1]) == track.kind:
        track.codec = _CODECS.get(mapped[2].upper()) if mapped[3] == "90000" else None
    elif value.startswith(f"fmtp:{track.kind} "):
        told = dict(pair.strip().partition("=")[::2] for pair in value.partition(" ")[2].split(";"))
        for name in ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps"):
            track.sets += [one for word in told.get(name, "").split(",") if (one := _decoded(word))]


def _decoded(word: str) -> bytes:
    try:
        return b64decode(word.strip() + "=" * (-len(word.strip()) % 4))
    except (binascii.Error, ValueError):
        return b""


def control(base: str, track: str) -> str:
    """The address to set a track up with. It is only said, to the camera that is connected already, never followed."""
    if not track or track == "*":
        return base
    if "://" in track:
        parts = urlsplit(track)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if base.endswith("/") or "?" in base:
        return base + track if base.endswith("/") else f"{base}/{track}"
    return urljoin(base + "/", track)
