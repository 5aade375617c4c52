"""A thousand cameras on some six hundred sites: at junctions, markets, parks and schools."""

import math
import random
from dataclasses import dataclass, field

import numpy as np

from dure.city.sample import plan
from dure.city.sample.junctions import Junction, direction
from dure.city.sample.markets import Market
from dure.city.sample.model import Camera, CameraSite
from dure.city.sample.plane import XY, bent, lonlat, stream
from dure.city.sample.streets import district_of

CAMERAS = 1_000
SITES = 600
RETENTION_DAYS = 30
_PURPOSE_TEXT = {
    "crime": "생활방범",
    "child": "어린이보호",
    "traffic": "교통단속",
    "facility": "시설물관리",
    "disaster": "재난재해",
    "litter": "쓰레기단속",
    "fire": "화재예방",
}
PURPOSE_CODES = {
    "crime": "crime_prevention",
    "child": "child_safety",
    "traffic": "traffic_enforcement",
    "facility": "facility",
    "disaster": "disaster",
    "litter": "dumping",
    "fire": "fire",
}


@dataclass(slots=True)
class _Wish:
    """A place that wants cameras: what they look at, in compass degrees."""

    name: str
    at: XY
    purposes: tuple[str, ...]
    views: list[float]
    range_m: float
    fov_deg: float = 62.0
    ptz: bool = False
    kept: int = 1
    """How many of the views must have a camera."""


@dataclass(slots=True)
class Watch:
    """All sites and cameras."""

    sites: list[CameraSite] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)


def compass(start: XY, end: XY) -> float:
    """The compass direction on the ground from one point of the plan to another."""
    a, b = bent(np.array([start, end], dtype=np.float64))
    return math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360


def make_cameras(
    junctions: list[Junction], markets: list[Market], spots: list[tuple[str, str, XY]], seed: int
) -> Watch:
    """Markets, schools and parks first, then junctions by how much goes on there, until the thousand is full."""
    rng = stream(seed, "cameras")
    wishes = [wish for market in markets for wish in _market_wishes(market)]
    wishes += [wish for kind, name, at in spots for wish in _spot_wishes(kind, name, at, rng)]
    wishes += _junction_wishes(junctions, SITES - len(wishes), rng)
    _fit(wishes, rng)
    watch = Watch()
    for number, wish in enumerate(wishes, 1):
        _mount(watch, number, wish, rng)
    return watch


def _market_wishes(market: Market) -> list[_Wish]:
    """One at each gate looking down its lane, two on each hall's roof."""
    wishes = [
        _Wish(f"{market.manner.name} {name}", at, ("fire", "crime"), [compass(at, inward)], 62, 70)
        for name, at, inward in market.gates
    ]
    for name, ring in market.halls:
        x, y = sum(p[0] for p in ring) / 4, sum(p[1] for p in ring) / 4
        views = [compass((x, y), (x + side, y)) for side in (9, -9)]
        wishes.append(_Wish(f"{market.manner.name} {name} 옥상", (x, y), ("fire",), views, 60, 90, ptz=True, kept=2))
    return wishes


def _spot_wishes(kind: str, name: str, at: XY, rng: random.Random) -> list[_Wish]:
    aim = rng.uniform(0, 360)
    if kind == "school":
        gate = (at[0] - 22, at[1] - 30)
        return [_Wish(f"{name} 정문", gate, ("child", "crime"), [aim, (aim + 150) % 360], 40)]
    if kind == "park":
        return [_Wish(name, at, ("crime",), [aim, (aim + 180) % 360], 50, 75, ptz=rng.random() < 0.4)]
    if kind in {"city_hall", "rail_station", "parking"}:
        return [_Wish(f"{name} 앞", at, ("facility", "crime"), [aim, (aim + 120) % 360], 55, 70, ptz=True)]
    return []


