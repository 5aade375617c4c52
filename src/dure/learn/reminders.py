"""Reminders: who writes a review hears of it two days before it is due, on that day, and each week after."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.learn import policies
from dure.notices import sending, templates
from dure.notices.model import Channel, To, Wanted

TEMPLATE = "review_due"
SOON_DAYS = 2
templates.bring(TEMPLATE, "learn.template.review_due")

_STANDING = text(
    "select r.id, r.due_on, r.owner_id, i.receipt_no from review r join incident i on i.id = r.incident_id "
    "join account a on a.id = r.owner_id and a.state = 'active' "
    "where r.state = 'open' and r.due_on <= :soon order by r.due_on, r.id limit 500"
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
    wanted = 0
    for row in await tx.rows(_STANDING, {"soon": date.fromordinal(today.toordinal() + SOON_DAYS)}):
        name = due(today, row["due_on"])
        if name is None:
            continue
        wanted += 1
        values = {"receipt_no": row["receipt_no"], "due": row["due_on"].isoformat()}
        key = f"review:{row['id']}:{row['due_on']}:{name}"
        await sending.send(tx, Wanted(Channel.EMAIL, To(account_id=row["owner_id"]), TEMPLATE, key, values, by="learn"))
    return wanted


async def run(context: Context) -> None:
    """As the work process does it now and then; by night nobody is woken for a review."""
    async with context.database.transaction() as tx:
        if 9 <= tx.now().astimezone(ZoneInfo(city_zone())).hour < 18:
            await remind(tx)
