"""Everybody to one place each, at the least cost of all ways there are, with the proof.

A transportation problem: people go to places of many seats, and the next seat of a place may cost more than the last
(a load that is to be shared). People come one after the other, each by the shortest way of moves that others make for
them (successive shortest paths; Ahuja, Magnanti, Orlin, Network Flows, 1993, ch. 9), over a graph of places alone, so
that it takes one step for a place and not one for a seat. Costs are whole numbers, so the result is exact.

The price of a place is what its seats are worth to those who do not get one. A plan and its prices prove each other
(complementary slackness): nobody could be better off elsewhere once they pay the prices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
NEVER = 1 << 40
"""The cost of a place where somebody cannot go."""
_FAR = 1 << 50


@dataclass(frozen=True, slots=True)
class Plan:
    """`of` (people): the place of each. `price` (places), `load` (places): how many go there."""

    of: Whole
    price: Whole
    load: Whole


class NowhereError(ValueError):
    """There is no place left for somebody: `person` is their number."""

    def __init__(self, person: int) -> None:
        super().__init__(f"no place for {person}")
        self.person = person


class _Board:
    """Who sits where, and what the cheapest move from each place to each other costs."""

    def __init__(self, cost: Whole, capacity: Whole, slope: Whole) -> None:
        people, places = cost.shape
        self.cost = cost
        self.capacity = capacity
        self.slope = slope
        self.of = np.full(people, -1, dtype=np.int64)
        self.load = np.zeros(places, dtype=np.int64)
        self.height = np.zeros(places, dtype=np.int64)  # minus the price
        self.next = np.where(capacity > 0, 0, _FAR).astype(np.int64)
        self.moves = np.full((places, places), _FAR, dtype=np.int64)
        self.mover = np.full((places, places), -1, dtype=np.int64)
        self.sitting: list[set[int]] = [set() for _ in range(places)]

    def add(self, person: int) -> None:
        """One more, by the shortest way. Raises NowhereError."""
        last, before = self._way(person)
        place = last
        while before[place] >= 0:
            giver = int(before[place])
            moved = int(self.mover[giver, place])
            self.sitting[giver].discard(moved)
            self._sit(moved, place)
            self._recount(giver)
            place = giver
        self._sit(person, place)
        self.load[last] += 1
        full = self.load[last] >= self.capacity[last]
        self.next[last] = _FAR if full else self.slope[last] * self.load[last]

    def _way(self, person: int) -> tuple[int, Whole]:
        """The place whose seat is taken in the end, and from where each place gets somebody (Dijkstra)."""
        height, tail = self.height, self.next + self.height
        label = self.cost[person] - height
        before = np.full(label.size, -1, dtype=np.int64)
        open_ = label.copy()
        settled: list[int] = []
        best, last = _FAR >> 1, -1
        while True:
            place = int(open_.argmin())
            at = int(open_[place])
            if at >= best or at >= NEVER >> 1:
                break
            settled.append(place)
            open_[place] = _FAR
            if at + int(tail[place]) < best:
                best, last = at + int(tail[place]), place
            through = self.moves[place] - height
            through += at + int(height[place])
            better = np.flatnonzero(through < label)  # no settled place is among them: no way is shorter than theirs
            if better.size:
                label[better] = open_[better] = through[better]
                before[better] = place
        if last < 0 or best >= NEVER >> 1:
            raise NowhereError(person)
        done = np.array(settled)
        height[done] += np.minimum(label[done] - best, 0)
        return last, before

    def _sit(self, person: int, place: int) -> None:
        self.of[person] = place
        self.sitting[place].add(person)
        ask = self.cost[person] - self.cost[person, place]
        better = np.flatnonzero(ask < self.moves[place])
        self.moves[place, better] = ask[better]
        self.mover[place, better] = person

    def _recount(self, place: int) -> None:
        """Somebody left."""
        here = np.fromiter(self.sitting[place], dtype=np.int64, count=len(self.sitting[place]))
        if not here.size:
            self.moves[place] = _FAR
            return
        asks = self.cost[here] - self.cost[here, place][:, None]
        who = asks.argmin(axis=0)
        self.moves[place] = np.take_along_axis(asks, who[None], axis=0)[0]
        self.mover[place] = here[who]


def solved(cost: Whole, capacity: Whole, slope: Whole | None = None) -> Plan:
    """The cheapest plan. `cost` (people, places), below NEVER; `capacity` (places); the seat after k taken ones costs
    `slope * k` more (places). Raises NowhereError where somebody finds no seat.
    """
    places = cost.shape[1]
    board = _Board(cost, capacity, np.zeros(places, dtype=np.int64) if slope is None else slope)
    for person in range(cost.shape[0]):
        board.add(person)
    return Plan(board.of, -board.height, board.load)


def proved(plan: Plan, cost: Whole, capacity: Whole, slope: Whole | None = None) -> bool:
    """Whether the prices prove that no plan is cheaper."""
    steep = np.zeros(capacity.size, dtype=np.int64) if slope is None else slope
    people = np.arange(cost.shape[0])
    paid = cost + plan.price
    content = bool((paid[people, plan.of] <= paid.min(axis=1)).all()) if people.size else True
    above = np.where(plan.load < capacity, plan.price <= steep * plan.load, True)
    below = np.where(plan.load > 0, plan.price >= steep * (plan.load - 1), plan.price >= 0)
    counted = np.bincount(plan.of, minlength=capacity.size) if people.size else np.zeros_like(plan.load)
    return content and bool((above & below).all() and (counted == plan.load).all() and (plan.load <= capacity).all())
