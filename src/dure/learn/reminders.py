"""Reminders: who writes a review hears of it two days before it is due, on that day, and each week after; and each week
of its findings that are not closed. By mail, and by text and push where they are reached so; quiet hours hold.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.learn import policies
from dure.notices import sending, templates
from dure.notices.model import Channel, To, Wanted
from dure.respond.shifts import duty

TEMPLATE = "review_due"
FINDINGS = "findings_standing"
SOON_DAYS = 2
FINDINGS_AFTER = timedelta(days=14)
templates.bring(TEMPLATE, "learn.template.review_due")
templates.bring(FINDINGS, "learn.template.findings_standing")

_STANDING = text(
    "select r.id, r.due_on, r.owner_id, i.receipt_no from review r join incident i on i.id = r.incident_id "
    "join account a on a.id = r.owner_id and a.state = 'active' "
    "where r.state = 'open' and r.due_on <= :soon order by r.due_on, r.id limit 500"
)
_FINDINGS = text(
    "select r.id, r.owner_id, i.receipt_no, count(*) as n, min(f.raised_at) as oldest from finding f "
    "join review r on r.incident_id = f.incident_id join incident i on i.id = r.incident_id "
    "join account a on a.id = r.owner_id and a.state = 'active' "
    "where f.state <> 'closed' and f.raised_at <= :before group by r.id, i.receipt_no order by oldest, r.id limit 500"
)


def due(today: date, due_on: date) -> str | None:
    """Which reminder is wanted on a day: `soon`, `today`, `late1` for the first week after, and so on. The same name
    twice is one reminder.
    """
    days = (due_on - today).days
    if days > SOON_DAYS:
        return None
    if days > 0:
        return "soon"
    return "today" if days == 0 else f"late{(-days - 1) // 7 + 1}"


async def remind(tx: Tx) -> int:
    """Have what is due sent; how many stand."""
    today = policies.today(tx)
    told: list[tuple[UUID, str, str, dict[str, Any]]] = []
    for row in await tx.rows(_STANDING, {"soon": date.fromordinal(today.toordinal() + SOON_DAYS)}):
        name = due(today, row["due_on"])
        if name is None:
            continue
        values = {"receipt_no": row["receipt_no"], "due": row["due_on"].isoformat()}
        told.append((row["owner_id"], TEMPLATE, f"review:{row['id']}:{row['due_on']}:{name}", values))
    for row in await tx.rows(_FINDINGS, {"before": tx.now() - FINDINGS_AFTER}):
        week = (tx.now() - row["oldest"]).days // 7
        values = {"receipt_no": row["receipt_no"], "n": row["n"]}
        told.append((row["owner_id"], FINDINGS, f"findings:{row['id']}:{row['oldest']:%Y%m%d}:{week}", values))
    await _tell(tx, told)
    return len(told)


async def _tell(tx: Tx, told: Sequence[tuple[UUID, str, str, dict[str, Any]]]) -> None:
    ways = await duty.reached_by(tx, {owner for owner, *_ in told})
    await sending.send_all(
        tx,
        [
            Wanted(channel, To(account_id=owner), template, key, values, by="learn")
            for owner, template, key, values in told
            for channel in dict.fromkeys((Channel.EMAIL, *ways.get(owner, ())))
        ],
    )


async def run(context: Context) -> None:
    """As the work process does it now and then; by night nobody is woken for a review."""
    async with context.database.transaction() as tx:
        if 9 <= tx.now().astimezone(ZoneInfo(city_zone())).hour < 18:
            await remind(tx)
