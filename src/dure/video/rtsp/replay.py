"""A recorder's pictures over RTSP as ONVIF replays them (ONVIF Streaming Specification, 6): as fast as they are taken,
each with the wall clock of when it was. Of its tracks, as of a camera's, only the first of video is set up.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from dure.video.model import BrokenStream, Fragment
from dure.video.rtsp.client import Client, NeedsProgram, Seen
from dure.video.rtsp.stream import Stream
from dure.video.source import NoPicture, Trouble

NTP_MS = 2_208_988_800_000
"""From 1900, where NTP begins, until 1970."""
MOST_TIMELESS = 500
"""So many packets without a time, and it is no replay."""
_EXTENSION = 0xABAC
_NUDGE_S = 20.0


def time_of(data: bytes) -> int | None:
    """When the picture of this RTP packet was, in milliseconds since 1970; None where the packet does not say. Pure."""
    at = 12 + 4 * (data[0] & 0xF) if len(data) >= 12 else 0
    if not at or not data[0] & 0x10 or len(data) < at + 12 or data[at + 2] << 8 | data[at + 3] < 2:
        return None
    if int.from_bytes(data[at : at + 2], "big") != _EXTENSION:
        return None
    ntp = int.from_bytes(data[at + 4 : at + 12], "big")
    return ((ntp * 1_000 + (1 << 31)) >> 32) - NTP_MS


def clock(at_ms: int) -> str:
    """A time as `Range` says it (RFC 2326, 3.7)."""
    at = datetime.fromtimestamp(at_ms // 1_000, UTC)
    return f"clock={at:%Y%m%dT%H%M%S}.{at_ms % 1_000:03d}Z-"


class Replay(Client):
    """A connection to a recorder that plays from `since_ms` on (its own clock, milliseconds since 1970). Pieces go to
    `seen`, each picture with when it was in place of when it came. `keys_only`: of them only those that stand by
    themselves, where the recorder can leave the others out.
    """

    SET_UP: ClassVar[Mapping[str, str]] = {"Require": "onvif-replay"}

    def __init__(self, address: str, seen: Seen, since_ms: int, *, keys_only: bool = False) -> None:
        super().__init__(address, seen)
        self._since_ms = since_ms
        self._keys_only = keys_only
        self._before: int | None = None
        self._timeless = 0
        self._held = False

    def _range(self) -> Mapping[str, str]:
        said = {"Require": "onvif-replay", "Range": clock(self._since_ms), "Rate-Control": "no"}
        return {**said, "Frames": "intra"} if self._keys_only else said

    async def open(self) -> None:
        """Connect and have it play. Raises NoPicture, BrokenStream, OSError."""
        try:
            await super().open()
        except NeedsProgram as error:  # Motion JPEG: what turns it keeps no time of each picture
            raise NoPicture(Trouble.CODEC) from error

    async def keep(self) -> None:
        """Tell the recorder that we are there. Its answer is not waited for: it may stand behind pictures that nobody
        wants yet.
        """
        while self._transport is not None and not self._transport.is_closing():
            await asyncio.sleep(min(self._timeout_s / 2 - 1, _NUDGE_S))
            self._transport.write(self._request(self._keeps, self._address, {}))

    def hold(self, held: bool) -> None:
        """Whether to take nothing for now: the recorder waits then, by TCP."""
        if self._transport is None or self._transport.is_closing() or held == self._held:
            return
        self._held = held
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _packet(self, stream: Stream, data: bytes, _came_ms: float, /) -> None:
        now, before = time_of(data), self._before
        if now is None:
            self._timeless += 1
            if self._timeless > MOST_TIMELESS:
                raise BrokenStream("a replay without times")
        else:
            self._timeless = 0
            self._before = now
        pieces = stream.feed(data, 0.0)
        whole = bool(data[1] & 0x80) if len(data) > 1 else False
        last = next((one for one in reversed(pieces) if isinstance(one, Fragment)), None)
        for piece in pieces:
            if isinstance(piece, Fragment):
                # What the packet does not end itself was ended by its coming: the picture before.
                at = self._before if piece is last and whole else before
                if at is None:
                    continue
                self._seen(replace(piece, came_ms=float(at)))
            else:
                self._seen(piece)
