"""The end of old lines: destroyed by law, line by line, while their leaf hashes keep the tree and every proof whole.

개인정보의 안전성 확보조치 기준 제8조제1항: access records are kept for a year at least, for two where 50,000 people or
more, unique identifiers or sensitive data are handled; 제5조제3항: for three years, what was done to rights. How long
this city keeps them stands in the table of retention.
A line's leaf hash tells nothing about it: the line's id, which goes with it, held 74 random bits.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.audit.lines import record
from dure.trust.audit.walk import DESTROY
from dure.trust.principal import system
from dure.trust.retention.model import Mark, Thing, due_values

_WHY = "개인정보의 안전성 확보조치 기준 제8조제1항"
_CHUNK = 5_000
RIGHTS = r"^(account|agency|delegation|duty|invitation|second|service_account|sso|token)\."
"""Actions by which rights are given, changed and taken away, of people and machines."""
_DUE = (
    "select id, at, entity, entity_id, case_id, person_id from audit "
    "where at < :before and (action ~ :rights) = :of_rights "
    "and (cast(:after_at as timestamptz) is null or (at, id) > (:after_at, cast(:after_id as uuid))) "
    "order by at, id limit :most"
)
_GOING = text(
    "select s.seq, a.at, a.action, a.entity_id from audit a join audit_seal s on s.audit_id = a.id "
    "where a.id = any(:ids) order by s.seq"
)
_NOTE = text(
    "insert into audit_destruction (transaction, before, at) values "
    "(pg_current_xact_id()::text::bigint, :now, :now) on conflict (transaction) do nothing"
)
_UNNAME = text("update audit_seal set audit_id = null where audit_id = any(:ids)")
_DELETE = text("delete from audit where id = any(:ids)")


async def find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    """Lines older than `before` in the order (at, id), those about rights left out; each belongs to its incident,
    camera, device and person.
    """
    return await _due(tx, before, after, most, of_rights=False)


async def find_rights_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    """The same of the lines about rights alone."""
    return await _due(tx, before, after, most, of_rights=True)


async def _due(tx: Tx, before: datetime, after: Mark | None, most: int, *, of_rights: bool) -> Sequence[Thing]:
    rows = await tx.rows(text(_DUE), {**due_values(before, after, most), "rights": RIGHTS, "of_rights": of_rights})
    return [
        Thing(
            str(row["id"]),
            row["at"],
            incidents=frozenset(
                filter(None, (row["case_id"], row["entity_id"] if row["entity"] == "incident" else None))
            ),
            people=frozenset({str(row["person_id"])} if row["person_id"] else ()),
            cameras=frozenset({row["entity_id"]} if row["entity"] == "camera" else ()),
            devices=frozenset({row["entity_id"]} if row["entity"] == "device" else ()),
        )
        for row in rows
    ]


async def destroy_things(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """Take exactly these lines out, for the nightly job."""
    await destroy_lines(tx, [UUID(one.id) for one in things])


async def destroy(tx: Tx, before: datetime) -> int:
    """Take out every line older than `before` that is not about rights; how many there were.

    Raises what the database raises where a line is younger than a year.
    """
    count = 0
    after: Mark | None = None
    while things := await find_due(tx, before, after, _CHUNK):
        count += await destroy_lines(tx, [UUID(one.id) for one in things])
        after = Mark(things[-1].at, things[-1].id)
    return count


async def destroy_lines(tx: Tx, ids: Sequence[UUID]) -> int:
    """Take lines out and say in the log which numbers they had; a destroyed line that said so is said again."""
    going = await tx.rows(_GOING, {"ids": list(ids)})
    if not going:
        return 0
    await tx.execute(_NOTE, {"now": tx.now()})
    await tx.execute(_UNNAME, {"ids": list(ids)})
    await tx.execute(_DELETE, {"ids": list(ids)})
    again = [row["entity_id"].split("-") for row in going if row["action"] == DESTROY]
    spans = [(row["seq"], row["seq"]) for row in going] + [(int(first), int(last)) for first, last in again]
    for first, last in merged(spans):
        await record(tx, system("retention"), DESTROY, "audit", f"{first}-{last}", purpose=_WHY)
    return len(going)


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of line numbers, both ends included, with those that touch or overlap made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
