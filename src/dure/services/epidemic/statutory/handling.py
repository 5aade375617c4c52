"""Taking reports, and what becomes of them."""

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, insert

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.services.epidemic.statutory import classes, model, queries
from dure.services.epidemic.statutory.model import Told
from dure.services.epidemic.statutory.tables import statutory_report
from dure.services.epidemic.tables import epidemic_case
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.vault import Person

SAME = timedelta(days=30)
"""A report of the same disease of the same person so soon is the same illness told twice."""


def office_of(who: Principal) -> str | None:
    """Whose reports somebody sees: None for all, else the office's, or their own where they belong to none."""
    return None if who.roles & {Role.EPIDEMIC, Role.ADMIN} else who.agency_id or who.actor


async def tell(tx: Tx, who: Principal, person: Person, told: Told) -> UUID:
    """Take a report; its id. Raises Invalid naming each field, Conflict where it has been told already."""
    office = office_of(who)
    day = told.diagnosed_at.astimezone(ZoneInfo(city_zone())).date()
    wrong = list(model.faults(told, day, tx.now()))
    if wrong:
        raise Invalid("engine.fields.wrong", fields=wrong)
    disease = classes.on(told.disease, day)
    assert disease is not None
    keeper = vault.of(tx)
    known = await keeper.find(tx, "resident_no", person.resident_no) if person.resident_no else []
    if known and await queries.alike(tx, told.disease, known, told.diagnosed_at - SAME):
        raise Conflict("epidemic.statutory.twice")
    id_ = new_id()
    await audit.record(tx, who, "epidemic.tell", "statutory_report", id_)
    person_id, _ = await keeper.put(tx, person)
    values = {
        "id": id_,
        "disease": told.disease,
        "class": disease.number,
        "kind": told.kind,
        "person_id": person_id,
        "sex": told.sex,
        "age": model.age(told.birth_date, day),
        "district": told.district,
        "onset_on": told.onset_on,
        "diagnosed_at": told.diagnosed_at,
        "test": told.test,
        "admitted_on": told.admitted_on,
        "died_on": told.died_on,
        "abroad": told.abroad,
        "institution": told.institution,
        "institution_no": told.institution_no,
        "office": office,
        "told_by": who.name,
        "told_at": tx.now(),
        "due_at": classes.due(disease, told.diagnosed_at),
        "late": classes.late(disease, told.diagnosed_at, tx.now()),
        "state": "received",
    }
    await tx.execute(insert(statutory_report).values(values))
    return id_


async def accept(tx: Tx, who: Principal, id_: UUID, code: str, expected: int | None) -> None:
    """Make a case of it under its number (확진번호), or join it to the case of that number.

    Raises NotFound, Conflict where it was decided already.
    """
    row = await _open(tx, id_, expected)
    day: date = row["diagnosed_at"].astimezone(ZoneInfo(city_zone())).date()
    disease = classes.on(row["disease"], day)
    assert disease is not None
    case_id = await queries.coded(tx, disease.ko, code)
    if case_id is None:
        case_id = new_id()
        case = {
            **{name: row[name] for name in ("person_id", "sex", "age", "district", "onset_on", "admitted_on")},
            "id": case_id,
            "disease": disease.ko,
            "code": code,
            "status": model.status_of(row["kind"], disease),
            "confirmed_on": day if row["kind"] != "suspected" else None,
            "reported_at": row["told_at"],
            "died_on": row["died_on"],
            "outcome": "died" if row["died_on"] else None,
            "hospital": row["institution"] if row["admitted_on"] else None,
            "imported": row["abroad"] is not None,
        }
        await tx.execute(insert(epidemic_case).values(case))
    await audit.record(tx, who, "epidemic.accept", "statutory_report", id_)
    values = {"id": id_, "state": "accepted", "why": None, "case_id": case_id, "by": who.name, "now": tx.now()}
    await queries.decide(tx, values)


async def send_back(tx: Tx, who: Principal, id_: UUID, why: str, expected: int | None) -> None:
    """Give it back to who told it, with the reason's code. Raises NotFound, Conflict."""
    await _open(tx, id_, expected)
    await audit.record(tx, who, "epidemic.send_back", "statutory_report", id_, purpose=why)
    values = {"id": id_, "state": "returned", "why": why, "case_id": None, "by": who.name, "now": tx.now()}
    await queries.decide(tx, values)


async def _open(tx: Tx, id_: UUID, expected: int | None) -> RowMapping:
    row = await queries.locked(tx, id_)
    if row is None:
        raise NotFound("epidemic.statutory.unknown")
    check_version(expected, row["version"])
    if row["state"] != "received":
        raise Conflict("epidemic.statutory.decided")
    return row
