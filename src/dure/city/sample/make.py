"""The whole sample city from a seed."""

import math

from dure.city.sample import plan
from dure.city.sample.agencies import AGENCIES
from dure.city.sample.basemap import make_features
from dure.city.sample.borders import make_boundaries
from dure.city.sample.cameras import make_cameras
from dure.city.sample.estates import build_block
from dure.city.sample.institutions import make_institutions
from dure.city.sample.junctions import Junction, find_junctions
from dure.city.sample.lots import Building, Fabric, box_at
from dure.city.sample.markets import Market, build_market
from dure.city.sample.model import Asset, Place, SampleCity
from dure.city.sample.names import ROAD_WORDS, desk_number
from dure.city.sample.naming import Gazetteer, admin_dong, give_names, legal_dong, visible_runs
from dure.city.sample.people import make_open_devices, make_people
from dure.city.sample.plane import XY, lonlat, placed, stream
from dure.city.sample.roadside import make_bus_stops, make_hydrants
from dure.city.sample.streets import Network, district_of, make_network

DEFAULT_SEED = 7
Spot = tuple[str, str, XY]


def make_city(seed: int = DEFAULT_SEED) -> SampleCity:
    """한빛시 of a seed. Pure: the same seed gives the same city."""
    network = make_network(seed)
    give_names(network, seed)
    fabric = Fabric(network, stream(seed, "houses"))
    book = Gazetteer(network)
    mains: list[tuple[str, Building]] = []
    markets: list[Market] = []
    for block in network.blocks:
        if block.use.startswith("market:"):
            markets.append(build_market(fabric, block, int(block.use[-1]), seed, book))
            continue
        main = build_block(fabric, block)
        if main is not None:
            mains.append((block.use, main))
    markets.sort(key=lambda market: market.manner.letter)
    station = _build_station(fabric)
    _name_parks(fabric, seed)
    found = make_institutions(fabric, mains, seed, book)
    found.add("rail_station", "RS-01", "한빛역", station, plan.RAIL_NAME)
    spots = [*found.spots, *_open_spots(fabric), *(("market", m.manner.name, m.label) for m in markets)]
    junctions = find_junctions(network)
    runs = visible_runs(network)
    city = SampleCity(seed, plan.CITY_CODE, plan.CITY_NAME, agencies=list(AGENCIES))
    city.boundaries = make_boundaries(network)
    city.features = make_features(network, fabric, runs, markets, spots)
    city.assets = [asset for market in markets for asset in market.assets]
    city.assets += [stall for market in markets for stall, _ in market.stalls]
    city.assets += [
        *found.assets,
        *make_hydrants(junctions, seed),
        *make_bus_stops(network, runs),
        *_parks(fabric, seed),
    ]
    watch = make_cameras(junctions, markets, spots, seed)
    city.sites, city.cameras = watch.sites, watch.cameras
    city.care, care_devices = make_people(fabric, seed, book)
    city.devices = [device for market in markets for device in market.devices]
    city.devices += [*care_devices, *make_open_devices(spots, seed)]
    city.places = [*_addresses(fabric, book), *_crossings(junctions), *_bridges(network)]
    return city


def middle_of(ring: list[XY]) -> XY:
    """The mean of a ring's corners."""
    return sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)


def _build_station(fabric: Fabric) -> Building:
    """The station's house and square beside the railway; houses that stand there give way."""
    angle = math.radians(plan.RAIL_ANGLE_DEG)
    along = (math.cos(angle), math.sin(angle))
    away = plan.RAIL_HALF_WIDTH + 25
    at = (plan.RAIL_AT[0] + along[1] * away, plan.RAIL_AT[1] - along[0] * away)

    def near(point: XY) -> bool:
        dx, dy = point[0] - at[0], point[1] - at[1]
        return abs(dx * along[0] + dy * along[1]) < 66 and abs(dy * along[0] - dx * along[1]) < 34

    fabric.buildings[:] = [b for b in fabric.buildings if not near(b.at)]
    fabric.grounds.append(("square", "", tuple(box_at(at, along, 112, 46))))
    house = (at[0] - along[1] * 10, at[1] + along[0] * 10)
    street = next(s.id for s in fabric.network.streets if s.name == "송림로")
    return fabric.stand(box_at(house, along, 72, 17), "civic", 3, street, fabric.new_lot(district_of(*at)))


def _name_parks(fabric: Fabric, seed: int) -> None:
    """Parks without a name get one."""
    words = list(ROAD_WORDS)
    stream(seed, "park names").shuffle(words)
    free = iter(words)
    fabric.grounds[:] = [
        (kind, name or (f"{next(free)}공원" if kind == "park" else ""), ring) for kind, name, ring in fabric.grounds
    ]


def _open_spots(fabric: Fabric) -> list[Spot]:
    return [(kind, name, middle_of(list(ring))) for kind, name, ring in fabric.grounds if kind in {"park", "parking"}]


def _parks(fabric: Fabric, seed: int) -> list[Asset]:
    rng = stream(seed, "parks")
    assets: list[Asset] = []
    for kind, name, at in _open_spots(fabric):
        lon, lat = lonlat(*at)
        code = f"{'PK' if kind == 'park' else 'PL'}-{len(assets) + 1:03d}"
        assets.append(Asset(kind, code, name, lon, lat, agency="한빛시 공원녹지과", phone=desk_number(rng)))
    return assets


def _addresses(fabric: Fabric, book: Gazetteer) -> list[Place]:
    """One place for each building: what a caller's address is looked up in."""
    points = placed([building.at for building in fabric.buildings])
    places = []
    for building, (lon, lat) in zip(fabric.buildings, points, strict=True):
        address = building.address
        road = book.road(address, district=False)
        places.append(
            Place(
                "address", road, road.split(" ", 1)[1], lon, lat, book.road(address), book.lot(address),
                legal_dong(address.district), admin_dong(address.district),
            )
        )  # fmt: skip
    return places


def _crossings(junctions: list[Junction]) -> list[Place]:
    kept = [j for j in junctions if j.second.kind != "lane"]
    points = placed([j.at for j in kept])
    return [
        Place(
            "crossing", f"X-{number:04d}", junction.name, lon, lat,
            legal_dong=legal_dong(district_of(*junction.at)), admin_dong=admin_dong(district_of(*junction.at)),
        )
        for number, (junction, (lon, lat)) in enumerate(zip(kept, points, strict=True), 1)
    ]  # fmt: skip


def _bridges(network: Network) -> list[Place]:
    places: list[Place] = []
    for road in plan.NORTH_SOUTH:
        if road.name in plan.NO_BRIDGE or not road.start[1] < plan.RIVER_SOUTH < road.end[1]:
            continue
        at = (road.start[0], (plan.RIVER_NORTH + plan.RIVER_SOUTH) / 2)
        if not network.ground.is_open(*at):
            continue
        lon, lat = lonlat(*at)
        name = road.name.removesuffix("로").removesuffix("대") + "대교"
        places.append(
            Place(
                "bridge",
                f"B-{len(places) + 1:02d}",
                name,
                lon,
                lat,
                legal_dong=legal_dong(district_of(*at)),
                admin_dong=admin_dong(district_of(*at)),
            )
        )
    return places
