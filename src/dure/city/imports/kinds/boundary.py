"""Boundaries: GeoJSON in WGS84 or in a Korean plane, of the city, its districts or its dong."""

import json
import re
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from dure.city.imports.coordinates import Pair, guess_plane
from dure.city.imports.kinds.common import digest
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.projection import METRIC, PLANES, WGS84, in_korea, looks_like_degrees, to_plane, to_wgs84
from dure.documents import values

MOST_POINTS = 200_000
_LEVELS = {
    "시도": "city",
    "시": "city",
    "city": "city",
    "구": "district",
    "군": "district",
    "구군": "district",
    "시군구": "district",
    "district": "district",
    "동": "dong",
    "읍면동": "dong",
    "행정동": "dong",
    "법정동": "dong",
    "dong": "dong",
}


def _level(cell: str) -> str | None:
    plain = values.folded(cell).lower().replace(" ", "")
    if not plain:
        return None
    if plain not in _LEVELS:
        raise ValueError("city.import.word.unknown")
    return _LEVELS[plain]


def _guessed_level(code: str | None, name: str) -> str:
    """By the code's length (시도 2 digits, 시군구 5, 동 7 to 10), else by the name's last syllable."""
    if code is not None and code.isdigit():
        trimmed = code if len(code) < 10 else code.rstrip("0") or code
        if len(code) <= 2 or (len(code) == 10 and len(trimmed) <= 2):
            return "city"
        return "district" if len(code) <= 5 or (len(code) == 10 and len(trimmed) <= 5) else "dong"
    last = name.rsplit(maxsplit=1)[-1]
    if re.search(r"(특별시|광역시|특별자치시|도)$", last) or last.endswith("시"):
        return "city"
    return "district" if last.endswith(("구", "군")) else "dong"


def _key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    full = draft.text("full_name") or draft.text("name")
    if full is None:
        draft.reject("full_name", "city.import.required")
        return None
    code = draft.text("code")
    asked = draft.text("level") or _LEVELS.get(setting.options.get("level", ""))
    level = asked or _guessed_level(code, full)
    return f"{level}/{code or digest(full)}", False


def _build(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    level, _, code = key.partition("/")
    ground = _ground(draft, setting)
    if ground is None:
        return []
    full = draft.text("full_name") or str(draft.values["name"])
    west, south, east, north = ground.bounds
    label = ground.representative_point()
    flat = shapely.transform(ground, _to_metres)
    columns: dict[str, Any] = {
        "name": draft.text("name") or full.split()[-1],
        "full_name": full,
        "geometry": json.loads(json.dumps(mapping(ground))),
        "min_lon": west,
        "min_lat": south,
        "max_lon": east,
        "max_lat": north,
        "label_lon": round(label.x, 7),
        "label_lat": round(label.y, 7),
        "area_m2": round(float(flat.area), 1),
    }
    return [Entity("boundary", (level, code), columns)]


def _to_metres(pairs: Any) -> Any:
    import numpy as np

    return np.array(to_plane([(lon, lat) for lon, lat in pairs.tolist()], METRIC))


def _ground(draft: Draft, setting: Setting) -> BaseGeometry | None:
    """The feature's area in WGS84, made valid, in tenths of a metre; None with a reason where there is none."""
    cell = draft.values.get("geometry")
    try:
        told = json.loads(cell) if cell else None
        found = shape(told) if isinstance(told, dict) and told.get("coordinates") else None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ShapelyError, RecursionError):
        draft.reject("geometry", "city.import.boundary.broken")
        return None
    if found is None or found.geom_type not in {"Polygon", "MultiPolygon"} or found.is_empty:
        draft.reject("geometry", "city.import.boundary.no_area")
        return None
    if shapely.get_num_coordinates(found) > MOST_POINTS:
        draft.reject("geometry", "city.import.boundary.too_many_points", most=MOST_POINTS)
        return None
    placed = _in_wgs84(draft, shapely.force_2d(found), setting)
    if placed is None:
        return None
    if not placed.is_valid:
        placed = _areas(shapely.make_valid(placed))
        draft.note("geometry", "city.import.boundary.mended")
    ground = shapely.set_precision(placed, 1e-6, mode="pointwise")
    ground = ground if ground.is_valid else _areas(shapely.make_valid(ground))
    if ground.is_empty or ground.area <= 0:
        draft.reject("geometry", "city.import.boundary.no_area")
        return None
    return ground


def _areas(geometry: BaseGeometry) -> BaseGeometry:
    """Only the areas of what mending made."""
    parts = [one for one in shapely.get_parts(geometry) if one.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(parts)


def _in_wgs84(draft: Draft, ground: BaseGeometry, setting: Setting) -> BaseGeometry | None:
    x, y = (float(one) for one in shapely.get_coordinates(ground)[0])
    if setting.epsg == WGS84 and looks_like_degrees(x, y):
        if not in_korea(x, y) and in_korea(y, x):
            draft.note("geometry", "city.import.boundary.axes_exchanged")
            return shapely.transform(ground, lambda pairs: pairs[:, ::-1])
        if not all(map(_finite, ground.bounds)) or abs(y) > 90:
            draft.reject("geometry", "city.import.boundary.broken")
            return None
        return ground
    epsg, swapped = setting.epsg, setting.swapped_plane
    if epsg not in PLANES:
        guess = guess_plane([Pair(x, y, ("geometry", "geometry"))], None)
        if guess is None:
            draft.reject("geometry", "city.import.position.not_plane", x=x, y=y)
            return None
        epsg, swapped = guess

    def moved(pairs: Any) -> Any:
        import numpy as np

        turned = pairs[:, ::-1] if swapped else pairs
        return np.array(to_wgs84(epsg, [(one, other) for one, other in turned.tolist()]))

    placed = shapely.transform(ground, moved)
    if not all(map(_finite, placed.bounds)) or not in_korea(*shapely.get_coordinates(placed)[0]):
        draft.reject("geometry", "city.import.position.not_plane", x=x, y=y)
        return None
    return placed


def _finite(value: float) -> bool:
    return abs(value) < float("inf")


BOUNDARY = Kind(
    name="boundary",
    fields=(
        Field("code", ("adm_cd2", "adm_cd", "emd_cd", "sig_cd", "ctprvn_cd", "code", "행정동코드", "법정동코드", "id")),
        Field("full_name", ("adm_nm", "full_name", "전체이름", "fullname")),
        Field("name", ("name", "emd_kor_nm", "sig_kor_nm", "ctp_kor_nm", "이름", "행정동", "행정동명", "adm_name")),
        Field("level", ("level", "단계", "구분"), _level, strict=False),
        Field("geometry", ("geometry",), lambda cell: cell or None, required=True),
    ),
    groups=(("full_name", "name"),),
    key_field="code",
    key=_key,
    build=_build,
    source="geojson",
)