def _junction_wishes(junctions: list[Junction], count: int, rng: random.Random) -> list[_Wish]:
    """Junctions, the busiest and the most central first; no two nearer than 55 m."""
    taken: list[XY] = []
    wishes: list[_Wish] = []
    for junction in sorted(
        junctions, key=lambda j: -j.rank - 26 * math.exp(-math.hypot(*j.at) / 450) - rng.random() * 14
    ):
        x, y = junction.at
        apart = 55 if math.hypot(x, y) < 500 else 110
        if any(abs(x - a) < apart and abs(y - b) < apart for a, b in taken):
            continue
        taken.append(junction.at)
        wishes.append(_junction_wish(junction, rng))
        if len(wishes) == count:
            break
    return wishes


def _junction_wish(junction: Junction, rng: random.Random) -> _Wish:
    east, north = rng.choice((-1, 1)), rng.choice((-1, 1))
    at = junction.corner(east, north)
    ux, uy = direction(junction.first)
    vx, vy = direction(junction.second)
    ways = [(ux, uy), (-ux, -uy), (vx, vy)]
    if junction.second.kind == "arterial":
        ways.append((-vx, -vy))
    rng.shuffle(ways)
    views = [compass(at, (at[0] + wx * 30, at[1] + wy * 30)) for wx, wy in ways]
    busy = junction.first.kind == "arterial"
    purposes = (
        rng.choice((("crime", "traffic"), ("crime",), ("traffic",)))
        if busy
        else rng.choice((("crime",), ("crime", "litter")))
    )
    reach = rng.uniform(55, 85) if busy else rng.uniform(28, 50)
    return _Wish(
        junction.name, at, purposes, views, round(reach), rng.choice((48, 55, 62, 70)), ptz=busy and rng.random() < 0.3
    )


def _fit(wishes: list[_Wish], rng: random.Random) -> None:
    """Cut the number of views so that there are exactly a thousand cameras; each site keeps one."""
    spare = CAMERAS - sum(wish.kept for wish in wishes)
    order = [wish for wish in wishes if len(wish.views) > wish.kept]
    rng.shuffle(order)
    extra = {id(wish): 0 for wish in order}
    while spare > 0:
        before = spare
        for wish in order:
            if spare and extra[id(wish)] + wish.kept < len(wish.views):
                extra[id(wish)] += 1
                spare -= 1
        if spare == before:
            order[spare % len(order)].views.append(rng.uniform(0, 360))
    for wish in wishes:
        wish.views = wish.views[: wish.kept + extra.get(id(wish), 0)]


def _mount(watch: Watch, number: int, wish: _Wish, rng: random.Random) -> None:
    site = f"HB-{number:04d}"
    lon, lat = lonlat(*wish.at)
    dong = plan.DISTRICTS[district_of(*wish.at)].name
    year = rng.randint(2016, 2025)
    codes = tuple(dict.fromkeys(PURPOSE_CODES[p] for p in wish.purposes))
    texts = "·".join(dict.fromkeys(_PURPOSE_TEXT[p] for p in wish.purposes))
    pixels = rng.choice((200, 200, 400, 500))
    watch.sites.append(
        CameraSite(
            site, wish.name, lon, lat, f"{plan.CITY_NAME} {wish.name} ({dong})",
            f"{plan.CITY_NAME} {dong}", codes, texts, len(wish.views), pixels, RETENTION_DAYS,
            f"{year}-{rng.randint(1, 12):02d}",
        )
    )  # fmt: skip
    for index, view in enumerate(wish.views, 1):
        state = rng.choices(("ok", "broken", "unknown", "off"), (945, 30, 15, 10))[0]
        name = wish.name if len(wish.views) == 1 else f"{wish.name} {index}"
        watch.cameras.append(
            Camera(
                f"C-{len(watch.cameras) + 1:04d}", site, index, name, f"HBV-{pixels}{'P' if wish.ptz else ''}",
                lon, lat, round(view, 1) % 360, wish.fov_deg, wish.range_m, wish.ptz and index == 1, state,
                RETENTION_DAYS, codes,
            )
        )  # fmt: skip
