"""Missing people over HTTP. Thin."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, File, Response, UploadFile
from pydantic import Field, StringConstraints

from dure.engine.web import Line, Model, Number, Router, TxDep, Whole
from dure.kernel.errors import FieldError, Invalid, TooLarge
from dure.respond import reading
from dure.respond.forms import position
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.services.missing import looking, queries, trail
from dure.services.missing.looking import Missing
from dure.services.missing.model import Condition, Outcome, Source
from dure.services.missing.trail import Told
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.vault import Person
from dure.trust.web import require


def unstored(response: Response) -> None:
    """Dependency: no answer is kept, here neither: it would outlive the erasure."""
    response.headers["Cache-Control"] = "no-store"


router = Router(prefix="/missing", tags=["missing people"])
router.dependencies.append(Depends(unstored))
Reads = Annotated[Principal, Depends(require("missing.read"))]
Handles = Annotated[Principal, Depends(require("missing.handle"))]
Looks = Annotated[Principal, Depends(require("missing.photo"))]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class PersonForm(Model):
    """Who; kept in the person vault and nowhere else."""

    name: Words = ""
    phone: Words = ""
    birth_date: Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""


class MissingForm(Model):
    """The guardian's report. Who is 18 or older without one of the conditions needs another ground and its paper."""

    person: PersonForm
    guardian: PersonForm
    age: Annotated[int, Whole, Field(ge=0, le=130)]
    condition: Condition = Condition.NONE
    device_id: DeviceId | None = None
    basis: Line | None = None
    document: Line | None = None


class SightingForm(Model):
    """Where they were, and when, by the word of whom. Coordinates, or an address that is clear."""

    at: datetime
    source: Literal["police", "camera", "guardian", "citizen"]
    lon: Number | None = None
    lat: Number | None = None
    address: Line | None = None
    words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class ShareForm(Model):
    """With whom, and for how many hours (usually a day)."""

    agencies: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=10)]
    hours: Annotated[int, Whole, Field(ge=1, le=1000)] | None = None


class LookForm(Model):
    """Why."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class EndForm(Model):
    """How it ended."""

    outcome: Literal["found", "found_hurt", "found_dead", "withdrawn"]


async def shown(tx: TxDep, who: Principal, incident_id: UUID) -> dict[str, Any]:
    """The record as `who` reads it. Raises NotFound for an incident that they do not see."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    row = await queries.one(tx, incident_id)
    await audit.record(tx, who, "missing.read", "incident", incident_id, person_id=row["person_id"])
    people = await vault.of(tx).masked(tx, [one for one in (row["person_id"], row["guardian_id"]) if one is not None])
    names = ("age", "condition", "basis", "document", "device_id", "told_at", "told_by", "outcome", "ended_at")

    def masked(id_: UUID | None) -> dict[str, str | None] | None:
        person = people.get(id_) if id_ is not None else None
        return None if person is None else {"id": str(id_), "name": person.name or None, "phone": person.phone or None}

    return {
        "incident_id": str(incident_id),
        **{name: row[name] for name in names},
        "person": masked(row["person_id"]),
        "guardian": masked(row["guardian_id"]),
        "photo_at": row["photo_at"] if row["photo"] is not None else None,
        "trail": trail.opened(tx, row, await queries.trail(tx, incident_id)),
        "shares": [
            {name: one[name] for name in ("agency_id", "basis", "from_at", "until_at", "ended_at", "views")}
            for one in await queries.shares(tx, incident_id)
        ],
        "version": row["version"],
    }


@router.get("/{incident_id}")
async def read(tx: TxDep, who: Reads, incident_id: UUID) -> dict[str, Any]:
    """Who is missing (masked), on what ground, the trail, and with whom the photo is shared."""
    return await shown(tx, who, incident_id)


@router.post("/{incident_id}", status_code=201)
async def report(tx: TxDep, who: Handles, incident_id: UUID, form: MissingForm) -> dict[str, Any]:
    """Take the guardian's report for an incident of the kind missing_person."""
    told = Missing(
        Person(name=form.person.name, phone=form.person.phone, birth_date=form.person.birth_date),
        Person(name=form.guardian.name, phone=form.guardian.phone),
        form.age,
        form.condition,
        form.device_id,
        form.basis,
        form.document,
    )
    await looking.report(tx, who, incident_id, told)
    return await shown(tx, who, incident_id)


@router.post("/{incident_id}/sightings", status_code=201)
async def tell(tx: TxDep, who: Handles, incident_id: UUID, form: SightingForm) -> dict[str, Any]:
    """Say where they were, and when."""
    if form.at.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.since.wrong")])
    told = Told(form.at, Source(form.source), position(form.lon, form.lat), form.address, form.words)
    await trail.tell(tx, who, incident_id, told)
    return await shown(tx, who, incident_id)


@router.post("/{incident_id}/device")
async def ask_device(tx: TxDep, who: Handles, incident_id: UUID) -> dict[str, Any]:
    """Look where the device is that they carry."""
    await trail.ask_device(tx, who, incident_id)
    return await shown(tx, who, incident_id)


@router.put("/{incident_id}/photo")
async def keep_photo(
    tx: TxDep, who: Handles, incident_id: UUID, photo: Annotated[UploadFile, File()]
) -> dict[str, Any]:
    """Keep a photo (JPEG, PNG, WebP, at most 8 MiB) in place of the one before."""
    content = await photo.read(looking.LARGEST + 1)
    if len(content) > looking.LARGEST:
        raise TooLarge("respond.attachment.large", megabytes=looking.LARGEST >> 20)
    await looking.keep_photo(tx, who, incident_id, content)
    return await shown(tx, who, incident_id)


@router.post(
    "/{incident_id}/photo/look",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the photo"}},
)
async def look(tx: TxDep, who: Looks, incident_id: UUID, form: LookForm) -> Response:
    """The photo's bytes; the line is in the audit log before they leave."""
    content, media = await looking.look(tx, who, incident_id, form.purpose)
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Photo-Type": media,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post("/{incident_id}/shares", status_code=201)
async def share(tx: TxDep, who: Handles, incident_id: UUID, form: ShareForm) -> dict[str, Any]:
    """Let named agencies see the photo for a time."""
    await looking.share(tx, who, incident_id, form.agencies, form.hours)
    return await shown(tx, who, incident_id)


@router.delete("/{incident_id}/shares/{agency_id}")
async def end_share(tx: TxDep, who: Handles, incident_id: UUID, agency_id: str) -> dict[str, Any]:
    """Take the photo back from an agency."""
    await looking.end_share(tx, who, incident_id, agency_id)
    return await shown(tx, who, incident_id)


@router.post("/{incident_id}/end")
async def end(tx: TxDep, who: Handles, incident_id: UUID, form: EndForm) -> dict[str, Any]:
    """It is over: photo and trail are erased, what was provided to whom stays."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    await looking.end(tx, who, incident_id, Outcome(form.outcome))
    return await shown(tx, who, incident_id)
