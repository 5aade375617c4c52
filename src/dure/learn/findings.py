"""Findings: each is a proposed text of a manual. It is checked as one types, decided on by whoever keeps the manual,
published as a version that names it, rehearsed in a drill, and only then closed. What is not closed stays in sight.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.events import Event
from dure.kernel.ids import new_id
from dure.kernel.messages import LANGUAGES, Language
from dure.learn.model import FindingAct, FindingState, next_finding
from dure.learn.policy import may_decide
from dure.respond.playbooks import library
from dure.trust import audit
from dure.trust.principal import Principal, system
from dure.trust.vault import texts

CHANGED = "FindingChanged.v1"
"""A finding was raised, written, proposed, decided on, rehearsed or closed (entity `finding`, data: its state)."""
_PUT = text(
    "insert into finding (id, incident_id, kind, title, why, state, base_number, ko, en, raised_at, raised_by, "
    "created_at, updated_at) values (:id, :incident, :kind, :title, :why, 'open', :base, :ko, :en, :now, :by, "
    ":now, :now)"
)
_FROM = "select f.*, i.receipt_no, i.type, i.mode from finding f join incident i on i.id = f.incident_id"
_ONE = text(f"{_FROM} where f.id = :id")
_LOCK = text("select id from finding where id = :id for update")


async def one(tx: Tx, finding_id: UUID, *, lock: bool = False) -> RowMapping:
    """A finding with its incident's number and kind. Raises NotFound."""
    if lock:
        await tx.scalar(_LOCK, {"id": finding_id})
    row = await tx.row(_ONE, {"id": finding_id})
    if row is None:
        raise NotFound("learn.finding.unknown")
    return row


async def raise_one(tx: Tx, who: Principal, incident: RowMapping, kind: str, title: str, why: str) -> UUID:
    """A finding of a closed incident's review, beginning with the text in force; its id. Raises NotFound where the kind
    has no manual.
    """
    manual = await library.get(tx, kind)
    finding_id = new_id()
    values = {
        "id": finding_id,
        "incident": incident["id"],
        "kind": kind,
        "title": title,
        "why": await texts.sealed(tx, incident["id"], "finding.why", why),
        "base": manual.number,
        "ko": manual.texts.get("ko"),
        "en": manual.texts.get("en"),
        "now": tx.now(),
        "by": who.name,
    }
    await tx.execute(_PUT, values)
    await _tell(tx, finding_id, 1, FindingState.OPEN)
    await audit.record(tx, who, "finding.raise", "finding", finding_id)
    return finding_id


async def write(
    tx: Tx,
    who: Principal,
    finding_id: UUID,
    title: str,
    why: str | None,
    new: dict[Language, str],
    expected: int | None,
) -> RowMapping:
    """Keep its words and its text, now against the version in force. Who changes what was proposed takes it back."""
    row = await one(tx, finding_id, lock=True)
    check_version(expected, row["version"])
    state = next_finding(FindingState(row["state"]), FindingAct.WRITE)
    manual = await library.get(tx, row["kind"])
    values: dict[str, Any] = {"title": title, "base_number": manual.number}
    values |= {language: new.get(language) for language in LANGUAGES}
    if why is not None:
        values["why"] = await texts.sealed(tx, row["incident_id"], "finding.why", why)
    await audit.record(tx, who, "finding.write", "finding", finding_id)
    return await _changed(tx, row, state, **values)


async def propose(tx: Tx, who: Principal, finding_id: UUID, expected: int | None) -> RowMapping:
    """Put it before whoever keeps the manual. Raises Invalid with line and reason of each fault, Conflict where nothing
    is different or the manual has another version by now.
    """
    row = await one(tx, finding_id, lock=True)
    check_version(expected, row["version"])
    state = next_finding(FindingState(row["state"]), FindingAct.PROPOSE)
    manual = await library.get(tx, row["kind"])
    new = texts_of(row)
    if library.digest(new) == library.digest(manual.texts):
        raise Conflict("learn.finding.same")
    if row["base_number"] != manual.number:
        raise Conflict("learn.finding.moved", number=manual.number)
    wrong = library.faults_of(row["kind"], new, await library.known(tx))
    if wrong:
        fields = [
            FieldError(f"{language}:{fault.line}:{fault.column}", fault.key, fault.params)
            for language, faults in wrong.items()
            for fault in faults[:50]
        ]
        raise Invalid("respond.playbook.wrong", fields=fields, count=len(fields))
    await audit.record(tx, who, "finding.propose", "finding", finding_id)
    values = {"proposed_at": tx.now(), "proposed_by": who.name, "proposed_by_id": who.actor}
    cleared = {"decided_at": None, "decided_by": None, "decision": None}
    return await _changed(tx, row, state, **values, **cleared)


