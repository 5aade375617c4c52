"""What an agency's system tells: who it is by its signature, once by its nonce and its event's id, and what it does to
the hand-off by `model.heard`. All of it stands on the incident's timeline.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, TooMany
from dure.kernel.ids import new_id
from dure.respond import handoffs, queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.doors import setup, signing
from dure.respond.doors.model import Progress, Said, Stand, Verdict, heard
from dure.respond.doors.signing import Fault, Signed, Unsigned
from dure.respond.model import HandoffStatus
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.rates import RETRY_S, Budget
from dure.trust.vault import texts

LARGEST = 64 * 1024
LATE = timedelta(minutes=5)
"""What was said longer ago than this is shown with the agency's own time."""
NOT_SIGNED = Forbidden
"""What who is not the agency gets."""
RATE = Budget(burst=120, per_second=10, keys=1_000)
"""Signed events of one agency."""

_NONCE = text(
    "insert into door_nonce (agency_id, nonce, at) values (:agency, :nonce, :now) on conflict do nothing returning 1"
)
_HEARD = text("select digest, verdict, handoff_id from handoff_heard where agency_id = :agency and event_id = :event")
_KEEP = text(
    "insert into handoff_heard (agency_id, event_id, handoff_id, digest, kind, said_at, at, verdict) "
    "values (:agency, :event, :handoff, :digest, :kind, :said_at, :now, :verdict)"
)
_WHERE = text("select incident_id from handoff where id = :id and agency_id = :agency")
_OF_LETTER = text("select handoff_id from handoff_send where id = :id and agency_id = :agency")
_ROW = text(
    "select h.*, i.type, i.status as incident_status from handoff h join incident i on i.id = h.incident_id "
    "where h.id = :id for update of h"
)
_MOVE = text(
    "update handoff set status = :status, progress = :progress, progress_at = :progress_at, said_at = :said_at, "
    "answered_at = coalesce(answered_at, :now), answered_by = coalesce(answered_by, :by), "
    "answer = coalesce(cast(:answer as bytea), answer), outside_ref = coalesce(cast(:number as text), outside_ref) "
    "where id = :id"
)
_DECLINED_AT = text("update handoff set answered_at = :now, answered_by = :by where id = :id")
_SAY = text(
    "insert into handoff_message (id, handoff_id, incident_id, side, words, said_by, said_at, at) "
    "values (:id, :handoff, :incident, :side, :words, :by, :said_at, :now)"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that an agency says of a hand-off. `id` is its own: told again it is the same thing."""

    id: str
    handoff_id: UUID
    kind: Said
    at: datetime
    text: str = ""
    number: str | None = None


async def sender(tx: Tx, agency_id: str, headers: Mapping[str, str], body: bytes) -> Signed:
    """What a request's signature vouches for; its nonce is used up with this transaction.

    Raises Invalid without one, Forbidden for one that is forged or a time that is too far off (the same for an agency
    without a door), Conflict for a request that was heard before, TooLarge, TooMany.
    """
    if len(body) > LARGEST:
        raise TooLarge("respond.door.large", most=LARGEST)
    now = tx.now()
    door = await setup.of(tx, agency_id)
    keys = setup.keys(tx, door, now) if door is not None and door["is_on"] else [b"\0" * 32]
    try:
        signed = signing.verified(keys, agency_id, "POST", headers, body, now)
        if door is None or not door["is_on"]:
            raise Unsigned(Fault.SIGNATURE)
    except Unsigned as error:
        refusal = Invalid if error.fault is Fault.FORM else Forbidden
        raise refusal(f"respond.door.{error.fault.value}") from error
    if not RATE.take(agency_id):
        raise TooMany("trust.rate.too_often", retry_after_s=RETRY_S)
    if await tx.scalar(_NONCE, {"agency": agency_id, "nonce": signed.nonce, "now": now}) is None:
        raise Conflict("respond.door.replayed")
    return signed


def desk(agency_id: str) -> Principal:
    """The agency's system, as timelines and the audit log name it: it may answer what went to that agency."""
    return Principal(
        "system", UUID(int=0), f"door:{agency_id}", frozenset(), frozenset({"incident.answer"}), agency_id=agency_id
    )


async def about(tx: Tx, agency_id: str, reference: UUID) -> UUID:
    """The hand-off that a letter of ours was about. Raises NotFound."""
    found: UUID | None = await tx.scalar(_OF_LETTER, {"id": reference, "agency": agency_id})
    if found is None:
        raise NotFound("respond.handoff.unknown")
    return found


async def hear(tx: Tx, agency_id: str, event: Event, body: bytes) -> Verdict:
    """Take what was said. The same event again changes nothing and gets the same answer.

    Raises NotFound for a hand-off that is not the agency's, Invalid for a time in the future, Conflict where the
    event's id was used for something else.
    """
    incident_id = await tx.scalar(_WHERE, {"id": event.handoff_id, "agency": agency_id})
    if incident_id is None:
        raise NotFound("respond.handoff.unknown")
    if event.at > tx.now() + signing.WINDOW:
        raise Invalid("respond.door.future")
    who = desk(agency_id)
    root = await taken(tx, who, incident_id, merged_too=True)  # one event of an incident at a time
    digest = hashlib.sha256(body).digest()
    known = await tx.row(_HEARD, {"agency": agency_id, "event": event.id})
    if known is not None:
        if bytes(known["digest"]) != digest:
            raise Conflict("respond.door.other_event")
        return Verdict(known["verdict"])
    row = await tx.row(_ROW, {"id": event.handoff_id})
    assert row is not None
    verdict = await (_said if event.kind is Said.MESSAGE else _moved)(tx, who, root, row, event)
    await tx.execute(
        _KEEP,
        {
            "agency": agency_id,
            "event": event.id,
            "handoff": event.handoff_id,
            "digest": digest,
            "kind": event.kind.value,
            "said_at": event.at,
            "now": tx.now(),
            "verdict": verdict.value,
        },
    )
    await audit.record(tx, who, f"handoff.hear_{event.kind.value}", "incident", incident_id, purpose=verdict.value)
    return verdict


async def _moved(tx: Tx, who: Principal, root: RowMapping, row: RowMapping, event: Event) -> Verdict:
    before = Stand(
        HandoffStatus(row["status"]), None if row["progress"] is None else Progress(row["progress"]), row["said_at"]
    )
    verdict, stand = heard(before, event.kind, event.at)
    agency = await queries.agency(tx, row["agency_id"])
    params = {
        "kind": row["kind"],
        "said": event.kind.value,
        "seconds": round((tx.now() - row["sent_at"]).total_seconds()),
        "late_s": round((tx.now() - event.at).total_seconds()) if tx.now() - event.at > LATE else 0,
        **handoffs.names(agency),
    }
    if verdict is Verdict.TAKEN:
        await _write(tx, who, row, stand, event)
        told = f"door_{event.kind.value}"
    else:
        told = f"door_{verdict.value}"
    words = event.text or None
    await timeline.add(tx, row["incident_id"], Entry.HANDOFF, told, params, actor=agency["name"], words=words)
    if verdict is Verdict.TAKEN and stand.status is not before.status:
        await handoffs.moved(tx, root, row, stand.status)
    else:
        await changed(tx, row["incident_id"], "handoff")
    return verdict


async def _write(tx: Tx, who: Principal, row: RowMapping, stand: Stand, event: Event) -> None:
    now = tx.now()
    values = {
        "id": row["id"],
        "status": stand.status.value,
        "progress": None if stand.progress is None else stand.progress.value,
        "progress_at": None if stand.progress is None else now,
        "said_at": stand.said_at,
        "now": now,
        "by": who.name,
        "answer": await texts.sealed(tx, row["incident_id"], "handoff.answer", event.text or None),
        "number": event.number,
    }
    await tx.execute(_MOVE, values)
    if stand.status is HandoffStatus.DECLINED:
        await tx.execute(_DECLINED_AT, {"id": row["id"], "now": now, "by": who.name})


async def _said(tx: Tx, _who: Principal, _root: RowMapping, row: RowMapping, event: Event) -> Verdict:
    if not event.text:
        raise Invalid("respond.door.empty")
    agency = await queries.agency(tx, row["agency_id"])
    await keep_message(tx, row, "agency", agency["name"], event.text, event.at)
    await timeline.add(
        tx, row["incident_id"], Entry.HANDOFF, "handoff_said", {"side": "agency", **handoffs.names(agency)},
        actor=agency["name"], words=event.text,
    )  # fmt: skip
    await changed(tx, row["incident_id"], "handoff")
    return Verdict.TAKEN


async def keep_message(tx: Tx, row: RowMapping, side: str, by: str, words: str, said_at: datetime) -> UUID:
    """A message of a hand-off, sealed under its incident's key; its id."""
    message = new_id()
    await tx.execute(
        _SAY,
        {
            "id": message,
            "handoff": row["id"],
            "incident": row["incident_id"],
            "side": side,
            "words": await texts.sealed(tx, row["incident_id"], "handoff_message.words", words),
            "by": by,
            "said_at": said_at,
            "now": tx.now(),
        },
    )
    return message
