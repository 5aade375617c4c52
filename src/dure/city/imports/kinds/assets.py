"""Markets, hydrants and other facilities: what the city keeps, in the national standards' columns where there are
any."""

import re
from typing import Any

from dure.city.imports.kinds.common import (
    DATA_DATE,
    LOT_ADDRESS,
    ROAD_ADDRESS,
    digest,
    district_of,
    place_name,
    safe_code,
)
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.documents import values


def _asset(kind: str, key: str, draft: Draft, name: str, attrs: tuple[str, ...]) -> list[Entity]:
    columns: dict[str, Any] = {
        "name": name,
        **draft.given("road_address", "lot_address", "agency", "phone"),
        **draft.position,
    }
    details = {
        one: value.isoformat() if hasattr(value, "isoformat") else value for one, value in draft.given(*attrs).items()
    }
    return [Entity("asset", (kind, key), columns, attrs=details)]


def _market_key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    name = draft.text("name")
    if name is None:
        return None
    if (code := draft.text("code")) is not None:
        return safe_code(code), False
    district = district_of(draft.text("road_address")) or district_of(draft.text("lot_address"))
    return safe_code(name if district is None else f"{district}-{name}".replace(" ", "")), False


def _market(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    return _asset(
        "market",
        key,
        draft,
        str(draft.values["name"]),
        (
            "market_type",
            "open_cycle",
            "stalls",
            "goods",
            "vouchers",
            "homepage",
            "toilet",
            "parking",
            "opened",
            "data_date",
        ),
    )


MARKETS = Kind(
    name="markets",
    fields=(
        Field("code", ("시장코드", "시장번호", "관리번호")),
        Field("name", ("시장명", "전통시장명", "시장 이름"), required=True),
        Field("market_type", ("시장유형", "시장구분")),
        ROAD_ADDRESS,
        LOT_ADDRESS,
        Field("open_cycle", ("시장개설주기", "개설주기")),
        Field("stalls", ("점포수",), values.whole, strict=False),
        Field("goods", ("취급품목",)),
        Field("vouchers", ("사용가능상품권",)),
        Field("homepage", ("홈페이지주소", "홈페이지")),
        Field("toilet", ("공중화장실보유여부", "공중화장실"), values.yes, strict=False),
        Field("parking", ("주차장보유여부", "주차장"), values.yes, strict=False),
        Field("opened", ("개설연도", "개설년도"), values.whole, strict=False),
        Field("phone", ("전화번호", "상인회전화번호"), strict=False),
        DATA_DATE,
    ),
    groups=(("lon", "x"), ("lat", "y")),
    key_field="name",
    key=_market_key,
    build=_market,
    place="required",
)


def _hydrant_key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    number = draft.text("code")
    if number is None:
        return None
    return safe_code("-".join(filter(None, (draft.text("district_code"), number)))), False


def _hydrant(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    attrs = (
        "type_code",
        "district",
        "detail",
        "centre",
        "guard",
        "usable",
        "installed",
        "depth_m",
        "pressure",
        "bore_mm",
    )
    name = draft.text("detail") or place_name(draft) or str(draft.values["code"])
    entities = _asset("hydrant", key, draft, name, (*attrs, "data_date"))
    usable = draft.values.get("usable")
    if usable is not None:
        entities[0].values["state"] = "ok" if usable else "broken"
    return entities


HYDRANTS = Kind(
    name="hydrants",
    fields=(
        Field("code", ("시설번호", "소화전번호", "관리번호"), required=True),
        Field("type_code", ("시설유형코드", "시설유형", "시설구분")),
        Field("province", ("시도명",)),
        Field("district", ("시군구명",)),
        Field("district_code", ("시군구코드",)),
        ROAD_ADDRESS,
        LOT_ADDRESS,
        Field("detail", ("상세위치", "위치설명")),
        Field("centre", ("안전센터명", "119안전센터")),
        Field("guard", ("보호틀유무",), values.yes, strict=False),
        Field("usable", ("사용가능여부", "사용여부"), values.yes, strict=False),
        Field("installed", ("설치연도", "설치년도"), values.whole, strict=False),
        Field("depth_m", ("배관깊이",), values.number, strict=False),
        Field("pressure", ("출수압력",), values.number, strict=False),
        Field("bore_mm", ("배관지름", "배관구경"), values.number, strict=False),
        Field("agency", ("관할기관명", "관할기관")),
        Field("phone", ("관할기관전화번호",), strict=False),
        DATA_DATE,
    ),
    groups=(("lon", "x"), ("lat", "y")),
    key_field="code",
    key=_hydrant_key,
    build=_hydrant,
    place="required",
)

FACILITY_KINDS = {
    "소방서": "fire_station",
    "119안전센터": "fire_station",
    "안전센터": "fire_station",
    "경찰서": "police_station",
    "파출소": "police_station",
    "지구대": "police_station",
    "학교": "school",
    "초등학교": "school",
    "중학교": "school",
    "고등학교": "school",
    "유치원": "school",
    "어린이집": "nursery",
    "병원": "hospital",
    "종합병원": "hospital",
    "의원": "clinic",
    "보건소": "health_centre",
    "보건지소": "health_centre",
    "선별진료소": "screening_station",
    "버스정류장": "bus_stop",
    "정류장": "bus_stop",
    "정류소": "bus_stop",
    "버스정류소": "bus_stop",
    "비상벨": "bell",
    "대피소": "shelter",
    "민방위대피소": "shelter",
    "무더위쉼터": "shelter",
    "경로당": "senior_centre",
    "주민센터": "office",
    "행정복지센터": "office",
    "시청": "office",
    "구청": "office",
    "공원": "park",
    "시장": "market",
    "전통시장": "market",
    "점포": "stall",
    "소화전": "hydrant",
    "시설": "facility",
    "기타": "facility",
}
_KIND_FORM = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OWN_KINDS = frozenset({"market", "stall", "hydrant"})


def _facility_kind(cell: str) -> str | None:
    plain = values.folded(cell).lower().replace(" ", "")
    if not plain:
        return None
    found = FACILITY_KINDS.get(plain) or (plain if _KIND_FORM.fullmatch(plain) else None)
    if found in _OWN_KINDS:
        raise ValueError("city.import.facility.own_kind")
    if found is None:
        raise ValueError("city.import.word.unknown")
    return found


def _facility_key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    name = draft.text("name")
    if name is None:
        return None
    number = draft.text("code")
    kind = draft.text("kind") or "facility"
    code = safe_code(number) if number else digest(name, draft.text("road_address") or draft.text("lot_address"))
    return f"{kind}/{code}", False


def _facility(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    kind, _, code = key.partition("/")
    return _asset(kind, code, draft, str(draft.values["name"]), ("detail", "opened", "data_date"))


FACILITIES = Kind(
    name="facilities",
    fields=(
        Field("code", ("시설번호", "관리번호", "시설코드", "정류장번호", "정류소번호", "학교ID", "code", "id")),
        Field("kind", ("시설종류", "종류", "시설구분", "시설유형", "구분", "업종"), _facility_kind, strict=False),
        Field("name", ("시설명", "명칭", "이름", "기관명", "학교명", "정류장명", "사업장명", "name"), required=True),
        ROAD_ADDRESS,
        LOT_ADDRESS,
        Field("agency", ("관리기관명", "관할기관명", "교육지원청명")),
        Field("phone", ("전화번호", "대표전화", "관리기관전화번호"), strict=False),
        Field("detail", ("비고", "상세위치", "설명")),
        Field("opened", ("설치연도", "설립일자", "개설연도"), strict=False),
        DATA_DATE,
    ),
    groups=(("lon", "x"), ("lat", "y")),
    key_field="code",
    key=_facility_key,
    build=_facility,
    place="required",
)
