"""Written pictures as players get them: each at its wall clock, and as long as until the next. Pure.

A player's clock is the wall clock from a moment of its choice on, so that all cameras share it and a gap is a hole in
it. What stands in the fragment itself (another clock, a guess at how long it is shown) is put right here.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dure.video.model import BrokenStream, inside
from dure.video.past.model import GAP_MS, Keys

_FRAGMENT = struct.Struct(">I4sI4sIII4sI4sIII4sIQI4sIIIIIIiI4s")
_KEY, _OTHER = 0x02000000, 0x01010000
_USUAL_MS = 67
_SAMPLE = ((0x100, 4), (0x200, 4), (0x400, 4), (0x800, 4))


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture for a player: its bytes, whether it stands by itself, its wall clock and for how long it is shown."""

    data: bytes
    key: bool
    at_ms: int
    step_ms: int


def _sample(data: bytes) -> tuple[memoryview, int]:
    """A picture's own bytes, and by how much it is shown after it is decoded (ticks). Raises BrokenStream."""
    ((run, _),) = inside(data, b"moof", b"traf", b"trun")
    ((start, end),) = inside(data, b"mdat")
    told = int.from_bytes(data[run + 1 : run + 4], "big")
    at = run + 8 + (4 if told & 0x1 else 0) + (4 if told & 0x4 else 0)
    for flag, size in _SAMPLE[:3]:
        at += size if told & flag else 0
    later = int(struct.unpack_from(">i", data, at)[0]) if told & 0x800 else 0
    return memoryview(data)[start:end], later


def placed(data: bytes, key: bool, at_ms: int, step_ms: int, base_ms: int, timescale: int) -> Placed:
    """A picture on a player's clock, which begins at `base_ms`. Raises BrokenStream."""
    try:
        content, later = _sample(data)
        head = _FRAGMENT.pack(
            *(104, b"moof", 16, b"mfhd", 0, (at_ms - base_ms) & 0xFFFFFFFF, 80, b"traf"),
            *(16, b"tfhd", 0x020000, 1, 20, b"tfdt", 1 << 24, (at_ms - base_ms) * timescale // 1_000),
            *(36, b"trun", 1 << 24 | 0xF01, 1, 112, step_ms * timescale // 1_000, len(content)),
            *(_KEY if key else _OTHER, later, 8 + len(content), b"mdat"),
        )
    except (ValueError, struct.error) as error:
        raise BrokenStream("a fragment cannot be placed") from error
    return Placed(head + content, key, at_ms, step_ms)


def steps(times: Sequence[int], after: int | None, most_ms: int = GAP_MS) -> list[int]:
    """How long each picture is shown: until the next, or as usual before a gap of more than `most_ms`. `after` is when
    the one behind the last is, where that is known.
    """
    out: list[int] = []
    usual = _USUAL_MS
    for now, following in zip(times, [*times[1:], after], strict=True):
        step = None if following is None else following - now
        if step is None or not 0 < step <= most_ms:
            step = usual
        usual = step
        out.append(step)
    return out


def groups(keys: Keys, start_ms: int, size: int, since_ms: int, until_ms: int) -> Iterator[tuple[int, int, int | None]]:
    """Groups of pictures of a recording that begins at `start_ms` and is `size` bytes long: from the one in which
    `since_ms` lies until `until_ms`; where each begins and ends, and when the next one begins.
    """
    if not keys.offset:
        return
    for at in range(keys.before(since_ms - start_ms), len(keys.offset)):
        if start_ms + keys.at_ms[at] >= until_ms or keys.offset[at] >= size:
            return
        last = at + 1 == len(keys.offset)
        end = size if last else keys.offset[at + 1]
        yield keys.offset[at], end, None if last else start_ms + keys.at_ms[at + 1]
