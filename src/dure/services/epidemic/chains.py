"""Who infected whom: chains, clusters, generations, serial intervals and how unequally people infect. Pure.

Links come from interviews and are wrong in places: they name people nobody knows, themselves, or go round in circles.
Nothing of that stops the rest from being seen; each such link is told.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median, pstdev

MOST = 200_000
"""Cases, and links."""
_LEAST_K, _MOST_K = 1e-3, 1e3
_FEWEST = 10
"""Cases below which a dispersion would say nothing."""


@dataclass(frozen=True, slots=True)
class Link:
    """`source` infected `target`; both by the code of their case."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Faults:
    """Links that cannot all be true: `strangers` are codes without a case, `selves` infected themselves, `loops` are
    rings of cases that infected each other around, `doubled` says how many links were told twice.
    """

    strangers: tuple[str, ...]
    selves: tuple[str, ...]
    loops: tuple[tuple[str, ...], ...]
    doubled: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How many others a case infected: mean, and the dispersion `k` of a negative binomial (Lloyd-Smith et al., Nature
    438, 2005): the smaller, the fewer infect the most. None where there are too few cases, or no more spread than
    chance alone makes.
    """

    mean: float
    k: float | None
    top_share: float | None
    """The share of all infections that the most infectious fifth of the cases made."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Days from the onset of who infected to the onset of who was infected."""

    count: int
    negative: int
    mean: float
    median: float
    sd: float


@dataclass(frozen=True, slots=True)
class Chains:
    """The whole: `infected` counts by code, `parent` is the tree that is drawn (loops cut, one infector each),
    `generation` counts from the roots, `cluster` numbers what hangs together, the largest first.
    """

    infected: Mapping[str, int]
    infectors: Mapping[str, int]
    parent: Mapping[str, str]
    generation: Mapping[str, int]
    cluster: Mapping[str, int]
    sizes: tuple[int, ...]
    faults: Faults
    spread: Spread


def joined(cases: Iterable[str], links: Iterable[Link]) -> Chains:
    """The chains of these cases. A code that only a link names is drawn, but is no case. Raises ValueError beyond
    MOST.
    """
    known = list(dict.fromkeys(cases))
    told = list(links)
    if len(known) > MOST or len(told) > MOST:
        raise ValueError("too many cases or links")
    once = list(dict.fromkeys(told))
    selves = tuple(dict.fromkeys(one.source for one in once if one.source == one.target))
    real = [one for one in once if one.source != one.target]
    named = dict.fromkeys([*known, *(code for one in real for code in (one.source, one.target))])
    below: dict[str, list[str]] = {code: [] for code in named}
    for one in real:
        below[one.source].append(one.target)
    have = set(known)
    counts = {code: len(below[code]) for code in named}
    parent, generation = _tree(named, real, below)
    cluster, sizes = _clusters(named, real)
    return Chains(
        counts,
        Counter(one.target for one in real),
        parent,
        generation,
        cluster,
        sizes,
        Faults(tuple(code for code in named if code not in have), selves, _loops(named, below), len(told) - len(once)),
        spread([counts[code] for code in known]),
    )


def _tree(
    named: Iterable[str], links: Sequence[Link], below: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], dict[str, int]]:
    """One infector each, by breadth from those without any; then from whoever only a loop holds, in their order."""
    with_infector = {one.target for one in links}
    parent: dict[str, str] = {}
    generation: dict[str, int] = {}
    order = [code for code in named if code not in with_infector]
    for start in (*order, *named):
        if start in generation:
            continue
        generation[start] = 0
        waiting = deque([start])
        while waiting:
            code = waiting.popleft()
            for other in below[code]:
                if other not in generation:
                    parent[other] = code
                    generation[other] = generation[code] + 1
                    waiting.append(other)
    return parent, generation


