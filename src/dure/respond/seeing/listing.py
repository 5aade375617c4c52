"""View tickets as readers see them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.respond.policy import SEES_ALL, desk_of
from dure.respond.seeing.shapes import CameraOut, TicketOut
from dure.trust.principal import Principal
from dure.trust.purposes.grounds import TABLE as GROUNDS
from dure.trust.vault import texts
from dure.video.tickets.store import PURPOSE, REASON

_REACH = "(:everything or (t.officer_kind = :kind and t.officer_id = :officer) or t.agency_id = cast(:agency as text))"
_LISTED = text(
    f"select t.* from video_ticket t where {_REACH} "
    "and (cast(:incident as uuid) is null or t.incident_id = :incident) "
    "and (cast(:state as text) is null or t.state = :state) "
    "and (cast(:before as bigint) is null or t.number < :before) order by t.number desc limit :most"
)
_NAMES = text("select id, name from camera where id = any(:ids)")
_AGENCIES = text("select id, name, name_en from agency where id = any(:ids)")


async def listed(
    tx: Tx,
    principal: Principal,
    *,
    incident_id: UUID | None = None,
    state: str | None = None,
    before: int | None = None,
    most: int = 100,
) -> Sequence[RowMapping]:
    """Tickets, the newest first: all for the centre and auditors, for an agency its own."""
    values = {
        "everything": bool(principal.roles & SEES_ALL),
        "kind": principal.kind,
        "officer": principal.id,
        "agency": desk_of(principal),
        "incident": incident_id,
        "state": state,
        "before": before,
        "most": most,
    }
    return await tx.rows(_LISTED, values)


async def shown(tx: Tx, principal: Principal, rows: Sequence[RowMapping], language: Language) -> list[TicketOut]:
    """Rows with their words opened and their cameras and agencies named."""
    ids = sorted({id_ for row in rows for id_ in row["camera_ids"]})
    names = {row["id"]: row["name"] for row in await tx.rows(_NAMES, {"ids": ids})} if ids else {}
    wanted = sorted({row["agency_id"] for row in rows if row["agency_id"]})
    known = await tx.rows(_AGENCIES, {"ids": wanted}) if wanted else []
    agencies = {row["id"]: (row["name"] if language == "ko" else row["name_en"]) or row["id"] for row in known}
    return [_out(tx, principal, row, names, agencies) for row in rows]


def _out(
    tx: Tx, principal: Principal, row: RowMapping, names: Mapping[str, str | None], agencies: Mapping[str, str]
) -> TicketOut:
    fields: dict[str, Any] = {name: row[name] for name in row if name in TicketOut.model_fields}
    incident_id = row["incident_id"]
    return TicketOut(
        **{
            **fields,
            "cameras": [CameraOut(id=id_, name=names.get(id_)) for id_ in row["camera_ids"]],
            "agency_name": agencies.get(row["agency_id"]),
            "mine": (row["officer_kind"], row["officer_id"]) == (principal.kind, principal.id),
            "purpose": texts.opened_lines(tx, PURPOSE, {incident_id: row["purpose"]})[incident_id] or "",
            "reason": texts.opened_lines(tx, REASON, {incident_id: row["reason"]})[incident_id],
            "article": next((one.article for one in GROUNDS if one.code == row["ground"]), None),
        }
    )
