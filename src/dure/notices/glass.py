"""Break-glass is told at once to those who watch over personal data: the consumer `notices.glass`.

They are the city's auditors, who review it, else its administrators; never who broke it. It goes by every way by which
they are reached, through quiet hours: that a life is in danger is what the glass was broken for, and a wrong one must
end soon. The notice says who opened and by when it is to be reviewed, never whose record it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.consumers import Consumer
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.events import Event
from dure.notices import sending
from dure.notices.model import Channel, Medium, To, Wanted
from dure.trust.roles import Role

NAME = "notices.glass"
BROKEN, OVERDUE = "GlassBroken.v1", "GlassReviewOverdue.v1"
_GLASS = text("select id, account_id, actor_name, opened_at, review_due_at from glass where id = :id")
_HOLDERS = text(
    "select distinct a.id from account a join grant_role g on g.account_id = a.id "
    "where a.state = 'active' and g.role = :role and (g.until is null or g.until > :now) and a.id <> :but order by a.id"
)
_REACHED = text("select owner, medium from notice_contact where owner = any(:owners) order by owner, medium")
_BY: Mapping[str, Channel] = {
    Medium.TEXT: Channel.SMS,
    Medium.EMAIL: Channel.EMAIL,
    Medium.PUSH: Channel.PUSH,
}


async def on_glass(tx: Tx, event: Event) -> None:
    """Tell of one. The same event twice tells nobody twice."""
    glass = await tx.row(_GLASS, {"id": UUID(event.entity_id)})
    if glass is None:
        return
    broken = event.type == BROKEN
    people = await _watchers(tx, glass, [Role.AUDITOR, Role.ADMIN] if broken else [Role.ADMIN])
    owners = [f"account:{one}" for one in people]
    reached = {(row["owner"], row["medium"]) for row in await tx.rows(_REACHED, {"owners": owners})}
    values = _values(glass)
    for account, owner in zip(people, owners, strict=True):
        # Who is reached in no way is refused by the sender, and stands in the list of notices with its reason.
        ways = [channel for medium, channel in _BY.items() if (owner, medium) in reached] or [Channel.SMS]
        for channel in ways:
            template, key = ("glass", f"glass:{glass['id']}") if broken else ("glass_due", f"glass_due:{glass['id']}")
            wanted = Wanted(channel, To(account_id=account), template, key, values, life_safety=broken, by=NAME)
            await sending.send(tx, wanted)


CONSUMER = Consumer(NAME, (BROKEN, OVERDUE), on_glass)


async def _watchers(tx: Tx, glass: RowMapping, roles: Sequence[Role]) -> list[UUID]:
    """Who holds the first of these roles that anybody but the breaker holds."""
    for role in roles:
        found = await tx.rows(_HOLDERS, {"role": role.value, "but": glass["account_id"], "now": tx.now()})
        if found:
            return [row["id"] for row in found]
    return []


def _values(glass: RowMapping) -> dict[str, Any]:
    zone = ZoneInfo(city_zone())
    return {
        "who": glass["actor_name"],
        "at": f"{glass['opened_at'].astimezone(zone):%m-%d %H:%M}",
        "due": f"{glass['review_due_at'].astimezone(zone):%m-%d %H:%M}",
        "number": str(glass["id"])[-12:],
    }
