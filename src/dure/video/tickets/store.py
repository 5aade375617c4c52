"""View tickets in the database: asked for, decided on, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import reasons, texts
from dure.video.tickets import model, rules
from dure.video.tickets.model import REQUEST_WAITS, Decision, Ended, Kind, Span
from dure.video.tickets.rules import Rule

PURPOSE = "video_ticket.purpose"
REASON = "video_ticket.reason"

_SAME = text(
    "select * from video_ticket where incident_id = :incident and officer_kind = :officer_kind "
    "and officer_id = :officer_id and kind = :kind and camera_ids @> :cameras and camera_ids <@ :cameras "
    "and past_from is not distinct from cast(:past_from as timestamptz) "
    "and past_until is not distinct from cast(:past_until as timestamptz) "
    "and network is not distinct from cast(:network as text) and address is not distinct from cast(:address as text) "
    "and (state = 'requested' or (state = 'approved' and expires_at > :now)) order by number desc limit 1"
)
_MAKE = text(
    "insert into video_ticket (id, kind, incident_id, receipt_no, camera_ids, around, officer_kind, officer_id, "
    "officer_name, agency_id, network, address, purpose, ground, document, past_from, past_until, state, rule, "
    "requested_at, lasts_s, decided_at, expires_at) values (:id, :kind, :incident, :receipt_no, :cameras, :around, "
    ":officer_kind, :officer_id, :officer_name, :agency, :network, :address, :purpose, :ground, :document, "
    ":past_from, :past_until, :state, :rule, :now, :lasts_s, :decided_at, :expires_at) returning *"
)
_ONE = text("select * from video_ticket where id = :id for update")
_DECIDE = text(
    "update video_ticket set state = :state, decided_at = :now, decided_by = :by, decided_name = :name, "
    "reason = :reason, ground = :ground, document = :document, expires_at = :expires_at, version = version + 1 "
    "where id = :id returning *"
)
_REVOKE = text(
    "update video_ticket set state = 'ended', ended_at = :now, ended_by = 'revoked', ended_name = :name, "
    "reason = :reason, version = version + 1 where id = :id returning *"
)
_END_OF_INCIDENT = text(
    "update video_ticket set state = 'ended', ended_at = :now, ended_by = :by, version = version + 1 "
    "where incident_id = :incident and state in ('requested', 'approved') returning id"
)
_OVER = "((state = 'approved' and expires_at <= :now) or (state = 'requested' and requested_at <= :waited))"
_DUE = text(f"select distinct incident_id from video_ticket where {_OVER}")
_EXPIRE = text(
    "update video_ticket set state = 'ended', ended_at = :now, ended_by = 'expired', version = version + 1 "
    f"where incident_id = :incident and {_OVER} returning *"
)
_OPEN = text(
    "update video_ticket set state = 'approved', rule = :rule, ground = :ground, decided_at = :now, "
    "expires_at = :expires_at, version = version + 1 where id = :id returning *"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an officer asks for: for which case, which cameras, live or a span of the past or its file, why, on which
    ground and by which document, and for how long.
    """

    incident_id: UUID
    receipt_no: str
    kind: Kind
    camera_ids: tuple[str, ...]
    around: bool
    purpose: str
    lasts: timedelta
    span: Span | None = None
    ground: str | None = None
    document: str | None = None


async def make(tx: Tx, principal: Principal, wanted: Wanted, rule: Rule | None) -> tuple[RowMapping, bool]:
    """The ticket for what is wanted, and whether it is new: who asks for the same again has the one that stands. With a
    rule it is approved at once, on the rule's ground and for no longer than the rule says.
    """
    now = tx.now()
    lasts = wanted.lasts if rule is None else min(wanted.lasts, timedelta(hours=rule.hours))
    values = {
        "incident": wanted.incident_id,
        "receipt_no": wanted.receipt_no,
        "kind": wanted.kind,
        "cameras": list(wanted.camera_ids),
        "around": wanted.around,
        "officer_kind": principal.kind,
        "officer_id": principal.id,
        "network": principal.network,
        "address": principal.address,
        "past_from": None if wanted.span is None else wanted.span.begin,
        "past_until": None if wanted.span is None else wanted.span.end,
        "now": now,
    }
    known = await tx.row(_SAME, values)
    if known is not None and (rule is None or known["state"] == "approved"):
        return known, False
    if known is not None and rule is not None:  # what waited is opened by what has happened since
        opened = {"id": known["id"], "rule": rule.id, "ground": rule.ground, "now": now, "expires_at": now + lasts}
        row = await tx.row(_OPEN, opened)
        assert row is not None
        return row, True
    row = await tx.row(
        _MAKE,
        {
            **values,
            "id": new_id(),
            "officer_name": principal.audited_name,
            "agency": principal.agency_id,
            "purpose": await texts.sealed_line(tx, wanted.incident_id, PURPOSE, wanted.purpose),
            "ground": wanted.ground if rule is None else rule.ground,
            "document": wanted.document,
            "state": "requested" if rule is None else "approved",
            "rule": None if rule is None else rule.id,
            "lasts_s": lasts.total_seconds(),
            "decided_at": None if rule is None else now,
            "expires_at": None if rule is None else now + lasts,
        },
    )
    assert row is not None
    await _line(tx, principal, "video.ticket.request", row, wanted.purpose)
    return row, True