def _clusters(named: Iterable[str], links: Iterable[Link]) -> tuple[dict[str, int], tuple[int, ...]]:
    """What hangs together, whoever infected whom: numbered from 0, the largest first."""
    root = {code: code for code in named}

    def top(code: str) -> str:
        while root[code] != code:
            root[code] = root[root[code]]
            code = root[code]
        return code

    for one in links:
        root[top(one.source)] = top(one.target)
    sizes = Counter(top(code) for code in root)
    number = {code: index for index, (code, _) in enumerate(sizes.most_common())}
    return {code: number[top(code)] for code in root}, tuple(size for _, size in sizes.most_common())


def _loops(named: Iterable[str], below: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Groups that infected each other around: strongly connected parts of two and more (Tarjan 1972), without
    recursion, because a chain may be long.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: list[str] = []
    on: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in named:
        if start in index:
            continue
        work = [(start, iter(below[start]))]
        index[start] = low[start] = len(index)
        held.append(start)
        on.add(start)
        while work:
            code, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    held.append(other)
                    on.add(other)
                    work.append((other, iter(below[other])))
                    break
                if other in on:
                    low[code] = min(low[code], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[code])
                if low[code] == index[code]:
                    found += _ring(held, on, code)
    return tuple(found)


def _ring(held: list[str], on: set[str], code: str) -> list[tuple[str, ...]]:
    """Take the part that ends at `code` off the stack; nothing where it stands alone."""
    ring = [held.pop()]
    while ring[-1] != code:
        ring.append(held.pop())
    on.difference_update(ring)
    return [tuple(reversed(ring))] if len(ring) > 1 else []


def spread(infected: Sequence[int]) -> Spread:
    """How unequally: `infected` has the count of each case, zeros too."""
    if not infected:
        return Spread(0.0, None, None)
    average, total = mean(infected), sum(infected)
    fifth = sorted(infected, reverse=True)[: math.ceil(len(infected) / 5)]
    share = sum(fifth) / total if total else None
    counts = Counter(infected)
    uneven = sum(many * (value - average) ** 2 for value, many in counts.items()) / len(infected) > average
    if len(infected) < _FEWEST or not total or not uneven:
        return Spread(average, None, share)

    # Half a second of loading that no process needs to start.
    from scipy.optimize import minimize_scalar

    def unlikely(log_k: float) -> float:
        k = math.exp(log_k)
        return -sum(
            many
            * (
                math.lgamma(value + k)
                - math.lgamma(k)
                - math.lgamma(value + 1)
                + k * math.log(k / (k + average))
                + value * math.log(average / (k + average))
            )
            for value, many in counts.items()
        )

    best = minimize_scalar(unlikely, bounds=(math.log(_LEAST_K), math.log(_MOST_K)), method="bounded")
    return Spread(average, math.exp(float(best.x)), share)


def intervals(links: Iterable[Link], onset: Mapping[str, int]) -> Intervals | None:
    """Serial intervals of the links whose both ends have an onset (a day's number); None where there is none."""
    days = [
        onset[one.target] - onset[one.source]
        for one in dict.fromkeys(links)
        if one.source != one.target and one.source in onset and one.target in onset
    ]
    if not days:
        return None
    return Intervals(len(days), sum(one < 0 for one in days), mean(days), median(days), pstdev(days))


def rows_of(chains: Chains, order: Mapping[str, int]) -> dict[str, float]:
    """The row of each case in a drawing where a tree's branches never cross: leaves one below the other, an infector
    in the middle of those it infected. `order` sorts whom one infected (their day, say).
    """
    children: dict[str, list[str]] = {}
    for code, infector in chains.parent.items():
        children.setdefault(infector, []).append(code)
    roots = [code for code in chains.generation if code not in chains.parent]
    roots.sort(key=lambda code: (chains.cluster[code], order.get(code, 0)))
    rows: dict[str, float] = {}
    leaf = 0
    for root in roots:
        work = [(root, False)]
        while work:
            code, seen = work.pop()
            own = children.get(code, [])
            if not own:
                rows[code] = float(leaf)
                leaf += 1
            elif seen:
                rows[code] = (rows[own[0]] + rows[own[-1]]) / 2
            else:
                own.sort(key=lambda one: order.get(one, 0))
                work.append((code, True))
                work += [(one, False) for one in reversed(own)]
    return rows
