"""Market stalls: no standard, dure's own columns. The painted number is the key, because names change hands.

Owner and phone go to the vault.
"""

import difflib
import re
from typing import Any

from dure.city.imports.kinds.common import ROAD_ADDRESS, safe_code
from dure.city.imports.model import AssetRef, Draft, Entity, Field, Kind, Setting
from dure.documents import values
from dure.kernel.ids import is_device_id
from dure.trust.vault import Person


def _market_of(draft: Draft, setting: Setting) -> AssetRef | None:
    asked = draft.text("market") or setting.options.get("market")
    if asked is None:
        return _unsaid_market(draft, setting)
    plain = _plain(asked)
    for market in setting.markets:
        if plain in {_plain(market.code), _plain(market.name)} or asked == str(market.id):
            return market
    names = [market.name for market in setting.markets]
    near = difflib.get_close_matches(asked, names, 1, 0.6)
    if near and "market" in draft.columns:
        repair = {"kind": "set", "field": "market", "value": near[0]}
        draft.reject("market", "city.import.stall.market_near", repair, market=asked[:60], near=near[0])
    else:
        draft.reject("market", "city.import.stall.market_unknown", market=asked[:60])
    return None


def _unsaid_market(draft: Draft, setting: Setting) -> AssetRef | None:
    """The city's only market, or the one that the file is named after. In a city without any the file's name keeps the
    stalls of one file apart from those of another.
    """
    if len(setting.markets) == 1:
        return setting.markets[0]
    named = [market for market in setting.markets if _plain(market.name) in _plain(setting.file_name)]
    if len(named) == 1:
        return named[0]
    if setting.markets or "market" in draft.columns:
        draft.reject("market", "city.import.stall.market_missing")
        return None
    stem = setting.file_name.rpartition(".")[0] or setting.file_name
    return AssetRef(None, safe_code(stem or "-"), "")


def _plain(name: str) -> str:
    return re.sub(r"\s", "", name).lower()


def _key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    market = _market_of(draft, setting)
    number = draft.text("number")
    if market is None or number is None:
        return None
    parts = [draft.text("zone"), draft.text("floor"), re.sub(r"호$", "", number)]
    return f"{market.code}/" + "/".join(safe_code(part) for part in parts if part), False


def _build(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    market = _market_of(draft, setting)
    if market is None:
        return []
    if market.id is None:
        draft.note("market", "city.import.stall.market_none")
    detector = draft.text("detector_id")
    if detector is not None and not is_device_id(detector):
        draft.reject("detector_id", "city.import.device.id")
        return []
    if detector is not None and detector not in setting.device_ids:
        draft.note("detector_id", "city.import.stall.detector_unknown", device=detector)
    zone, floor, number = (draft.text(name) for name in ("zone", "floor", "number"))
    where = " ".join(filter(None, (zone, floor, number if number is None or "호" in number else f"{number}호")))
    columns: dict[str, Any] = {
        "name": where,
        **({} if market.id is None else {"parent_id": market.id}),
        **draft.given("road_address"),
        **draft.position,
    }
    attrs = draft.given("zone", "floor", "number", "shop", "business", "hours", "fire", "detector_id", "detector_kind")
    if draft.values.get("detector_installed") is not None:
        attrs["detector_installed"] = draft.values["detector_installed"].isoformat()
    stall = Entity("asset", ("stall", key), columns, attrs=attrs)
    if {"owner", "phone"} & draft.columns:
        stall.person = _owner(draft, detector)
        stall.untold = () if "detector_id" in draft.columns else ("devices",)
    if detector is None or detector not in setting.device_ids:
        return [stall]
    return [stall, Entity("device", (detector,), {"asset_id": ("stall", key)})]


def _owner(draft: Draft, detector: str | None) -> Person:
    """Who answers for the stall and for its detector: the vault alone knows whom to call when that device speaks."""
    name, phone = draft.text("owner") or "", draft.text("phone") or ""
    return Person(name=name, phone=phone, devices=(detector,) if detector and (name or phone) else ())


STALLS = Kind(
    name="stalls",
    fields=(
        Field("market", ("시장명", "시장", "전통시장명", "시장코드")),
        Field("number", ("점포번호", "호수", "점포 호수", "동·호", "동호", "호"), required=True),
        Field("zone", ("구역", "동", "구역명", "블록")),
        Field("floor", ("층", "층수")),
        Field("shop", ("상호", "상호명", "점포명")),
        Field("business", ("업종", "취급품목")),
        Field("owner", ("점주", "점주명", "대표자", "점포주", "성명"), personal=True),
        Field("phone", ("연락처", "점주 전화", "점주전화", "전화번호", "휴대전화"), values.phone, personal=True),
        Field("hours", ("영업시간",)),
        Field("fire", ("화기", "화기사용", "화기사용여부", "화기취급")),
        ROAD_ADDRESS,
        Field("detector_id", ("감지기ID", "감지기", "감지기번호", "감지기 아이디")),
        Field("detector_kind", ("감지기종류", "감지기 종류", "종류")),
        Field("detector_installed", ("감지기설치일", "설치일", "감지기 설치일"), values.day, strict=False),
    ),
    groups=(),
    key_field="number",
    key=_key,
    build=_build,
    place="optional",
)
