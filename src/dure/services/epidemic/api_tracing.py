"""Tracing over HTTP: requests for movements and their files, traces, shared places, the list for the public. Thin."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, File, Query, UploadFile
from pydantic import Field, StringConstraints

from dure.engine.paging import Cursor, Limit, decode, page
from dure.engine.settings import city_zone
from dure.engine.web import ContextDep, Flag, LanguageDep, Line, Model, Number, Router, TxDep, Whole
from dure.kernel.errors import FieldError, Invalid, TooLarge
from dure.kernel.ids import new_id
from dure.services.epidemic import disclosure, movements, trace
from dure.services.epidemic import queries_tracing as queries
from dure.services.epidemic.movements import Wanted
from dure.services.epidemic.trace import Asked
from dure.services.epidemic.tracing import running
from dure.services.epidemic.tracing.model import Definition
from dure.services.epidemic.tracing.places import shared
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic"])
Traces = Annotated[Principal, Depends(require("epidemic.trace"))]
Names = Annotated[Principal, Depends(require("epidemic.name"))]
Approves = Annotated[Principal, Depends(require("epidemic.approve"))]
Discloses = Annotated[Principal, Depends(require("epidemic.disclose"))]
Disease = Annotated[str, Query(max_length=100)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
LARGEST = 2 << 30
"""Bytes of a file of pings: forty million lines."""
_PIECE = 1 << 20
_UNKNOWN = {"description": "no such request"}
_WRONG = {"description": "an impossible value"}


class AskForm(Model):
    """What is asked for: of whom (`holder`), about which cases, of which time, why, by which paper."""

    disease: Annotated[str, Field(max_length=100)] = ""
    source: Literal["interview", "card", "telecom", "transit", "cctv"]
    holder: Line
    codes: Annotated[list[Code], Field(min_length=1, max_length=movements.MOST_CODES)]
    from_at: datetime
    to_at: datetime
    purpose: Purpose
    document: Line | None = None


class DecideForm(Model):
    """The decision, with its reason."""

    approve: Flag
    reason: Purpose


class DefinitionForm(Model):
    """What counts as together."""

    distance_m: Annotated[Number, Field(ge=1, le=200)] = 20.0
    seconds: Annotated[int, Whole, Field(ge=0, le=3600)] = 300
    minutes: Annotated[int, Whole, Field(ge=1, le=1440)] = 10
    error_m: Annotated[Number, Field(ge=1, le=5000)] = 100.0


class TraceForm(Model):
    """A trace of one case or many, for a purpose."""

    disease: Annotated[str, Field(max_length=100)] = ""
    codes: Annotated[list[Code], Field(min_length=1, max_length=1000)]
    purpose: Purpose
    definition: DefinitionForm = DefinitionForm()
    days_before: Annotated[int, Whole, Field(ge=0, le=14)] = 2
    most: Annotated[int, Whole, Field(ge=1, le=500)] = 50


class ContactForm(Model):
    """Who of a trace becomes a contact of which case, met on which day, and why."""

    request_id: UUID
    code: Code
    number: Annotated[int, Whole, Field(ge=0, lt=1 << 26)]
    on: date
    purpose: Purpose


class VisitForm(Model):
    """What is known of who was there."""

    contacts_known: Flag
    many_exposed: Flag


def _shown(row: Any) -> dict[str, Any]:
    names = (
        *("id", "disease", "source", "holder", "codes", "from_at", "to_at", "purpose", "basis", "document"),
        *("keep_days", "status", "asked_name", "asked_at", "decided_name", "decided_at", "reason", "given_at"),
        *("counts", "destroy_at", "destroyed_at", "destroyed_name", "version"),
    )
    return {name: row[name] for name in names}


def _zoned(form: Model, *names: str) -> None:
    for name in names:
        if getattr(form, name).tzinfo is None:
            raise Invalid("engine.fields.wrong", fields=[FieldError(name, "respond.since.wrong")])


@router.get("/requests")
async def list_requests(
    tx: TxDep, who: Approves, disease: Disease = "", cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """What was asked for, the latest first."""
    after = decode(cursor, datetime, UUID)
    await audit.record(tx, who, "epidemic.requests", "disease", disease or "-")
    rows = await queries.requests(tx, disease, None if after is None else (after[0], after[1]), limit + 1)
    return page(
        [_shown(row) | {"own": row["asked_by"] == who.actor} for row in rows],
        limit,
        lambda row: (row["asked_at"], str(row["id"])),
    )


@router.post("/requests", status_code=201, responses={422: _WRONG})
async def ask(tx: TxDep, who: Traces, form: AskForm) -> dict[str, Any]:
    """Ask for movements."""
    _zoned(form, "from_at", "to_at")
    wanted = Wanted(
        form.disease, form.source, form.holder, tuple(form.codes), form.from_at, form.to_at, form.purpose, form.document
    )
    return _shown(await queries.request(tx, await movements.ask(tx, who, wanted)))


@router.post(
    "/requests/{movement_id}/decision",
    responses={404: _UNKNOWN, 409: {"description": "decided already"}, 403: {"description": "one's own request"}},
)
async def decide(tx: TxDep, who: Approves, movement_id: UUID, form: DecideForm) -> dict[str, Any]:
    """Approve or refuse what somebody else asked for."""
    await movements.decide(tx, who, movement_id, form.approve, form.reason)
    return _shown(await queries.request(tx, movement_id))


@router.post(
    "/requests/{movement_id}/file",
    responses={
        404: _UNKNOWN,
        409: {"description": "not approved, or given already"},
        413: {"description": "too large"},
    },
)
async def give(
    tx: TxDep, who: Traces, context: ContextDep, movement_id: UUID, file: Annotated[UploadFile, File()]
) -> dict[str, Any]:
    """The file that came. Stays are read at once; pings by the work process: ask again until it says `given`."""
    await movements.ready(tx, movement_id)
    waiting = running.incoming(context.settings.data, new_id()).with_suffix(
        Path(file.filename or "").suffix[:6] or ".csv"
    )
    try:
        digest = await _kept(file, waiting)
        await movements.take(tx, who, movement_id, context.settings.data, waiting, digest)
    finally:
        await asyncio.to_thread(waiting.unlink, missing_ok=True)
    return _shown(await queries.request(tx, movement_id))


async def _kept(file: UploadFile, path: Path) -> str:
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    size = 0
    with await asyncio.to_thread(path.open, "wb") as target:
        while piece := await file.read(_PIECE):
            size += len(piece)
            if size > LARGEST:
                raise TooLarge("documents.file.too_large", megabytes=LARGEST >> 20)
            await asyncio.to_thread(target.write, piece)
    return await asyncio.to_thread(movements.digest_of, path)


@router.delete(
    "/requests/{movement_id}/file", responses={404: _UNKNOWN, 409: {"description": "nothing there, or held"}}
)
async def destroy(tx: TxDep, who: Traces, movement_id: UUID) -> dict[str, Any]:
    """Destroy what was given, because the work is done."""
    await movements.destroy(tx, who, movement_id)
    return _shown(await queries.request(tx, movement_id))


@router.post("/traces", responses={422: _WRONG})
async def read_trace(
    tx: TxDep, who: Traces, context: ContextDep, language: LanguageDep, form: TraceForm
) -> dict[str, Any]:
    """Who was near these cases: numbers without names, ranked, with reasons."""
    definition = Definition(**form.definition.model_dump())
    asked = Asked(form.disease, tuple(form.codes), form.purpose, definition, form.days_before, form.most)
    found = await trace.trace(tx, who, asked)
    for one in found["items"]:
        one["reasons"] = [context.catalogue.text(language, why["key"], why["params"]) for why in one["reasons"]]
    return found


@router.post(
    "/traces/contacts",
    status_code=201,
    responses={404: {"description": "nobody such"}, 409: {"description": "destroyed"}},
)
async def make_contact(tx: TxDep, who: Names, form: ContactForm) -> dict[str, Any]:
    """Make somebody that a trace found a contact. Whose telephone it is goes to the vault alone."""
    code = await trace.make_contact(tx, who, form.request_id, form.code, form.number, form.on, form.purpose)
    return {"code": code}


@router.get("/visits")
async def list_visits(
    tx: TxDep, who: Traces, code: Annotated[str, Query(min_length=1, max_length=100)], disease: Disease = ""
) -> dict[str, Any]:
    """Where a case was, as far as it was given and not destroyed."""
    await audit.record(tx, who, "epidemic.visits", "epidemic_case", code)
    rows = await queries.visits(tx, disease, [code], trace.MOST_VISITS)
    return {
        "items": [
            {
                **asdict(visit),
                "id": row["id"],
                "source": row["source"],
                "lon": lon,
                "lat": lat,
                "version": row["version"],
            }
            for visit, row, lon, lat in trace.opened_visits(tx, rows)
        ],
        "next": None,
    }


@router.patch("/visits/{visit_id}", responses={404: {"description": "no such visit"}})
async def mark_visit(tx: TxDep, who: Discloses, visit_id: UUID, form: VisitForm) -> dict[str, Any]:
    """Say whether all who were there are known, or unspecified many were exposed."""
    await queries.visit(tx, visit_id)
    await queries.mark_visit(tx, visit_id, form.contacts_known, form.many_exposed)
    await audit.record(tx, who, "epidemic.mark_visit", "epidemic_visit", visit_id)
    return {"id": visit_id, "contacts_known": form.contacts_known, "many_exposed": form.many_exposed}


@router.get("/shared-places")
async def read_shared(tx: TxDep, who: Traces, disease: Disease = "") -> dict[str, Any]:
    """Places where several cases were, those where they were together first."""
    await audit.record(tx, who, "epidemic.visits", "disease", disease or "-")
    rows = await queries.visits(tx, disease, None, trace.MOST_VISITS)
    found = shared([visit for visit, *_ in trace.opened_visits(tx, rows)])
    return {"items": [asdict(one) for one in found[:500]], "next": None}


@router.get("/disclosure")
async def read_disclosure(tx: TxDep, who: Discloses, disease: Disease = "", on: date | None = None) -> dict[str, Any]:
    """The list for the public of a day (today), by the rule of that day; and what does not stand on it, with why."""
    zone = ZoneInfo(city_zone())
    day = on or tx.now().astimezone(zone).date()
    await audit.record(tx, who, "epidemic.disclosure", "disease", disease or "-")
    rows = await queries.visits(tx, disease, None, trace.MOST_VISITS)
    visits = [(visit, row["id"]) for visit, row, *_ in trace.opened_visits(tx, rows)]
    ids = {id(visit): row_id for visit, row_id in visits}
    days = await queries.courses(tx, disease, list({visit.code for visit, _ in visits}))
    courses = {
        code: disclosure.Course(row["onset_on"], row["specimen_on"], trace.course(row).isolated_on)
        for code, row in days.items()
    }
    lines, hidden = disclosure.listed([visit for visit, _ in visits], courses, day, zone)
    rule = disclosure.rule_of(day)
    return {
        "on": day,
        "rule": asdict(rule),
        "items": [asdict(one) for one in lines],
        "hidden": [
            {
                "id": ids[id(visit)],
                "place": visit.place,
                "kind": visit.kind,
                "from_at": visit.from_at,
                "to_at": visit.to_at,
                "contacts_known": visit.contacts_known,
                "many_exposed": visit.many_exposed,
                "why": why,
            }
            for visit, why in hidden
        ],
    }
