"""Names of roads, and addresses in both Korean forms."""

from collections import defaultdict

from dure.city.sample import plan
from dure.city.sample.lots import Address
from dure.city.sample.names import ROAD_SECONDS, ROAD_WORDS
from dure.city.sample.plane import NO_ROAD, XY, inside, stepped, stream
from dure.city.sample.streets import Ground, Network, Street

Run = list[XY]
_STEP_M = 20.0


def visible_runs(network: Network) -> list[list[Run]]:
    """For each street the stretches of it that are built: within the city, and but for great roads within the town."""
    return [_runs(street, network.ground) for street in network.streets]


def _runs(street: Street, ground: Ground) -> list[Run]:
    great = street.kind == "arterial"
    runs: list[Run] = []
    run: Run = []
    for point in stepped(street.start, street.end, _STEP_M):
        if inside(ground.city, *point) if great else ground.is_open(*point):
            run.append(point)
            continue
        if len(run) > 1:
            runs.append(run)
        run = []
    if len(run) > 1:
        runs.append(run)
    if street.name in plan.NO_BRIDGE:
        runs = [[p for p in run if p[1] > plan.RIVER_NORTH - 1] for run in runs]
    return [run for run in runs if len(run) > 1]


def give_names(network: Network, seed: int) -> None:
    """Collectors get a name of their own (-로); lanes the name of the road they leave and a number (-3길)."""
    words = [first + word for first in ROAD_SECONDS for word in ROAD_WORDS]
    head = words[: len(ROAD_WORDS)]
    stream(seed, "road names").shuffle(head)
    taken = {street.name for street in network.streets}
    free = (f"{word}로" for word in head + words[len(ROAD_WORDS) :] if f"{word}로" not in taken)
    for street in network.streets:
        if street.kind == "collector" and not street.name:
            street.name = next(free)
            taken.add(street.name)
    lanes: dict[int, list[Street]] = defaultdict(list)
    for street in network.streets:
        if not street.name:
            lanes[_ancestor(network, street).id].append(street)
    for parent, branches in lanes.items():
        _number(network.streets[parent], branches, taken)


def _number(parent: Street, branches: list[Street], taken: set[str]) -> None:
    """Lanes in the order in which one passes them on the road that they leave."""
    stem, number = parent.name.removesuffix("길"), 0
    for street in sorted(branches, key=lambda one: (parent.along(*one.start), one.id)):
        while not street.name or street.name in taken:
            number += 1
            street.name = f"{stem}{number}길"
        taken.add(street.name)


def _ancestor(network: Network, street: Street) -> Street:
    """The first road above a lane that is not a lane."""
    while street.parent != NO_ROAD:
        street = network.streets[street.parent]
        if street.kind != "lane":
            return street
    return next(one for one in network.streets if one.name == "한빛대로")


class Gazetteer:
    """Writes addresses out."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def road(self, address: Address, *, district: bool = True) -> str:
        """도로명주소: `한빛시 시장3길 24 (중앙동)`."""
        number = f"{address.main}-{address.sub}" if address.sub else str(address.main)
        tail = f" ({plan.DISTRICTS[address.district].name})" if district else ""
        return f"{plan.CITY_NAME} {self._network.streets[address.street].name} {number}{tail}"

    def lot(self, address: Address) -> str:
        """지번주소: `한빛시 중앙동 12-3`."""
        return f"{plan.CITY_NAME} {plan.DISTRICTS[address.district].name} {address.lot_main}-{address.lot_sub}"


def legal_dong(district: int) -> str:
    """법정동 code, ten digits."""
    return f"{plan.CITY_CODE}{101 + district}00"


def admin_dong(district: int) -> str:
    """행정동 code, ten digits; it differs from the legal one as it does in life."""
    return f"{plan.CITY_CODE}{510 + district * 10}00"
