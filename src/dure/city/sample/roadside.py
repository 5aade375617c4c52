"""What stands along the roads: hydrants and the stops of twelve bus lines."""

import math

from dure.city.sample import plan
from dure.city.sample.junctions import Junction, direction
from dure.city.sample.model import Asset
from dure.city.sample.names import BUS_LINES
from dure.city.sample.naming import Run
from dure.city.sample.plane import XY, lonlat, stream
from dure.city.sample.streets import Network, Street, district_of

HYDRANTS = 418
_HYDRANT_APART_M = 150.0
_STOP_EVERY_M = 390.0


def make_hydrants(junctions: list[Junction], seed: int) -> list[Asset]:
    """Above-ground hydrants at corners, first around the markets, then all over the town, at least 150 m apart."""
    rng = stream(seed, "hydrants")
    pool = sorted(junctions, key=lambda j: (math.hypot(*j.at) // 700, rng.random()))
    taken: list[XY] = []
    assets: list[Asset] = []
    for junction in pool:
        at = junction.corner(rng.choice((-1, 1)), rng.choice((-1, 1)), 0.8)
        apart = _HYDRANT_APART_M if math.hypot(*at) > 350 else 75.0
        if any(abs(at[0] - x) < apart and abs(at[1] - y) < apart for x, y in taken):
            continue
        taken.append(at)
        number = len(assets) + 1
        dong = plan.DISTRICTS[district_of(*at)].name
        lon, lat = lonlat(*at)
        assets.append(
            Asset(
                "hydrant", f"H-{number}", f"소화전 H-{number}", lon, lat, f"{plan.CITY_NAME} {junction.name} ({dong})",
                agency="한빛소방서",
                attrs={
                    "type_code": rng.choice(("지상식", "지상식", "지하식")),
                    "pressure": round(rng.uniform(0.22, 0.62), 2),
                    "bore_mm": rng.choice((100, 150, 200)),
                    "installed": rng.randint(1998, 2025),
                    "usable": rng.random() > 0.02,
                },
            )
        )  # fmt: skip
        if number == HYDRANTS:
            break
    return assets


def make_bus_stops(network: Network, runs: list[list[Run]]) -> list[Asset]:
    """Stops on both sides of the great roads, named for the road that crosses next."""
    assets: list[Asset] = []
    for line, roads in BUS_LINES.items():
        for name in roads:
            street = next(s for s in network.streets if s.name == name)
            _add_stops(assets, network, street, runs[street.id], line)
    return assets


def _add_stops(assets: list[Asset], network: Network, street: Street, runs: list[Run], line: str) -> None:
    ux, uy = direction(street)
    for run in runs:
        first, last = street.along(*run[0]), street.along(*run[-1])
        along = first + 120
        while along < last - 60:
            at = (street.start[0] + ux * along, street.start[1] + uy * along)
            along += _STOP_EVERY_M
            if not network.ground.is_open(*at):
                continue
            for side, bound in ((1, "상행"), (-1, "하행")):
                off = street.width_m / 2 + 1.2
                lon, lat = lonlat(at[0] - uy * off * side, at[1] + ux * off * side)
                number = 10_001 + len(assets)
                place = plan.DISTRICTS[district_of(*at)].name.removesuffix("동")
                title = f"{place} {street.name} {int(along // _STOP_EVERY_M)}"
                assets.append(
                    Asset(
                        "bus_stop", str(number), title, lon, lat, agency="한빛시 교통과",
                        attrs={"lines": [line], "direction": bound, "order": int(along // _STOP_EVERY_M)},
                    )
                )  # fmt: skip
