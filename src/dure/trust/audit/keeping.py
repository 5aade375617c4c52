"""How long the log is kept: one year or two, by the notice in force and the data that the city handles.

개인정보의 안전성 확보조치 기준 제8조제1항: access records are kept for a year at least; for two where 50,000 people or
more, unique identifiers or sensitive information are handled. As long as nobody has said what the city handles it is
two. What the vault itself shows cannot be talked away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust.audit.lines import record
from dure.trust.principal import Principal

Why = Literal["untold", "many_people", "unique_ids", "sensitive", "none"]
_FACTS = text("select * from audit_fact where since <= :day order by since desc, told_at desc, id desc limit 1")
_SEEN = text(
    "select (select count(*) from person where merged_into is null) as people, "
    "exists (select from person_index where field = 'resident_no') as unique_ids"
)
_TELL = text(
    "insert into audit_fact (id, since, many_people, unique_ids, sensitive, told_by, told_at) "
    "values (:id, :since, :many_people, :unique_ids, :sensitive, :by, :now)"
)


@dataclass(frozen=True, slots=True)
class Term:
    """From the day `since` on: days that the log is kept, and days where one of the facts holds; from how many people
    on it counts as many; where that is written. Days are whole years with their leap day.
    """

    since: date
    days: int
    longer: int
    people: int
    source: str


TERMS = (
    Term(
        date(2019, 6, 7),
        366,
        731,
        50_000,
        "개인정보의 안전성 확보조치 기준(행정안전부고시 제2019-47호) 제8조제1항: 1년, 5만 명 이상이거나 "
        "고유식별정보나 민감정보를 다루면 2년",
    ),
    Term(
        date(2023, 9, 22),
        366,
        731,
        50_000,
        "개인정보의 안전성 확보조치 기준(개인정보보호위원회고시 제2023-6호) 제8조제1항: 1년, 5만 명 이상이거나 "
        "고유식별정보나 민감정보를 다루면 2년",
    ),
)
"""The notice, by the days from which its forms are in force."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides it: 50,000 people or more, unique identifiers, sensitive information."""

    many_people: bool
    unique_ids: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vault shows of itself, without opening anything: people, and whether resident numbers are among it."""

    people: int
    unique_ids: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """So many days, by this term, because of these facts."""

    days: int
    term: Term
    why: tuple[Why, ...]


def term_of(day: date, terms: Iterable[Term] = TERMS) -> Term:
    """The term in force on `day`; the first for what was before all."""
    known = sorted(terms, key=lambda one: one.since)
    return [known[0], *(one for one in known if one.since <= day)][-1]


def decide(term: Term, told: Facts | None, seen: Seen) -> Decision:
    """One year or two, and why: what was told or what is seen, whichever asks for more."""
    found: list[Why] = []
    if seen.people >= term.people or (told is not None and told.many_people):
        found.append("many_people")
    if seen.unique_ids or (told is not None and told.unique_ids):
        found.append("unique_ids")
    if told is not None and told.sensitive:
        found.append("sensitive")
    if told is None:
        found.append("untold")
    return Decision(term.longer, term, tuple(found)) if found else Decision(term.days, term, ("none",))


async def told_on(tx: Tx, day: date) -> RowMapping | None:
    """The newest word on what the city handles, of those that hold on `day`."""
    return await tx.row(_FACTS, {"day": day})


async def seen(tx: Tx) -> Seen:
    """What the vault shows now."""
    row = await tx.row(_SEEN)
    assert row is not None
    return Seen(row["people"], row["unique_ids"])


async def decided(tx: Tx, day: date) -> Decision:
    """What holds on `day`."""
    row = await told_on(tx, day)
    told = None if row is None else Facts(row["many_people"], row["unique_ids"], row["sensitive"])
    return decide(term_of(day), told, await seen(tx))


async def tell(tx: Tx, principal: Principal, facts: Facts, since: date) -> None:
    """Say what the city handles from `since` on; what was said before stays readable in the table and in the log."""
    values = {"many_people": facts.many_people, "unique_ids": facts.unique_ids, "sensitive": facts.sensitive}
    await tx.execute(_TELL, {"id": new_id(), "since": since, "by": principal.name, "now": tx.now(), **values})
    said = " ".join(name for name, holds in values.items() if holds) or "none"
    await record(tx, principal, "retention.facts", "retention", "audit", purpose=said)