async def decide(tx: Tx, principal: Principal, ticket_id: UUID, decision: Decision, *, approve: bool) -> RowMapping:
    """Approve or refuse a request. Raises NotFound, and Conflict where it is not waiting, was asked for by who decides,
    or lacks its ground, document or reason.
    """
    row = await _one(tx, ticket_id)
    whole = Decision(decision.ground or row["ground"], decision.document or row["document"], decision.reason)
    officer = (row["officer_kind"], row["officer_id"])
    why_not = model.refused(row["state"], row["kind"], officer, principal, whole, approve=approve)
    if why_not is None and approve and whole.ground and rules.ground(whole.ground, tx.now().date()) is None:
        why_not = "ground"
    if why_not is not None:
        raise Conflict(f"video.ticket.{why_not}")
    now = tx.now()
    done = await tx.row(
        _DECIDE,
        {
            "id": ticket_id,
            "state": "approved" if approve else "refused",
            "now": now,
            "by": principal.actor,
            "name": principal.audited_name,
            "reason": await texts.sealed_line(tx, row["incident_id"], REASON, decision.reason or None),
            "ground": whole.ground,
            "document": whole.document,
            "expires_at": now + timedelta(seconds=row["lasts_s"]) if approve else None,
        },
    )
    assert done is not None
    await _line(tx, principal, "video.ticket.approve" if approve else "video.ticket.refuse", done, decision.reason)
    return done


async def revoke(tx: Tx, principal: Principal, ticket_id: UUID, reason: str) -> RowMapping:
    """End an approved ticket now; the caller ends what hangs on it (`openings.end_under`). Raises NotFound, and
    Conflict where it does not stand.
    """
    row = await _one(tx, ticket_id)
    if row["state"] != "approved":
        raise Conflict("video.ticket.not_standing")
    kept = await texts.sealed_line(tx, row["incident_id"], REASON, reason)
    done = await tx.row(_REVOKE, {"id": ticket_id, "now": tx.now(), "name": principal.audited_name, "reason": kept})
    assert done is not None
    await _line(tx, principal, "video.ticket.revoke", done, reason)
    return done


async def end_of_incident(tx: Tx, incident_id: UUID, by: Ended) -> list[UUID]:
    """End all tickets and requests of an incident; their ids."""
    rows = await tx.rows(_END_OF_INCIDENT, {"incident": incident_id, "now": tx.now(), "by": by})
    return [row["id"] for row in rows]


async def due(tx: Tx) -> list[UUID]:
    """The incidents that have tickets whose time is over, or requests that nobody decided on."""
    rows = await tx.rows(_DUE, {"now": tx.now(), "waited": tx.now() - REQUEST_WAITS})
    return [row["incident_id"] for row in rows]


async def expire(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """End those of an incident; the rows as they are then. The caller ends what hangs on them."""
    values = {"now": tx.now(), "waited": tx.now() - REQUEST_WAITS, "incident": incident_id}
    return await tx.rows(_EXPIRE, values)


async def _one(tx: Tx, ticket_id: UUID) -> RowMapping:
    row = await tx.row(_ONE, {"id": ticket_id})
    if row is None:
        raise NotFound("video.ticket.unknown")
    return row


async def _line(tx: Tx, principal: Principal, action: str, row: RowMapping, words: str) -> None:
    why = await reasons.sealed(tx, principal, words, incident_id=row["incident_id"])
    await audit.record(tx, principal, action, "video_ticket", row["id"], purpose=why, case=row["incident_id"])
