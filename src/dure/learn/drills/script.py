"""A drill's script, told line by line at its times: durable, so that a restart in the middle loses no line."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.jobs import Queue
from dure.kernel.errors import DureError
from dure.kernel.severity import Severity
from dure.learn.drills.model import Inject
from dure.respond import handling, handoffs, queries, timeline
from dure.respond.changes import changed
from dure.respond.model import HandoffStatus
from dure.respond.runs.interpreter import carry_on
from dure.respond.runs.state import Message, Say
from dure.respond.timeline import Entry
from dure.trust.principal import Principal, system
from dure.trust.roles import Role

NAME: Final = "learn.drills"
LEADER: Principal = replace(
    system("drill"),
    name="DRILL",
    roles=frozenset({Role.OPERATOR}),
    permissions=frozenset({"incident.answer", "incident.handle"}),
)
"""dure itself, playing everybody who does not take part."""
_DRILL = text("select * from drill where id = :id")
_DUE = text("select * from drill_inject where drill_id = :id and done_at is null and due_at <= :now order by number")
_DONE = text("update drill_inject set done_at = :now, outcome = :outcome where drill_id = :id and number = :number")
_SENT = text(
    "select h.id from handoff h left join agency a on a.id = h.agency_id where h.incident_id = :id "
    "and h.status = 'sent' and (h.agency_id = :agency or a.kind = :agency) order by h.sent_at, h.id"
)


async def handle(tx: Tx, subject: str) -> None:
    """Tell what is due. A line that cannot be told says why, and the next one is told all the same."""
    drill = await tx.row(_DRILL, {"id": UUID(subject)})
    if drill is None:
        return
    incident, _root = await queries.locked_with_root(tx, drill["incident_id"])
    for line in await tx.rows(_DUE, {"id": drill["id"], "now": tx.now()}):
        outcome = "over" if incident["status"] == "closed" else await _tried(tx, incident["id"], line)
        values = {"id": drill["id"], "number": line["number"], "now": tx.now(), "outcome": outcome}
        await tx.execute(_DONE, values)


QUEUE = Queue(NAME, handle, lanes=1)


async def _tried(tx: Tx, incident_id: UUID, line: RowMapping) -> str:
    try:
        async with tx.nested():
            return await _tell(tx, incident_id, line)
    except DureError as refused:
        return refused.key


async def _tell(tx: Tx, incident_id: UUID, line: RowMapping) -> str:
    match Inject(line["act"]):
        case Inject.SAY:
            await timeline.add(tx, incident_id, Entry.REPORT, "drill_told", words=line["words"])
            await changed(tx, incident_id, "note")
        case Inject.MOMENT:
            (outcome,) = await carry_on(tx, incident_id, [Message(Say.MOMENT, "", LEADER.name, line["value"])]) or (
                "none",
            )
            return str(outcome)
        case Inject.SEVERITY:
            await handling.weigh(tx, LEADER, incident_id, Severity(line["value"]), line["words"] or "")
        case Inject.ANSWER:
            waiting = await tx.rows(_SENT, {"id": incident_id, "agency": line["value"]})
            for row in waiting:
                words = line["words"] or ""
                await handoffs.answer(tx, LEADER, incident_id, row["id"], HandoffStatus.ACKNOWLEDGED, words)
            return "taken" if waiting else "nothing"
    return "taken"
