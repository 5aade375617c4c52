"""From the guardian's report to the end: who is missing, the photo, with whom it is shared, and the erasure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.respond import queries as respond
from dure.respond import timeline
from dure.respond.attachments import kinds
from dure.respond.attachments.images import Refused
from dure.respond.changes import changed, taken
from dure.respond.model import city_day
from dure.respond.playbooks.model import Happening
from dure.respond.policy import desk_of
from dure.respond.runs import known as runs
from dure.respond.timeline import Entry
from dure.services.missing import groups, queries
from dure.services.missing.model import Condition, Outcome, in_force, protects, share_until
from dure.trust import audit, vault
from dure.trust.principal import Principal, system
from dure.trust.vault import Person, texts

TYPE = "missing_person"
PHOTO = "missing_person.photo"
LARGEST = 8 << 20
PICTURES = frozenset({"jpeg", "png", "webp"})
FOUND = frozenset({Outcome.FOUND, Outcome.FOUND_HURT, Outcome.FOUND_DEAD})
PATIENCE = timedelta(hours=1)
"""So long after an incident was closed its photo and trail wait for somebody to say how it ended."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Who is missing, who asks, and why pictures may be given; `basis` and `document` where the act does not say."""

    person: Person
    guardian: Person
    age: int
    condition: Condition
    device_id: str | None = None
    basis: str | None = None
    document: str | None = None


async def report(tx: Tx, principal: Principal, incident_id: UUID, told: Missing) -> None:
    """Take the guardian's report. Who they are goes to the vault and nowhere else.

    Raises NotFound, Conflict for an incident of another kind or with somebody told already, Invalid where the act does
    not protect them and no other ground and paper is named.
    """
    row = await taken(tx, principal, incident_id)
    if row["type"] != TYPE:
        raise Conflict("missing.other_kind")
    if row["status"] == "closed":
        raise Conflict("missing.ended")
    if await queries.known(tx, incident_id):
        raise Conflict("missing.known")
    ground = in_force(city_day(tx.now(), city_zone()))
    basis = ground.article
    if not protects(ground, told.age, told.condition):
        if not told.basis or not told.document:
            raise Invalid("missing.ground", fields=[FieldError("basis", "missing.ground")])
        basis = told.basis
    people = vault.of(tx)
    devices = (told.device_id,) if told.device_id else ()
    known = Person(name=told.person.name, phone=told.person.phone, birth_date=told.person.birth_date, devices=devices)
    person_id, _ = await people.put(tx, known)
    guardian_id, _ = await people.put(tx, told.guardian)
    await queries.add(
        tx,
        {
            "incident": incident_id,
            "mark": new_id(),
            "person": person_id,
            "guardian": guardian_id,
            "age": told.age,
            "condition": told.condition.value,
            "basis": basis,
            "document": told.document,
            "device": told.device_id,
            "by": principal.name,
        },
    )
    await timeline.add(tx, incident_id, Entry.REPORT, "missing_told", {"basis": basis}, actor=principal.name)
    await runs.now_known(tx, incident_id, groups.GUARDIAN, principal.name)
    await changed(tx, incident_id, "missing")
    await audit.record(tx, principal, "missing.report", "incident", incident_id, person_id=person_id, purpose=basis)


async def keep_photo(tx: Tx, principal: Principal, incident_id: UUID, content: bytes) -> None:
    """Keep a photo, put together anew from what carries the picture: where and with what it was taken is left out. The
    one before is no longer there. Raises NotFound, Conflict, Invalid for what is no photo.
    """
    row = await queries.running(tx, incident_id)
    try:
        kind, kept = await asyncio.to_thread(kinds.understood, "photo", content)
    except Refused as refused:
        raise Invalid(refused.key) from refused
    if kind.id not in PICTURES:
        raise Invalid("respond.attachment.kind")
    await queries.keep_photo(
        tx, incident_id, await texts.sealed_bytes(tx, row["mark_id"], PHOTO, kept.content), kind.served
    )
    await timeline.add(tx, incident_id, Entry.NOTE, "missing_photo", actor=principal.name)
    await changed(tx, incident_id, "missing")
    await audit.record(tx, principal, "missing.keep_photo", "incident", incident_id, person_id=row["person_id"])


