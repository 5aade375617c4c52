"""Works, disinfection, welding and tests that were announced before: for their time smoke alone asks longer, and says
why. They shift what confirms within the ladder, and never touch high heat.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.services.market_fire.staged.shapes import AnnounceForm
from dure.trust import audit
from dure.trust.principal import Principal

LONGEST: Final = timedelta(hours=12)
AHEAD: Final = timedelta(days=30)
_COLUMNS: Final = """n.*, m.name as market, array(select s.name from asset s where s.id = any(n.stalls) order by s.name)
    as stall_names from market_fire_announcement n join asset m on m.id = n.market_id"""
_ONE = text(f"select {_COLUMNS} where n.id = :id")
_LISTED = text(f"""
    select {_COLUMNS} where (cast(:market as uuid) is null or n.market_id = :market)
    and (n.ends_at > :now and n.ended_at is null) = :standing
    and (cast(:after_at as timestamptz) is null or (n.starts_at, n.id) > (:after_at, cast(:after_id as uuid)))
    order by n.starts_at, n.id limit :most
""")
_MARKET = text("select exists (select from asset where id = :id and kind = 'market')")
_STALLS = text("select id from asset where id = any(:ids) and kind = 'stall' and parent_id = :market")
_PUT = text("""
    insert into market_fire_announcement (id, market_id, stalls, kind, starts_at, ends_at, announced_by, note, told_at,
        told_by)
    values (:id, :market, cast(:stalls as uuid[]), :kind, :starts_at, :ends_at, :announced_by, :note, :now, :by)
""")
_END = text("""
    update market_fire_announcement set ended_at = :now, ended_by = :by, version = version + 1
    where id = :id and ended_at is null returning id
""")


async def announce(tx: Tx, who: Principal, form: AnnounceForm) -> UUID:
    """Keep an announcement; its id. Raises Invalid for times or stalls that are none, NotFound for the market."""
    if not await tx.scalar(_MARKET, {"id": form.market_id}):
        raise NotFound("market_fire.market.unknown")
    now, wrong = tx.now(), list[FieldError]()
    if not now < form.ends_at or not form.starts_at < form.ends_at <= form.starts_at + LONGEST:
        wrong.append(FieldError("ends_at", "market_fire.announcement.span"))
    if form.starts_at > now + AHEAD:
        wrong.append(FieldError("starts_at", "market_fire.announcement.ahead"))
    known = {row["id"] for row in await tx.rows(_STALLS, {"ids": list(form.stalls), "market": form.market_id})}
    if set(form.stalls) - known:
        wrong.append(FieldError("stalls", "market_fire.announcement.stalls"))
    if wrong:
        raise Invalid("engine.fields.wrong", fields=wrong)
    id_ = new_id()
    values = {
        "id": id_, "market": form.market_id, "stalls": [str(one) for one in form.stalls], "kind": form.kind,
        "starts_at": form.starts_at, "ends_at": form.ends_at, "announced_by": form.announced_by, "note": form.note,
        "now": now, "by": who.name,
    }  # fmt: skip
    await tx.execute(_PUT, values)
    await audit.record(tx, who, "market_fire.announce", "announcement", id_, purpose=form.kind)
    return id_


async def end(tx: Tx, who: Principal, id_: UUID) -> None:
    """It is over before its time, or was taken back. Raises NotFound, Conflict where it is over."""
    await one(tx, id_)
    if await tx.scalar(_END, {"id": id_, "now": tx.now(), "by": who.name}) is None:
        raise Conflict("market_fire.announcement.over")
    await audit.record(tx, who, "market_fire.announcement_end", "announcement", id_)


async def one(tx: Tx, id_: UUID) -> RowMapping:
    """An announcement. Raises NotFound."""
    row = await tx.row(_ONE, {"id": id_})
    if row is None:
        raise NotFound("market_fire.announcement.unknown")
    return row


async def listed(
    tx: Tx, market_id: UUID | None, *, standing: bool, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[RowMapping]:
    """Those that stand or are to come, or those that are over, by when they begin."""
    after_at, after_id = after or (None, None)
    values = {"market": market_id, "standing": standing, "now": tx.now(), "most": most,
              "after_at": after_at, "after_id": after_id}  # fmt: skip
    return await tx.rows(_LISTED, values)


def shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    """In the form of the API."""
    same = ("id", "market_id", "market", "kind", "starts_at", "ends_at", "announced_by", "note", "told_by", "ended_at",
            "ended_by", "version")  # fmt: skip
    return {**{name: row[name] for name in same}, "stalls": list(row["stall_names"])}
