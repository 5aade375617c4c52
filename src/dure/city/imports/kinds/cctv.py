"""The national CCTV standard: 18 columns in 2026, 12 or 13 before. A row is a site with several cameras."""

import re
from typing import Any

from dure.city.imports.kinds.common import (
    DATA_DATE,
    LOT_ADDRESS,
    ROAD_ADDRESS,
    digest,
    place_name,
    safe_code,
)
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.documents import values

MOST_CAMERAS = 500
_PURPOSES = {
    "생활방범": "crime_prevention",
    "방범": "crime_prevention",
    "방범용": "crime_prevention",
    "범죄예방": "crime_prevention",
    "어린이보호": "child_safety",
    "어린이안전": "child_safety",
    "어린이보호구역": "child_safety",
    "스쿨존": "child_safety",
    "도시공원": "park",
    "공원": "park",
    "공원방범": "park",
    "교통단속": "traffic_enforcement",
    "불법주정차": "traffic_enforcement",
    "불법주정차단속": "traffic_enforcement",
    "주정차단속": "traffic_enforcement",
    "교통정보수집": "traffic_information",
    "교통정보": "traffic_information",
    "교통": "traffic_information",
    "차량방범": "vehicle_crime",
    "차량번호인식": "vehicle_crime",
    "시설물관리": "facility",
    "시설관리": "facility",
    "시설안전": "facility",
    "시설물": "facility",
    "쓰레기단속": "dumping",
    "쓰레기무단투기": "dumping",
    "무단투기": "dumping",
    "재난재해": "disaster",
    "재난": "disaster",
    "재해": "disaster",
    "화재": "fire",
    "화재예방": "fire",
    "산불감시": "fire",
    "산불": "fire",
    "다목적": "multi",
    "기타": "other",
}
"""설치목적구분 of the standard and how offices write it, to the purposes that policy knows."""

_COMPASS = {
    "북": 0.0,
    "북북동": 22.5,
    "북동": 45.0,
    "동북": 45.0,
    "동북동": 67.5,
    "동": 90.0,
    "동남동": 112.5,
    "남동": 135.0,
    "동남": 135.0,
    "남남동": 157.5,
    "남": 180.0,
    "남남서": 202.5,
    "남서": 225.0,
    "서남": 225.0,
    "서남서": 247.5,
    "서": 270.0,
    "서북서": 292.5,
    "북서": 315.0,
    "서북": 315.0,
    "북북서": 337.5,
    "n": 0.0,
    "ne": 45.0,
    "e": 90.0,
    "se": 135.0,
    "s": 180.0,
    "sw": 225.0,
    "w": 270.0,
    "nw": 315.0,
}
_ALL_AROUND = frozenset({"전방향", "전방위", "전체", "360", "360도", "360°", "사방", "전방"} - {"전방", "전체"})
_SUFFIX = re.compile(r"(쪽|측|편)?(방향|방면|향)?$")
_SEPARATORS = re.compile(r"[+,/·ㆍ&;]|\s및\s")


def purposes(text: str | None) -> tuple[list[str], list[str]]:
    """The purposes that a cell names, sorted, and the words that nobody knows (they are kept among the purposes)."""
    known: set[str] = set()
    unknown: list[str] = []
    for part in _SEPARATORS.split(text or ""):
        word = values.folded(part).replace(" ", "")
        if not word:
            continue
        plain = re.sub(r"(용|목적)$", "", re.sub(r"\(.*?\)", "", word))
        if (code := _PURPOSES.get(word) or _PURPOSES.get(plain)) is not None:
            known.add(code)
        elif word in _PURPOSES.values():
            known.add(word)
        else:
            unknown.append(part.strip())
    return sorted(known | set(unknown)), unknown


def azimuth(word: str) -> float | None:
    """Degrees for a compass word (북동, 남측, 동쪽방향, NE), None for anything else."""
    plain = values.folded(word).lower().replace(" ", "")
    return _COMPASS.get(plain, _COMPASS.get(_SUFFIX.sub("", plain)))


def views(text: str | None, cameras: int) -> list[dict[str, Any]] | None:
    """What 촬영방면정보 says of each camera's view, None where it is free text."""
    if text is None:
        return None
    if values.folded(text).lower().replace(" ", "") in _ALL_AROUND:
        return [{"azimuth_deg": 0.0, "fov_deg": 360.0} for _ in range(cameras)]
    found = [azimuth(word) for word in _SEPARATORS.split(text)]
    if any(one is None for one in found) or len(found) not in {1, cameras}:
        return None
    whole = found * cameras if len(found) == 1 and cameras > 1 else found
    if len(found) == 1 and cameras > 1:
        return None  # one word for several cameras: they do not all look the same way
    return [{"azimuth_deg": one} for one in whole]


