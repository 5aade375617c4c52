"""Meetings of the headquarters: agenda, who came, minutes that are signed and frozen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.kernel.ids import new_id
from dure.respond.operations import decisions, drafting, model, queries
from dure.respond.operations.drafting import Writer
from dure.respond.operations.model import MeetingState
from dure.trust import audit
from dure.trust.principal import Principal

_json = msgspec.json
_STATE = "respond.operations.meeting.state"
_NEXT = text("select coalesce(max(ordinal), 0) + 1 from operation_meeting where operation_id = :id")
_CAME = text(
    "insert into operation_attendance (meeting_id, member_id, state) "
    "select :meeting, m.id, :state from operation_member m where m.id = :member and m.operation_id = :operation "
    "on conflict (meeting_id, member_id) do update set state = excluded.state"
)
_ATTENDANCE = text(
    "select a.member_id, a.state, m.organisation, m.seat, m.side from operation_attendance a "
    "join operation_member m on m.id = a.member_id where a.meeting_id = :id "
    "order by m.side desc, m.organisation, m.seat"
)


async def call(
    tx: Tx, principal: Principal, operation_id: UUID, starts_at: datetime, place: str, agenda: Sequence[str]
) -> UUID:
    """Call a meeting."""
    await queries.taken(tx, operation_id, closed_too=True)
    id_ = new_id()
    await audit.record(tx, principal, "operation.meeting_call", "operation_meeting", id_)
    await queries.insert(
        tx, "operation_meeting",
        id=id_, operation_id=operation_id, ordinal=await tx.scalar(_NEXT, {"id": operation_id}),
        state=MeetingState.PLANNED.value, starts_at=starts_at, place=place,
        agenda=await _agenda(tx, operation_id, agenda), made_by=principal.name,
    )  # fmt: skip
    await queries.touched(tx, operation_id, "meeting")
    return id_


async def plan(
    tx: Tx, principal: Principal, operation_id: UUID, meeting_id: UUID, starts_at: datetime, place: str,
    agenda: Sequence[str], expected: int | None,
) -> None:  # fmt: skip
    """Time, place and agenda anew. Raises Conflict once its minutes are signed or it was cancelled."""
    row = await standing(tx, operation_id, meeting_id, expected)
    await audit.record(tx, principal, "operation.meeting_plan", "operation_meeting", meeting_id)
    kept = await _agenda(tx, operation_id, agenda)
    await _change(tx, row, starts_at=starts_at, place=place, agenda=kept)


async def attend(tx: Tx, principal: Principal, operation_id: UUID, meeting_id: UUID, who: Mapping[UUID, str]) -> None:
    """Who was there. Raises NotFound for a seat that is not of this headquarters."""
    row = await standing(tx, operation_id, meeting_id, None)
    await audit.record(tx, principal, "operation.meeting_attend", "operation_meeting", meeting_id)
    for member_id, state in who.items():
        await queries.part(tx, "operation_member", "member", operation_id, member_id)
        values = {"meeting": meeting_id, "member": member_id, "state": state, "operation": operation_id}
        await tx.execute(_CAME, values)
    await _change(tx, row)


async def act(
    tx: Tx, principal: Principal, operation_id: UUID, meeting_id: UUID, what: str, expected: int | None = None
) -> None:
    """Hold or cancel a meeting. Raises Conflict out of turn."""
    row = await _locked(tx, operation_id, meeting_id, expected)
    after = model.after(model.MEETING_ACTS, MeetingState(row["state"]), what, _STATE)
    await audit.record(tx, principal, f"operation.meeting_{what}", "operation_meeting", meeting_id)
    held = {"held_at": tx.now()} if after is MeetingState.HELD else {}
    await _change(tx, row, state=after.value, **held)


async def minutes(
    tx: Tx, principal: Principal, operation_id: UUID, meeting_id: UUID, words: str | None, writer: Writer,
    expected: int | None,
) -> None:  # fmt: skip
    """Write the minutes; without `words` they are made from the agenda, who came and what was decided. Raises Conflict
    before it was held and once they are signed.
    """
    row = await _locked(tx, operation_id, meeting_id, expected)
    if row["state"] != MeetingState.HELD:
        raise Conflict("respond.operations.meeting.state")
    await audit.record(tx, principal, "operation.minutes_write", "operation_meeting", meeting_id)
    if words is None:
        words = drafting.minutes(writer, await whole(tx, row))
    await _change(tx, row, minutes=await queries.sealed(tx, operation_id, "operation_meeting.minutes", words))


async def sign(tx: Tx, principal: Principal, operation_id: UUID, meeting_id: UUID, expected: int | None) -> None:
    """Sign the minutes: from now on they and the meeting are frozen, their hash stands in the audit log. Raises
    Conflict out of turn, Invalid without minutes.
    """
    row = await _locked(tx, operation_id, meeting_id, expected)
    after = model.after(model.MEETING_ACTS, MeetingState(row["state"]), "sign", _STATE)
    found = await whole(tx, row)
    if not (found["minutes"] or "").strip():
        raise Invalid("engine.fields.wrong", fields=[FieldError("minutes", "respond.operations.empty")])
    said = {"signed_at": tx.now(), "signed_by": principal.name}
    digest = model.digest(frozen_form({**found, **said}))
    await audit.record(
        tx, principal, "operation.minutes_sign", "operation_meeting", meeting_id, purpose=f"sha256:{digest}"
    )
    await _change(tx, row, state=after.value, digest=digest, **said)


def frozen_form(meeting: Mapping[str, Any]) -> dict[str, Any]:
    """What the hash of signed minutes is taken of; decisions go on, so they stand in it as the minutes tell them."""
    came = [f"{one['member_id']} {one['state']}" for one in meeting["attendance"]]
    times = {name: meeting[name].isoformat() for name in ("starts_at", "signed_at")}
    named = {name: meeting[name] for name in ("ordinal", "place", "agenda", "minutes", "signed_by")}
    return {**named, **times, "attendance": sorted(came)}


async def whole(tx: Tx, row: RowMapping) -> dict[str, Any]:
    """A meeting with its agenda, minutes, who came and what was decided."""
    (found,) = queries.opened(tx, "operation_meeting", [row], "agenda", "minutes")
    found["agenda"] = _json.decode(found["agenda"]) if found["agenda"] else []
    found["attendance"] = [dict(one) for one in await tx.rows(_ATTENDANCE, {"id": row["id"]})]
    made = await decisions.listed(tx, row["operation_id"])
    found["decisions"] = [one for one in made if one["meeting_id"] == row["id"]]
    return found


async def _locked(tx: Tx, operation_id: UUID, meeting_id: UUID, expected: int | None) -> RowMapping:
    await queries.taken(tx, operation_id, closed_too=True)
    row = await queries.part(tx, "operation_meeting", "meeting", operation_id, meeting_id, lock=True)
    check_version(expected, row["version"])
    return row


async def standing(tx: Tx, operation_id: UUID, meeting_id: UUID, expected: int | None) -> RowMapping:
    """A meeting that goes on, locked. Raises NotFound, Conflict once it is signed or cancelled."""
    row = await _locked(tx, operation_id, meeting_id, expected)
    if row["state"] not in {MeetingState.PLANNED, MeetingState.HELD}:
        raise Conflict("respond.operations.meeting.state")
    return row


async def _change(tx: Tx, row: RowMapping, **values: Any) -> None:
    await queries.update(tx, "operation_meeting", row["id"], **values, version=row["version"] + 1)
    await queries.touched(tx, row["operation_id"], "meeting")


async def _agenda(tx: Tx, operation_id: UUID, agenda: Sequence[str]) -> bytes | None:
    return await queries.sealed(tx, operation_id, "operation_meeting.agenda", _json.encode(list(agenda)).decode())
