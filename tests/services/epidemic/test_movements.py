"""Movements: asked for, approved by another, given, traced, destroyed; over HTTP on a real database."""

from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.services.epidemic import movements
from dure.services.epidemic.tracing import running
from dure.trust.roles import Role
from dure.trust.vault import Vault
from tests.city.conftest import Client, Import

PHONE, OTHER, FAR = "010-0000-0001", "010-0000-0002", "010-0000-0003"
LIST = (
    "확진번호,성명,연락처,증상발현일,확진일,신고일\n1,가상갑,{},2020-02-20,2020-02-22,2020-02-22\n"
    "2,가상을,,2020-02-20,2020-02-22,2020-02-22\n"
)
ASK = {
    "source": "telecom",
    "holder": "통신사",
    "codes": ["1"],
    "from_at": "2020-02-18T00:00:00+09:00",
    "to_at": "2020-02-24T00:00:00+09:00",
    "purpose": "접촉자 조사",
}


def pings() -> str:
    """Three people in a room on two days, one far away; and rows that cannot be used."""
    lines = ["전화번호,시각,경도,위도,정확도"]
    for minute in range(0, 120, 10):
        when = f"2020-02-20 {12 + minute // 60:02}:{minute % 60:02}:00"
        lines.append(f"{PHONE},{when},128.6000,35.8700,10")
        lines.append(f"{OTHER},{when},128.6000,35.87005,10")
        lines.append(f"{FAR},{when},128.6500,35.8700,10")
    lines.append(f"{OTHER},2020-03-20 12:00:00,128.6,35.87,10")  # outside of what was asked for
    lines.append(f"{OTHER},gestern,128.6,35.87,10")
    lines.append(f"{OTHER},2020-02-20 12:00:00,0,0,10")
    lines.append(",2020-02-20 12:00:00,128.6,35.87,10")
    return "\n".join(lines) + "\n"


async def upload(http: httpx.AsyncClient, id_: str, content: str, name: str = "a.csv") -> httpx.Response:
    return await http.post(f"/epidemic/requests/{id_}/file", files={"file": (name, content.encode(), "text/csv")})


@pytest.fixture
async def asked(bring: Import, client: Client) -> tuple[httpx.AsyncClient, httpx.AsyncClient, str]:
    """Two investigators, and a request that the second has approved."""
    await bring("cases", LIST.format(PHONE))
    first, second = await client(Role.EPIDEMIC), await client(Role.EPIDEMIC)
    made = await first.post("/epidemic/requests", json=ASK)
    assert made.status_code == 201, made.text
    id_ = made.json()["id"]
    assert (await upload(first, id_, pings())).status_code == 409  # nobody has approved
    decision = {"approve": True, "reason": "필요한 만큼"}
    assert (await first.post(f"/epidemic/requests/{id_}/decision", json=decision)).status_code == 403
    assert (await second.post(f"/epidemic/requests/{id_}/decision", json=decision)).json()["status"] == "approved"
    return first, second, id_


async def read(database: Database) -> None:
    """Do what the work process does."""
    while await jobs.step(database, movements.PINGS):
        pass


async def test_a_case_is_traced_and_a_contact_named(
    asked: tuple[httpx.AsyncClient, httpx.AsyncClient, str], database: Database, held: Vault, settings: Settings
) -> None:
    http, _, id_ = asked
    assert (await upload(http, id_, pings())).json()["status"] == "reading"
    await read(database)
    (row,) = (await http.get("/epidemic/requests")).json()["items"]
    assert row["status"] == "given", row
    assert row["counts"] == {
        "rows": 40, "kept": 36, "people": 3, "cases": 1, "refused": {"who": 1, "at": 1, "place": 1, "span": 1},
    }  # fmt: skip
    assert (await upload(http, id_, pings())).status_code == 409  # once
    trace = {"codes": ["1"], "purpose": "접촉자 조사"}
    answer = await http.post("/epidemic/traces", json=trace)
    assert answer.status_code == 200, answer.text
    (met,) = answer.json()["items"]
    assert (met["code"], met["minutes"], met["nearest_m"] < 10, met["case"]) == ("1", 120, True, None)
    assert met["reasons"][0] == "같은 곳에 약 120분"
    assert PHONE not in answer.text
    assert OTHER not in answer.text
    contact = {"request_id": id_, "code": "1", "number": met["number"], "on": "2020-02-20", "purpose": "접촉자로 올림"}
    code = (await http.post("/epidemic/traces/contacts", json=contact)).json()["code"]
    assert (await http.post("/epidemic/traces/contacts", json=contact)).json()["code"] == code
    async with database.transaction() as tx:
        (person,) = await held.find(tx, "phone", OTHER)
        link = await tx.row(text("select * from epidemic_link where target = :code"), {"code": code})
        assert link is not None
        assert link["person_id"] == person
    folder = running.folder_of(settings.data, UUID(id_))
    assert OTHER.encode() not in b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


