"""Two traditional markets: halls of stalls in rows, each stall with its number, shop, owner and detector."""

import math
from dataclasses import dataclass, field

from dure.city.sample import names
from dure.city.sample.lots import Fabric, box_at
from dure.city.sample.model import Asset, Device
from dure.city.sample.naming import Gazetteer
from dure.city.sample.plane import XY, lonlat, middle, placed, stream
from dure.city.sample.streets import Block

ZONES = ("가", "나", "다", "라")
_LETTERS = ("G", "N", "D", "R")
STALLS_A_ZONE = 75
_TRADES_OF_ZONE = (
    ("청과", "채소", "건어물", "반찬", "떡", "꽃"),
    ("침구", "의류", "한복", "신발", "침구", "잡화"),
    ("분식", "국밥", "통닭", "전", "떡", "반찬"),
    ("수산", "정육", "건어물", "그릇", "잡화", "수산"),
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a market is built. Metres: a stall's front and depth, the lane between halls, a passage through each hall."""

    name: str
    code: str
    letter: str
    front_m: float
    depth_m: float
    lane_m: float
    passage_m: float
    opened: int


MANNERS = (
    Manner("한빛중앙시장", "hanbit-central", "C", 2.75, 4.1, 5.6, 0.0, 1964),
    Manner("동문시장", "dongmun", "E", 2.8, 4.6, 9.0, 4.0, 1978),
)


@dataclass(slots=True)
class Market:
    """A market's stalls and what belongs to them, on the plan and as assets."""

    manner: Manner
    outline: list[XY]
    halls: list[tuple[str, list[XY]]] = field(default_factory=list)
    hall_marks: list[tuple[str, XY]] = field(default_factory=list)
    """Where a hall's name is written: at its western end."""
    stalls: list[tuple[Asset, list[XY]]] = field(default_factory=list)
    label: XY = (0.0, 0.0)
    """Where the market's name is written: below its halls."""
    gates: list[tuple[str, XY, XY]] = field(default_factory=list)
    """Name, place, and where one looks when entering."""
    assets: list[Asset] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)


def build_market(fabric: Fabric, block: Block, which: int, seed: int, book: Gazetteer) -> Market:
    """The market numbered `which` on its block."""
    manner = MANNERS[which]
    usable = fabric.usable(block.polygon)
    x, y = middle(usable)
    market = Market(manner, [(c.x, c.y) for c in usable])
    address = fabric.address((x, y), fabric.front_of(block.polygon), fabric.new_lot(block.district))
    lon, lat = lonlat(x, y)
    road, lot = book.road(address), book.lot(address)
    attrs = {
        "market_type": "상설장",
        "stalls": STALLS_A_ZONE * len(ZONES),
        "opened": manner.opened,
        "toilet": True,
        "parking": which == 0,
    }
    rng = stream(seed, f"market {which}")
    market.assets.append(
        Asset(
            "market", manner.code, manner.name, lon, lat, road, lot,
            agency=f"{manner.name} 상인회", phone=names.desk_number(rng), attrs=attrs,
        )
    )  # fmt: skip
    hall_m = 2 * manner.depth_m
    height = len(ZONES) * hall_m + (len(ZONES) - 1) * manner.lane_m
    market.label = (x, y - height / 2 - 8)
    for index in range(len(ZONES)):
        v = y + height / 2 - hall_m / 2 - index * (hall_m + manner.lane_m)
        _build_hall(market, index, (x, v), seed, (road, lot))
    _add_gates(market, (x, y), height)
    return market


def _build_hall(market: Market, zone: int, at: XY, seed: int, address: tuple[str, str]) -> None:
    """One 동: stalls 1 to 38 along its north side, 39 to 75 along its south side."""
    manner = market.manner
    north = math.ceil(STALLS_A_ZONE / 2)
    length = north * manner.front_m + manner.passage_m
    name = f"{ZONES[zone]}동"
    parts = [box_at(at, (1, 0), length, 2 * manner.depth_m)]
    if manner.passage_m:
        half = (length - manner.passage_m) / 2
        shift = (half + manner.passage_m) / 2
        parts = [box_at((at[0] + side * shift, at[1]), (1, 0), half, 2 * manner.depth_m) for side in (-1, 1)]
    market.halls += [(name, part) for part in parts]
    market.hall_marks.append((name, (at[0] - length / 2 - 9, at[1])))
    gateway = f"HB{manner.letter}-GW-{_LETTERS[zone]}"
    lon, lat = lonlat(*at)
    market.devices.append(
        Device(gateway, "gateway", f"{manner.name} {name} 중계기", gateway, lon, lat, ("market", manner.code), 60.0)
    )
    for number in range(1, STALLS_A_ZONE + 1):
        _add_stall(market, zone, number, at, gateway, seed, address)
    _add_shutoffs(market, zone, at, length)


