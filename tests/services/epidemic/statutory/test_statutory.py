"""Doctors report, the health centre checks: classes and times by their day, names in the vault, cases as FHIR."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.services.epidemic.statutory import classes, fhir, tables
from dure.services.epidemic.statutory.model import Told, age, faults
from dure.trust.roles import Role
from dure.trust.vault import Person
from tests.city.conftest import Client
from tests.support import differences, tables_of

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))


def told(**more: Any) -> Told:
    plain: dict[str, Any] = {
        "disease": "measles", "kind": "patient", "sex": "f", "birth_date": date(1990, 5, 1), "diagnosed_at": NOON,
        "test": "positive", "institution": "한빛의원", "institution_no": "12345678",
    }  # fmt: skip
    return Told(**{**plain, **more})


@pytest.mark.parametrize(
    ("code", "day", "number"),
    [
        ("covid19", date(2020, 1, 19), None),
        ("covid19", date(2020, 2, 18), 1),
        ("covid19", date(2022, 4, 25), 2),
        ("covid19", date(2023, 8, 30), 2),
        ("covid19", date(2023, 8, 31), 4),
        ("mpox", date(2023, 12, 31), 2),
        ("mpox", date(2024, 1, 1), 3),
        ("syphilis", date(2024, 1, 1), 3),
        ("mers", DAY, 1),
        ("nothing", DAY, None),
    ],
)
def test_a_disease_has_the_class_of_its_day(code: str, day: date, number: int | None) -> None:
    found = classes.on(code, day)
    assert (None if found is None else found.number) == number


@pytest.mark.parametrize(
    ("code", "hours", "late_after"), [("ebola", 0, 1), ("measles", 24, 24), ("influenza", 168, 168)]
)
def test_by_when_it_has_to_be_reported(code: str, hours: int, late_after: int) -> None:
    disease = classes.on(code, DAY)
    assert disease is not None
    assert classes.due(disease, NOON) == NOON + timedelta(hours=hours)
    assert not classes.late(disease, NOON, NOON + timedelta(hours=late_after))
    assert classes.late(disease, NOON, NOON + timedelta(hours=late_after, seconds=1))


def test_what_is_listed_is_known_by_name_and_no_name_twice() -> None:
    listed = classes.listed(DAY)
    assert [one.number for one in listed] == sorted(one.number for one in listed)
    assert len({one.ko for one in listed}) == len(listed) > 60
    for one in listed:
        assert classes.named(one.ko, DAY) == classes.named(f" {one.en} ", DAY) == classes.named(one.code, DAY) == one


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({}, []),
        ({"disease": "cold"}, ["disease"]),
        ({"diagnosed_at": NOON + timedelta(hours=1)}, ["diagnosed_at"]),
        ({"birth_date": date(2026, 3, 3)}, ["birth_date"]),
        ({"birth_date": date(1880, 1, 1)}, ["birth_date"]),
        ({"onset_on": date(2026, 3, 3)}, ["onset_on"]),
        ({"onset_on": date(1980, 1, 1)}, ["onset_on"]),
        ({"onset_on": date(2026, 3, 1), "died_on": date(2026, 2, 1)}, ["died_on"]),
        ({"test": "negative"}, ["test"]),
        ({"test": "negative", "kind": "suspected"}, []),
    ],
)
def test_what_does_not_fit_is_named(more: dict[str, Any], wrong: list[str]) -> None:
    assert list(dict.fromkeys(one.field for one in faults(told(**more), DAY, NOON))) == wrong


@given(born=DAYS, day=DAYS)
def test_an_age_is_full_years(born: date, day: date) -> None:
    years = age(born, max(born, day))
    assert 0 <= years <= 30
    assert (max(born, day) - born).days // 366 <= years <= (max(born, day) - born).days // 365


def a_case(**more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = dict.fromkeys(
        ("person_id", "sex", "district", "onset_on", "specimen_on", "admitted_on", "released_on", "died_on", "outcome",
         "hospital")
    )  # fmt: skip
    return {
        **plain,
        "id": uuid4(),
        "code": "A-1",
        "disease": "홍역",
        "status": "confirmed",
        "reported_at": NOON,
        **more,
    }


_day = st.none() | DAYS


@given(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["confirmed", "probable", "suspected", "ruled_out"]),
            "disease": st.sampled_from(["", "홍역", "MERS", "이름 없는 병"]),
            "sex": st.sampled_from([None, "m", "f"]),
            "outcome": st.sampled_from([None, "died", "recovered"]),
            "hospital": st.sampled_from([None, "한빛의료원"]),
            **dict.fromkeys(("onset_on", "specimen_on", "admitted_on", "released_on", "died_on"), _day),
        }
    )
)
def test_any_case_is_fhir(facts: dict[str, Any]) -> None:
    found = fhir.bundle([a_case(**facts), a_case(code="A-2")], {}, NOON, following="?cursor=x")
    assert Bundle.model_validate(found).entry
    entries = found["entry"]
    names = [entry["resource"]["resourceType"] for entry in entries]
    assert names.count("Patient") == names.count("Condition") == 2
    links = {entry["fullUrl"] for entry in entries}
    assert len(links) == len(entries)
    assert {entry["resource"]["subject"]["reference"] for entry in entries if "subject" in entry["resource"]} <= links


def test_who_it_is_stands_in_a_bundle_only_where_it_is_given() -> None:
    case = a_case(person_id=uuid4(), outcome="died")
    hidden = fhir.bundle([case], {}, NOON)
    shown = fhir.bundle([case], {case["person_id"]: Person(name="김보기", birth_date="1990-05-01", phone="010")}, NOON)
    patient = shown["entry"][0]["resource"]
    assert (patient["name"], patient["birthDate"], patient["deceasedBoolean"]) == (
        [{"text": "김보기"}],
        "1990-05-01",
        True,
    )
    assert not {"name", "birthDate", "telecom"} & hidden["entry"][0]["resource"].keys()
    assert Bundle.model_validate(shown).entry is not None
    assert "entry" not in fhir.bundle([], {}, NOON)


FORM = {
    "patient": {"name": "김보기", "birth_date": "1990-05-01", "resident_no": "900501-2345678", "phone": "01012345678"},
    "disease": "measles", "kind": "patient", "sex": "f", "test": "positive", "district": "한빛구",
    "institution": "한빛의원", "institution_no": "12345678",
}  # fmt: skip


async def test_a_report_becomes_a_case(client: Client, database: Database) -> None:
    doctor, officer = await client(Role.CLINICIAN), await client(Role.EPIDEMIC)
    form = {**FORM, "diagnosed_at": (database.clock.now() - timedelta(hours=2)).isoformat()}
    answer = await doctor.post("/epidemic/statutory-reports", json=form)
    assert answer.status_code == 201, answer.text
    one = answer.json()
    assert (one["class"], one["late"], one["state"], one["name"]) == (2, False, "received", "김*기")
    assert "김보기" not in answer.text
    assert "900501" not in answer.text
    assert (await doctor.post("/epidemic/statutory-reports", json=form)).status_code == 409
    other = await client(Role.CLINICIAN)
    assert (await other.get("/epidemic/statutory-reports")).json()["items"] == []
    assert [each["id"] for each in (await officer.get("/epidemic/statutory-reports")).json()["items"]] == [one["id"]]
    assert (
        await doctor.post(f"/epidemic/statutory-reports/{one['id']}/accept", json={"code": "대구-1"})
    ).status_code == 403
    done = await officer.post(f"/epidemic/statutory-reports/{one['id']}/accept", json={"code": "한빛-1"})
    assert (done.status_code, done.json()["case_code"]) == (200, "한빛-1"), done.text
    again = await officer.post(f"/epidemic/statutory-reports/{one['id']}/return", json={"why": "elsewhere"})
    assert again.status_code == 409
    (case,) = (await officer.get("/epidemic/cases", params={"disease": "홍역"})).json()["items"]
    assert (case["code"], case["status"], case["sex"]) == ("한빛-1", "confirmed", "f")
    found = (await officer.get("/epidemic/fhir", params={"disease": "홍역"})).json()
    assert Bundle.model_validate(found).entry is not None
    assert "김보기" not in str(found)
    refused = await officer.post(f"/epidemic/cases/{case['id']}/fhir", json={"purpose": ""})
    assert refused.status_code == 422
    named = await officer.post(f"/epidemic/cases/{case['id']}/fhir", json={"purpose": "검역소에 넘김"})
    assert "김보기" in named.text
    async with database.transaction() as tx:
        lines = await tx.rows(text("select person_id, purpose from audit where action = 'epidemic.hand_on'"))
    assert [(row["person_id"] is not None, row["purpose"]) for row in lines] == [(True, "검역소에 넘김")]


async def test_a_report_goes_back_with_its_reason_and_may_be_told_again(client: Client, database: Database) -> None:
    doctor, officer = await client(Role.CLINICIAN), await client(Role.EPIDEMIC)
    form = {**FORM, "disease": "mers", "diagnosed_at": (database.clock.now() - timedelta(hours=3)).isoformat()}
    one = (await doctor.post("/epidemic/statutory-reports", json=form)).json()
    assert (one["class"], one["late"]) == (1, True)
    back = await officer.post(f"/epidemic/statutory-reports/{one['id']}/return", json={"why": "incomplete"})
    assert (back.json()["state"], back.json()["why"]) == ("returned", "incomplete")
    assert (await doctor.post("/epidemic/statutory-reports", json=form)).status_code == 201
    wrong = await doctor.post(
        "/epidemic/statutory-reports", json={**form, "test": "negative", "onset_on": "2099-01-01"}
    )
    assert {each["field"] for each in wrong.json()["errors"]} == {"test", "onset_on"}
    listed = (await officer.get("/epidemic/statutory-reports", params={"state": "returned"})).json()["items"]
    assert [each["id"] for each in listed] == [one["id"]]


def test_tables_and_migration_agree(database_url: str) -> None:
    assert differences(database_url, tables_of(tables)) == []
