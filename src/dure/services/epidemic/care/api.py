"""Patients, beds and plans over HTTP. Thin."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field, StringConstraints

from dure.engine.paging import Cursor, Limit, decode, encode
from dure.engine.web import ExpectedVersion, Flag, Model, Number, Router, TxDep, Whole, check_version
from dure.services.epidemic.care import looking, placing, queries, views
from dure.services.epidemic.care.looking import Look
from dure.services.epidemic.care.triage import Found, Oxygen, Placement, Risk
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic: care"])
Reads = Annotated[Principal, Depends(require("epidemic.care"))]
Looks = Annotated[Principal, Depends(require("epidemic.look"))]
Gives = Annotated[Principal, Depends(require("epidemic.beds"))]
Disease = Annotated[str, Query(max_length=100)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class FoundForm(Model):
    """What was found: pulse and breaths a minute, systolic in mmHg, temperature in degrees Celsius. What is left out
    was not measured or asked.
    """

    pulse: Annotated[Number, Field(ge=0, le=400)] | None = None
    systolic: Annotated[Number, Field(ge=0, le=400)] | None = None
    breaths: Annotated[Number, Field(ge=0, le=120)] | None = None
    temperature: Annotated[Number, Field(ge=25, le=46)] | None = None
    consciousness: Literal["alert", "voice", "pain", "none"] | None = None
    dyspnoea: Flag = False
    antipyretic: Flag = False
    smoker: Flag = False
    care_facility: Flag = False
    oxygen: Oxygen = Oxygen.NONE
    risks: Annotated[list[Risk], Field(max_length=5, default_factory=list)]

    def found(self) -> Found:
        """As it is judged."""
        return Found(**{**self.model_dump(), "risks": frozenset(self.risks)})


class LookForm(Model):
    """A look, or a call that nobody took (`found` left out). `household`: a number that those of one household share,
    never a name.
    """

    way: Literal["call", "visit", "ward"] = "call"
    found: FoundForm | None = None
    isolation: Flag | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    household: Word | None = None
    placement: Placement | None = None


class DiseaseForm(Model):
    """Of which disease."""

    disease: Annotated[str, StringConstraints(max_length=100)] = ""


class ApplyForm(Model):
    """To whom; all where nobody is named."""

    cases: Annotated[list[UUID], Field(max_length=5_000)] | None = None


class WardForm(Model):
    """How many beds, and whether anybody new comes."""

    capacity: Annotated[int, Whole, Field(ge=0, le=10_000)]
    open: Flag


class MoveForm(Model):
    """Where to, and why."""

    ward_id: UUID
    reason: Literal["worse", "better", "household", "language", "nearer", "facility", "other"]


class EndForm(Model):
    """How it ended."""

    outcome: Literal["recovered", "died"]


def _offset(cursor: str | None) -> int:
    found = decode(cursor, int)
    return 0 if found is None else max(int(found[0]), 0)


def _page(items: list[dict[str, Any]], offset: int, limit: int) -> dict[str, Any]:
    more = len(items) > limit
    return {"items": items[:limit], "next": encode((offset + limit,)) if more else None}


@router.get("/waiting")
async def list_waiting(
    tx: TxDep, who: Reads, disease: Disease = "", cursor: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """Who is at home, worst first, by when each has to be seen, and how many nobody saw in time."""
    offset = _offset(cursor)
    await audit.record(tx, who, "epidemic.waiting", "disease", disease or "-")
    items, counts = await views.waiting(tx, disease, offset, limit + 1)
    return {**_page(items, offset, limit), "counts": counts, "as_of": tx.now()}


@router.get("/care/{case_id}")
async def read_patient(tx: TxDep, who: Reads, case_id: UUID) -> dict[str, Any]:
    """A patient with every look and bed, and whether the rule of today lets them go."""
    await audit.record(tx, who, "epidemic.patient", "epidemic_case", case_id)
    return await views.whole(tx, case_id)


@router.post("/care/{case_id}/looks", status_code=201)
async def look(tx: TxDep, who: Looks, case_id: UUID, form: LookForm) -> dict[str, Any]:
    """Say what was found. It is judged by the table of today, and signs of getting worse are named."""
    found = None if form.found is None else form.found.found()
    told = Look(form.way, found, form.isolation, form.language, form.household, form.placement)
    await looking.look(tx, who, case_id, told)
    return await views.whole(tx, case_id)


@router.post("/care/{case_id}/move")
async def move(tx: TxDep, who: Gives, case_id: UUID, form: MoveForm) -> dict[str, Any]:
    """Give one patient a bed by hand, or another one."""
    await placing.move(tx, who, case_id, form.ward_id, form.reason)
    return await views.whole(tx, case_id)


@router.post("/care/{case_id}/end")
async def end(tx: TxDep, who: Gives, case_id: UUID, form: EndForm) -> dict[str, Any]:
    """Release a patient as the rule of today allows, or say that they died."""
    await placing.end(tx, who, case_id, form.outcome)
    return await views.whole(tx, case_id)


@router.get("/wards")
async def list_wards(tx: TxDep, _: Reads) -> dict[str, Any]:
    """All wards, what is free by grade, and what becomes free in the next days."""
    return {**await views.wards(tx), "as_of": tx.now()}


@router.put("/wards/{ward_id}")
async def set_ward(tx: TxDep, who: Gives, ward_id: UUID, form: WardForm, expected: ExpectedVersion) -> dict[str, Any]:
    """Say how many beds a ward has. Who lies there stays."""
    row = await queries.ward(tx, ward_id)
    check_version(expected, row["version"])
    await audit.record(tx, who, "epidemic.ward", "epidemic_ward", ward_id)
    await queries.set_ward(tx, ward_id, form.capacity, open_=form.open)
    taken = await queries.beds(tx, ward_id)
    return views.ward({**await queries.ward(tx, ward_id), "taken": len(taken)})  # type: ignore[arg-type]


@router.get("/bed-plans")
async def list_plans(tx: TxDep, _: Gives, disease: Disease = "") -> dict[str, Any]:
    """The last plans, newest first."""
    return {"items": [views.plan(row) for row in await queries.plans(tx, disease)], "next": None}


@router.post("/bed-plans", status_code=201)
async def make_plan(tx: TxDep, who: Gives, form: DiseaseForm) -> dict[str, Any]:
    """Plan a bed for everybody who waits for one. Nothing is given yet."""
    plan_id = await placing.propose(tx, who, form.disease)
    return views.plan(await queries.plan(tx, plan_id))


@router.get("/bed-plans/{plan_id}")
async def read_plan(tx: TxDep, _: Gives, plan_id: UUID, cursor: Cursor = None, limit: Limit = 200) -> dict[str, Any]:
    """A plan: for each patient which bed, why, and why not another."""
    offset = _offset(cursor)
    row = await queries.plan(tx, plan_id)
    return {**views.plan(row), **_page(views.plan_rows(row["rows"], offset, limit + 1), offset, limit)}


@router.post("/bed-plans/{plan_id}/apply")
async def apply_plan(tx: TxDep, who: Gives, plan_id: UUID, form: ApplyForm) -> dict[str, Any]:
    """Give the beds of a plan, as far as they are still free and wanted."""
    return await placing.carry_out(tx, who, plan_id, form.cases)
