"""Quarantine over HTTP. Thin."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field, StringConstraints

from dure.engine.paging import Cursor, Limit, decode, page
from dure.engine.web import OPEN, Flag, Model, Number, Router, TxDep
from dure.services.epidemic.care.views import masked
from dure.services.epidemic.quarantine import asking, assigning, paper, queries
from dure.services.epidemic.quarantine.checks import SYMPTOMS, Answer
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import check_same_origin, require

router = Router(prefix="/epidemic", tags=["epidemic: quarantine"])
Reads = Annotated[Principal, Depends(require("epidemic.quarantine"))]
Handles = Annotated[Principal, Depends(require("epidemic.quarantine_handle"))]
Prints = Annotated[Principal, Depends(require("epidemic.notice"))]
Disease = Annotated[str, Query(max_length=100)]
Symptom = Literal["fever", "cough", "sore_throat", "dyspnoea", "taste", "muscle", "diarrhoea"]
assert set(SYMPTOMS) == set(Symptom.__args__)  # type: ignore[attr-defined]


class AssignForm(Model):
    """Of which disease; whether everybody is weighed anew, and whether it is kept or only said."""

    disease: Annotated[str, StringConstraints(max_length=100)] = ""
    rebalance: Flag = False
    keep: Flag = True


class DutyForm(Model):
    """Whether an officer takes people."""

    on_duty: Flag


class EndForm(Model):
    """How it ended."""

    state: Literal["case", "withdrawn"]


class PrintForm(Model):
    """Why."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class LinkForm(Model):
    """The secret of a link, in a body, so that no log of addresses has it."""

    link: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class AnswerForm(LinkForm):
    """How somebody is: degrees Celsius, what ails them, whether they are at home."""

    temperature: Annotated[Number, Field(ge=30, le=45)] | None = None
    symptoms: Annotated[list[Symptom], Field(max_length=7, default_factory=list)]
    at_home: Flag


def _one(row: Any, people: Any) -> dict[str, Any]:
    hidden = {"person_id", "rank", "lon", "lat", "officer_id"}
    person = people.get(row["person_id"]) if row["person_id"] is not None else None
    return {
        **{name: value for name, value in row.items() if name not in hidden},
        "person": None
        if person is None
        else {"id": str(row["person_id"]), "name": person.name or None, "phone": person.phone or None},
    }


@router.get("/quarantine")
async def list_quarantine(
    tx: TxDep, who: Reads, disease: Disease = "", officer: UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """Who stays at home, those first who need somebody, and how many there are of each."""
    after = decode(cursor, int, datetime, UUID)
    await audit.record(tx, who, "epidemic.quarantine", "disease", disease or "-")
    rows = await queries.listed(
        tx, disease, officer, None if after is None else (after[0], after[1], after[2]), limit + 1
    )
    shown = page(list(rows), limit, lambda row: (row["rank"], row["until_at"], str(row["id"])))
    people = await masked(tx, shown["items"])
    counts = await queries.counts(tx, disease, tx.now() + timedelta(days=1))
    items = [_one(row, people) for row in shown["items"]]
    return {"items": items, "next": shown["next"], "counts": dict(counts), "as_of": tx.now()}


@router.get("/quarantine/{quarantine_id}")
async def read_quarantine(tx: TxDep, who: Reads, quarantine_id: UUID) -> dict[str, Any]:
    """Somebody's quarantine with every self-check, and why they have this officer."""
    return await _shown(tx, who, quarantine_id)


async def _shown(tx: TxDep, who: Principal, quarantine_id: UUID) -> dict[str, Any]:
    row = await queries.one(tx, quarantine_id)
    await audit.record(tx, who, "epidemic.quarantined", "epidemic_quarantine", quarantine_id)
    checks = [dict(one) for one in await queries.checks(tx, quarantine_id)]
    return {**_one(row, await masked(tx, [row])), "checks": checks}


@router.post("/quarantine/{quarantine_id}/seen")
async def seen(tx: TxDep, who: Handles, quarantine_id: UUID) -> dict[str, Any]:
    """Their officer spoke with them: missed checks and signs are settled."""
    await assigning.seen(tx, who, quarantine_id)
    return await _shown(tx, who, quarantine_id)


@router.post("/quarantine/{quarantine_id}/end")
async def end(tx: TxDep, who: Handles, quarantine_id: UUID, form: EndForm) -> dict[str, Any]:
    """End it before its day: they are a case, or it should not have been. On its day it ends by itself."""
    await assigning.end(tx, who, quarantine_id, form.state)
    return await _shown(tx, who, quarantine_id)


@router.post("/quarantine/{quarantine_id}/notice")
async def notice(tx: TxDep, who: Prints, quarantine_id: UUID, form: PrintForm, response: Response) -> dict[str, Any]:
    """What their printed notice says, in Korean and their own language. The line in the audit log comes first."""
    response.headers["Cache-Control"] = "no-store"
    return await paper.notice(tx, who, quarantine_id, form.purpose)


@router.get("/officers")
async def list_officers(tx: TxDep, _: Reads) -> dict[str, Any]:
    """All officers with how many they look after."""
    rows = await queries.officers(tx)
    names = ("id", "code", "languages", "capacity", "district", "on_duty", "load", "version")
    items = [{name: row[name] for name in names} for row in rows]
    return {"items": items, "next": None, "counts": assigning.counted(rows)}


@router.put("/officers/{officer_id}")
async def set_duty(tx: TxDep, who: Handles, officer_id: UUID, form: DutyForm) -> dict[str, Any]:
    """Say whether an officer takes people. Whom they have goes to others when officers are given next."""
    await audit.record(tx, who, "epidemic.officer_duty", "epidemic_officer", officer_id)
    await queries.set_duty(tx, officer_id, on_duty=form.on_duty)
    return {"id": str(officer_id), "on_duty": form.on_duty}


@router.post("/quarantine-officers")
async def assign(tx: TxDep, who: Handles, form: AssignForm) -> dict[str, Any]:
    """Give everybody without an officer one, or weigh everybody anew."""
    return await assigning.assign(tx, who, form.disease, rebalance=form.rebalance, keep=form.keep)


@router.post("/self-check/open", openapi_extra=OPEN)
async def open_link(request: Request, response: Response, tx: TxDep, form: LinkForm) -> dict[str, Any]:
    """What a self-check's link asks: for whoever got the text."""
    _unkept(request, response)
    return await asking.opened(tx, form.link)


@router.post("/self-check", openapi_extra=OPEN)
async def answer(request: Request, response: Response, tx: TxDep, form: AnswerForm) -> dict[str, Any]:
    """Answer a self-check by its link."""
    _unkept(request, response)
    told = Answer(form.temperature, tuple(form.symptoms), form.at_home)
    return await asking.give(tx, form.link, told)


def _unkept(request: Request, response: Response) -> None:
    check_same_origin(request, needs_proof=False)
    response.headers["Cache-Control"] = "no-store"
