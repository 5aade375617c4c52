"""A simulated recorder (NVR): films that it keeps for stretches of time, found and replayed by ONVIF Profile G. Its
sockets are `Finding`'s (HTTP) and `Replays`' (RTSP); `Archive` opens both.
"""

import asyncio
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from lxml import etree

from dure.commands.simulate.onvif import Onvif, said_as
from dure.commands.simulate.rtp import CLOCK_HZ, Unit, description, packets, sound
from dure.commands.simulate.rtsp import CANARY, Asked, Cameras, Fault, Line
from dure.video.onvif import soap

_NTP = 2_208_988_800_000
_LATE = 20


@dataclass(frozen=True)
class Film:
    """Pictures, a stand-alone one first; their times (1/90,000 s) begin at 0, and they last so long."""

    units: Sequence[Unit]
    parameters: tuple[bytes, ...]
    lasts_ms: int
    codec: str = "h264"


@dataclass(frozen=True)
class Stretch:
    """From when until when there are pictures (milliseconds since 1970): the film, again and again."""

    begin_ms: int
    end_ms: int
    film: Film

    def pictures(self, since_ms: int) -> Iterator[tuple[int, Unit]]:
        """When each was, from the stand-alone one at or before `since_ms` on."""
        turn = max(0, (since_ms - self.begin_ms) // self.film.lasts_ms)
        begun, first = self.begin_ms + turn * self.film.lasts_ms, 0
        for number, unit in enumerate(self.film.units):
            if unit.key and begun + unit.time // 90 <= since_ms:
                first = number
        while begun <= self.end_ms:
            for unit in self.film.units[first:]:
                at_ms = begun + unit.time // 90
                if at_ms > self.end_ms:
                    return
                yield at_ms, unit
            begun, first = begun + self.film.lasts_ms, 0


@dataclass
class Recording:
    """One camera's past: its stretches, in order."""

    name: str
    stretches: Sequence[Stretch]
    going: bool = False


@dataclass
class Kept:
    """What a recorder has, by token, and how wrong its clock is."""

    recordings: dict[str, Recording] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    tells_gaps: bool = True

    @property
    def ahead_ms(self) -> int:
        """Milliseconds that its clock is before ours."""
        return round(self.ahead / timedelta(milliseconds=1))


class Finding(Onvif):
    """Its ONVIF side: what it has (Search) and where it is replayed (Replay)."""

    def __init__(self, kept: Kept, rtsp_port: int, *, login: str | None = None) -> None:
        super().__init__(rtsp_port, login=login)
        self.kept = kept
        self._searches: dict[str, tuple[str, int]] = {}

    @property
    def clock(self) -> datetime:
        """What its clock shows."""
        return datetime.now(UTC) + self.kept.ahead

    def _more(self, camera: str, name: str, asked: "etree._Element", /) -> str | None:
        if name == "GetServices":
            return said_as("tds", name, "".join(self._service(camera, kind) for kind in ("search", "replay")))
        if name == "GetReplayUri":
            token = soap.said(asked, "trp:RecordingToken")
            return said_as("trp", name, f"<trp:Uri>rtsp://192.0.2.1:{self.rtsp_port}/{escape(token)}</trp:Uri>")
        if name == "GetRecordingSummary":
            ends = [(s.begin_ms, s.end_ms) for one in self.kept.recordings.values() for s in one.stretches]
            first, last = min(one for one, _ in ends), max(one for _, one in ends)
            told = f"<tt:DataFrom>{self._time(first)}</tt:DataFrom><tt:DataUntil>{self._time(last)}</tt:DataUntil>"
            count = f"<tt:NumberRecordings>{len(self.kept.recordings)}</tt:NumberRecordings>"
            return said_as("tse", name, f"<tse:Summary>{told}{count}</tse:Summary>")
        if name in ("FindRecordings", "FindEvents"):
            if name == "FindEvents" and not self.kept.tells_gaps:
                return None
            token = f"s{len(self._searches)}"
            self._searches[token] = soap.said(asked, ".//tt:IncludedRecordings"), 0
            return said_as("tse", name, f"<tse:SearchToken>{token}</tse:SearchToken>")
        if name in ("GetRecordingSearchResults", "GetEventSearchResults"):
            return said_as("tse", name, self._results(name, soap.said(asked, "tse:SearchToken")))
        return None

    def _service(self, camera: str, kind: str) -> str:
        space = soap.NAMES["tse" if kind == "search" else "trp"]
        address = self.address(camera, kind)
        return f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{address}</tds:XAddr></tds:Service>"

    def _results(self, name: str, token: str) -> str:
        """One more of what was found, and the last time that it was the last."""
        about, at = self._searches.get(token, ("", 0))
        found = (
            [self._information(*one) for one in self.kept.recordings.items()]
            if name == "GetRecordingSearchResults"
            else list(self._events(about))
        )
        self._searches[token] = about, at + 1
        state = "Searching" if at + 1 < len(found) else "Completed"
        return f"<tse:ResultList><tt:SearchState>{state}</tt:SearchState>{''.join(found[at : at + 1])}</tse:ResultList>"

    def _information(self, token: str, one: Recording) -> str:
        first, last = self._time(one.stretches[0].begin_ms), self._time(one.stretches[-1].end_ms)
        tracks = "".join(
            f"<tt:Track><tt:TrackToken>{kind}</tt:TrackToken><tt:TrackType>{kind}</tt:TrackType>"
            f"<tt:DataFrom>{first}</tt:DataFrom><tt:DataTo>{last}</tt:DataTo></tt:Track>"
            for kind in ("Video", "Audio")
        )
        return (
            f"<tt:RecordingInformation><tt:RecordingToken>{escape(token)}</tt:RecordingToken>"
            f"<tt:Source><tt:Name>{escape(one.name)}</tt:Name></tt:Source>"
            f"<tt:EarliestRecording>{first}</tt:EarliestRecording><tt:LatestRecording>{last}</tt:LatestRecording>"
            f"{tracks}<tt:RecordingStatus>{'Recording' if one.going else 'Stopped'}</tt:RecordingStatus>"
            "</tt:RecordingInformation>"
        )

    def _events(self, token: str) -> Iterator[str]:
        """When pictures began and ceased to be there."""
        for stretch in self.kept.recordings[token].stretches:
            for at_ms, there in ((stretch.begin_ms, "true"), (stretch.end_ms, "false")):
                yield (
                    f"<tt:Result><tt:RecordingToken>{escape(token)}</tt:RecordingToken>"
                    f"<tt:TrackToken>Video</tt:TrackToken><tt:Time>{self._time(at_ms)}</tt:Time>"
                    "<tt:Event><wsnt:Topic>tns1:RecordingHistory/Track/State</wsnt:Topic><wsnt:Message><tt:Message>"
                    f'<tt:Data><tt:SimpleItem Name="IsDataPresent" Value="{there}"/></tt:Data></tt:Message>'
                    "</wsnt:Message></tt:Event></tt:Result>"
                )

    def _time(self, at_ms: int) -> str:
        at = datetime.fromtimestamp((at_ms + self.kept.ahead_ms) / 1_000, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Replays(Cameras):
    """Its RTSP side. `played` says of each replay from when on it was asked for (its own clock), and whether only
    pictures that stand by themselves.
    """

    def __init__(self, kept: Kept, *, login: str | None = None, faults: Mapping[str, Fault] | None = None) -> None:
        super().__init__(login=login, faults=faults)
        self.kept = kept
        self.played: list[tuple[int, bool]] = []
        self.slow = False

    def line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
        """A connection that replays."""
        return _Replay(self, reader, writer)


class _Replay(Line):
    """One connection."""

    def __init__(self, archive: Replays, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(archive, reader, writer)
        self._archive = archive
        self._playing: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """Stop sending."""
        super().leave()
        if self._playing is not None:
            self._playing.cancel()

    async def _played(self, asked: Asked, camera: str, /) -> bool:
        """Answer what is about a recording; whether it was."""
        one = self._archive.kept.recordings.get(camera)
        if one is None:
            self._say(asked, 404)
        elif asked.method == "DESCRIBE":
            film = one.stretches[0].film
            body = description(film.parameters, camera, film.codec)
            body = body.replace("96 H264/", "96 H265/") if self._fault is Fault.CODEC else body
            base = asked.url.rstrip("/") + "/"
            self._say(asked, 200, {"Content-Type": "application/sdp", "Content-Base": base}, body=body)
        elif asked.headers.get("require") != "onvif-replay":
            self._say(asked, 551)
        elif asked.method == "SETUP":
            self._set_up(asked)
        elif asked.method == "PLAY":
            self._play(asked, one)
        return True

    def _play(self, asked: Asked, one: Recording) -> None:
        said = asked.headers.get("range", "").removeprefix("clock=").partition("-")[0]
        since = datetime.strptime(said, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        since_ms = round(since.timestamp() * 1_000)
        intra = asked.headers.get("frames", "").startswith("intra")
        self._archive.played.append((since_ms, intra))
        self._say(asked, 200, {"Session": self._session, "Range": asked.headers["range"]})
        fast = asked.headers.get("rate-control") == "no" and not self._archive.slow
        self._playing = asyncio.create_task(self._film(one, since_ms - self._archive.kept.ahead_ms, intra, fast=fast))

    async def _film(self, one: Recording, since_ms: int, intra: bool, *, fast: bool) -> None:
        """Send it from then on across its gaps, each picture with when it was; as fast as it is taken, or as it was."""
        before = None
        for stretch in one.stretches:
            if stretch.end_ms <= since_ms:
                continue
            for at_ms, unit in stretch.pictures(max(since_ms, stretch.begin_ms)):
                if intra and not unit.key:
                    continue
                if not fast and before is not None:
                    await asyncio.sleep((at_ms - before) / 1_000)
                before = at_ms
                self._sent += 1
                if not self._show(stretch.film, unit, at_ms, last=at_ms + 200 > stretch.end_ms):
                    return
                await self._writer.drain()

    def _show(self, film: Film, unit: Unit, at_ms: int, *, last: bool) -> bool:
        """Send one picture as the recorder's fault leaves it; whether more come."""
        late = self._sent > _LATE
        if self._fault is Fault.HANG and late:
            return False
        if self._fault is Fault.RUBBISH and late:
            self._writer.write(bytes(range(1, 200)))
            return False
        if self._fault is Fault.SOUND:
            for channel in range(4):
                self._write(channel, sound(self._sequence, self._source, CANARY))
            self._sequence += 1
        if self._fault is Fault.TIME:
            at_ms += 86_400_000 * (self._sent // 5 % 2) * (-1 if self._sent % 2 else 1)
        told = at_ms + self._archive.kept.ahead_ms
        moved = Unit(unit.nals, at_ms * CLOCK_HZ // 1_000, unit.key)
        sent = packets(moved, self._sequence, self._source, began=self._began, codec=film.codec)
        self._sequence += len(sent)
        for packet in sent:
            timed = packet if self._fault is Fault.SIZE else stamped(packet, told, key=unit.key, last=last)
            self._write(self._channel, timed)
        return True

    def _write(self, channel: int, packet: bytes) -> None:
        self._writer.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)


def stamped(packet: bytes, at_ms: int, *, key: bool, last: bool) -> bytes:
    """A packet with the extension that says when its picture was (ONVIF Streaming Specification, 6.3)."""
    ntp = ((at_ms + _NTP) << 32) // 1_000
    flags = (0x80 if key else 0) | (0x40 if last else 0)
    return bytes((packet[0] | 0x10,)) + packet[1:12] + struct.pack(">HHQBBH", 0xABAC, 3, ntp, flags, 0, 0) + packet[12:]


class Archive:
    """A recorder at two sockets of this machine."""

    def __init__(self, *, login: str | None = None, faults: Mapping[str, Fault] | None = None) -> None:
        self.kept = Kept()
        self.replays = Replays(self.kept, login=login, faults=faults)
        self.finding = Finding(self.kept, 0, login=login)

    async def open(self, host: str = "127.0.0.1") -> str:
        """Listen; where it is asked. Raises OSError."""
        self.finding.rtsp_port = await self.replays.open(host, 0)
        await self.finding.open(host, 0)
        return self.finding.address("NVR")

    async def close(self) -> None:
        """Listen no more."""
        await self.finding.close()
        await self.replays.close()
