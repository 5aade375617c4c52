"""What people say to a run: checked, written down with who and why, and carried on at once."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from dure.respond.changes import taken
from dure.respond.playbooks.model import Party, PartyKind, Playbook
from dure.respond.policy import desk_of
from dure.respond.runs import keeping
from dure.respond.runs.index import index
from dure.respond.runs.interpreter import carry_on
from dure.respond.runs.state import Message, Outcome, Say
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

_MAIL = text(
    "insert into run_mail (run_id, kind, of, value, by, by_id, reason, at, outcome) "
    "values (:run, :kind, :of, :value, :by, :by_id, :reason, :at, :outcome)"
)
_REFUSALS: dict[Outcome, type[NotFound] | type[Conflict] | type[Invalid]] = {
    Outcome.UNKNOWN: NotFound,
    Outcome.NO_ANSWER: Invalid,
}


async def say(
    tx: Tx, principal: Principal, incident_id: UUID, what: Say, of: str, *, value: str | None, reason: str | None
) -> None:
    """Say it. Raises NotFound where there is no run or no such item, Forbidden for another agency's act, Invalid for an
    answer that is none, Conflict where it makes no sense any more.
    """
    await taken(tx, principal, incident_id)
    kept = await keeping.load(tx, incident_id, lock=True)
    if kept is None:
        raise NotFound("respond.run.none")
    if not principal.may("incident.handle") and not await _theirs(tx, principal, kept.plan, of):
        raise Forbidden("respond.run.not_yours")
    message = Message(what, of, principal.name, value)
    (outcome,) = await carry_on(tx, incident_id, [message], reason)
    if outcome is not Outcome.TAKEN:
        raise _REFUSALS.get(outcome, Conflict)(f"respond.run.{outcome.value}")
    await tx.execute(
        _MAIL,
        {
            "run": kept.id,
            "kind": what.value,
            "of": of,
            "value": value,
            "by": principal.name,
            "by_id": principal.actor,
            "reason": await texts.sealed(tx, incident_id, "run_mail.reason", reason),
            "at": tx.now(),
            "outcome": outcome.value,
        },
    )
    await audit.record(tx, principal, f"incident.run_{what.value}", "incident", incident_id, purpose=of or value)


async def cut(tx: Tx, principal: Principal, incident_id: UUID, value: dict[str, Any]) -> None:
    """Leave in a run as it is shown only what the principal may do: an agency finishes and answers what was asked of
    it.
    """
    if principal.may("incident.handle"):
        return
    kept = await keeping.load(tx, incident_id, lock=False)
    assert kept is not None
    answers = principal.may("incident.answer")
    for step in value["steps"]:
        step["may"] = []
        for act in step["acts"]:
            able = [one for one in act["may"] if one in {"done", "answer"}] if answers else []
            act["may"] = able if able and await _theirs(tx, principal, kept.plan, act["id"]) else []


async def _theirs(tx: Tx, principal: Principal, plan: Playbook, of: str) -> bool:
    """Whether an act was asked of the principal's agency."""
    desk = desk_of(principal)
    parties: tuple[Party, ...] = getattr(index(plan).things.get(of), "to", ())
    if desk is None or not parties:
        return False
    kind = await tx.scalar(text("select kind from agency where id = :id"), {"id": desk})
    return any(
        (party.kind is PartyKind.AGENCY and party.id == desk)
        or (party.kind is PartyKind.AGENCY_KIND and party.id in {desk, kind})
        for party in parties
    )
