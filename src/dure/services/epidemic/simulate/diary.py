"""What the sample epidemic tells on each of its days: line lists and contacts as a health centre sends them. Pure."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dure.services.epidemic.simulate.outbreak import DISEASE, Ill, Met, Outbreak

HEAD = "확진번호,감염병명,성명,연락처,성별,나이,거주지,증상발현일,신고일,결과,사망일,격리해제일,감염경로,집단"
CONTACT_HEAD = "선행확진자,접촉자번호,감염병명,성명,연락처,접촉장소,접촉일"


@dataclass(frozen=True, slots=True)
class Day:
    """A day's files as CSV (None: nothing new), and its tests."""

    day: date
    cases: str | None
    contacts: str | None
    tested: int
    positive: int


def days(outbreak: Outbreak, most: int | None = None) -> Iterable[Day]:
    """Each day in its order, at most `most`."""
    told = outbreak.totals
    chance = random.Random(len(outbreak.cases))
    by_day: dict[date, list[Ill]] = {}
    for one in outbreak.cases:
        for day in (one.reported_on, one.died_on, one.released_on, one.taken_back_on):
            if day is not None and one not in by_day.setdefault(day, []):
                by_day[day].append(one)
    met: dict[date, list[Met]] = {}
    last = told.since + timedelta(days=told.days - 1)
    for pair in outbreak.contacts:
        met.setdefault(min(pair.told_on, last), []).append(pair)
    for number in range(told.days if most is None else min(most, told.days)):
        day = told.since + timedelta(days=number)
        lines = [line(one, day) for one in by_day.get(day, [])]
        pairs = [contact_line(one) for one in met.get(day, [])]
        fresh = sum(one.reported_on == day for one in by_day.get(day, []))
        tested = round(fresh * chance.uniform(5, 12)) + chance.randrange(100, 400)
        yield Day(day, _file(HEAD, lines), _file(CONTACT_HEAD, pairs), tested, fresh)


def line(one: Ill, day: date) -> str:
    """A case as it was known on a day."""
    died = one.died_on if one.died_on and one.died_on <= day else None
    if one.taken_back_on and one.taken_back_on <= day:
        died = None
    released = one.released_on if one.released_on and one.released_on <= day else None
    outcome = "사망" if died else "완치" if released else ""
    phone = f"010-0{one.number // 10_000:03}-{one.number % 10_000:04}"
    cells = (one.code, DISEASE, f"가상{one.number + 1:04}", phone, one.sex, one.age, one.district, one.onset_on)
    return ",".join(
        str(cell if cell is not None else "")
        for cell in (*cells, one.reported_on, outcome, died, released, one.source, one.cluster)
    )


def contact_line(one: Met) -> str:
    """A contact; who is a case themself has their name in the line list."""
    name = phone = ""
    if one.target.startswith("SYN-C"):
        number = int(one.target[5:])
        name, phone = f"가상접촉{number:05}", f"010-1{number // 10_000:03}-{number % 10_000:04}"
    return f"{one.source},{one.target},{DISEASE},{name},{phone},{one.where},{one.exposed_on.isoformat()}"


def _file(head: str, lines: list[str]) -> str | None:
    return "\n".join([head, *lines]) + "\n" if lines else None
