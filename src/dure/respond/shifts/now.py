"""The control room at this moment: who is on duty, what is missing, what is owed. The top bar asks it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.respond.shifts import keeping, logs, rising, roster, swapping, views
from dure.trust.principal import Principal
from dure.trust.who import granting

_CURRENT = text("select id from shift_log where roster_id = :id and begins_at <= :now order by begins_at desc limit 1")
OWED = timedelta(days=7)
"""Signatures that are older than this are looked for in the list, not shown on every screen."""


async def seen(tx: Tx, who: Principal, language: Language) -> dict[str, Any]:
    """The whole picture; `manned` false: nobody has been put into the control centre's roster yet."""
    now = tx.now()
    row = await keeping.centre(tx)
    rises = [_rise(one, language) for one in await rising.listed(tx)]
    if row is None:
        return {"as_of": now, "roster_id": None, "manned": False, "current": None, "next": None, "gaps": [],
                "owed": [], "rises": rises, "waiting_changes": 0, "log_id": None, "mine": False}  # fmt: skip
    today = now.astimezone(keeping.zone()).date()
    kept = await keeping.load(tx, row, today, today + views.AHEAD + timedelta(days=1))
    crew = kept.crew_at(now)
    following = None if crew is None else roster.next_slot(kept.roster, crew.slot, kept.zone)
    asked = {"roster": row["id"], "since": today - OWED, "until": None, "words": None, "owed": True}
    owed = await logs.listed(tx, asked, None, 20)
    current = await tx.scalar(_CURRENT, {"id": row["id"], "now": now})
    me = await granting.person_behind(tx, who)
    return {
        "as_of": now,
        "roster_id": str(row["id"]),
        "manned": kept.manned,
        "current": None if crew is None else views.crew_value(kept, crew, language),
        "next": None if following is None else views.crew_value(kept, roster.crew(kept.roster, following), language),
        "gaps": [views.gap_value(one, language) for one in views.gaps_ahead(kept, now)],
        "owed": [logs.head(one) for one in owed] if kept.manned else [],
        "rises": rises,
        "waiting_changes": await swapping.waiting(tx, row["id"], today),
        "log_id": None if current is None else str(current),
        "mine": crew is not None and any(one.account_id == me for one in crew.people),
    }


def _rise(row: dict[str, Any], language: Language) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "status": row["status"],
        "begun_at": row["begun_at"],
        "next_at": row["next_at"],
        **{name: row[name] for name in ("receipt_no", "type", "severity", "mode")},
        "items": [one[language] for one in row["items"]],
        "calls": [
            {"title": one[language], "at": one["at"], "told": one["told"], "lack": one["lack"]} for one in row["calls"]
        ],
    }