async def share(tx: Tx, principal: Principal, incident_id: UUID, agencies: Sequence[str], hours: int | None) -> None:
    """Let named agencies see the photo for a time. Only who has the incident, or whose field it is, may be named.

    Raises NotFound, Conflict without a photo or for an agency that has nothing to do with it, Invalid for a span.
    """
    incident = await taken(tx, principal, incident_id)
    row = await queries.running(tx, incident_id)
    if row["photo"] is None:
        raise Conflict("missing.no_photo")
    try:
        until = share_until(in_force(city_day(tx.now(), city_zone())), tx.now(), hours)
    except ValueError as error:
        raise Invalid("missing.hours", fields=[FieldError("hours", "missing.hours")]) from error
    handed = await respond.handed_to(tx, incident["id"])
    for agency_id in agencies:
        agency = await respond.agency(tx, agency_id)
        if agency_id not in handed and agency["kind"] != "police":
            raise Conflict("missing.not_handed", agency=agency["name"])
        await queries.end_shares(tx, incident_id, agency_id)
        await queries.share(
            tx,
            {
                "id": new_id(),
                "incident": incident_id,
                "agency": agency_id,
                "basis": row["basis"],
                "until": until,
                "by": principal.name,
            },
        )
        params = {"agency_ko": agency["name"], "agency_en": agency["name_en"], "hours": round_hours(until - tx.now())}
        await timeline.add(tx, incident_id, Entry.NOTE, "missing_shared", params, actor=principal.name)
        await audit.record(
            tx, principal, "missing.share", "incident", incident_id, person_id=row["person_id"],
            purpose=f"{agency_id}: {row['basis']}"[:300],
        )  # fmt: skip
    await changed(tx, incident_id, "missing")


def round_hours(span: timedelta) -> int:
    """Whole hours."""
    return round(span.total_seconds() / 3600)


async def end_share(tx: Tx, principal: Principal, incident_id: UUID, agency_id: str) -> None:
    """Take it back from an agency. Raises NotFound."""
    row = await queries.running(tx, incident_id)
    if await queries.end_shares(tx, incident_id, agency_id) == 0:
        raise NotFound("missing.not_shared")
    await changed(tx, incident_id, "missing")
    await audit.record(
        tx, principal, "missing.end_share", "incident", incident_id, person_id=row["person_id"], purpose=agency_id
    )


async def look(tx: Tx, principal: Principal, incident_id: UUID, purpose: str) -> tuple[bytes, str]:
    """The photo and its media type. The line that says so is committed before the answer leaves.

    Raises NotFound, Conflict where there is none (any more), Forbidden for an agency that it is not shared with now.
    """
    await taken(tx, principal, incident_id, merged_too=True)
    row = await queries.running(tx, incident_id)
    if row["photo"] is None:
        raise Conflict("missing.no_photo")
    basis: str | None = row["basis"]
    if not principal.may("missing.handle"):
        basis = await queries.counted_view(tx, incident_id, desk_of(principal) or "")
        if basis is None:
            raise Forbidden("missing.not_shared")
        await changed(tx, incident_id, "missing")  # who shared it sees that it was looked at
    await audit.record(
        tx, principal, "missing.look", "incident", incident_id, person_id=row["person_id"],
        purpose=f"{basis}: {purpose}"[:300],
    )  # fmt: skip
    plain = texts.opened_bytes(vault.of(tx), row["mark_id"], PHOTO, bytes(row["photo"]))
    return plain, row["photo_media"]


async def end(tx: Tx, principal: Principal, incident_id: UUID, outcome: Outcome) -> None:
    """It is over. The key of photo and trail is destroyed, here and in every copy; who they are is no longer named
    here, and the vault lets go of whom nothing else needs; what was provided to whom stays. Raises NotFound, Conflict.
    """
    await respond.locked_with_root(tx, incident_id)
    row = await queries.running(tx, incident_id)
    if outcome in FOUND:  # the manual tells the guardian: their number is known for the last time
        await runs.happened(tx, incident_id, Happening.FOUND, principal.name)
    await queries.end_shares(tx, incident_id)
    await texts.destroy(tx, principal, [row["mark_id"]], f"missing.{outcome.value}")
    await queries.end(tx, incident_id, outcome.value, principal.name)
    by = None if principal.kind == "system" else principal.name
    await timeline.add(tx, incident_id, Entry.STATE, "missing_ended", {"outcome": outcome.value}, actor=by)
    await changed(tx, incident_id, "missing")
    await audit.record(
        tx, principal, "missing.erase", "incident", incident_id, person_id=row["person_id"], purpose=outcome.value
    )


async def tidy(context: Context) -> None:
    """Erase what belongs to incidents that were closed an hour ago, though nobody said how it ended."""
    async with context.database.transaction() as tx:
        due = await queries.closed_before(tx, tx.now() - PATIENCE)
    for incident_id in due:
        async with context.database.transaction() as tx:
            if await _still(tx, incident_id):
                await end(tx, system("missing"), incident_id, Outcome.CLOSED)


async def _still(tx: Tx, incident_id: UUID) -> bool:
    row = await queries.one(tx, incident_id)
    return row["ended_at"] is None
