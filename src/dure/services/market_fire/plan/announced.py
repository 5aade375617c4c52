"""Works and disinfection that were announced for a stall or its whole market, as far as they run just now."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from dure.engine.database import Tx

_NOW = text(
    "select s.id, max(w.ends_at) as until from asset s join market_fire_announcement w "
    "on w.market_id = s.parent_id and (cardinality(w.stalls) = 0 or s.id = any(w.stalls)) "
    "where s.id = any(:ids) and w.starts_at <= :now and w.ends_at > :now and w.ended_at is null group by s.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def now(tx: Tx, stalls: Sequence[UUID]) -> dict[UUID, datetime]:
    """Those of `stalls` for which works are announced at this moment, and until when."""
    rows = await tx.rows(_NOW, {"ids": list(stalls), "now": tx.now()}) if stalls else ()
    return {row["id"]: row["until"] for row in rows}
