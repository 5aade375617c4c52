"""Somebody whom a manual wanted to tell becomes known while it runs: what waited for them is done once more."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond.playbooks.model import Happening, Notify, PartyKind
from dure.respond.runs import keeping
from dure.respond.runs.interpreter import carry_on
from dure.respond.runs.state import Message, Say

_SENT = text("select act_id, attempt from run_attempt where run_id = :run and kind = 'notice'")


async def now_known(tx: Tx, incident_id: UUID, group: str, by: str) -> None:
    """Texts to `group` that nobody could be sent go out now. The caller holds the incident."""
    kept = await keeping.load(tx, incident_id, lock=True)
    if kept is None:
        return
    sent = {(row["act_id"], row["attempt"]) for row in await tx.rows(_SENT, {"run": kept.id})}
    waiting = [
        act.id
        for act in kept.plan.acts()
        if isinstance(act, Notify)
        and any(party.kind is PartyKind.GROUP and party.id == group for party in act.to)
        and (item := kept.state.items.get(act.id)) is not None
        and not item.over
        and (act.id, item.attempt) not in sent
    ]
    if waiting:
        await carry_on(tx, incident_id, [Message(Say.REDO, one, by) for one in waiting])


async def happened(tx: Tx, incident_id: UUID, moment: Happening, by: str) -> None:
    """Something happened that steps wait for; told twice, it changes nothing."""
    await carry_on(tx, incident_id, [Message(Say.MOMENT, "", by, moment.value)])
