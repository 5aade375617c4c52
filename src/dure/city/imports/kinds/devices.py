"""Devices: what measures. Their keys are given out afterwards, once, by the API; a file never holds them."""

import re
from typing import Any

from dure.city.imports.kinds.common import slug
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.documents import values
from dure.kernel.ids import is_device_id

DEVICE_KINDS = {
    "화재감지기": "fire_detector",
    "감지기": "fire_detector",
    "열감지기": "fire_detector",
    "연기감지기": "fire_detector",
    "불꽃감지기": "fire_detector",
    "화재알림설비": "fire_detector",
    "자동화재속보설비": "auto_fire_reporter",
    "속보설비": "auto_fire_reporter",
    "게이트웨이": "gateway",
    "중계기": "gateway",
    "비상벨": "bell",
    "기상관측기": "weather",
    "기상": "weather",
    "수위계": "water_level",
    "미세먼지측정기": "air_quality",
    "대기측정기": "air_quality",
    "가스감지기": "gas_detector",
    "활동감지기": "motion_sensor",
    "동작감지기": "motion_sensor",
    "문열림감지기": "door_sensor",
    "소음계": "noise_meter",
}
KIND_FORM = re.compile(r"[a-z][a-z0-9_]{0,39}")
_STATES = {"정상": "ok", "사용": "ok", "on": "ok", "중지": "off", "미사용": "off", "철거": "off", "꺼짐": "off"}


def _kind(cell: str) -> str | None:
    plain = values.folded(cell).lower().replace(" ", "")
    if not plain:
        return None
    found = DEVICE_KINDS.get(plain) or (plain if KIND_FORM.fullmatch(plain) else None)
    if found is None:
        raise ValueError("city.import.word.unknown")
    return found


def _id(cell: str) -> str | None:
    plain = values.folded(cell)
    if not plain:
        return None
    if not is_device_id(plain):
        raise ValueError("city.import.device.id")
    return plain


def _key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    id_ = draft.text("id")
    return None if id_ is None else (id_, False)


def _build(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    interval = draft.values.get("interval_s")
    if interval is not None and not 0 < interval <= 86_400 * 31:
        draft.reject("interval_s", "city.import.device.interval")
    columns: dict[str, Any] = {
        "kind": draft.values["kind"],
        **draft.given("group_id", "interval_s"),
        **draft.position,
    }
    defaults: dict[str, Any] = {}
    if draft.text("name") is not None:
        columns["name"] = draft.text("name")
    else:
        defaults["name"] = key
    if draft.values.get("state") is not None:
        columns["state"] = draft.values["state"]
    if (asset := draft.text("asset_code")) is not None:
        found = setting.asset_ids.get(("stall", asset)) or setting.asset_ids.get(("", asset))
        if found is None:
            draft.reject("asset_code", "city.import.device.asset_unknown", asset=asset[:80])
        else:
            columns["asset_id"] = found
    elif key in setting.stalls_of_devices:
        defaults["asset_id"] = setting.stalls_of_devices[key]
    attrs = draft.given("model", "serial")
    if draft.values.get("installed") is not None:
        attrs["installed"] = draft.values["installed"].isoformat()
    return [Entity("device", (key,), columns, defaults=defaults, attrs=attrs)]


DEVICES = Kind(
    name="devices",
    fields=(
        Field(
            "id", ("장치ID", "장치번호", "감지기ID", "기기ID", "device id", "device", "장치 아이디"), _id, required=True
        ),
        Field("kind", ("종류", "장치종류", "감지기종류", "유형", "type"), _kind, required=True),
        Field("name", ("이름", "장치명", "명칭", "설치장소")),
        Field("group_id", ("그룹", "게이트웨이", "게이트웨이ID", "중계기", "group", "gateway"), _id),
        Field("interval_s", ("보고주기", "보고주기(초)", "주기", "interval"), values.number),
        Field("asset_code", ("시설물", "시설물코드", "점포", "점포코드", "asset")),
        Field("state", ("상태", "사용여부"), slug(_STATES), strict=False),
        Field("model", ("모델", "모델명")),
        Field("serial", ("일련번호", "제조번호", "serial")),
        Field("installed", ("설치일", "설치일자"), values.day, strict=False),
    ),
    groups=(),
    key_field="id",
    key=_key,
    build=_build,
    place="optional",
)