def _key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    number = draft.text("managed_no")
    agency_code, agency = draft.text("agency_code"), draft.text("agency")
    if number is not None:
        owner = agency_code or (digest(agency)[:6] if agency else None)
        return safe_code(number if owner is None else f"{owner}-{number}"), False
    if not draft.position:
        return None
    # Older files have no number: agency, addresses and position make one. Equal rows are different poles.
    where = (f"{draft.position['lon']:.6f}", f"{draft.position['lat']:.6f}")
    return f"S-{digest(agency_code, agency, draft.text('road_address'), draft.text('lot_address'), *where)}", True


def _build(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    count = draft.values.get("camera_count")
    if count is None:
        draft.note("camera_count", "city.import.cctv.count_missing")
        count = 1
    elif not 1 <= count <= MOST_CAMERAS:
        draft.reject("camera_count", "city.import.cctv.count", most=MOST_CAMERAS)
        return []
    retention = draft.values.get("retention_days")
    if retention is not None and not 0 <= retention <= 3_650:
        draft.note("retention_days", "city.import.cctv.retention")
        retention = None
    kept = retention or None
    named, unknown = purposes(draft.text("purpose_text"))
    for word in unknown:
        draft.note("purpose_text", "city.import.cctv.purpose_unknown", purpose=word[:40])
    name = place_name(draft) or draft.text("managed_no") or draft.text("agency") or key
    site = {
        "name": name,
        **draft.given(
            "agency_code", "managed_no", "agency", "phone", "road_address", "lot_address", "purpose_text", "pixels"
        ),
        **draft.given("direction", "installed"),
        **draft.position,
        "camera_count": count,
        "purposes": named,
        "retention_days": kept,
    }
    if (data_date := draft.values.get("data_date")) is not None:
        site["data_date"] = data_date.isoformat()
    return [Entity("camera_site", (key,), site), *_cameras(draft, key, site)]


def _cameras(draft: Draft, key: str, site: dict[str, Any]) -> list[Entity]:
    """The site's cameras; those that people or single-camera files describe are left alone."""
    gone = (draft.text("update_kind") or "").upper() == "D"
    if gone:
        draft.note("update_kind", "city.import.cctv.removed")
    count = site["camera_count"]
    directions = views(draft.text("direction"), count)
    return [
        Entity(
            "camera",
            (f"{key}-{n}",),
            {
                "site_id": key,
                "number": n,
                "name": f"{site['name']} {n}",
                "retention_days": site["retention_days"],
                "purposes": site["purposes"],
                **draft.position,
                **(directions[n - 1] if directions else {}),
                **({"state": "off"} if gone else {}),
            },
            defaults={"source": "site"},
            yields=True,
        )
        for n in range(1, count + 1)
    ]


CCTV = Kind(
    name="cctv",
    fields=(
        Field("agency_code", ("개방자치단체코드",)),
        Field("managed_no", ("관리번호",)),
        Field("agency", ("관리기관명", "관리기관")),
        ROAD_ADDRESS,
        LOT_ADDRESS,
        Field("purpose_text", ("설치목적구분", "설치목적", "목적구분", "설치목적구분명")),
        Field("camera_count", ("카메라대수", "대수", "cctv대수"), values.whole),
        Field("pixels", ("카메라화소수", "화소수", "화소"), values.whole, strict=False),
        Field("direction", ("촬영방면정보", "촬영방면", "촬영방향")),
        Field("retention_days", ("보관일수", "영상보관일수"), values.whole, strict=False),
        Field("installed", ("설치연월", "설치년월", "설치일자"), values.month, strict=False),
        Field("phone", ("관리기관전화번호", "전화번호"), strict=False),
        DATA_DATE,
        Field("update_kind", ("데이터갱신구분",)),
        Field("updated", ("데이터갱신시점",)),
        Field("modified", ("최종수정시점",)),
    ),
    groups=(("lon", "x"), ("lat", "y"), ("camera_count", "purpose_text", "retention_days", "direction")),
    key_field="managed_no",
    key=_key,
    build=_build,
    place="required",
    notes_doubled_place=True,
)
