"""The files of beds and of the laboratory: wards (`beds`) and results (`lab_results`)."""

from typing import Any

from dure.city.imports.kinds.common import safe_code, slug
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.imports.things import Thing, contribute
from dure.documents import values
from dure.kernel.ids import new_id
from dure.services.epidemic.care.tables import epidemic_test, epidemic_ward
from dure.services.epidemic.care.times import moment
from dure.trust.roles import Role

_KINDS = slug(
    {
        **dict.fromkeys(("생활치료센터", "생치", "센터"), "centre"),
        **dict.fromkeys(("병원", "일반병상", "일반", "감염병전담병원", "음압", "음압격리"), "hospital"),
        **dict.fromkeys(("중환자", "중환자실", "중환자병상", "icu"), "intensive"),
    }
)
_SEXES = slug({"남": "m", "남자": "m", "남성": "m", "여": "f", "여자": "f", "여성": "f", "혼합": "", "무관": ""})
_BREATHS = slug({"없음": "none", "산소": "oxygen", "고유량": "oxygen", "가능": "oxygen", "인공호흡기": "ventilator"})
_RESULTS = slug(
    {
        **dict.fromkeys(("음성", "neg", "notdetected", "미검출"), "negative"),
        **dict.fromkeys(("양성", "pos", "detected", "검출"), "positive"),
        **dict.fromkeys(("미결정", "판정보류", "재검", "inconclusive", "indeterminate"), "unclear"),
    }
)
MOST_BEDS = 10_000


def languages(cell: str) -> list[str]:
    """Languages as ISO 639-1 codes, as people list them."""
    known = {"중국어": "zh", "영어": "en", "베트남어": "vi", "우즈베크어": "uz", "우즈벡어": "uz", "한국어": "ko"}
    words = [one.strip().lower() for one in values.folded(cell).replace("/", ",").replace("·", ",").split(",")]
    found = [known.get(one, one) for one in words if one]
    if any(len(one) != 2 or not one.isalpha() for one in found):
        raise ValueError("city.import.word.unknown")
    return sorted(set(found))


def _beds(cell: str) -> int | None:
    found = values.whole(cell)
    if found is not None and not 0 <= found <= MOST_BEDS:
        raise ValueError("epidemic.import.beds")
    return found


def _ward_key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    facility, code = draft.text("facility"), draft.text("code") or "1"
    return None if facility is None else (f"{safe_code(facility)}/{safe_code(code)}", False)


def _ward(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    columns: dict[str, Any] = draft.given("kind", "capacity", "address")
    columns |= {name: draft.values.get(name) or None for name in ("sex",) if name in draft.columns}
    columns |= {name: bool(draft.values.get(name)) for name in ("isolation",) if name in draft.columns}
    if "oxygen" in draft.columns:
        columns["oxygen"] = draft.values.get("oxygen") or "none"
    if "languages" in draft.columns:
        columns["languages"] = draft.values.get("languages") or []
    if {"lon", "lat"} <= draft.columns:
        columns |= {name: draft.values.get(name) for name in ("lon", "lat")}
    facility, code = key.split("/", 1)
    return [] if draft.reasons else [Entity("epidemic_ward", (facility, code), columns)]


BEDS = Kind(
    name="beds",
    fields=(
        Field(
            "facility",
            ("시설명", "기관명", "병원명", "의료기관", "생활치료센터", "facility", "hospital"),
            required=True,
        ),
        Field("code", ("병동", "병동명", "구역", "ward", "unit")),
        Field("kind", ("구분", "병상구분", "시설구분", "병상종류", "kind", "type"), _KINDS, required=True),
        Field("capacity", ("병상수", "병상", "정원", "실수", "beds", "capacity"), _beds, required=True),
        Field("sex", ("성별", "남녀", "sex"), _SEXES),
        Field("isolation", ("음압", "격리", "음압여부", "isolation", "negative pressure"), values.yes, strict=False),
        Field("oxygen", ("산소", "산소장비", "oxygen"), _BREATHS),
        Field("languages", ("통역", "언어", "외국어", "languages"), languages),
        Field("address", ("주소", "소재지도로명주소", "소재지", "address")),
        Field("lon", ("경도", "longitude", "lng", "lon"), values.number, strict=False),
        Field("lat", ("위도", "latitude", "lat"), values.number, strict=False),
    ),
    groups=(),
    key_field="facility",
    key=_ward_key,
    build=_ward,
)


def _test_key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    specimen = draft.text("specimen")
    disease = draft.text("disease") or setting.options.get("disease", "")
    return None if specimen is None else (f"{disease}/{safe_code(specimen)}", False)


def _test(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    taken = moment(draft, setting, "taken_at")
    code = draft.text("code")
    if taken is None and not draft.reasons:
        draft.reject("taken_at", "city.import.required")  # a word that means nothing is no day
    if draft.reasons or taken is None or code is None:
        return []
    columns: dict[str, Any] = {"code": safe_code(code), "taken_at": taken, **draft.given("result", "laboratory")}
    disease, _, specimen = key.rpartition("/")
    return [Entity("epidemic_test", (disease, specimen), columns)]


LAB_RESULTS = Kind(
    name="lab_results",
    fields=(
        Field("specimen", ("검체번호", "접수번호", "specimen", "specimen_id", "sample id"), required=True),
        Field("code", ("확진번호", "환자번호", "관리번호", "번호", "case_id", "patient_id"), required=True),
        Field("disease", ("감염병명", "질병명", "disease")),
        Field(
            "taken_at",
            ("채취일시", "검체채취일시", "검체채취일", "채취일", "collected", "date_of_specimen"),
            required=True,
        ),
        Field("result", ("결과", "판정", "검사결과", "result"), _RESULTS),
        Field("laboratory", ("검사기관", "수탁기관", "laboratory", "lab")),
    ),
    groups=(),
    key_field="specimen",
    key=_test_key,
    build=_test,
)

THINGS = (
    Thing(epidemic_ward, ("facility", "code"), new_id),
    Thing(epidemic_test, ("disease", "specimen"), new_id),
)


def register() -> None:
    """Tell the city of these files."""
    contribute(__name__, (BEDS, LAB_RESULTS), THINGS, frozenset({Role.EPIDEMIC}))


register()
