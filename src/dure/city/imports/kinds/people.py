"""People in care. Who they are and where they live goes to the vault; the city keeps a number, a kind and a
district."""

import re
from typing import Any

from dure.city.imports.kinds.common import safe_code
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.documents import values
from dure.kernel.ids import is_device_id
from dure.trust.vault import Person

CARE_KINDS = {
    "독거노인": "elderly_alone",
    "독거어르신": "elderly_alone",
    "홀로어르신": "elderly_alone",
    "노인": "elderly",
    "어르신": "elderly",
    "장애인": "disabled",
    "중증장애인": "disabled",
    "치매": "dementia",
    "치매환자": "dementia",
    "발달장애": "developmental",
    "아동": "child",
    "기타": "other",
}


def _kind(cell: str) -> str | None:
    plain = values.folded(cell).replace(" ", "")
    if not plain:
        return None
    if plain in CARE_KINDS.values():
        return plain
    if plain not in CARE_KINDS:
        raise ValueError("city.import.word.unknown")
    return CARE_KINDS[plain]


def _devices(cell: str) -> list[str]:
    ids = [one for one in re.split(r"[\s,;/]+", values.folded(cell)) if one]
    if not all(is_device_id(one) for one in ids):
        raise ValueError("city.import.device.id")
    return sorted(set(ids))


def _key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    code = draft.text("code")
    return None if code is None else (safe_code(code), False)


def _build(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    born = draft.values.get("birth_date")
    person = Person(
        name=draft.text("name") or "",
        phone=draft.text("phone") or "",
        second_phone=draft.text("guardian_phone") or "",
        address=draft.text("address") or "",
        birth_date=born.isoformat() if born is not None else "",
        note=" · ".join(filter(None, (draft.text("guardian"), draft.text("note")))),
        resident_no=draft.text("resident_no") or "",
        devices=tuple(draft.values.get("device_ids") or ()),
    )
    columns: dict[str, Any] = {"kind": draft.values.get("kind") or "other", **draft.given("district")}
    untold = tuple(
        name
        for name, column in (("devices", "device_ids"), ("resident_no", "resident_no"))
        if column not in draft.columns
    )
    return [Entity("care_person", (key,), columns, person=person, untold=untold)]


def _resident_no(cell: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", values.folded(cell))
    if not digits:
        return None
    if len(digits) != 13:
        raise ValueError("city.import.resident_no.wrong")
    return digits


PEOPLE = Kind(
    name="people",
    fields=(
        Field("code", ("관리번호", "대상자번호", "번호", "code"), required=True),
        Field("name", ("성명", "이름", "대상자명"), required=True, personal=True),
        Field("kind", ("구분", "대상구분", "대상자구분", "유형"), _kind, strict=False),
        Field("birth_date", ("생년월일",), values.day, personal=True),
        Field("resident_no", ("주민등록번호", "주민번호", "외국인등록번호"), _resident_no, personal=True),
        Field("address", ("주소", "거주지", "도로명주소"), personal=True),
        Field("district", ("행정동", "읍면동", "동")),
        Field("phone", ("연락처", "전화번호", "휴대전화"), values.phone, personal=True),
        Field("guardian", ("보호자", "보호자명", "보호자성명"), personal=True),
        Field("guardian_phone", ("보호자연락처", "보호자전화", "비상연락처"), values.phone, personal=True),
        Field("note", ("특이사항", "비고", "건강상태"), personal=True),
        Field("device_ids", ("장치ID", "감지기ID", "장치", "댁내장비"), _devices, strict=False, personal=True),
    ),
    groups=(),
    key_field="code",
    key=_key,
    build=_build,
)
