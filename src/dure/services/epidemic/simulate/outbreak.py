"""The people of the sample epidemic. Pure: the same seed gives the same people.

Published are Daegu's daily totals of cases, deaths and releases, and these are kept to the day. All else is invented:
who infected whom follows a serial interval and an uneven infectiousness, ages and districts are drawn. Names say
"가상" (made up), codes SYN, telephone numbers begin with 010-0 and 010-1, which nobody has.
"""

import math
import random
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

DISEASE = "코로나19 (합성)"
SEED = 20200218
CONTACTS = 59_000
"""Of the city's own count; links between cases are among them."""
_DISTRICTS = {
    "중구": 3, "동구": 14, "서구": 7, "남구": 8, "북구": 18, "수성구": 17, "달서구": 23, "달성군": 8, "경산시": 2,
}  # fmt: skip
_AGES = {0: 2, 10: 4, 20: 26, 30: 11, 40: 13, 50: 19, 60: 13, 70: 7, 80: 5}
_FATAL = {0: 0.0, 10: 0.0, 20: 0.05, 30: 0.1, 40: 0.2, 50: 0.8, 60: 3.0, 70: 12.0, 80: 30.0}
"""Weights by decade: how many fall ill, and how likely one of them dies."""
_SOURCES = {"종교 모임": 62, "가족·지인": 18, "의료기관·요양병원": 8, "확인 중": 11, "해외": 1}
_WHERE = ("집", "식당", "직장", "종교 시설", "병원", "대중교통", "가게")
_SERIAL = (4.7, 2.9)
_SPREAD = 0.4
"""Dispersion k of a Gamma: few infect many."""
_UNKNOWN = 0.1
"""Share of cases of whom nobody knows who infected them."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Published, by day from `since` on, cumulative."""

    since: date
    confirmed: tuple[int, ...]
    died: tuple[int, ...]
    released: tuple[int, ...]

    @property
    def days(self) -> int:
        """How many."""
        return len(self.confirmed)


@dataclass(slots=True)
class Ill:
    """A case. `infector` is a case before it; `died_on` may be taken back (`corrected_on`) as the figures were."""

    number: int
    sex: str
    age: int
    district: str
    onset_on: date
    reported_on: date
    source: str
    cluster: str
    infector: int | None = None
    died_on: date | None = None
    released_on: date | None = None
    taken_back_on: date | None = None

    @property
    def code(self) -> str:
        """Its number in the line list."""
        return f"SYN-{self.number + 1:04}"


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody who was exposed to a case; another case where `target` is its code."""

    source: str
    target: str
    where: str
    exposed_on: date
    told_on: date


@dataclass(slots=True)
class Outbreak:
    """All of it."""

    totals: Totals
    cases: list[Ill] = field(default_factory=list)
    contacts: list[Met] = field(default_factory=list)


@cache
def totals() -> Totals:
    """Daegu's published figures."""
    told = tomllib.loads(files(__package__).joinpath("daegu.toml").read_text("utf-8"))
    return Totals(told["since"], *(tuple(told[name]) for name in ("confirmed", "died", "released")))


def made(seed: int = SEED, contacts: int = CONTACTS) -> Outbreak:
    """The whole sample epidemic."""
    chance, told = random.Random(seed), totals()
    found = Outbreak(told, _people(chance, told))
    _infect(chance, found.cases)
    _end(chance, found.cases, told)
    found.contacts = list(_met(chance, found.cases, contacts))
    return found


def steps(cumulative: Sequence[int]) -> list[int]:
    """What each day added; negative where a figure was corrected."""
    return [now - before for now, before in zip(cumulative, (0, *cumulative), strict=False)]


