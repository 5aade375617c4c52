"""Where streets meet."""

import math
from dataclasses import dataclass

from dure.city.sample.plane import NO_ROAD, XY
from dure.city.sample.streets import Network, Street


@dataclass(frozen=True, slots=True)
class Junction:
    """A meeting of two streets, the wider first."""

    at: XY
    first: Street
    second: Street

    @property
    def rank(self) -> float:
        """How much goes on here: the widths together."""
        return self.first.width_m + self.second.width_m

    @property
    def name(self) -> str:
        """As people say it."""
        if self.first.kind == self.second.kind == "arterial":
            return f"{self.first.name}·{self.second.name} 네거리"
        return f"{self.second.name} 입구" if self.second.kind == "lane" else f"{self.second.name} 네거리"

    def corner(self, east: int, north: int, beyond_m: float = 1.5) -> XY:
        """A place on the pavement at one of the four corners (±1, ±1)."""
        ux, uy = direction(self.first)
        u, v = self.second.width_m / 2 + beyond_m, self.first.width_m / 2 + beyond_m
        return self.at[0] + ux * u * east - uy * v * north, self.at[1] + uy * u * east + ux * v * north


def direction(street: Street) -> XY:
    """The unit direction from a street's start to its end."""
    dx, dy = street.end[0] - street.start[0], street.end[1] - street.start[1]
    length = math.hypot(dx, dy) or 1.0
    return dx / length, dy / length


def find_junctions(network: Network) -> list[Junction]:
    """All junctions in the town, in the order of the streets."""
    found = [j for j in _crossings(network) if network.ground.is_open(*j.at)]
    for street in network.streets:
        if street.kind == "arterial" or street.parent == NO_ROAD:
            continue
        parent = network.streets[street.parent]
        if network.ground.is_open(*street.start):
            found.append(Junction(street.start, parent, street))
    return found


def _crossings(network: Network) -> list[Junction]:
    great = [street for street in network.streets if street.kind == "arterial"]
    found = []
    for index, a in enumerate(great):
        for b in great[index + 1 :]:
            at = _meeting(a, b)
            if at is not None:
                found.append(Junction(at, a, b) if a.width_m >= b.width_m else Junction(at, b, a))
    return found


def _meeting(a: Street, b: Street) -> XY | None:
    ax, ay = a.end[0] - a.start[0], a.end[1] - a.start[1]
    bx, by = b.end[0] - b.start[0], b.end[1] - b.start[1]
    cross = ax * by - ay * bx
    if abs(cross) < 1e-6:
        return None
    wx, wy = b.start[0] - a.start[0], b.start[1] - a.start[1]
    s, t = (wx * by - wy * bx) / cross, (wx * ay - wy * ax) / cross
    slack_a, slack_b = 20 / math.hypot(ax, ay), 20 / math.hypot(bx, by)
    if not (-slack_a <= s <= 1 + slack_a and -slack_b <= t <= 1 + slack_b):
        return None
    return a.start[0] + ax * s, a.start[1] + ay * s
