"""A shard's state as bytes and back: columns for what every device has, maps for the few things under way.

The columns keep this quick (tens of milliseconds for 100,000 devices), for it runs between two packs. The pictures of
run-ups are left out; a restart only shortens them.
"""

from typing import Any, Final

import msgspec

from dure.detect.core.channel import NEVER, Channel
from dure.detect.core.shard import Shard
from dure.detect.core.source import Source
from dure.detect.core.tracks import Doubt, Track, new_lane
from dure.detect.model import Raised

_VERSION: Final = 1


class State(msgspec.Struct):
    """What is kept. `rules` maps a rule to the hash of its logic: a rule that changed meanwhile starts anew."""

    v: int
    mark: int
    now: float
    listening_since: float
    rules: dict[str, str]
    sources: list[list[Any]]
    channels: list[list[Any]]
    tracks: list[dict[str, Any]]
    absences: dict[str, dict[str, Any]]
    neighbours: dict[str, dict[str, Any]]


def dump(shard: Shard) -> bytes:
    """The whole state of `shard`."""
    sources = list(shard.sources.values())
    channels = [(number, channel) for number, s in enumerate(sources) for channel in s.channels.values()]
    state = State(
        v=_VERSION,
        mark=shard.mark,
        now=shard.now,
        listening_since=shard.listening_since,
        rules={name: rule.logic_hash() for name, rule in shard.rules.items()},
        sources=[
            [source.info.id for source in sources],
            [source.heard for source in sources],
            [
                (number, s.suspect_until, s.clock_bad, s.last_obs, s.last_recv, s.off_run, s.good_run)
                for number, s in enumerate(sources)
                if s.odd
            ],
        ],
        channels=[
            [number for number, _ in channels],
            [channel.property for _, channel in channels],
            [channel.last for _, channel in channels],
            [channel.interval for _, channel in channels],
            [channel.gaps for _, channel in channels],
            [channel.heard for _, channel in channels],
            [(number, channel.back) for number, (_, channel) in enumerate(channels) if channel.back != NEVER],
        ],
        tracks=[_dump_track(track) for track in shard.tracks.values() if not track.idle],
        absences={name: {"open": watch.open_now()} for name, watch in shard.absences.items()},
        neighbours={
            name: {
                "true_at": watch.true_at,
                "clusters": [(c.subject, c.onset, c.last, sorted(c.devices)) for c in watch.clusters.values()],
            }
            for name, watch in shard.neighbours.items()
        },
    )
    return msgspec.msgpack.encode(state)


def load(shard: Shard, payload: bytes) -> None:
    """Fill a fresh `shard` (rules and devices set) from `dump`. Raises ValueError where the bytes are not a state."""
    state = msgspec.msgpack.decode(payload, type=State)
    if state.v != _VERSION:
        raise ValueError(f"state of version {state.v}")
    shard.mark, shard.now = state.mark, state.now
    shard.listen(state.listening_since)
    _load_sources(shard, state)
    now = {name: rule.logic_hash() for name, rule in shard.rules.items()}
    kept = {name for name, logic in state.rules.items() if now.get(name) == logic}
    for saved in state.tracks:
        if saved["rule"] in kept:
            _load_track(shard, saved)
    for name, saved in state.absences.items():
        if name in kept:
            for subject, onset in saved["open"]:
                shard.absences[name].adopt(subject, onset)
    for name, saved in state.neighbours.items():
        if name in kept:
            near = shard.neighbours[name]
            near.true_at = saved["true_at"]
            for subject, onset, last, devices in saved["clusters"]:
                near.adopt(subject, onset, last, set(devices))
    for source in shard.sources.values():
        for silence in source.silences:
            shard.timers.arm(silence)


def _load_sources(shard: Shard, state: State) -> None:
    names, heard, details = state.sources
    sources: list[Source | None] = []
    for name, at in zip(names, heard, strict=True):
        source = shard.meet(name)
        sources.append(source)
        if source is not None:
            source.heard, source.odd = at, False
    for number, *values in details:  # of those on the long way; of the others these say nothing
        source = sources[number]
        if source is not None:
            source.odd = True
            source.suspect_until, source.clock_bad, source.last_obs, source.last_recv = values[:4]
            source.off_run, source.good_run = values[4:]
    numbers, properties, last, interval, gaps, spoke, details = state.channels
    found: list[Channel | None] = []
    for number, prop, *values in zip(numbers, properties, last, interval, gaps, spoke, strict=True):
        source = sources[number]
        channel = None if source is None else shard.open_channel(source, prop)
        found.append(channel)
        if channel is not None:
            channel.last, channel.interval, channel.gaps, channel.heard = values
    for number, back in details:
        channel = found[number]
        if channel is not None:
            channel.back = back


def _dump_track(track: Track) -> dict[str, Any]:
    return {
        "rule": track.rule.id,
        "subject": track.subject,
        "device": track.device,
        "group": track.group,
        "opened": track.opened,
        "onset": track.onset,
        "spans": track.spans,
        "observed": track.observed.dump(),
        "received": None if track.received is None else track.received.dump(),
        "back": None if track.back is None else track.back.dump(),
        "doubt": None if track.doubt is None or track.doubt.deadline is None else track.doubt.raised,
    }


def _load_track(shard: Shard, saved: dict[str, Any]) -> None:
    track = shard.track(shard.rules[saved["rule"]], saved["subject"], saved["device"], saved["group"])

    def find(device: str, prop: str) -> Channel | None:
        source = shard.sources.get(device)
        return None if source is None else source.channels.get(prop)

    track.opened, track.onset = saved["opened"], saved["onset"]
    track.spans = [(start, end) for start, end in saved["spans"]]
    track.observed.load(saved["observed"], find)
    if saved["received"] is not None:
        track.received = new_lane(track)
        track.received.load(saved["received"], find)
    if saved["back"] is not None:
        track.back = new_lane(track)
        track.back.load(saved["back"], find)
    if saved["doubt"] is not None:
        track.doubt = Doubt(track, msgspec.convert(saved["doubt"], Raised))
        shard.timers.arm(track.doubt)
