"""A roster as a sheet: one row for each person and a column for each day, or one row for each duty. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from dure.documents.header import find_header, plain
from dure.documents.table import Row
from dure.respond.shifts.model import Pattern, Post

NAMES: Final[Mapping[str, Sequence[str]]] = {
    "account": ("아이디", "근무자", "자리", "계정", "성명", "account", "desk", "name"),
    "post": ("직책", "구분", "post"),
    "day": ("날짜", "일자", "근무일", "date", "day"),
    "shift": ("근무", "근무조", "교대", "shift"),
}
_OFF: Final = frozenset({"", "o", "off", "비", "비번", "휴", "휴무", "-", "/", "연", "연차", "년", "년차"})
_SHORT: Final[Mapping[str, Sequence[str]]] = {
    "D": ("주", "주간", "오전", "아침", "day", "m"),
    "E": ("석", "오후", "저녁", "evening", "a"),
    "N": ("야", "야간", "밤", "숙", "숙직", "night"),
    "H": ("일직", "휴일"),
    "W": ("일", "일근"),
}
_POSTS: Final = {
    **dict.fromkeys(("팀장", "조장", "관제팀장", "lead"), Post.LEAD),
    **dict.fromkeys(("부팀장", "부조장", "deputy"), Post.DEPUTY),
    **dict.fromkeys(("", "팀원", "조원", "관제요원", "member"), Post.MEMBER),
}
_FULL = re.compile(r"(\d{4})[-./년 ]+(\d{1,2})[-./월 ]+(\d{1,2})\.?일?")
_MONTH_DAY = re.compile(r"(\d{1,2})[-./월 ]+(\d{1,2})일?")
_DAY = re.compile(r"(\d{1,2})일?(?:\([월화수목금토일]\))?")
LONGEST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of a file: the row that says it, when, who."""

    row: int
    day: date
    shift: str
    account_id: UUID
    post: Post


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not taken: its number, the file's name of the column, a catalogue key and the value."""

    row: int
    field: str
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says."""

    rows: int
    duties: tuple[Duty, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What a file is read against: people by their label or username as typed, shifts, and the days that may be set."""

    people: Mapping[str, UUID]
    pattern: Pattern
    first: date
    last: date
    month: date | None = None

    def shift(self, word: str) -> str | None:
        """The id of the shift that a cell means."""
        wanted = plain(word)
        for one in self.pattern.shifts:
            if wanted in {plain(one.id), plain(one.ko), plain(one.en), *map(plain, _SHORT.get(one.id, ()))}:
                return one.id
        return None


def read(rows: Iterable[Row], known: Known) -> Read | None:
    """The duties in a file, each bad row with its reason; None where no column says who works."""
    every = list(rows)
    header = find_header(every, NAMES)
    if header is None or "account" not in header.fields:
        return None
    days = {
        index: found
        for index, name in enumerate(header.names)
        if index not in header.fields.values() and (found := day_of(name, known.month)) is not None
    }
    body = [row for row in every if row.number > header.row and any(row.cells)][:LONGEST]
    listed = "day" in header.fields and "shift" in header.fields
    if not listed and not days:
        return None
    duties: list[Duty] = []
    refused: list[Refused] = []
    seen: set[tuple[date, str, UUID]] = set()
    for row in body:
        cells = {field: _cell(row, index) for field, index in header.fields.items()}
        wanted = (
            [(cells["day"], cells["shift"], day_of(cells["day"], known.month), header.name_of("day"))]
            if listed
            else [(header.names[n], _cell(row, n), day, header.names[n]) for n, day in days.items()]
        )
        taken = _row(row, cells, wanted, known, header.name_of("account"), header.name_of("post"), seen)
        if isinstance(taken, Refused):
            refused.append(taken)
        else:
            duties += taken
            seen |= {(one.day, one.shift, one.account_id) for one in taken}
    return Read(len(body), tuple(duties), tuple(refused))


def _row(
    row: Row,
    cells: Mapping[str, str],
    wanted: Sequence[tuple[str, str, date | None, str]],
    known: Known,
    who: str,
    posts: str,
    seen: set[tuple[date, str, UUID]],
) -> list[Duty] | Refused:
    if row.problem is not None:
        return Refused(row.number, who, row.problem)
    account = known.people.get(cells["account"].strip().lower())
    if account is None:
        return Refused(row.number, who, "respond.shifts.sheet.nobody", cells["account"])
    post = _POSTS.get(cells.get("post", "").strip().lower())
    if post is None:
        return Refused(row.number, posts, "respond.shifts.sheet.post", cells["post"])
    found: list[Duty] = []
    for words, shift, day, field in wanted:
        if plain(shift) in _OFF or shift.strip() in _OFF:
            continue
        if day is None or not known.first <= day <= known.last:
            return Refused(row.number, field, "respond.shifts.sheet.day", words)
        id_ = known.shift(shift)
        if id_ is None:
            return Refused(row.number, field, "respond.shifts.sheet.shift", shift)
        if (day, id_, account) in seen or any((one.day, one.shift) == (day, id_) for one in found):
            return Refused(row.number, field, "respond.shifts.sheet.twice", words)
        found.append(Duty(row.number, day, id_, account, post))
    return found


def day_of(words: str, month: date | None) -> date | None:
    """The day that a cell or a column's name means; a day without its month is one of `month`."""
    words = words.strip().removesuffix(" 00:00:00")
    try:
        if found := _FULL.fullmatch(words):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if month is not None and (found := _MONTH_DAY.fullmatch(words)):
            return date(month.year, int(found[1]), int(found[2]))
        if month is not None and (found := _DAY.fullmatch(words)):
            return month.replace(day=int(found[1]))
    except ValueError:
        return None
    return None


def _cell(row: Row, index: int) -> str:
    return row.cells[index] if index < len(row.cells) else ""
