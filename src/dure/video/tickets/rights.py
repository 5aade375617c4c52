"""What approved tickets allow whom, for the rooms that show pictures: live, a span of the past, a file.

Past pictures (`past`) and files (`export`) are asked for here each time, not remembered: a ticket that was revoked, has
expired or whose case is closed opens nothing from that moment on. `standing` says which tickets still stand, for what
goes on being shown; the channel `dure_video` is notified whenever one ends.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.trust.principal import Principal
from dure.video.tickets import model
from dure.video.tickets.model import CENTRE, Right, Span

_APPROVED = text(
    "select * from video_ticket where state = 'approved' and expires_at > :now and officer_kind = :kind "
    "and officer_id = :officer and (cast(:incident as uuid) is null or incident_id = :incident) order by number desc"
)
_STANDING = text("select id from video_ticket where id = any(:ids) and state = 'approved' and expires_at > :now")


def right_of(row: RowMapping, principal: Principal) -> Right:
    """An approved row as what it allows."""
    span = None if row["past_from"] is None else Span(row["past_from"], row["past_until"])
    return Right(
        row["id"],
        row["number"],
        row["kind"],
        row["incident_id"],
        row["receipt_no"],
        tuple(row["camera_ids"]),
        row["around"],
        (row["officer_kind"], row["officer_id"]),
        row["network"],
        row["address"],
        span,
        row["expires_at"],
        row["ground"],
        row["document"],
        row["decided_name"] or f"rule:{row['rule']}",
        not principal.roles & CENTRE,
    )


async def held(tx: Tx, principal: Principal, incident_id: UUID | None = None) -> list[Right]:
    """The approved tickets of this officer, good from where they ask, the newest first."""
    values = {"now": tx.now(), "kind": principal.kind, "officer": principal.id, "incident": incident_id}
    rights = [right_of(row, principal) for row in await tx.rows(_APPROVED, values)]
    return [one for one in rights if model.is_the_officers(one, principal)]


async def live(tx: Tx, principal: Principal, incident_id: UUID, camera_id: str) -> Right | None:
    """The ticket under which this officer may see a camera's live picture for an incident."""
    now = tx.now()
    rights = await held(tx, principal, incident_id)
    return next((one for one in rights if model.allows_live(one, principal, camera_id, now)), None)


async def past(tx: Tx, principal: Principal, camera_id: str, span: Span, incident_id: UUID | None = None) -> Right:
    """The ticket under which this principal may see a stretch of a camera's past; whoever they are: the centre's own
    people, too, ask somebody else first. Raises Conflict where there is none.
    """
    now = tx.now()
    rights = await held(tx, principal, incident_id)
    for right in rights:
        if model.allows_past(right, principal, camera_id, span, now):
            return right
    raise Conflict("video.ticket.no_past", camera=camera_id)


async def past_spans(tx: Tx, principal: Principal, incident_id: UUID) -> list[Right]:
    """All tickets of this principal that open something of the past for an incident: what a player offers."""
    return [one for one in await held(tx, principal, incident_id) if one.span is not None]


async def export(tx: Tx, principal: Principal, camera_ids: Collection[str], span: Span, incident_id: UUID) -> Right:
    """The ticket under which these cameras' past may leave as a file. Raises Conflict where there is none."""
    now = tx.now()
    rights = await held(tx, principal, incident_id)
    for right in rights:
        if model.allows_export(right, principal, camera_ids, span, now):
            return right
    raise Conflict("video.ticket.no_export")


async def standing(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these tickets that stand now."""
    wanted: Sequence[UUID] = list(ids)
    if not wanted:
        return set()
    return {row["id"] for row in await tx.rows(_STANDING, {"ids": wanted, "now": tx.now()})}
