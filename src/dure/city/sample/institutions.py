"""Fire and police stations, schools, clinics and the rest of what a city keeps, in buildings that stand already."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from dure.city.sample import plan
from dure.city.sample.lots import Building, Fabric
from dure.city.sample.model import Asset
from dure.city.sample.names import CLINIC_WORDS, CLINICS, desk_number
from dure.city.sample.naming import Gazetteer
from dure.city.sample.plane import XY, lonlat, stream

_SCHOOL_LEVELS = ("초등학교", "중학교", "초등학교", "고등학교")


@dataclass(slots=True)
class Institutions:
    """The assets found so far, and the buildings still free."""

    book: Gazetteer
    rng: random.Random
    free: dict[int, list[Building]]
    assets: list[Asset] = field(default_factory=list)
    spots: list[tuple[str, str, XY]] = field(default_factory=list)
    """Kind, name and place on the plan of what cameras and labels care about."""

    def take(self, district: int, uses: tuple[str, ...], near: XY | None = None) -> Building:
        """A free building of a district, the nearest to `near` or any."""
        pool = [b for b in self.free[district] if b.use in uses] or self.free[district]
        if near is None:
            chosen = self.rng.choice(pool)
        else:
            chosen = min(pool, key=lambda b: (b.at[0] - near[0]) ** 2 + (b.at[1] - near[1]) ** 2)
        self.free[district].remove(chosen)
        return chosen

    def add(self, kind: str, code: str, name: str, building: Building, agency: str | None = None, **attrs: Any) -> None:
        """An institution in a building."""
        lon, lat = lonlat(*building.at)
        address = building.address
        self.assets.append(
            Asset(
                kind, code, name, lon, lat, self.book.road(address), self.book.lot(address),
                agency=agency, phone=desk_number(self.rng), attrs={"floors": building.floors, **attrs},
            )
        )  # fmt: skip
        self.spots.append(("city_hall" if code == "CH-01" else kind, name, building.at))


def make_institutions(fabric: Fabric, mains: list[tuple[str, Building]], seed: int, book: Gazetteer) -> Institutions:
    """All institutions. `mains` are buildings that were built for one: their use and name, and the building."""
    free: dict[int, list[Building]] = defaultdict(list)
    for building in fabric.buildings:
        if building.use in {"shop", "office"}:
            free[building.address.district].append(building)
    for _, building in mains:
        if building in free[building.address.district]:
            free[building.address.district].remove(building)
    found = Institutions(book, stream(seed, "institutions"), free)
    _add_given(found, mains)
    for district, dong in enumerate(plan.DISTRICTS):
        _add_dong(found, district, dong)
    _add_clinics(found)
    return found


def _add_given(found: Institutions, mains: list[tuple[str, Building]]) -> None:
    """City hall and the schools."""
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for index, (use, building) in enumerate(mains):
        kind, _, name = use.partition(":")
        district = building.address.district
        if kind == "cityhall":
            found.add("office", "CH-01", "한빛시청", building, "한빛시")
            continue
        level = _SCHOOL_LEVELS[(index + district) % len(_SCHOOL_LEVELS)]
        if not name:
            stem = plan.DISTRICTS[district].name.removesuffix("동")
            counts[district, level] += 1
            first = ("", "새", "동", "서", "남", "북", "한")[counts[district, level] - 1]
            name = f"{first}{stem}{level}"
        if any(asset.name == name for asset in found.assets):
            name = f"한빛{name}"
        found.add(
            "school", f"SC-{len(found.assets):03d}", name, building, "한빛교육지원청", level=name[-4:].lstrip("0")
        )


def _add_dong(found: Institutions, district: int, dong: plan.District) -> None:
    """What each dong has."""
    stem = dong.name.removesuffix("동")
    seed = dong.seed
    shops = ("shop", "office")
    if district % 2 == 0 or district in (9, 11):
        found.add(
            "fire_station", f"F-{district + 1:02d}", f"{stem}119안전센터", found.take(district, shops, seed),
            "한빛소방서", engines=2, ambulances=1,
        )  # fmt: skip
    if district == 2:
        found.add(
            "fire_station",
            "F-00",
            "한빛소방서",
            found.take(district, shops, (430, 300)),
            "한빛소방서",
            engines=4,
            ambulances=2,
        )
    if district == 1:
        found.add("police_station", "P-00", "한빛경찰서", found.take(district, shops, (-420, 60)), "한빛경찰서")
    word = "지구대" if district % 3 == 0 else "파출소"
    found.add("police_station", f"P-{district + 1:02d}", f"{stem}{word}", found.take(district, shops), "한빛경찰서")
    found.add(
        "office",
        f"CC-{district + 1:02d}",
        f"{dong.name} 행정복지센터",
        found.take(district, shops, seed),
        "한빛시",
    )
    found.add("library", f"LB-{district + 1:02d}", f"{stem}작은도서관", found.take(district, shops), "한빛시")
    for number in range(1, 4):
        house = found.take(district, ("house", "shop"))
        found.add(
            "senior_centre", f"SN-{district + 1:02d}{number}", f"{stem}{number}경로당", house, "한빛시 복지정책과"
        )
    for number in range(1, 4):
        found.add(
            "nursery",
            f"DC-{district + 1:02d}{number}",
            f"{stem}{number}어린이집",
            found.take(district, shops),
            "한빛시",
        )


def _add_clinics(found: Institutions) -> None:
    rng = found.rng
    for number, (district, name, beds) in enumerate(
        ((1, "한빛의료원", 420), (4, "새솔병원", 180), (11, "샛별병원", 150))
    ):
        found.add("hospital", f"HS-{number + 1:02d}", name, found.take(district, ("office", "shop")), name, beds=beds)
    found.add("health_centre", "HC-01", "한빛시 보건소", found.take(2, ("shop", "office"), (330, 260)), "한빛시 보건소")
    kinds, weights = list(CLINICS), list(CLINICS.values())
    taken: set[str] = set()
    for number in range(1, 97):
        district = (number * 5) % len(plan.DISTRICTS)
        kind = rng.choices(kinds, weights)[0]
        name = rng.choice(CLINIC_WORDS) + kind
        if name in taken:
            name = plan.DISTRICTS[district].name.removesuffix("동") + name
        taken.add(name)
        found.add("clinic", f"CL-{number:03d}", name, found.take(district, ("shop", "office")), name, subject=kind)
