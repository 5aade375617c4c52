"""The consumer `learn.closings`: an incident that closes is measured and, where the policy asks for it, reviewed; a
drill that closes is scored. One that is opened again loses what was measured, and a review that nobody began.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.consumers import Consumer
from dure.engine.database import Tx
from dure.kernel.events import Event
from dure.learn import measuring, policies, reviews
from dure.learn.drills import ending
from dure.learn.rules import Closing, deciding
from dure.respond.changes import CHANGED

_INCIDENT = text("select * from incident where id = :id")
_HANDED = text("select exists (select from handoff where incident_id = :id and kind <> 'tell')")


async def on_change(tx: Tx, event: Event) -> None:
    """Handle one change of an incident. What the event says is read anew, so one that comes twice or late does no
    harm.
    """
    if event.data.get("change") not in {"closed", "reopened"}:
        return
    incident = await tx.row(_INCIDENT, {"id": UUID(event.entity_id)})
    if incident is None:
        return
    if incident["status"] == "closed" and incident["merged_into"] is None:
        await closed(tx, incident)
    elif incident["status"] != "closed":
        await measuring.forget(tx, incident["id"])
        await reviews.withdraw(tx, incident["id"])
        await ending.reopened(tx, incident["id"])


async def closed(tx: Tx, incident: RowMapping) -> None:
    """Measure it, and open its review where one is asked for. A review that stands is left as it is."""
    over = await measuring.measure(tx, incident)
    await ending.ended(tx, incident)
    day = policies.today(tx)
    closing = Closing(
        incident["type"],
        incident["severity"],
        incident["mode"],
        incident["outcome"],
        over,
        bool(await tx.scalar(_HANDED, {"id": incident["id"]})),
    )
    rule = deciding((await policies.on(tx, day)).rules, closing)
    if rule is not None and rule.review:
        await reviews.open_review(tx, incident, rule.name, day + timedelta(days=rule.days))


CONSUMER = Consumer("learn.closings", (CHANGED,), on_change)
