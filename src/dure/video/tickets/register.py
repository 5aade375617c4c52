"""The disclosure register (제3자 제공 대장 · 개인영상정보 관리대장): a line for every picture that is shown or leaves,
written before it does. A line does not change; only how long it went on is carried on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust.principal import Principal
from dure.trust.vault import reasons
from dure.video.tickets.model import CENTRE, Kind, Right, Span

_IN_TURN = text("select pg_advisory_xact_lock(hashtext('dure.disclosure.' || cast(:officer as text)))")
"""One after the other: a picture that is asked for twice at once is one line, which the second finds and carries on."""
_GOES_ON = text(
    "update video_disclosure set until_at = greatest(until_at, :until) where id = (select id from video_disclosure "
    "where officer_id = :officer and camera_id = :camera and until_at >= :now and kind = :kind "
    "and session_id is not distinct from cast(:session as uuid) "
    "and address is not distinct from cast(:address as text) "
    "and incident_id is not distinct from cast(:incident as uuid) "
    "and ticket_id is not distinct from cast(:ticket as uuid) "
    "and span_from is not distinct from cast(:span_from as timestamptz) "
    "and span_until is not distinct from cast(:span_until as timestamptz) order by at desc limit 1) returning id"
)
_ADD = text(
    "insert into video_disclosure (id, at, until_at, kind, provided, camera_id, camera_name, incident_id, receipt_no, "
    "ticket_id, ticket_number, officer_kind, officer_id, officer_name, agency_id, network, address, session_id, "
    "purpose, ground, document, approved_by, span_from, span_until) values (:id, :now, :until, :kind, :provided, "
    ":camera, (select name from camera where id = :camera), :incident, :receipt_no, :ticket, :number, :officer_kind, "
    ":officer, :officer_name, :agency, :network, :address, :session, :purpose, :ground, :document, :approved_by, "
    ":span_from, :span_until)"
)
_OVER = text("update video_disclosure set until_at = :now where id = any(:ids) and until_at > :now")


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: a camera, live or a span of its past, as a picture or a file; for which case, why, under which
    ticket (None: the centre's own work), and until when.
    """

    camera_id: str
    kind: Kind
    purpose: str
    until: datetime
    incident_id: UUID | None = None
    receipt_no: str | None = None
    right: Right | None = None
    span: Span | None = None


async def write(tx: Tx, principal: Principal, shown: Shown) -> UUID:
    """The line for it: a new one, or the one that goes on. It stands when this transaction has committed, and nothing
    may be shown before that.
    """
    right = shown.right
    values = {
        "now": tx.now(),
        "until": shown.until,
        "kind": shown.kind,
        "camera": shown.camera_id,
        "incident": shown.incident_id,
        "ticket": None if right is None else right.id,
        "officer": principal.id,
        "session": principal.session_id,
        "address": principal.address,
        "span_from": None if shown.span is None else shown.span.begin,
        "span_until": None if shown.span is None else shown.span.end,
    }
    if shown.kind != "export":
        tx.later(_IN_TURN, {"officer": str(principal.id)})
        if (line := await tx.scalar(_GOES_ON, values)) is not None:
            return UUID(str(line))
    line = new_id()
    await tx.execute(
        _ADD,
        {
            **values,
            "id": line,
            "provided": not principal.roles & CENTRE,
            "receipt_no": shown.receipt_no if right is None else right.receipt_no,
            "number": None if right is None else right.number,
            "officer_kind": principal.kind,
            "officer_name": principal.audited_name,
            "agency": principal.agency_id,
            "network": principal.network,
            "purpose": await reasons.sealed(tx, principal, shown.purpose, incident_id=shown.incident_id),
            "ground": None if right is None else right.ground,
            "document": None if right is None else right.document,
            "approved_by": None if right is None else right.approved_by,
        },
    )
    return line


async def over(tx: Tx, lines: Iterable[UUID]) -> None:
    """These pictures are not shown any longer."""
    ids: Sequence[UUID] = list(lines)
    if ids:
        await tx.execute(_OVER, {"ids": ids, "now": tx.now()})
