"""What a screen that looks back asks for, what of it the right allows, and the pictures it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from dure.video.masks.program import masked
from dure.video.masks.shapes import Polygon
from dure.video.model import BrokenStream, Fragment, Init
from dure.video.openings import Opening
from dure.video.past import library
from dure.video.past.library import Group, Library, Part, Wanted
from dure.video.past.model import GAP_MS, ms
from dure.video.past.pieces import Placed, placed, steps
from dure.video.policy import may_see_past

LONGEST_MS = 60_000
LONGEST_KEYS_MS = 15 * 60_000
"""So much may be asked for at once; at high speed, of which only pictures that stand by themselves are sent, more."""
Masks = Callable[[str, UUID | None, UUID], Collection[Polygon] | None]
"""What is covered of a camera for somebody who looks for an incident; None where that is not known yet."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A stretch of a camera that a screen wants to see, on a clock that begins at `base_ms`."""

    since_ms: int
    until_ms: int
    base_ms: int
    keys_only: bool = False


def clipped(ask: Ask, opening: Opening) -> Ask | None:
    """What of it the right allows, and no more at once than that; None: nothing. Pure."""
    if opening.span is None:
        return None
    most = LONGEST_KEYS_MS if ask.keys_only else LONGEST_MS
    since = max(ask.since_ms, ms(opening.span.begin), ask.base_ms)
    until = min(ask.until_ms, ms(opening.span.end), since + most)
    return Ask(since, until, ask.base_ms, ask.keys_only) if may_see_past(opening.span, since, until) else None


async def batches(
    shelf: Library, opening: Opening, ask: Ask, masks: Masks
) -> AsyncIterator[tuple[Init, Sequence[Placed]]]:
    """The pictures of an ask that `clipped` gave, in order and a group at a time, each with its stream's description.
    Raises Unavailable; BrokenStream where what must be covered cannot be.
    """
    assert opening.span is not None
    polygons = masks(opening.camera_id, opening.incident_id, opening.principal.id)
    if polygons is None:
        raise BrokenStream("it is not known what is covered")
    from_ms = max(ms(opening.span.begin), ask.base_ms)
    wanted = Wanted(ask.since_ms, ask.until_ms, from_ms, ms(opening.span.end), ask.keys_only)
    last = -1
    parts = await shelf.find(opening.camera_id, ask.since_ms, ask.until_ms + GAP_MS, keys_only=ask.keys_only)
    for part, following in zip_longest(parts, parts[1:]):
        try:
            init = await asyncio.to_thread(library.description, part)
            async for stream, group in _shown(part, init, wanted, polygons):
                after = group.after_ms or (None if following is None else following.begin_ms)
                fresh = [one for one in _placed(stream, group.pictures, after, ask) if one.at_ms > last]
                if fresh:
                    last = fresh[-1].at_ms
                    yield stream, fresh
        except FileNotFoundError:
            continue  # its time was over a moment ago


async def _shown(
    part: Part, init: Init, wanted: Wanted, polygons: Collection[Polygon]
) -> AsyncIterator[tuple[Init, Group]]:
    """A recording's groups, under their mask where there is one: then all of it at once, by one life of the program."""
    groups: Iterator[Group] = library.read(part, init.timescale, wanted)
    if not polygons:
        while (group := await asyncio.to_thread(next, groups, None)) is not None:
            yield init, group
        return
    found = await asyncio.to_thread(list, groups)
    if not found:
        return
    pictures = [picture for group in found for picture in group.pictures]
    covered = await masked(init, pictures, polygons)
    stream = next(one for one in covered if isinstance(one, Init))
    yield stream, Group([one for one in covered if isinstance(one, Fragment)], found[-1].after_ms)


def _placed(init: Init, pictures: Sequence[Fragment], after_ms: int | None, ask: Ask) -> list[Placed]:
    times = [round(one.came_ms) for one in pictures]
    shown = steps(times, after_ms, library.KEYS_APART_MS if ask.keys_only else GAP_MS)
    return [
        placed(one.data, one.key, at_ms, step, ask.base_ms, init.timescale)
        for one, at_ms, step in zip(pictures, times, shown, strict=True)
    ]
