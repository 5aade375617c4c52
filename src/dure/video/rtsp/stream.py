"""RTP packets of one camera into the pieces that the relay shows. Pure.

Slices of pictures go on, and what describes them goes into the beginning; all else that a stream may carry beside them
(messages of makers, text, whatever) is left out.
"""

from collections.abc import Iterable

from dure.video.model import BrokenStream, Fragment, Init
from dure.video.rtsp import sets
from dure.video.rtsp.fmp4 import Muxer, beginning
from dure.video.rtsp.rtp import Assembler, Unit
from dure.video.rtsp.sets import LARGEST_SET, Codec

MOST_WITHOUT = 400
"""So many pictures without one that stands by itself, and no more are waited for."""
_MOST_SETS = 16
_H264 = {7: "sps", 8: "pps"}
_H265 = {32: "vps", 33: "sps", 34: "pps"}


class Stream:
    """One life of a camera's stream."""

    def __init__(self, codec: Codec, kind: int, told: Iterable[bytes] = ()) -> None:
        self.lost = 0
        self._codec = codec
        self._assembler = Assembler(codec, kind)
        self._muxer = Muxer()
        self._sets: dict[str, list[bytes]] = {"vps": [], "sps": [], "pps": []}
        self._changed = False
        self._begun = False
        self._waited = 0
        self._sort(list(told))

    def feed(self, data: bytes, came_ms: float) -> list[Init | Fragment]:
        """What an RTP packet, which came at `came_ms`, completes. Raises BrokenStream."""
        found: list[Init | Fragment] = []
        for unit in self._assembler.feed(data):
            self._picture(unit, came_ms, found)
        return found

    def _picture(self, unit: Unit, came_ms: float, found: list[Init | Fragment]) -> None:
        slices, key = self._sort(unit.nals)
        self._waited += 1
        if self._waited > MOST_WITHOUT:
            raise BrokenStream("no picture that stands by itself")
        if not slices:
            return
        if (key and self._changed) or not self._begun:
            init = self._beginning() if key else None
            if init is None:
                return
            found.append(init)
            self._muxer = Muxer()
            self._begun, self._changed = True, False
        self._waited = 0
        found.append(self._muxer.picture(slices, key, unit.stamp, came_ms))

    def _beginning(self) -> Init | None:
        held = self._sets
        if not held["sps"] or not held["pps"] or (self._codec is Codec.H265 and not held["vps"]):
            return None
        shape = sets.h264(held["sps"][0]) if self._codec is Codec.H264 else sets.h265(held["sps"][0])
        return beginning(self._codec, held["vps"], held["sps"], held["pps"], shape)

    def _sort(self, nals: list[bytes]) -> tuple[list[bytes], bool]:
        """The slices among these, and whether they stand by themselves; sets are remembered."""
        slices, key = [], False
        fresh: dict[str, list[bytes]] = {}
        for nal in nals:
            if self._codec is Codec.H264:
                kind = nal[0] & 0x1F
                name = _H264.get(kind)
                shows, stands = 1 <= kind <= 5, kind == 5
            else:
                kind = nal[0] >> 1 & 0x3F
                name = _H265.get(kind)
                shows, stands = kind < 32, 16 <= kind <= 21
            if shows:
                slices.append(nal)
                key = key or stands
            elif name is not None and len(nal) <= LARGEST_SET:
                fresh.setdefault(name, []).append(nal)
        for name, found in fresh.items():
            self._remember(name, found)
        return slices, key

    def _remember(self, name: str, found: list[bytes]) -> None:
        """Sets of one kind that came together take the place of those before; a single known one changes nothing."""
        held = self._sets[name]
        if len(held) < len(found) or not all(one in held for one in found):
            self._sets[name] = found[:_MOST_SETS]
            self._changed = True
