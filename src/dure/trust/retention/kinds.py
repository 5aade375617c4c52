"""Trust's own kinds of data, and lines for what no room of this city keeps yet: the table tells of them too."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import TextClause, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.audit import keeping
from dure.trust.audit import retention as ended_lines
from dure.trust.retention import unused
from dure.trust.retention.model import Decided, Destroy, FindDue, Kind, Mark, Rule, Thing, deleting, due_values

_CITY = "도시 자체 기준"
_BEGAN = date(2026, 1, 1)


def due_of(statement: TextClause) -> FindDue:
    """`find_due` by a statement that gives id, at, and where it knows it person_id, in the order (at, id), for the
    parameters before, after_at, after_id, most.
    """

    async def find(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
        rows = await tx.rows(statement, due_values(before, after, most))
        return [
            Thing(row["id"], row["at"], people=frozenset({str(row["person_id"])} if row.get("person_id") else ()))
            for row in rows
        ]

    return find


def rows_of(table: str, at: str, *, where: str = "true", person: str = "null") -> tuple[FindDue, Destroy]:
    """`find_due` and `destroy` for a table with a UUID `id`, whose rows go when their time `at` is over. The names come
    from code, never from a user.
    """
    statement = text(
        f"select id::text as id, {at} as at, {person} as person_id from {table} where {at} < :before and {where} "
        f"and (cast(:after_at as timestamptz) is null or ({at}, id::text) > (:after_at, :after_id)) "
        f"order by {at}, id::text limit :most for update skip locked"
    )
    return due_of(statement), deleting(table)


async def _log(tx: Tx, day: date) -> Decided:
    """As long as the notice asks for the log: what says on what ground somebody looked is of no use without it."""
    found = await keeping.decided(tx, day)
    why = tuple(f"trust.retention.why.{one}" for one in found.why)
    return Decided(Rule(found.term.since, found.days, found.term.source), why)


_LOG = tuple(Rule(one.since, one.longer, one.source) for one in keeping.TERMS)
_OPENINGS = text(
    "select audit_id::text as id, at, person_id from person_opening where at < :before "
    "and (cast(:after_at as timestamptz) is null or (at, audit_id::text) > (:after_at, :after_id)) "
    "order by at, audit_id::text limit :most for update skip locked"
)


async def _forget_openings(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    ids = [UUID(one.id) for one in things]
    await tx.execute(text("delete from person_opening where audit_id = any(:ids)"), {"ids": ids})


_ended = "least(expires_at, coalesce(revoked_at, expires_at))"
KINDS: tuple[Kind, ...] = (
    unused.KIND,
    Kind(
        "session",
        (Rule(_BEGAN, 30, _CITY),),
        *rows_of("session", _ended),
        begins="trust.retention.begins.ended",
    ),
    Kind(
        "link",
        (Rule(_BEGAN, 30, _CITY),),
        *rows_of("one_time_link", "expires_at"),
        begins="trust.retention.begins.ended",
    ),
    Kind(
        "citizen_link",
        (Rule(_BEGAN, 30, _CITY),),
        *rows_of("citizen_link", "expires_at"),
        begins="trust.retention.begins.ended",
    ),
    Kind(
        "purpose",
        (Rule(_BEGAN, 3 * 365, f"{_CITY}: 동의와 처리 근거의 증빙", confirm=True),),
        *rows_of("purpose", "least(until_at, coalesce(withdrawn_at, until_at))", person="person_id"),
        begins="trust.retention.begins.ended",
    ),
    Kind(
        "rights_request",
        (Rule(_BEGAN, 3 * 365, f"{_CITY}: 열람 등 요구 처리 대장", confirm=True),),
        *rows_of("rights_request", "decided_at", where="state <> 'open'", person="person_id"),
        begins="trust.retention.begins.closed",
    ),
    Kind(
        "glass",
        (Rule(_BEGAN, 3 * 365, f"{_CITY}: 긴급 열람과 사후 검토 대장", confirm=True),),
        *rows_of("glass", "reviewed_at", where="reviewed_at is not null", person="person_id"),
        begins="trust.retention.begins.closed",
    ),
    Kind(
        "quarantine",
        (
            Rule(
                date(2020, 3, 4),
                0,
                "감염병의 예방 및 관리에 관한 법률 제76조의2(업무 종료 시 지체 없이 파기)",
                confirm=True,
            ),
        ),
        begins="trust.retention.begins.work_ended",
    ),
    Kind(
        "welfare",
        (
            Rule(
                date(2015, 7, 1), 5 * 365, "사회보장급여의 이용·제공 및 수급권자 발굴에 관한 법률 제34조", confirm=True
            ),
        ),
        begins="trust.retention.begins.work_ended",
    ),
    Kind("audit", _LOG, ended_lines.find_due, ended_lines.destroy_things, decide=_log),
    Kind(
        "audit_rights",
        (
            Rule(
                date(2023, 9, 22),
                1097,
                "개인정보의 안전성 확보조치 기준(개인정보보호위원회고시 제2023-6호) 제5조제3항: "
                "권한 부여·변경·말소 내역 3년",
            ),
        ),
        ended_lines.find_rights_due,
        ended_lines.destroy_things,
    ),
    Kind("person_opening", _LOG, due_of(_OPENINGS), _forget_openings, decide=_log),
)
