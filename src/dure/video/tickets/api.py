"""The disclosure register over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.tickets import showing
from dure.video.tickets.showing import Sought

router = Router(tags=["video"])
Reads = Annotated[Principal, Depends(require("disclosure.read"))]
Word = Annotated[str | None, Query(max_length=120)]
Time = Annotated[datetime | None, Query(description="With its zone.")]


class LineOut(BaseModel):
    """One picture (or file) that was shown: when, of which camera, to whom, for which case, why, on what ground."""

    id: UUID
    at: datetime
    until_at: datetime
    kind: Literal["live", "past", "export"]
    provided: bool
    camera_id: str
    camera_name: str | None
    incident_id: UUID | None
    receipt_no: str | None
    ticket_id: UUID | None
    ticket_number: int | None
    officer_name: str
    agency_id: str | None
    agency_name: str | None
    agency_name_en: str | None
    network: str | None
    address: str | None
    purpose: str
    ground: str | None
    article: str | None
    document: str | None
    approved_by: str | None
    span_from: datetime | None
    span_until: datetime | None


class Lines(BaseModel):
    """A page of the register."""

    items: list[LineOut]
    next: str | None


class AgencyCount(BaseModel):
    """Lines of an agency; an empty id: of nobody's (the centre itself)."""

    id: str
    name: str
    name_en: str
    n: int


class DayCount(BaseModel):
    """Lines of a day of the city."""

    day: date
    n: int


class Totals(BaseModel):
    """Counts of what is found."""

    lines: int
    provided: int
    cameras: int
    cases: int
    officers: int
    tickets: int
    by_kind: dict[str, int]
    by_agency: list[AgencyCount]
    by_day: list[DayCount]


def sought_of(
    q: Word = None,
    camera: Word = None,
    officer: Word = None,
    case: Annotated[str | None, Query(max_length=60, description="The receipt number.")] = None,
    incident_id: UUID | None = None,
    agency: Word = None,
    kind: Literal["live", "past", "export"] | None = None,
    provided: bool | None = None,
    ticket: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    since: Time = None,
    until: Time = None,
) -> Sought:
    """Dependency: what is looked for. Raises Invalid for a time without its zone."""
    for field, at in (("since", since), ("until", until)):
        if at is not None and at.tzinfo is None:
            raise Invalid("engine.fields.wrong", fields=[FieldError(field, "video.register.zone")])
    words = (q or "").strip() or None
    return Sought(words, camera, officer, case, incident_id, agency, kind, provided, ticket, since, until)


Wanted = Annotated[Sought, Depends(sought_of)]


@router.get("/video/disclosures")
async def list_lines(
    tx: TxDep, _who: Reads, sought: Wanted, response: Response, cursor: Cursor = None, limit: Limit = 100
) -> Lines:
    """The register, the newest line first."""
    response.headers["Cache-Control"] = "no-store"
    found = await showing.lines(tx, sought, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(found, limit, lambda line: (line["at"], str(line["id"])))
    items = [LineOut(**{name: line[name] for name in LineOut.model_fields}) for line in page["items"]]
    return Lines(items=items, next=page["next"])


@router.get("/video/disclosures/summary")
async def summary(tx: TxDep, _who: Reads, sought: Wanted, context: ContextDep) -> Totals:
    """Totals of what is found."""
    return Totals(**await showing.totals(tx, sought, context.settings.city_zone))


@router.get(
    "/video/disclosures.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "the register as a file"}},
)
async def export_csv(tx: TxDep, who: Reads, sought: Wanted, context: ContextDep, language: LanguageDep) -> Response:
    """What is found as a file, 20,000 lines at most; it leaves a line in the audit log."""
    body = await showing.csv_of(tx, who, sought, context.settings.city_zone, context.catalogue, language)
    headers = {"Content-Disposition": 'attachment; filename="disclosures.csv"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)
