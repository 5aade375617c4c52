"""People near cases, out of sorted columns: a few stretches for each ping of a case, all of them at once. Pure but for
the columns, which are mapped from disk.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dure.services.epidemic.tracing.model import Definition, Met, Profile
from dure.services.epidemic.tracing.store import CELL_M, DAY_S, EXACT_M, SLOT_S, SLOTS, Day, Ints, Pings, key_of

_AT_ONCE = 1 << 21
"""Pairs that are looked at together: what a thread holds in memory stays below 200 MB."""
_WHO_BITS, _SLOT_BITS = 26, 20
"""Of a tag: 1,000 cases, 67 million people, twenty years of slots."""
_ZONE_S = 9 * 3600
"""Korea's clock, without summer time since 1988."""
_NIGHT_S = 5 * 3600


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a case was: their pings (`who` is not read), and the numbers by which they stand in the columns
    themselves. Only `first` to `last` (Unix seconds) counts; `onset` too.
    """

    pings: Pings
    own: tuple[int, ...]
    onset: int | None = None


@dataclass(slots=True)
class _Seen:
    """Meetings by (case, who, slot), once each: the nearest of them, and where (cells)."""

    tag: Ints
    near: NDArray[np.float64]
    cell: Ints


def own_pings(
    days: Sequence[Day], numbers: Mapping[int, int], spans: Mapping[int, tuple[int, int]]
) -> dict[int, Pings]:
    """The pings of some people out of the columns: `numbers` says whose number belongs to which case, `spans` which
    moments of each case count (Unix seconds). One pass over the column of numbers.
    """
    if not numbers:
        return {}
    most = max(numbers) + 2
    case_of = np.full(most, -1, dtype=np.int64)
    case_of[list(numbers)] = list(numbers.values())
    span = np.zeros((max(spans) + 1, 2), dtype=np.int64)
    for case, moments in spans.items():
        span[case] = moments

    def of(day: Day) -> Pings:
        rows = np.flatnonzero(case_of[np.minimum(day.who, most - 1)] >= 0)
        found = day.pings(rows)
        cases = case_of[found.who]
        chosen = np.flatnonzero((found.at >= span[cases, 0]) & (found.at <= span[cases, 1]))
        mine = found.only(chosen)
        return Pings(mine.at, mine.x, mine.y, mine.error, cases[chosen])

    with ThreadPoolExecutor(2) as pool:
        whole = joined(list(pool.map(of, days)))
    whole = whole.only(np.argsort(whole.who, kind="stable"))
    begins = _first_of(whole.who)
    ends = np.append(begins[1:], len(whole))[: len(begins)]
    return {int(whole.who[begin]): whole.only(np.arange(begin, end)) for begin, end in zip(begins, ends, strict=True)}


def joined(parts: Sequence[Pings]) -> Pings:
    """Several as one."""
    if not parts:
        none, nowhere = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Pings(none, nowhere, nowhere, nowhere, none)
    return Pings(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("at", "x", "y", "error", "who")))


def meetings(days: Sequence[Day], trails: Mapping[int, Trail], ask: Definition, weigh: Profile, most: int) -> list[Met]:
    """Who was with each case by the definition, those with the highest score first, at most `most` of each case."""
    points = _points(trails, ask)
    if not len(points):
        return []
    own, base = _own(trails), int(points.at.min()) // SLOT_S
    with ThreadPoolExecutor(2) as pool:
        parts = [part for part in pool.map(lambda day: _of_day(day, points, ask, own, base), days) if len(part.tag)]
    if not parts:
        return []
    onsets = {case: trail.onset for case, trail in trails.items()}
    return _told(_once(parts), ask, weigh, onsets, base, most)


def _points(trails: Mapping[int, Trail], ask: Definition) -> Pings:
    """All pings of cases, once a slot and place; `who` is the case."""
    parts = []
    for case, trail in trails.items():
        sharp = trail.pings.only(trail.pings.error <= ask.error_m)
        parts.append(Pings(sharp.at, sharp.x, sharp.y, sharp.error, np.full(len(sharp), case, dtype=np.int64)))
    return joined(parts)


def _own(trails: Mapping[int, Trail]) -> Ints:
    """(case, number) pairs of people and themselves."""
    pairs = [(case << _WHO_BITS) | number for case, trail in trails.items() for number in trail.own]
    return np.array(sorted(pairs), dtype=np.int64)


def _of_day(day: Day, points: Pings, ask: Definition, own: Ints, base: int) -> _Seen:
    begin = day.number * DAY_S
    near = (points.at >= begin - ask.seconds) & (points.at < begin + DAY_S + ask.seconds)
    mine = points.only(near)
    kept: list[_Seen] = []
    for stretch in _stretches(day, mine, ask):
        found = _matched(day, mine, stretch, ask, own, base)
        if len(found.tag):
            kept.append(found)
        if len(kept) > 16:
            kept = [_once(kept)]
    return _once(kept) if kept else _Seen(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))


def _stretches(day: Day, mine: Pings, ask: Definition) -> Iterable[tuple[Ints, Ints, Ints]]:
    """(from, to, which ping of a case) of every stretch that can hold somebody near, some at a time."""
    if not len(mine):
        return
    seconds = mine.at - day.number * DAY_S
    reach = ask.distance_m
    west, east = ((mine.x - reach) // CELL_M).astype(np.int64), ((mine.x + reach) // CELL_M).astype(np.int64)
    south, north = ((mine.y - reach) // CELL_M).astype(np.int64), ((mine.y + reach) // CELL_M).astype(np.int64)
    from_slot, to_slot = (seconds - ask.seconds) // SLOT_S, (seconds + ask.seconds) // SLOT_S
    keys = day.keys
    for later in range(int((to_slot - from_slot).max()) + 1):
        slot = from_slot + later
        for upward in range(int((north - south).max()) + 1):
            row = south + upward
            use = np.flatnonzero((slot <= to_slot) & (slot >= 0) & (slot < SLOTS) & (row <= north))
            first = key_of(slot[use], row[use], west[use])
            order = np.argsort(first)  # bisecting in order touches each page once
            use, first = use[order], first[order]
            low = day.starts[np.searchsorted(keys, first)]
            high = day.starts[np.searchsorted(keys, first + (east - west)[use], side="right")]
            some = np.flatnonzero(high > low)
            yield from _cut(low[some], high[some], use[some])


def _cut(low: Ints, high: Ints, point: Ints) -> Iterable[tuple[Ints, Ints, Ints]]:
    """The same in parts of about _AT_ONCE pairs."""
    total = np.cumsum(high - low)
    begin = 0
    while begin < len(low):
        before = int(total[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(total, before + _AT_ONCE, side="right")), begin + 1)
        yield low[begin:end], high[begin:end], point[begin:end]
        begin = end


def _matched(day: Day, mine: Pings, stretch: tuple[Ints, Ints, Ints], ask: Definition, own: Ints, base: int) -> _Seen:
    low, high, point = stretch
    counts = high - low
    ends = np.cumsum(counts)
    rows = np.arange(int(ends[-1])) + np.repeat(low - (ends - counts), counts)
    which = np.repeat(point, counts)
    east = day.x[rows] * EXACT_M - mine.x[which]
    north = day.y[rows] * EXACT_M - mine.y[which]
    apart = east * east + north * north
    later = day.at[rows] - (mine.at[which] - day.number * DAY_S)
    fits = np.flatnonzero((apart <= ask.distance_m**2) & (np.abs(later) <= ask.seconds))
    rows, which, apart = rows[fits], which[fits], apart[fits]
    pair = (mine.who[which] << _WHO_BITS) | day.who[rows].astype(np.int64)
    use = day.error[rows] <= ask.error_m
    if len(own):
        use &= own[np.minimum(np.searchsorted(own, pair), len(own) - 1)] != pair
    rows, which, apart, pair = rows[use], which[use], apart[use], pair[use]
    side = round(CELL_M / EXACT_M)
    north_cell, east_cell = (day.y[rows] // side).astype(np.int64), (day.x[rows] // side).astype(np.int64)
    tag = (pair << _SLOT_BITS) | (mine.at[which] // SLOT_S - base)
    return _once([_Seen(tag, np.sqrt(apart), key_of(np.zeros(len(rows), np.int64), north_cell, east_cell))])


def _once(parts: Sequence[_Seen]) -> _Seen:
    """Each (case, who, slot) once, with the nearest meeting."""
    tag, near, cell = (np.concatenate([getattr(one, name) for one in parts]) for name in ("tag", "near", "cell"))
    order = np.lexsort((near, tag))
    tag = tag[order]
    first = _first_of(tag)
    order = order[first]
    return _Seen(tag[first], near[order], cell[order])


def _first_of(ordered: Ints) -> Ints:
    """Where each run of equal numbers begins."""
    if not len(ordered):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _told(
    seen: _Seen, ask: Definition, weigh: Profile, onsets: Mapping[int, int | None], base: int, most: int
) -> list[Met]:
    """Each (case, who) with all their meetings."""
    slot = (seen.tag & ((1 << _SLOT_BITS) - 1)) + base
    pair = seen.tag >> _SLOT_BITS
    case = pair >> _WHO_BITS
    first = _first_of(pair)
    slots = np.diff(np.append(first, len(pair)))
    local = slot * SLOT_S + _ZONE_S
    day, night = local // DAY_S, local % DAY_S < _NIGHT_S
    weight = _weights(case, slot * SLOT_S, onsets, weigh) * (1 - seen.near / (2 * ask.distance_m))
    found = {
        "case": case[first],
        "who": pair[first] & ((1 << _WHO_BITS) - 1),
        "minutes": slots * (SLOT_S // 60),
        "near": np.minimum.reduceat(seen.near, first),
        "days": _distinct(pair, day, first),
        "places": _distinct(pair, seen.cell, first),
        "night": np.add.reduceat(night.astype(np.int64), first) * (SLOT_S // 60),
        "first": slot[first] * SLOT_S,
        "last": slot[np.append(first[1:], len(pair)) - 1] * SLOT_S,
        "score": np.add.reduceat(weight, first) * (SLOT_S // 60),
    }
    long_enough = np.flatnonzero(found["minutes"] >= ask.minutes)
    order = long_enough[
        np.lexsort((found["who"][long_enough], -found["score"][long_enough], found["case"][long_enough]))
    ]
    cases = found["case"][order]
    begins = _first_of(cases)
    rank = np.arange(len(cases)) - np.repeat(begins, np.diff(np.append(begins, len(cases))))
    kept = order[rank < most]
    rows = zip(*(found[name][kept].tolist() for name in found), strict=True)
    return [Met(*row) for row in rows]


def _distinct(pair: Ints, value: Ints, first: Ints) -> Ints:
    """How many different values each pair has."""
    order = np.lexsort((value, pair))
    ordered = value[order]
    fresh = np.ones(len(pair), dtype=np.int64)
    fresh[1:] = ordered[1:] != ordered[:-1]
    fresh[first] = 1
    return np.asarray(np.add.reduceat(fresh, first))


def _weights(case: Ints, at: Ints, onsets: Mapping[int, int | None], weigh: Profile) -> NDArray[np.float64]:
    """How infectious each case was at each moment; 1 where no onset is known."""
    shares = np.array([min(weigh.shares), *weigh.shares, min(weigh.shares)])
    onset = np.full(max(onsets, default=0) + 1, -1, dtype=np.int64)
    for number, moment in onsets.items():
        onset[number] = -1 if moment is None else (moment + _ZONE_S) // DAY_S
    day = (at + _ZONE_S) // DAY_S - onset[case] - weigh.first
    return np.where(onset[case] < 0, 1.0, shares[np.clip(day + 1, 0, len(shares) - 1)])
