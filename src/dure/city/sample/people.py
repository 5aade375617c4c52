"""People in care, and the devices in their homes; emergency bells and gauges in the open."""

from dure.city.sample import plan
from dure.city.sample.lots import Building, Fabric
from dure.city.sample.model import CarePerson, Device, Person
from dure.city.sample.names import mobile_number, person_name
from dure.city.sample.naming import Gazetteer
from dure.city.sample.plane import XY, lonlat, stream

PEOPLE = 200
_KINDS = (("elderly_alone", 60), ("dementia", 15), ("disabled", 15), ("chronic", 10))


def make_people(fabric: Fabric, seed: int, book: Gazetteer) -> tuple[list[CarePerson], list[Device]]:
    """Two hundred people. Their devices carry no place and no name: a place would say who lives there."""
    rng = stream(seed, "people")
    homes = [b for b in fabric.buildings if b.use in {"house", "villa", "apartment"}]
    people: list[CarePerson] = []
    devices: list[Device] = []
    for number in range(1, PEOPLE + 1):
        home = rng.choice(homes)
        kind = rng.choices([k for k, _ in _KINDS], [w for _, w in _KINDS])[0]
        device = f"CARE-{number:04d}"
        devices.append(Device(device, "care_sensor", f"돌봄 감지기 {number:04d}", None, interval_s=300.0))
        people.append(
            CarePerson(
                f"K-{number:04d}",
                kind,
                Person(
                    person_name(rng, older=True),
                    mobile_number(rng),
                    _home_address(home, book, rng.randint(1, 20), rng.randint(1, 4)),
                    rng.randint(1932, 1958) if kind != "disabled" else rng.randint(1950, 2004),
                    f"보호자 {person_name(rng, older=False)} {mobile_number(rng)}",
                ),
                plan.DISTRICTS[home.address.district].name,
                (device,),
            )
        )
    return people, devices


def _home_address(home: Building, book: Gazetteer, floor: int, door: int) -> str:
    if home.use == "house":
        return book.road(home.address)
    return f"{book.road(home.address)} {min(floor, home.floors)}0{door}호"


def make_open_devices(spots: list[tuple[str, str, XY]], seed: int) -> list[Device]:
    """A bell in each park and at each school, weather stations on community centres, gauges in the river."""
    rng = stream(seed, "open devices")
    devices: list[Device] = []
    for kind, name, at in spots:
        if kind in {"park", "school", "rail_station"}:
            number = sum(d.kind == "bell" for d in devices) + 1
            lon, lat = lonlat(at[0] + rng.uniform(-8, 8), at[1] + rng.uniform(-8, 8))
            devices.append(Device(f"BELL-{number:03d}", "bell", f"{name} 비상벨", None, lon, lat, interval_s=3_600.0))
        if kind == "office":
            number = sum(d.kind == "weather" for d in devices) + 1
            lon, lat = lonlat(*at)
            devices.append(Device(f"WX-{number:02d}", "weather", f"{name} 기상", None, lon, lat, interval_s=60.0))
    middle = (plan.WATER_NORTH + plan.WATER_SOUTH) / 2
    for number, x in enumerate((-2_500, -1_560, -130, 860, 1_690, 2_500), 1):
        lon, lat = lonlat(x + 15, middle)
        devices.append(
            Device(
                f"WL-{number:02d}", "water_level", f"{plan.RIVER_NAME} 수위 {number}", None, lon, lat, interval_s=60.0
            )
        )
    return devices