async def decide(
    tx: Tx, who: Principal, finding_id: UUID, *, approved: bool, reason: str, expected: int | None
) -> RowMapping:
    """Approve it, which publishes the version, or decline it; with the reason. Raises Forbidden for who does not keep
    this manual or proposed it, Conflict where the manual has another version by now.
    """
    row = await one(tx, finding_id, lock=True)
    check_version(expected, row["version"])
    act = FindingAct.APPROVE if approved else FindingAct.DECLINE
    state = next_finding(FindingState(row["state"]), act)
    if row["proposed_by_id"] == who.actor:
        raise Forbidden("learn.finding.own")
    manual = await library.get(tx, row["kind"])
    if not may_decide(who, await owner(tx, manual.plan("ko").owner)):
        raise Forbidden("learn.finding.not_yours", owner=manual.plan("ko").owner)
    values: dict[str, Any] = {"decided_at": tx.now(), "decided_by": who.name, "decision": reason}
    if approved:
        if row["base_number"] != manual.number:
            raise Conflict("learn.finding.moved", number=manual.number)
        note = f"{row['title']} · {row['receipt_no']}"
        published = await library.publish(tx, who, row["kind"], texts_of(row), note, manual.entity_version)
        values["published_number"] = published.number
    await audit.record(tx, who, f"finding.{act.value}", "finding", finding_id)
    return await _changed(tx, row, state, **values)


async def owner(tx: Tx, named: str) -> str | None:
    """The agency of the city that a manual names as its owner; None where it is a division of the city itself."""
    party = (await library.known(tx)).agencies.get(named)
    return None if party is None else party.id


async def rehearsed(tx: Tx, finding_id: UUID, number: int) -> None:
    """A drill by version `number` was good enough. An older version than the finding's rehearses nothing."""
    row = await one(tx, finding_id, lock=True)
    if row["published_number"] is None or number < row["published_number"]:
        return
    try:
        state = next_finding(FindingState(row["state"]), FindingAct.REHEARSE)
    except Conflict:  # closed meanwhile
        return
    await audit.record(tx, system("learn"), "finding.rehearse", "finding", finding_id)
    await _changed(tx, row, state)


async def close(tx: Tx, who: Principal, finding_id: UUID, expected: int | None) -> RowMapping:
    """It is done with. Raises Conflict before it was rehearsed or declined."""
    row = await one(tx, finding_id, lock=True)
    check_version(expected, row["version"])
    state = next_finding(FindingState(row["state"]), FindingAct.CLOSE)
    await audit.record(tx, who, "finding.close", "finding", finding_id)
    return await _changed(tx, row, state, closed_at=tx.now(), closed_by=who.name)


def texts_of(row: RowMapping) -> dict[Language, str]:
    """The proposed texts."""
    return {language: row[language] for language in LANGUAGES if row[language]}


async def _changed(tx: Tx, row: RowMapping, state: FindingState, **values: Any) -> RowMapping:
    sets = "".join(f"{name} = :{name}, " for name in values)
    version: int = await tx.scalar(
        text(f"update finding set {sets}state = :state, version = version + 1, updated_at = :now where id = :id "
             "returning version"),
        {**values, "state": state.value, "now": tx.now(), "id": row["id"]},
    )  # fmt: skip
    await _tell(tx, row["id"], version, state)
    return await one(tx, row["id"])


async def _tell(tx: Tx, finding_id: UUID, version: int, state: FindingState) -> None:
    await tx.emit(Event(CHANGED, "finding", str(finding_id), version, {"state": state.value}))
