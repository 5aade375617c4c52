"""Statutory reports and FHIR over HTTP. Thin."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, Field, StringConstraints

from dure.engine.paging import Cursor, Limit, decode, page
from dure.engine.settings import city_zone
from dure.engine.web import ExpectedVersion, Model, Router, TxDep, tag
from dure.kernel.errors import NotFound
from dure.services.epidemic.statutory import classes, fhir, handling, queries
from dure.services.epidemic.statutory.model import Told
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.vault import Person
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic: statutory reports"])
Reads = Annotated[Principal, Depends(require("epidemic.told"))]
Tells = Annotated[Principal, Depends(require("epidemic.tell"))]
Judges = Annotated[Principal, Depends(require("epidemic.judge"))]
Lists = Annotated[Principal, Depends(require("epidemic.read"))]
Opens = Annotated[Principal, Depends(require("epidemic.hand_on"))]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Why = Literal["wrong_person", "wrong_disease", "not_a_case", "incomplete", "elsewhere"]
Decided: dict[int | str, dict[str, Any]] = {409: {"description": "it has been decided already"}}
Twice: dict[int | str, dict[str, Any]] = {
    409: {"description": "the same disease of the same person was told in the last 30 days"}
}


class PatientForm(Model):
    """Who it is. It goes to the vault; the report keeps its number."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    birth_date: date
    resident_no: Annotated[str, StringConstraints(pattern=r"^(\d{6}-?\d{7})?$")] = ""
    phone: Annotated[str, StringConstraints(max_length=40)] = ""
    address: Annotated[str, StringConstraints(max_length=300)] = ""

    def person(self) -> Person:
        """As the vault keeps it."""
        return Person(
            name=self.name,
            phone=self.phone,
            address=self.address,
            birth_date=self.birth_date.isoformat(),
            resident_no=self.resident_no.replace("-", ""),
        )


class ReportForm(Model):
    """감염병 발생 신고서: who, which disease in which class of certainty, when, and who tells."""

    patient: PatientForm
    disease: Annotated[str, Field(max_length=40, description="a code of /epidemic/statutory-diseases")]
    kind: Literal["patient", "suspected", "carrier"]
    sex: Literal["m", "f"]
    diagnosed_at: AwareDatetime
    test: Literal["positive", "negative", "pending", "none"] = "none"
    institution: Word
    institution_no: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]
    district: Word | None = None
    onset_on: date | None = None
    admitted_on: date | None = None
    died_on: date | None = None
    abroad: Word | None = None

    def told(self) -> Told:
        """The plain values."""
        named = self.model_dump(exclude={"patient"})
        return Told(**named, birth_date=self.patient.birth_date)


class AcceptForm(Model):
    """The case's number (확진번호), no name in it."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z가-힣#._-]{1,40}$")]


class ReturnForm(Model):
    """Why it goes back."""

    why: Why


class PurposeForm(Model):
    """Why."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


@router.get("/statutory-diseases")
async def list_diseases(tx: TxDep, _: Reads, on: Annotated[date | None, Query()] = None) -> dict[str, Any]:
    """What has to be reported on a day (today), in which class and within how many hours (0: at once)."""
    day = on or tx.now().astimezone(ZoneInfo(city_zone())).date()
    return {
        "items": [
            {
                "code": one.code,
                "ko": one.ko,
                "en": one.en,
                "icd10": one.icd10 or None,
                "class": one.number,
                "within_hours": int(one.within.total_seconds() // 3_600),
                "source": one.source,
            }
            for one in classes.listed(day)
        ],
        "next": None,
    }


@router.get("/statutory-reports")
async def list_reports(
    tx: TxDep,
    who: Reads,
    state: Literal["received", "accepted", "returned"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Reports with masked names, the latest first; a doctor's office sees its own."""
    after = decode(cursor, datetime, UUID)
    await audit.record(tx, who, "epidemic.told", "statutory_report", state or "-")
    rows = await queries.listed(
        tx, handling.office_of(who), state, None if after is None else (after[0], after[1]), limit + 1
    )
    people = await vault.of(tx).masked(tx, [row["person_id"] for row in rows])
    return page([_shown(row, people) for row in rows], limit, lambda one: (one["told_at"], str(one["id"])))


@router.post("/statutory-reports", status_code=201, responses=Twice)
async def tell(tx: TxDep, who: Tells, form: ReportForm, response: Response) -> dict[str, Any]:
    """Report a disease. 422 names each field that is wrong."""
    id_ = await handling.tell(tx, who, form.patient.person(), form.told())
    return await _one(tx, who, id_, response)


@router.post("/statutory-reports/{report_id}/accept", responses=Decided)
async def accept(
    tx: TxDep, who: Judges, report_id: UUID, form: AcceptForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Make a case of it, or join it to the case of that number."""
    await handling.accept(tx, who, report_id, form.code, expected)
    return await _one(tx, who, report_id, response)


@router.post("/statutory-reports/{report_id}/return", responses=Decided)
async def send_back(
    tx: TxDep, who: Judges, report_id: UUID, form: ReturnForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Give it back to who told it, with the reason."""
    await handling.send_back(tx, who, report_id, form.why, expected)
    return await _one(tx, who, report_id, response)


@router.get("/fhir")
async def read_bundle(
    tx: TxDep, who: Lists, disease: Annotated[str, Query(max_length=100)] = "", cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:  # fmt: skip
    """The line list as a FHIR R4 Bundle, a page at a time, by number and without names."""
    after = decode(cursor, datetime, UUID)
    await audit.record(tx, who, "epidemic.cases", "disease", disease or "-")
    rows = await queries.cases(tx, disease, None if after is None else (after[0], after[1]), limit + 1)
    listed = page([dict(row) for row in rows], limit, lambda one: (one["reported_at"], str(one["id"])))
    following = f"?disease={quote(disease)}&limit={limit}&cursor={quote(listed['next'])}" if listed["next"] else None
    return fhir.bundle(listed["items"], {}, tx.now(), following=following)


@router.post("/cases/{case_id}/fhir")
async def read_case(tx: TxDep, who: Opens, case_id: UUID, form: PurposeForm) -> dict[str, Any]:
    """One case as a FHIR R4 Bundle with who it is, for another health authority. Its line comes first."""
    row = await queries.case(tx, case_id)
    if row is None:
        raise NotFound("epidemic.statutory.unknown")
    people: dict[UUID, Person] = {}
    if row["person_id"] is not None:
        await audit.record(
            tx, who, "epidemic.hand_on", "epidemic_case", case_id, person_id=row["person_id"], purpose=form.purpose
        )
        people = await vault.of(tx).opened(tx, [row["person_id"]], {"name", "birth_date", "phone", "address"})
    return fhir.bundle([dict(row)], people, tx.now())


async def _one(tx: TxDep, who: Principal, id_: UUID, response: Response) -> dict[str, Any]:
    row = await queries.one(tx, id_, handling.office_of(who))
    assert row is not None
    tag(response, row["version"])
    return _shown(row, await vault.of(tx).masked(tx, [row["person_id"]]))


def _shown(row: Any, people: dict[UUID, Person]) -> dict[str, Any]:
    person = people.get(row["person_id"])
    shown = {name: value for name, value in dict(row).items() if name != "person_id"}
    return {**shown, "name": person.name if person is not None else None}
