"""What operations ask of their tables."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.events import Event
from dure.trust.vault import texts

OPENED = "OperationOpened.v1"
CHANGED = "OperationChanged.v1"
_JSON = frozenset({"facts", "writers", "words_by_language"})
_SHOWN = (
    "o.*, (select count(*) from operation_incident g where g.operation_id = o.id and g.removed_at is null) as incidents"
)
_LISTED = text(
    f"select {_SHOWN} from operation o where (cast(:status as text) is null or o.status = :status) "
    "and (cast(:at as timestamptz) is null or (o.opened_at, o.id) < (:at, :id)) "
    "order by o.opened_at desc, o.id desc limit :limit"
)
_ON_SCREEN = text(f"select {_SHOWN} from operation o where o.status = 'open' order by o.opened_at desc, o.id desc")
_BY_IDS = text(f"select {_SHOWN} from operation o where o.id = any(:ids)")
_LOCKED = text("select * from operation where id = :id for update")
_TOUCH = text("update operation set version = version + 1, updated_at = :now where id = :id returning version")
_NUMBER = text(
    "insert into operation_year (year, last) values (:year, 1) "
    "on conflict (year) do update set last = operation_year.last + 1 returning last"
)


async def listed(tx: Tx, status: str | None, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Operations, newest first."""
    at, id_ = after or (None, None)
    return await tx.rows(_LISTED, {"status": status, "at": at, "id": id_, "limit": limit})


async def by_ids(tx: Tx, ids: Sequence[str]) -> Sequence[RowMapping]:
    """Operations by id, for the live flow."""
    return await tx.rows(_BY_IDS, {"ids": [UUID(one) for one in ids]})


async def on_screen(tx: Tx) -> Sequence[RowMapping]:
    """Those that run."""
    return await tx.rows(_ON_SCREEN)


async def one(tx: Tx, operation_id: UUID) -> RowMapping:
    """One operation. Raises NotFound."""
    rows = await by_ids(tx, [str(operation_id)])
    if not rows:
        raise NotFound("respond.operations.unknown")
    return rows[0]


async def taken(tx: Tx, operation_id: UUID, expected: int | None = None, *, closed_too: bool = False) -> RowMapping:
    """The operation, locked for a change. Raises NotFound, PreconditionFailed, and Conflict where it is closed (unless
    `closed_too`).
    """
    row = await tx.row(_LOCKED, {"id": operation_id})
    if row is None:
        raise NotFound("respond.operations.unknown")
    check_version(expected, row["version"])
    if row["status"] == "closed" and not closed_too:
        raise Conflict("respond.operations.closed")
    return row


async def touched(tx: Tx, operation_id: UUID, what: str, **values: Any) -> None:
    """Write `values` to the operation and tell screens `what` changed."""
    if values:
        await update(tx, "operation", operation_id, **values)
    version = await tx.scalar(_TOUCH, {"id": operation_id, "now": tx.now()})
    await tx.emit(Event(CHANGED, "operation", str(operation_id), version, {"change": what}))


async def next_number(tx: Tx, year: int) -> int:
    """The next number of a year; nobody else gets one until this transaction ends."""
    return int(await tx.scalar(_NUMBER, {"year": year}))


async def part(tx: Tx, table: str, what: str, operation_id: UUID, id_: UUID, *, lock: bool = False) -> RowMapping:
    """A part of an operation by its id (`table` and `what` are the room's own words). Raises NotFound."""
    row = await tx.row(
        text(f"select * from {table} where operation_id = :operation and id = :id{' for update' if lock else ''}"),
        {"operation": operation_id, "id": id_},
    )
    if row is None:
        raise NotFound(f"respond.operations.{what}.unknown")
    return row


async def parts(tx: Tx, table: str, operation_id: UUID, order: str, most: int = 500) -> Sequence[RowMapping]:
    """All parts of one kind, in `order` (the room's own words)."""
    statement = text(f"select * from {table} where operation_id = :id order by {order} limit :most")
    return await tx.rows(statement, {"id": operation_id, "most": most})


async def insert(tx: Tx, table: str, **values: Any) -> None:
    """Insert one row."""
    names = ", ".join(values)
    shown = ", ".join(_value(name) for name in values)
    await tx.execute(text(f"insert into {table} ({names}) values ({shown})"), values)


async def update(tx: Tx, table: str, id_: UUID, **values: Any) -> None:
    """Change columns of one row."""
    sets = ", ".join(f"{name} = {_value(name)}" for name in values)
    await tx.execute(text(f"update {table} set {sets} where id = :id_"), {**values, "id_": id_})


def _value(name: str) -> str:
    return f"cast(:{name} as jsonb)" if name in _JSON else f":{name}"


async def sealed(tx: Tx, operation_id: UUID, column: str, words: str | None) -> bytes | None:
    """`words` as a column keeps them, under the operation's key."""
    return await texts.sealed(tx, operation_id, column, words)


def opened(
    tx: Tx, table: str, rows: Sequence[RowMapping | Mapping[str, Any]], *columns: str, by: str = "operation_id"
) -> list[dict[str, Any]]:
    """Rows with sealed columns as text."""
    return texts.opened(tx, table, rows, *columns, by=by)
