"""The files of an epidemic: line lists of cases (`cases`) and who was exposed to whom (`contacts`).

Line lists come from everywhere, so columns are known by many names, dates in any form that a column holds throughout,
and a class of ages is kept where the age itself is not told.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dure.city.imports.kinds.common import safe_code
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.imports.things import Thing, contribute
from dure.documents import dates, values
from dure.documents.header import Header
from dure.documents.table import Row
from dure.engine.settings import city_zone
from dure.kernel.ids import new_id
from dure.services.epidemic.tables import epidemic_case, epidemic_link
from dure.trust.roles import Role
from dure.trust.vault import Person

OLDEST = 120
"""Years. Who is said to be older is a slip of the pen."""
EARLIEST = date(1900, 1, 1)
_DAYS = {
    "infected_on": ("감염일", "감염 추정일", "date_of_infection", "dt_infection", "infection_date"),
    "onset_on": (
        *("증상발현일", "증상 발생일", "증상발생일", "발병일", "증상시작일", "증상일", "onset", "onset date"),
        *("date_of_onset", "dt_onset", "date_onset", "symptom onset", "date_of_prodrome"),
    ),
    "specimen_on": ("검체채취일", "검체 채취일", "검사일", "date_of_specimen", "specimen date", "date_of_sample"),
    "confirmed_on": (
        *("확진일", "확진일자", "진단일", "양성 판정일", "dt_diag", "date_confirmation", "date_of_confirmation"),
        *("confirmation date", "date_of_diagnosis", "date_confirmed"),
    ),
    "reported_on": (
        *("신고일", "신고일자", "보고일", "보고일자", "dt_report", "date_report", "date_of_report", "report date"),
        *("date_of_notification", "notification date", "reporting date"),
    ),
    "admitted_on": (
        *("입원일", "입원일자", "입소일", "date_of_hospitalisation", "date_of_hospitalization", "date_admission"),
        *("hosp_date", "date_hospitalisation", "date_of_admission", "dt_hosp"),
    ),
    "ended_on": ("date_of_outcome", "결과일", "date_outcome", "outcome date"),
    "released_on": (
        *("격리해제일", "퇴원일", "완치일", "date_of_recovery", "release date", "date_of_discharge", "dt_released"),
    ),
    "died_on": ("사망일", "사망일자", "date_of_death", "dt_death", "date_death"),
}
_SEXES = {
    **dict.fromkeys(("남", "남자", "남성", "m", "male"), "m"),
    **dict.fromkeys(("여", "여자", "여성", "f", "female"), "f"),
}
_UNTOLD = frozenset({"na", "nan", "unknown", "모름", "미확인", "불명", "확인중", "u", "?", "missing"})
_OUTCOMES: dict[str, str | None] = {
    "alive": None,  # when the list was made; nobody said that it is over
    **dict.fromkeys(("사망", "dead", "death", "died", "deceased", "d"), "died"),
    **dict.fromkeys(
        ("완치", "격리해제", "퇴원", "회복", "recover", "recovered", "discharged", "survived"), "recovered"
    ),
}
_STATUSES = {
    **dict.fromkeys(("확진", "확진환자", "confirmed", "확정"), "confirmed"),
    **dict.fromkeys(("의사환자", "의사", "probable", "추정"), "probable"),
    **dict.fromkeys(("조사대상", "조사대상유증상자", "의심", "suspected", "suspect"), "suspected"),
    **dict.fromkeys(("제외", "음성", "ruledout", "notacase", "discarded"), "ruled_out"),
}
_FOREIGN = ("해외유입", "해외", "imported", "abroad", "travel")


def _word(cell: str, words: Mapping[str, str | None]) -> str | None:
    plain = re.sub(r"[\s_-]", "", values.folded(cell)).lower()
    if not plain or values.is_empty(plain) or plain in _UNTOLD:
        return None
    if plain in words.values():
        return plain
    if plain not in words:
        raise ValueError("city.import.word.unknown")
    return words[plain]


def _sex(cell: str) -> str | None:
    return _word(cell, _SEXES)


def _outcome(cell: str) -> str | None:
    return _word(cell, _OUTCOMES)


def _status(cell: str) -> str | None:
    return _word(cell, _STATUSES)


def aged(cell: str) -> tuple[int | None, str | None]:
    """Whole years, or the class of ages that stands in their place (30대); months and days of infants are year 0.
    Raises ValueError.
    """
    plain = values.folded(cell).lower()
    if values.is_empty(plain) or plain in _UNTOLD:
        return None, None
    if re.fullmatch(r"\d0\s*대|\d{1,3}\s*[-~]\s*\d{1,3}세?", plain):
        return None, plain
    if re.fullmatch(r"\d{1,3}\s*(개월|months?|mo|일|days?|주|weeks?)", plain):
        return 0, None
    told = values.number(re.sub(r"(세|살|years?|yrs?|yo|y)$", "", plain))
    if told is not None and not 0 <= told <= OLDEST:
        raise ValueError("epidemic.import.age")
    return None if told is None else int(told), None


def _untold(cell: str) -> str | None:
    plain = values.text(cell)
    return None if plain is None or plain.lower() in _UNTOLD or values.is_empty(plain) else plain


def _flag(cell: str) -> bool | None:
    plain = values.folded(cell).lower()
    return True if plain in _FOREIGN else values.yes(cell)


def survey(header: Header, rows: Iterable[Row]) -> dict[str, Any]:
    """The order in which each column of dates writes them: `{"orders": {field: "ymd" | "dmy" | "mdy"}}`."""
    columns = {name: header.fields[name] for name in (*_DAYS, "exposed_on", "birth_date") if name in header.fields}
    cells: dict[str, list[str]] = {name: [] for name in columns}
    for row in rows:
        for name, index in columns.items():
            if index < len(row.cells):
                cells[name].append(row.cells[index])
    return {"orders": {name: dates.order_of(found) for name, found in cells.items()}}


def _day(draft: Draft, setting: Setting, name: str) -> date | None:
    """A date that has been. What cannot be read, lies ahead or in another age refuses the row."""
    cell = draft.text(name)
    if cell is None or cell.lower() in _UNTOLD:
        return None
    try:
        found = dates.read(cell, setting.found.get("orders", {}).get(name, "ymd"))
    except ValueError as error:
        draft.reject(name, str(error))
        return None
    if found is not None and setting.now is not None and found > _date_of(setting.now):
        draft.reject(name, "epidemic.import.future", day=found.isoformat())
    elif found is not None and found < EARLIEST:
        draft.reject(name, "documents.cell.date")
    return found


def _zone() -> ZoneInfo:
    return ZoneInfo(city_zone())


@lru_cache(maxsize=8)
def _date_of(moment: datetime) -> date:
    return moment.astimezone(_zone()).date()


def _disease(draft: Draft, setting: Setting) -> str:
    return draft.text("disease") or setting.options.get("disease", "")


def _case_key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    code = draft.text("code")
    return None if code is None else (f"{_disease(draft, setting)}/{safe_code(code)}", False)


def _ordered(draft: Draft, found: dict[str, date | None], first: str, *later: str) -> None:
    """Refuse a row whose `first` lies after any of the `later`."""
    begun = found.get(first)
    for name in later:
        ended = found.get(name)
        if begun is not None and ended is not None and begun > ended:
            draft.reject(first, f"epidemic.import.order.{first}", first=begun.isoformat(), later=ended.isoformat())
            return


def _case(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    found = {name: _day(draft, setting, name) if name in draft.columns else None for name in _DAYS}
    _ordered(draft, found, "infected_on", "onset_on", "confirmed_on", "reported_on")
    _ordered(draft, found, "onset_on", "reported_on", "confirmed_on", "admitted_on", "died_on")
    ages = _ages(draft)
    outcome = draft.values.get("outcome") or ("died" if found["died_on"] else None)
    if outcome == "recovered" and found["died_on"] is not None:
        draft.reject("outcome", "epidemic.import.died_recovered")
    if draft.reasons:
        return []
    told = draft.columns
    columns: dict[str, Any] = {
        name: found[name] for name in _DAYS if name in told and name not in {"reported_on", "ended_on"}
    }
    columns |= ages
    columns |= draft.given("sex", "district", "hospital", "source", "cluster")
    columns |= _position(draft)
    if {"outcome", "died_on"} & told:
        columns["outcome"] = outcome
    if "ended_on" in told and outcome is not None:
        columns |= {"died_on" if outcome == "died" else "released_on": found["ended_on"]}
    if "status" in told:
        columns["status"] = draft.values.get("status") or "confirmed"
    if "imported" in told:
        columns["imported"] = bool(draft.values.get("imported"))
    known = next(
        (found[name] for name in ("reported_on", "confirmed_on", "admitted_on", "onset_on") if found[name]), None
    )
    defaults = {"reported_at": _moment(known) if known else setting.now}
    disease, _, code = key.rpartition("/")
    case = Entity("epidemic_case", (disease, code), columns, defaults=defaults)
    if {"name", "phone", "address", "birth_date", "resident_no"} & told:
        case.person = _person(draft, setting)
        case.untold = tuple(one for one in ("devices", "resident_no") if one not in told)
    return [] if draft.reasons else [case]


def _ages(draft: Draft) -> dict[str, Any]:
    found = draft.given("age_band")
    if "age" in draft.columns:
        try:
            found["age"], band = aged(draft.text("age") or "")
        except ValueError as error:
            draft.reject("age", str(error))
            return {}
        found["age_band"] = found.get("age_band") or band
    return found


def _position(draft: Draft) -> dict[str, Any]:
    """WGS84 degrees, anywhere on earth: cases fall ill elsewhere, too. Of half a position, or none such, a note."""
    if not {"lon", "lat"} <= draft.columns:
        return {}
    lon, lat = draft.values.get("lon"), draft.values.get("lat")
    if lon is None and lat is None:
        return {"lon": None, "lat": None}
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        draft.note("lon", "epidemic.import.position")
        return {"lon": None, "lat": None}
    return {"lon": lon, "lat": lat}


@lru_cache(maxsize=1 << 12)
def _moment(day: date) -> datetime:
    """The end of a day in the city: what was reported on it was known by then."""
    return datetime.combine(day, time(23, 59, 59), _zone()).astimezone(UTC)


def _person(draft: Draft, setting: Setting) -> Person:
    born = _day(draft, setting, "birth_date") if "birth_date" in draft.columns else None
    return Person(
        name=draft.text("name") or "",
        phone=draft.text("phone") or "",
        address=draft.text("address") or "",
        birth_date=born.isoformat() if born is not None else "",
        resident_no=draft.text("resident_no") or "",
    )


def _link_key(draft: Draft, setting: Setting) -> tuple[str, bool] | None:
    source, target = draft.text("source_code"), draft.text("code")
    if source is None or target is None:
        return None
    return f"{_disease(draft, setting)}/{safe_code(source)}/{safe_code(target)}", False


def _link(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    columns: dict[str, Any] = draft.given("exposure")
    if "exposed_on" in draft.columns:
        columns["exposed_on"] = _day(draft, setting, "exposed_on")
    disease, source, target = key.rsplit("/", 2)
    if source == target:
        draft.note("code", "epidemic.import.self")
    link = Entity("epidemic_link", (disease, source, target), columns)
    if {"name", "phone", "address", "birth_date"} & draft.columns:
        link.person = _person(draft, setting)
        link.untold = ("devices", "resident_no")
    return [] if draft.reasons else [link]


_PERSON = (
    Field("name", ("성명", "이름", "환자명", "환자성명", "접촉자명", "접촉자 성명", "patient name"), personal=True),
    Field("phone", ("연락처", "전화번호", "휴대전화", "핸드폰"), values.phone, strict=False, personal=True),
    Field("address", ("주소", "거주지 주소", "상세주소"), personal=True),
    Field("birth_date", ("생년월일", "date_of_birth", "dob"), personal=True),
)
_DISEASE = Field("disease", ("감염병명", "질병명", "병명", "disease", "pathogen"), _untold)

CASES = Kind(
    name="cases",
    fields=(
        Field(
            "code",
            (
                "확진번호",
                "환자번호",
                "관리번호",
                "확진자번호",
                "연번",
                "번호",
                "case_id",
                "id",
                "case no",
                "patient_id",
                "case",
            ),
            required=True,
        ),
        _DISEASE,
        *_PERSON,
        Field("resident_no", ("주민등록번호", "주민번호", "외국인등록번호"), values.text, strict=False, personal=True),
        Field("status", ("환자분류", "환자구분", "분류", "상태", "case_status", "classification", "case_def"), _status),
        Field("sex", ("성별", "gender"), _sex),
        Field("age", ("나이", "연령", "만나이", "age_years")),
        Field("age_band", ("연령대", "연령군", "age_class", "age_group", "agegroup"), _untold),
        Field(
            "district",
            ("거주지", "시군구", "구군", "거주구군", "지역", "시도", "region", "province", "district"),
            _untold,
        ),
        *(Field(name, names) for name, names in _DAYS.items()),
        Field("outcome", ("결과", "예후", "경과", "final_outcome"), _outcome),
        Field("hospital", ("병원", "의료기관", "입원병원", "입원의료기관", "loc_hosp"), _untold),
        Field("source", ("감염경로", "추정감염경로", "place_infect", "infection_source", "exposure"), _untold),
        Field("cluster", ("집단", "집단명", "집단발생", "cluster_id", "family_id"), _untold),
        Field("lon", ("경도", "longitude", "lng"), values.number, strict=False),
        Field("lat", ("위도", "latitude"), values.number, strict=False),
        Field("imported", ("해외유입", "해외유입여부", "imported case", "is_imported"), _flag, strict=False),
    ),
    groups=(),
    key_field="code",
    key=_case_key,
    build=_case,
    survey=survey,
)

CONTACTS = Kind(
    name="contacts",
    fields=(
        Field(
            "source_code",
            (
                "선행확진자",
                "감염원",
                "감염원번호",
                "확진번호",
                "확진자번호",
                "지표환자",
                "infector",
                "from",
                "source_case",
                "source id",
            ),
            required=True,
        ),
        Field(
            "code",
            (
                "접촉자번호",
                "피감염자",
                "접촉자",
                "관리번호",
                "번호",
                "case_id",
                "to",
                "infectee",
                "contact_id",
                "target",
                "id",
            ),
            required=True,
        ),
        _DISEASE,
        *_PERSON,
        Field(
            "exposure",
            ("접촉장소", "노출장소", "노출", "접촉경로", "관계", "source", "location", "contact_type"),
            _untold,
        ),
        Field("exposed_on", ("접촉일", "최종접촉일", "노출일", "date_of_contact", "last_contact", "contact date")),
    ),
    groups=(),
    key_field="code",
    key=_link_key,
    build=_link,
    survey=survey,
)

THINGS = (
    Thing(epidemic_case, ("disease", "code"), new_id),
    Thing(epidemic_link, ("disease", "source", "target"), new_id),
)


def register() -> None:
    """Tell the city of these files."""
    contribute(__name__, (CASES, CONTACTS), THINGS, frozenset({Role.EPIDEMIC}))


register()
