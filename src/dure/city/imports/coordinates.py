"""A row's position: from degrees or from a plane, with the mistakes that files make, each with its reason."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dure.city.imports.model import Draft, Setting
from dure.city.projection import PLANES, in_korea, looks_like_degrees, to_wgs84
from dure.city.region import Region
from dure.documents import values

_ENOUGH = 0.5


class Pair(NamedTuple):
    """Two numbers as a row gives them: the field names they came from, east (or longitude) first."""

    x: float
    y: float
    fields: tuple[str, str]


def pair_of(draft: Draft) -> Pair | None:
    """The row's numbers, degrees preferred; None where they are missing or (with a reason left in the draft)
    unreadable."""
    for fields in (("lon", "lat"), ("x", "y")):
        cells = [draft.values.get(name) for name in fields]
        if all(cell is None for cell in cells):
            continue
        numbers: list[float | None] = []
        for name, cell in zip(fields, cells, strict=True):
            try:
                numbers.append(values.number(str(cell)) if cell is not None else None)
            except ValueError as error:
                draft.reject(name, str(error))
                return None
        x, y = numbers
        if x is None and y is None:
            continue
        if x is None or y is None:
            draft.reject(fields[0] if x is None else fields[1], "city.import.position.half")
            return None
        return Pair(x, y, fields)
    return None


def locate(draft: Draft, setting: Setting, *, required: bool) -> None:
    """Put the row's WGS84 position into `lon` and `lat` of the draft, or say why there is none."""
    before = len(draft.reasons)
    pair = pair_of(draft)
    draft.values["lon"] = draft.values["lat"] = None
    if pair is None:
        if required and len(draft.reasons) == before:
            draft.reject(_given(draft), "city.import.position.missing")
        return
    if pair.x == 0 or pair.y == 0:
        draft.reject(pair.fields[0], "city.import.position.zero")
        return
    found = _in_degrees(draft, pair, setting) if looks_like_degrees(pair.x, pair.y) else _in_plane(draft, pair, setting)
    if found is None:
        return
    lon, lat = found
    if setting.region is not None and not setting.region.holds(lon, lat):
        metres = setting.region.metres_outside(lon, lat)
        say = draft.reject if setting.outside == "reject" else draft.note
        say(pair.fields[0], "city.import.position.outside_city", kilometres=round(metres / 1000, 1))
    draft.values["lon"], draft.values["lat"] = round(lon, 7), round(lat, 7)


def _in_degrees(draft: Draft, pair: Pair, setting: Setting) -> tuple[float, float] | None:
    lon, lat = pair.x, pair.y
    if _fits(lon, lat, setting.region):
        return lon, lat
    if _fits(lat, lon, setting.region):
        repair = {"kind": "swap", "fields": list(pair.fields)}
        draft.reject(pair.fields[0], "city.import.position.swapped", repair)
    else:
        draft.reject(pair.fields[0], "city.import.position.not_korea", lon=lon, lat=lat)
    return None


def _in_plane(draft: Draft, pair: Pair, setting: Setting) -> tuple[float, float] | None:
    east, north = (pair.y, pair.x) if setting.swapped_plane else (pair.x, pair.y)
    for epsg, x, y in ((setting.epsg, east, north), (setting.epsg, north, east)):
        if epsg not in PLANES:
            break
        lon, lat = to_wgs84(epsg, [(x, y)])[0]
        if _fits(lon, lat, setting.region):
            if (x, y) != (east, north):
                repair = {"kind": "swap", "fields": list(pair.fields)}
                draft.reject(pair.fields[0], "city.import.position.swapped", repair)
                return None
            return lon, lat
    draft.reject(pair.fields[0], "city.import.position.not_plane", x=pair.x, y=pair.y)
    return None


def _fits(lon: float, lat: float, region: Region | None) -> bool:
    """In Korea; a city elsewhere has its own boundary."""
    return in_korea(lon, lat) or (region is not None and abs(lat) <= 90 and region.holds(lon, lat))


def _given(draft: Draft) -> str:
    return "lon" if "lon" in draft.columns else "x"


def guess_plane(pairs: Sequence[Pair], region: Region | None) -> tuple[int, bool] | None:
    """The plane in which most pairs fall into the city (else into Korea), and whether east and north are exchanged.

    None where no plane fits any of them. 5174 and 5181 overlap but for 300 m: the one that puts more inside wins, the
    order of `PLANES` decides between equals.
    """
    metric = [pair for pair in pairs if not looks_like_degrees(pair.x, pair.y)]
    best: tuple[int, tuple[int, bool]] | None = None
    for swapped in (False, True):
        for epsg in PLANES:
            places = to_wgs84(epsg, [(p.y, p.x) if swapped else (p.x, p.y) for p in metric])
            inside = sum(
                region.holds(lon, lat) if region is not None else in_korea(lon, lat)
                for lon, lat in places
                if abs(lon) <= 180 and abs(lat) <= 90
            )
            if inside and (best is None or inside > best[0]):
                best = (inside, (epsg, swapped))
    if best is None and region is not None:
        return guess_plane(metric, None)
    return None if best is None else best[1]


def mostly_inside(places: Iterable[tuple[float, float]], region: Region) -> bool:
    """Whether the file is of this city: at least half of its positions lie in it. Only then is an outlier a mistake."""
    inside = total = 0
    for lon, lat in places:
        total += 1
        inside += region.holds(lon, lat)
    return total > 0 and inside / total >= _ENOUGH