def _drawn(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _people(chance: random.Random, told: Totals) -> list[Ill]:
    found: list[Ill] = []
    for day, fresh in enumerate(steps(told.confirmed)):
        reported = told.since + timedelta(days=day)
        wait = 6.0 if day < 10 else 4.0  # the first weeks had to wait for their tests
        for _ in range(fresh):
            source = _drawn(chance, _SOURCES) if found else "확인 중"
            decade = chance.choices(list(_AGES), list(_AGES.values()))[0]
            age = min(decade + chance.randrange(10 if decade < 80 else 15), 99)
            begun = reported - timedelta(days=min(int(chance.gammavariate(2.0, wait / 2)), 20))
            cluster = {
                "종교 모임": "가상 종교 모임",
                "의료기관·요양병원": f"가상 요양병원 {chance.randrange(1, 9)}",
            }.get(source, "")
            sex = "여" if chance.random() < 0.62 else "남"
            found.append(Ill(len(found), sex, age, _drawn(chance, _DISTRICTS), begun, reported, source, cluster))
    return found


def _infect(chance: random.Random, cases: list[Ill]) -> None:
    """Who infected whom: somebody whose onset lies a serial interval back, the infectious rather."""
    order = sorted(cases, key=lambda one: (one.onset_on, one.number))
    begun = [one.onset_on.toordinal() for one in order]
    force = [chance.gammavariate(_SPREAD, 1.0) for _ in order]
    shape, scale = (_SERIAL[0] / _SERIAL[1]) ** 2, _SERIAL[1] ** 2 / _SERIAL[0]
    for one in order:
        if one.source == "해외" or chance.random() < _UNKNOWN:
            continue
        day = one.onset_on.toordinal() - max(1, round(chance.gammavariate(shape, scale)))
        low, high = bisect_left(begun, day - 1), bisect_left(begun, day + 1)
        if high > low:
            some = [chance.randrange(low, high) for _ in range(12)]
            one.infector = order[max(some, key=lambda at: force[at] * chance.random())].number


def _end(chance: random.Random, cases: list[Ill], told: Totals) -> None:
    """Who died and who was released on which day, so that both totals are those published. A death that was taken back
    in the figures is taken back here.
    """
    open_ = [one for one in cases if one.reported_on == told.since]
    waiting = {told.since + timedelta(days=n): 0 for n in range(told.days)}
    died, released = steps(told.died), steps(told.released)
    last: Ill | None = None
    for number, day in enumerate(waiting):
        if number:
            open_ += [one for one in cases if one.reported_on == day]
        if died[number] < 0 and last is not None:
            last.taken_back_on = day
        for _ in range(max(died[number], 0)):
            weights = [_FATAL[min(one.age // 10 * 10, 80)] + 1e-6 for one in open_]
            last = chance.choices(open_, weights)[0]
            last.died_on = day
            open_.remove(last)
        longest = sorted(open_, key=lambda one: (one.reported_on, one.number))
        take = max(released[number], 0)
        for one in chance.sample(longest[: take * 2], take) if take else []:
            one.released_on = day
            open_.remove(one)


def _met(chance: random.Random, cases: list[Ill], most: int) -> Iterator[Met]:
    """Contacts: those who fell ill, and all others. Larger where a case infected many."""
    sick = [one for one in cases if one.infector is not None]
    for one in sick:
        source = cases[one.infector or 0]
        exposed = max(source.onset_on, one.onset_on - timedelta(days=5))
        yield Met(source.code, one.code, chance.choice(_WHERE), exposed, max(source.reported_on, one.reported_on))
    rest = most - len(sick)
    weights = [chance.gammavariate(0.8, 1.0) for _ in cases]
    whole, left = sum(weights), rest
    number = 0
    for one, weight in zip(cases, weights, strict=True):
        own = min(left, math.ceil(rest * weight / whole)) if one is not cases[-1] else left
        left -= own
        for _ in range(own):
            number += 1
            exposed = one.onset_on + timedelta(days=chance.randrange(-2, 4))
            told_on = one.reported_on + timedelta(days=chance.randrange(2))
            yield Met(one.code, f"SYN-C{number:05}", chance.choice(_WHERE), min(exposed, one.reported_on), told_on)