def _add_stall(
    market: Market, zone: int, number: int, hall: XY, gateway: str, seed: int, address: tuple[str, str]
) -> None:
    manner = market.manner
    rng = stream(seed, f"stall {manner.code} {zone} {number}")
    north = math.ceil(STALLS_A_ZONE / 2)
    column, side = (number - 1, 1) if number <= north else (number - north - 1, -1)
    u = (column + 0.5) * manner.front_m - north * manner.front_m / 2
    u += math.copysign(manner.passage_m / 2, u) if manner.passage_m else 0.0
    at = (hall[0] + u, hall[1] + side * manner.depth_m / 2)
    lon, lat = lonlat(*at)
    trade = rng.choice(_TRADES_OF_ZONE[zone])
    name = f"{ZONES[zone]}동"
    code = f"{manner.code}/{name}/1/{number}"
    device = f"HB{manner.letter}-{_LETTERS[zone]}-{number:03d}"
    ring = box_at(at, (1, 0), manner.front_m * 0.94, manner.depth_m * 0.96)
    attrs = {
        "market": manner.name,
        "zone": name,
        "floor": "1",
        "number": str(number),
        "shop": names.shop_name(rng, trade),
        "business": trade,
        "hours": rng.choice(("08:00-20:00", "09:00-19:00", "07:00-18:00")),
        "fire": "가스" if names.TRADES[trade].fire else "없음",
        "detector_id": device,
        "detector_kind": "열·연기",
        "detector_installed": f"2025-{rng.randint(1, 12):02d}",
    }
    stall = Asset(
        "stall", code, f"{name} {number}호", lon, lat, address[0], address[1], ("market", manner.code),
        owner=names.shopkeeper(rng), attrs=attrs,
    )  # fmt: skip
    market.stalls.append((stall, ring))
    market.devices.append(
        Device(
            device, "fire_detector", f"{manner.name} {name} {number}호 감지기", gateway, lon, lat, ("stall", code), 10.0
        )
    )


def _add_shutoffs(market: Market, zone: int, hall: XY, length: float) -> None:
    manner = market.manner
    for what, korean, side in (("gas", "가스 차단 밸브", -1), ("electricity", "전기 분전함", 1)):
        lon, lat = lonlat(hall[0] + side * (length / 2 + 1.2), hall[1])
        market.assets.append(
            Asset(
                "shutoff", f"{manner.code}/{ZONES[zone]}/{what}", f"{manner.name} {ZONES[zone]}동 {korean}", lon, lat,
                parent=("market", manner.code), attrs={"shuts": what, "zone": f"{ZONES[zone]}동"},
            )
        )  # fmt: skip


def _add_gates(market: Market, at: XY, height: float) -> None:
    """A gate at both ends of each hall's northern lane."""
    manner = market.manner
    length = math.ceil(STALLS_A_ZONE / 2) * manner.front_m + manner.passage_m
    hall_m = 2 * manner.depth_m
    for index, zone in enumerate(ZONES):
        v = at[1] + height / 2 - index * (hall_m + manner.lane_m) + min(manner.lane_m, 5) / 2
        for side, word in ((1, "동쪽"), (-1, "서쪽")):
            place = (at[0] + side * (length / 2 + 1.5), v)
            name = f"{zone}동 {word} 출입구"
            market.gates.append((name, place, (at[0], v)))
            lon, lat = lonlat(*place)
            market.assets.append(
                Asset(
                    "gate", f"{manner.code}/{zone}/{'E' if side > 0 else 'W'}", f"{manner.name} {name}", lon, lat,
                    parent=("market", manner.code), attrs={"zone": f"{zone}동"},
                )
            )  # fmt: skip


def ring_of(points: list[XY]) -> list[list[float]]:
    """A closed GeoJSON ring."""
    ring = placed(points)
    return [*ring, ring[0]]
