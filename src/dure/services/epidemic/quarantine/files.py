"""The files of quarantine: officers (`officers`) and who stays at home (`quarantine`)."""

from typing import Any
from zoneinfo import ZoneInfo

from dure.city.imports.kinds.common import safe_code, slug
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.imports.things import Thing, contribute
from dure.documents import values
from dure.engine.settings import city_zone
from dure.kernel.ids import new_id
from dure.services.epidemic.care.files import languages
from dure.services.epidemic.care.release import quarantine_ends
from dure.services.epidemic.care.times import day, moment
from dure.services.epidemic.quarantine.tables import epidemic_officer, epidemic_quarantine
from dure.trust.roles import Role
from dure.trust.vault import Person

LANGUAGES = ("ko", "en", "zh", "vi", "uz")
"""In which notices are printed."""
_REASONS = slug(
    {"접촉": "contact", "접촉자": "contact", "해외입국": "arrival", "해외입국자": "arrival", "입국": "arrival"}
)


def language(cell: str) -> str | None:
    """One language; English where it is none that notices are printed in."""
    found = languages(cell)
    if not found:
        return None
    return found[0] if found[0] in LANGUAGES else "en"


def _most(cell: str) -> int | None:
    found = values.whole(cell)
    if found is not None and not 0 <= found <= 1_000:
        raise ValueError("epidemic.import.people")
    return found


_PLACE = (
    Field("district", ("구군", "구·군", "시군구", "관할", "거주구군", "district")),
    Field("lon", ("경도", "longitude", "lng", "lon"), values.number, strict=False),
    Field("lat", ("위도", "latitude", "lat"), values.number, strict=False),
)
_WHO = (
    Field("name", ("성명", "이름", "name"), personal=True),
    Field("phone", ("연락처", "휴대전화", "전화번호", "phone"), values.phone, strict=False, personal=True),
)


def _placed(draft: Draft) -> dict[str, Any]:
    found = draft.given("district")
    if {"lon", "lat"} <= draft.columns:
        found |= {name: draft.values.get(name) for name in ("lon", "lat")}
    return found


def _officer_key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    code = draft.text("code")
    return None if code is None else (safe_code(code), False)


def _officer(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    columns = _placed(draft)
    if draft.values.get("capacity") is not None:
        columns["capacity"] = draft.values["capacity"]
    if "languages" in draft.columns:
        columns["languages"] = draft.values.get("languages") or []
    officer = Entity("epidemic_officer", (key,), columns)
    if {"name", "phone"} & draft.columns:
        officer.person = Person(name=draft.text("name") or "", phone=draft.text("phone") or "")
        officer.untold = ("devices", "address", "birth_date")
    return [] if draft.reasons else [officer]


OFFICERS = Kind(
    name="officers",
    fields=(
        Field("code", ("공무원번호", "담당자번호", "담당자", "사번", "번호", "officer", "officer_id"), required=True),
        *_WHO,
        Field("languages", ("언어", "외국어", "통역", "languages"), languages),
        Field("capacity", ("정원", "담당인원", "최대인원", "capacity"), _most),
        *_PLACE,
    ),
    groups=(),
    key_field="code",
    key=_officer_key,
    build=_officer,
)


def _quarantine_key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    code = draft.text("code")
    disease = draft.text("disease") or setting.options.get("disease", "")
    return None if code is None else (f"{disease}/{safe_code(code)}", False)


def _quarantine(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    last = day(draft, setting, "last_contact_on")
    begun = moment(draft, setting, "from_at")
    if last is None and not draft.reasons:
        draft.reject("last_contact_on", "city.import.required")  # a word that means nothing is no day
    if draft.reasons or last is None:
        return []
    columns: dict[str, Any] = {
        **_placed(draft),
        "last_contact_on": last,
        "until_at": quarantine_ends(last, ZoneInfo(city_zone())),
    }
    columns |= {name: draft.values[name] for name in ("language", "reason") if draft.values.get(name)}
    if "source_code" in draft.columns:
        told = draft.text("source_code")
        columns["source_code"] = None if told is None else safe_code(told)
    disease, _, code = key.rpartition("/")
    defaults = {"from_at": begun or setting.now}
    one = Entity("epidemic_quarantine", (disease, code), columns, defaults=defaults)
    if {"name", "phone", "address", "birth_date"} & draft.columns:
        one.person = Person(
            name=draft.text("name") or "",
            phone=draft.text("phone") or "",
            address=draft.text("address") or "",
            birth_date=draft.text("birth_date") or "",
        )
        one.untold = ("devices",)
    return [one]


QUARANTINE = Kind(
    name="quarantine",
    fields=(
        Field("code", ("접촉자번호", "격리자번호", "관리번호", "번호", "contact_id", "id"), required=True),
        Field("disease", ("감염병명", "질병명", "disease")),
        *_WHO,
        Field("address", ("격리장소", "주소", "격리지", "address"), personal=True),
        Field("birth_date", ("생년월일", "date_of_birth", "dob"), personal=True),
        Field("language", ("언어", "사용언어", "language"), language),
        Field("reason", ("구분", "사유", "격리사유", "reason"), _REASONS),
        Field("source_code", ("선행확진자", "확진번호", "source_case")),
        Field("last_contact_on", ("최종접촉일", "접촉일", "입국일", "last_contact", "date_of_contact"), required=True),
        Field("from_at", ("격리시작일", "격리시작", "통지일", "start")),
        *_PLACE,
    ),
    groups=(),
    key_field="code",
    key=_quarantine_key,
    build=_quarantine,
)

THINGS = (
    Thing(epidemic_officer, ("code",), new_id),
    Thing(epidemic_quarantine, ("disease", "code"), new_id),
)


def register() -> None:
    """Tell the city of these files."""
    contribute(__name__, (OFFICERS, QUARANTINE), THINGS, frozenset({Role.EPIDEMIC}))


register()
