"""Files of where cases were: interviews, card and transit records, what cameras showed. A line is a stay at a place.

Pure but for the file. A row outside of the approved time or of a case that was not asked for is not kept.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from dure.documents import values
from dure.documents.header import Header, find_header
from dure.documents.limits import DEFAULT, UnreadableFile
from dure.documents.table import Row, open_table
from dure.services.epidemic.disclosure import KINDS

COLUMNS = {
    "code": ("확진번호", "확진자번호", "환자번호", "관리번호", "case_id", "code", "case"),
    "from": ("시작", "시작일시", "방문일시", "승인일시", "승차일시", "시각", "일시", "from", "start", "begin", "time"),
    "to": ("종료", "종료일시", "퇴장일시", "하차일시", "to", "end"),
    "place": ("장소", "장소명", "상호", "가맹점명", "정류장", "역명", "place", "name", "merchant"),
    "kind": ("장소구분", "업종", "구분", "종류", "kind", "type", "category"),
    "address": ("주소", "소재지", "소재지도로명주소", "address"),
    "lon": ("경도", "lon", "lng", "longitude"),
    "lat": ("위도", "lat", "latitude"),
}
MOST = 20_000
_KIND_WORDS = {
    "home": ("집", "자택", "거주지", "주거"),
    "work": ("직장", "회사", "사무실", "근무지"),
    "shop": ("마트", "상점", "소매", "편의점", "시장", "쇼핑"),
    "food": ("식당", "음식점", "카페", "주점", "일반음식점", "휴게음식점"),
    "worship": ("교회", "성당", "사찰", "종교시설", "종교"),
    "clinic": ("병원", "의원", "약국", "의료기관", "선별진료소"),
    "transport": ("버스", "지하철", "택시", "기차", "대중교통", "교통"),
    "school": ("학교", "학원", "어린이집", "유치원"),
    "leisure": ("헬스장", "체육시설", "노래방", "pc방", "영화관", "숙박", "여가"),
}
_TIME = re.compile(
    r"(.+?)(?:\s+|T)(\d{1,2})(?::|시\s*)(\d{1,2})?(?:분)?(?::(\d{1,2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Stay:
    """A case at a place."""

    code: str
    from_at: datetime
    to_at: datetime
    place: str
    kind: str
    address: str
    lon: float | None
    lat: float | None


@dataclass(slots=True)
class Stays:
    """What came of a file: `refused` counts rows by reason."""

    rows: int = 0
    kept: list[Stay] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def read(path: Path, codes: Collection[str], span: tuple[datetime, datetime], zone: ZoneInfo) -> Stays:
    """The stays in a file. `codes` were asked for; where the file has no column of cases and one was asked for, all are
    theirs. Blocking; raises UnreadableFile.
    """
    table = open_table(path, DEFAULT)
    try:
        header = find_header(table.rows(), COLUMNS)
        if header is None or not {"from", "place"} <= header.fields.keys():
            raise UnreadableFile("epidemic.visits.columns")
        only = next(iter(codes)) if len(codes) == 1 else None
        if "code" not in header.fields and only is None:
            raise UnreadableFile("epidemic.visits.columns")
        done = Stays()
        for row in _lines(table.rows(), header):
            done.rows += 1
            if done.rows > MOST:
                raise UnreadableFile("documents.file.too_many_rows", rows=MOST)
            found = _stay(row, header, only, zone)
            why = found if isinstance(found, str) else _unasked(found, codes, span)
            if isinstance(found, Stay) and why is None:
                done.kept.append(found)
            else:
                done.refused[str(why)] += 1
        return done
    finally:
        table.close()


def _lines(rows: Iterator[Row], header: Header) -> Iterator[Row]:
    return (row for row in rows if row.number > header.row and any(row.cells))


def _unasked(stay: Stay, codes: Collection[str], span: tuple[datetime, datetime]) -> str | None:
    if stay.code not in codes:
        return "code"
    return None if stay.to_at >= span[0] and stay.from_at <= span[1] else "span"


def _stay(row: Row, header: Header, only: str | None, zone: ZoneInfo) -> Stay | str:
    """The stay in a row, or the word for why there is none."""

    def cell(name: str) -> str:
        index = header.fields.get(name)
        return "" if index is None or index >= len(row.cells) else row.cells[index].strip()

    code = cell("code") if "code" in header.fields else only
    if row.problem is not None or not code:
        return "who"
    begun = moment(cell("from"), zone)
    ended = moment(cell("to"), zone) if cell("to") else begun
    if begun is None or ended is None or ended < begun:
        return "at"
    try:
        lon, lat = values.number(cell("lon")), values.number(cell("lat"))
    except ValueError:
        lon = lat = None
    if lon is None or lat is None or not (124 <= lon <= 132 and 33 <= lat <= 39):
        lon = lat = None
    if not cell("place") and lon is None:
        return "place"
    return Stay(code, begun, ended, cell("place")[:200], kind_of(cell("kind")), cell("address")[:300], lon, lat)


def kind_of(cell: str) -> str:
    """The kind of place that a word means; `other` for what is unknown."""
    plain = values.folded(cell).lower()
    if plain in KINDS:
        return plain
    return next((kind for kind, words in _KIND_WORDS.items() if any(word in plain for word in words)), "other")


def moment(cell: str, zone: ZoneInfo) -> datetime | None:
    """A time of day on a date, of the city's clock where no zone is told; None for what is none."""
    found = _TIME.fullmatch(values.folded(cell))
    try:
        if found is None:
            return None
        day = values.day(found[1])
        if day is None:
            return None
        at = time(int(found[2]), int(found[3] or 0), int(found[4] or 0))
        if found[5]:
            zone_ = "+00:00" if found[5] == "Z" else found[5]
            return datetime.fromisoformat(f"{day.isoformat()}T{at.isoformat()}{zone_}").astimezone(UTC)
        return datetime.combine(day, at, zone).astimezone(UTC)
    except ValueError:
        return None