async def test_what_was_given_is_destroyed_on_its_day_and_before(
    asked: tuple[httpx.AsyncClient, httpx.AsyncClient, str], database: Database, settings: Settings
) -> None:
    http, _, id_ = asked
    await upload(http, id_, pings())
    await read(database)
    folder = running.folder_of(settings.data, UUID(id_))
    assert folder.is_dir()
    context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    await movements.tidy(context)
    assert folder.is_dir()  # its day has not come
    async with database.transaction() as tx:
        await tx.execute(text("update epidemic_request set destroy_at = now() - interval '1 minute'"))
    await movements.tidy(context)
    assert not folder.exists()
    (row,) = (await http.get("/epidemic/requests")).json()["items"]
    assert (row["status"], row["destroyed_name"], row["purpose"]) == ("destroyed", "epidemic", "접촉자 조사")
    assert (await http.post("/epidemic/traces", json={"codes": ["1"], "purpose": "다시 한 번"})).json()["items"] == []
    assert (await http.delete(f"/epidemic/requests/{id_}/file")).status_code == 409


async def test_interviews_need_nobodys_leave_and_become_the_list_for_the_public(
    asked: tuple[httpx.AsyncClient, httpx.AsyncClient, str], database: Database
) -> None:
    http, _, _ = asked
    told = {**ASK, "source": "interview", "holder": "본인", "codes": ["1", "2"]}
    made = (await http.post("/epidemic/requests", json=told)).json()
    assert made["status"] == "approved"
    rows = (
        "확진번호,방문일시,종료일시,장소,장소구분,주소,경도,위도\n"
        "1,2020-02-20 12:00,2020-02-20 13:00,가상식당,식당,중구,128.6,35.87\n"
        "2,2020.2.20 12시 30분,2020-02-20 14:00,가상식당,식당,중구,128.6,35.87\n"
        "1,2020-02-21 09:00,,가상회사,직장,북구,,\n"
        "9,2020-02-20 12:00,,가상식당,식당,중구,,\n"
        "1,2020-03-20 12:00,,가상식당,식당,중구,,\n"
        "1,언젠가,,가상식당,식당,중구,,\n"
    )
    given = (await upload(http, made["id"], rows)).json()
    assert given["counts"] == {"rows": 6, "kept": 3, "refused": {"code": 1, "span": 1, "at": 1}}
    (place,) = (await http.get("/epidemic/shared-places")).json()["items"]
    assert (place["place"], place["codes"], place["together"]) == ("가상식당", ["1", "2"], ["1", "2"])
    found = (await http.get("/epidemic/disclosure", params={"on": "2020-03-01"})).json()
    assert [one["place"] for one in found["items"]] == ["가상식당"]
    assert "code" not in found["items"][0]
    (hidden,) = found["hidden"]
    assert (hidden["place"], hidden["why"]) == ("가상회사", "work")
    marked = await http.patch(f"/epidemic/visits/{hidden['id']}", json={"contacts_known": False, "many_exposed": True})
    assert marked.status_code == 200
    again = (await http.get("/epidemic/disclosure", params={"on": "2020-03-01"})).json()
    assert [one["place"] for one in again["items"]] == ["가상식당", "가상회사"]
    later = (await http.get("/epidemic/disclosure", params={"on": "2020-03-07"})).json()
    assert later["items"] == []
    async with database.transaction() as tx:
        kept = await tx.rows(text("select place from epidemic_visit"))
        assert "가상식당".encode() not in b"".join(bytes(row["place"]) for row in kept)


async def test_impossible_requests_are_refused(
    asked: tuple[httpx.AsyncClient, httpx.AsyncClient, str], client: Client
) -> None:
    http, _, _ = asked
    for change in (
        {"codes": ["99"]},
        {"to_at": "2020-02-17T00:00:00+09:00"},
        {"to_at": "2020-06-17T00:00:00+09:00"},
        {"from_at": "2020-02-18T00:00:00"},
    ):
        assert (await http.post("/epidemic/requests", json={**ASK, **change})).status_code == 422, change
    assert (await (await client(Role.ADMIN)).post("/epidemic/requests", json=ASK)).status_code == 403
    wrong = {**ASK, "source": "interview"}
    id_ = (await http.post("/epidemic/requests", json=wrong)).json()["id"]
    assert (await upload(http, id_, "a,b\n1,2\n")).status_code == 422
    assert (await http.get("/epidemic/requests")).json()["items"][0]["status"] == "approved"  # may be given again
