"""An incident of a kind that has a playbook in force begins its run; what happens to the incident wakes it."""

import logging
from collections.abc import Mapping
from uuid import UUID

import msgspec
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.consumers import Consumer
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.kernel.events import Event
from dure.kernel.ids import new_id
from dure.kernel.messages import LANGUAGES, Language
from dure.respond import timeline
from dure.respond.changes import CHANGED, OPENED
from dure.respond.playbooks import library, plain
from dure.respond.playbooks.model import Playbook
from dure.respond.runs import keeping
from dure.respond.runs.interpreter import CHANGE, NAME
from dure.respond.timeline import Entry

log = logging.getLogger(__name__)
_BEGIN = text(
    "insert into run (id, incident_id, kind, playbook_version, plan, language, status, started_at) values "
    "(:id, :incident, :kind, :version, cast(:plan as jsonb), :language, 'running', :now) "
    "on conflict (incident_id) do nothing returning id"
)
_HAS = text("select exists (select from run where incident_id = :id and status <> 'aborted')")


async def start(tx: Tx, incident_id: UUID, plans: Mapping[Language, Playbook], number: int) -> UUID | None:
    """Begin the run of an incident by version `number` of a playbook in its languages (Korean goes first); its id, or
    None where it has one.

    The plans are kept in the run as they are now: a newer version of the manual does not touch it.
    """
    language = next(one for one in LANGUAGES if one in plans)
    plan = plans[language]
    values = {
        "id": new_id(),
        "incident": incident_id,
        "kind": plan.kind,
        "version": str(number),
        "plan": msgspec.json.encode({name: plain.to_json(one) for name, one in plans.items()}).decode(),
        "language": language,
        "now": tx.now(),
    }
    run_id: UUID | None = await tx.scalar(_BEGIN, values)
    if run_id is None:
        return None
    keeping.remember(incident_id, dict(plans.items()))
    params = {f"what_{name}": f"{plans.get(name, plan).title} v{number}" for name in LANGUAGES}
    await timeline.add(tx, incident_id, Entry.PLAYBOOK, "run_begun", params)
    await jobs.wake(tx, NAME, str(incident_id))
    return run_id


async def on_incident(tx: Tx, event: Event) -> None:
    """An incident opened or changed. An event that comes twice starts nothing twice."""
    incident_id = UUID(event.entity_id)
    if event.type == OPENED:
        await _opened(tx, incident_id)
    elif event.data.get("change") != CHANGE and await tx.scalar(_HAS, {"id": incident_id}):
        await jobs.wake(tx, NAME, str(incident_id))


async def at_once(tx: Tx, incident_id: UUID) -> None:
    """Begin the run in the transaction that opens its incident: an alarm's way to people is one event shorter. What
    keeps it from beginning here never keeps the incident from opening; its event begins it then, or says why not.
    """
    try:
        async with tx.nested():
            await _opened(tx, incident_id)
    except Unavailable:
        raise
    except Exception:
        log.exception("the run of %s begins with its event", incident_id)


async def _opened(tx: Tx, incident_id: UUID) -> None:
    kind = await tx.scalar(
        text("select type from incident where id = :id and merged_into is null and status <> 'closed'"),
        {"id": incident_id},
    )
    if kind is None:
        return
    manual = await library.standing(tx, kind)
    if manual is not None and manual.plans:
        await start(tx, incident_id, manual.plans, manual.number)


CONSUMER = Consumer("respond.runs", (OPENED, CHANGED), on_incident)
