"""The citizen: signed in after an identity check, sees who read what, and asks for what the law gives."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.sheet import csv_bytes
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault
from tests.trust.conftest import MONDAY, browser
from tests.trust.purposes.conftest import HONG, desk
from tests.trust.purposes.test_opening import entry, opened


async def link(client: httpx.AsyncClient, person: UUID) -> str:
    made = await client.post(f"/people/{person}/citizen-link", json={"checked": "id_card"})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


@pytest.fixture
async def citizen(app: FastAPI, welfare: httpx.AsyncClient, hong: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Hong, at home."""
    async with browser(app, "203.0.113.7") as client:
        entered = await client.post("/privacy/sign-in", json={"token": await link(welfare, hong)})
        assert entered.status_code == 201, entered.text
        yield client


async def ask(client: httpx.AsyncClient, kind: str, **more: Any) -> dict[str, Any]:
    made = await client.post("/privacy/requests", json={"kind": kind, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def decide(client: httpx.AsyncClient, id_: str, *, accept: bool = True, **more: Any) -> httpx.Response:
    return await client.post(
        f"/rights-requests/{id_}/decide", json={"accept": accept, "answer": "처리했습니다", **more}
    )


async def test_the_link_opens_once_and_says_nothing_of_the_person(
    app: FastAPI, welfare: httpx.AsyncClient, database: Database, hong: UUID, clock: HeldClock
) -> None:
    first, second = await link(welfare, hong), await link(welfare, hong)
    async with browser(app) as client:
        assert (await client.post("/privacy/sign-in", json={"token": first})).status_code == 403  # the later one counts
        assert (await client.post("/privacy/sign-in", json={"token": second})).status_code == 201
        assert (await client.post("/privacy/sign-in", json={"token": second})).status_code == 403
        me = (await client.get("/me")).json()
        assert me["roles"] == ["citizen"]
        assert HONG.name not in json.dumps(me, ensure_ascii=False)
        assert (await client.get(f"/people/{hong}")).status_code == 403
    third = await link(welfare, hong)
    clock.advance(24 * 3600)
    async with browser(app) as client:
        assert (await client.post("/privacy/sign-in", json={"token": third})).json()["key"] == "trust.link.over"
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from citizen_account")) == 1


async def test_a_link_needs_a_fresh_proof_and_a_desk(
    app: FastAPI, database: Database, welfare: httpx.AsyncClient, hong: UUID, clock: HeldClock
) -> None:
    async with desk(database, app, "oper-1", Role.OPERATOR) as operator:
        refused = await operator.post(f"/people/{hong}/citizen-link", json={"checked": "id_card"})
        assert refused.status_code == 403
    clock.advance(301)
    stale = await welfare.post(f"/people/{hong}/citizen-link", json={"checked": "id_card"})
    assert stale.json()["key"] == "trust.step_up.needed"


async def test_a_citizen_sees_which_office_read_what_and_never_which_official(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, operator: httpx.AsyncClient, hong: UUID, clock: HeldClock
) -> None:
    purpose = await entry(welfare, hong, text="안부 확인 서비스")
    await opened(welfare, hong, purpose_id=purpose)
    clock.advance(60)
    glass = (
        await operator.post("/glass", json={"person_id": str(hong), "reason": "life", "words": "응답이 없음"})
    ).json()
    await operator.post(f"/people/{hong}/open", json={"purpose": "안전 확인", "glass_id": glass["id"]})
    answer = await citizen.get("/privacy/reads")
    assert answer.status_code == 200, answer.text
    reads = answer.json()["items"]
    assert {one["action"] for one in reads[:2]} == {"person.open", "glass.break"}
    under_glass = next(one for one in reads if one["glass"] and one["action"] == "person.open")
    assert (under_glass["agency"], under_glass["article"]) == ("control", "개인정보 보호법 제15조제1항제5호")
    by_entry = next(one for one in reads if one["code"] == "own")
    assert (by_entry["agency_name"], by_entry["purpose"]) == ("복지정책과", "안부 확인 서비스")
    assert by_entry["kinds"] == ["contact", "identity"]
    assert "welf-01" not in answer.text
    assert "oper-07" not in answer.text
    assert "account:" not in answer.text


async def test_a_citizen_sees_nothing_of_others(
    app: FastAPI, citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, held: Vault, database: Database
) -> None:
    async with database.transaction() as tx:
        other = (await held.put(tx, Person(name="이몽룡", phone="010-9999-0000")))[0]
    theirs = await entry(welfare, other)
    await opened(welfare, other, purpose_id=theirs)
    async with browser(app) as client:
        await client.post("/privacy/sign-in", json={"token": await link(welfare, other)})
        request = await ask(client, "copy")
    assert all(one["code"] != "own" for one in (await citizen.get("/privacy/reads")).json()["items"])
    assert (await citizen.get("/privacy/purposes")).json()["items"] == []
    assert (await citizen.post(f"/privacy/purposes/{theirs}/withdraw")).status_code == 404
    assert (await citizen.post(f"/privacy/requests/{request['id']}/copy", json={})).status_code == 404
    assert (await citizen.post(f"/privacy/requests/{request['id']}/take-back")).status_code == 404


async def test_an_account_without_a_person_sees_nothing(database: Database, app: FastAPI) -> None:
    async with desk(database, app, "nobody-1", Role.CITIZEN) as nobody:
        for path in ("reads", "purposes", "requests", "record"):
            assert (await nobody.get(f"/privacy/{path}")).json()["key"] == "trust.citizen.nobody"


async def test_consent_is_taken_back_by_who_gave_it(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, hong: UUID
) -> None:
    consent, law = await entry(welfare, hong), await entry(welfare, hong, basis="pipa.15.1.3")
    assert (await citizen.post(f"/privacy/purposes/{consent}/withdraw")).status_code == 204
    assert (await opened(welfare, hong, purpose_id=consent)).json()["key"] == "trust.purpose.withdrawn"
    refused = await citizen.post(f"/privacy/purposes/{law}/withdraw")
    assert (refused.status_code, refused.json()["key"]) == (403, "trust.purpose.not_consent")


async def test_access_is_asked_answered_and_then_seen(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, clock: HeldClock
) -> None:
    assert (await citizen.get("/privacy/record")).json()["key"] == "trust.rights.access_needed"
    request = await ask(citizen, "access", text="제 기록을 보고 싶습니다")
    assert request["due_at"] == "2026-03-12T15:00:00Z"  # the end of the tenth day in Korea
    assert "제35조" in request["rule"]
    again = await citizen.post("/privacy/requests", json={"kind": "access"})
    assert again.status_code == 409
    (queued,) = (await welfare.get("/rights-requests", params={"state": "open"})).json()["items"]
    assert queued["overdue"] is False
    read = (await welfare.get(f"/rights-requests/{request['id']}")).json()
    assert read["text"] == "제 기록을 보고 싶습니다"
    assert (await decide(welfare, request["id"])).status_code == 200
    assert (await citizen.get("/privacy/record")).json()["address"] == HONG.address
    (mine,) = (await citizen.get("/privacy/requests")).json()["items"]
    assert (mine["state"], mine["answer"]) == ("accepted", "처리했습니다")
    assert (await decide(welfare, request["id"])).status_code == 409


async def test_the_queue_shows_what_is_overdue(
    citizen: httpx.AsyncClient, database: Database, app: FastAPI, clock: HeldClock
) -> None:
    await ask(citizen, "access")
    clock.set(MONDAY + timedelta(days=11))
    async with desk(database, app, "off-1", Role.OFFICIAL) as official:
        (queued,) = (await official.get("/rights-requests")).json()["items"]
        assert queued["overdue"] is True


async def test_a_refusal_needs_a_ground_of_the_law(citizen: httpx.AsyncClient, welfare: httpx.AsyncClient) -> None:
    request = await ask(citizen, "deletion")
    for ground in (None, "curious", "others"):  # `others` is one for access, not for deletion
        refused = await decide(welfare, request["id"], accept=False, ground=ground)
        assert (refused.status_code, refused.json()["key"]) == (422, "trust.rights.ground_needed")
    done = await decide(welfare, request["id"], accept=False, ground="collected_by_law", answer="법령이 정한 수집 대상")
    assert done.status_code == 200
    (mine,) = (await citizen.get("/privacy/requests")).json()["items"]
    assert (mine["state"], mine["article"]) == ("refused", "개인정보 보호법 제36조제1항 단서")


async def test_a_correction_is_written_when_it_is_accepted(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, database: Database, held: Vault, hong: UUID
) -> None:
    assert (await citizen.post("/privacy/requests", json={"kind": "correction"})).status_code == 422
    request = await ask(citizen, "correction", changes={"phone": "010-5555-6666"})
    assert (await decide(welfare, request["id"])).status_code == 200
    async with database.transaction() as tx:
        record = (await held.opened(tx, [hong]))[hong]
    assert (record.phone, record.address) == ("010-5555-6666", HONG.address)


async def test_a_deletion_destroys_the_record_and_ends_consent(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, database: Database, held: Vault, hong: UUID
) -> None:
    consent = await entry(welfare, hong)
    request = await ask(citizen, "deletion")
    assert (await decide(welfare, request["id"])).status_code == 200
    async with database.transaction() as tx:
        assert await held.opened(tx, [hong]) == {}
    assert (await opened(welfare, hong, purpose_id=consent)).status_code == 403
    assert (await citizen.get("/privacy/requests")).json()["items"][0]["state"] == "accepted"


async def test_what_is_held_is_not_deleted(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, database: Database, app: FastAPI, held: Vault, hong: UUID
) -> None:
    async with desk(database, app, "audit-1", Role.AUDITOR) as auditor:
        body = {
            "scope": "person",
            "target": str(hong),
            "reason": "수사 협조 2026-12",
            "until_at": (MONDAY + timedelta(days=30)).isoformat(),
        }
        assert (await auditor.post("/retention/holds", json=body)).status_code == 201
    request = await ask(citizen, "deletion")
    refused = await decide(welfare, request["id"])
    assert (refused.status_code, refused.json()["key"]) == (409, "trust.hold.held")
    async with database.transaction() as tx:
        assert hong in await held.opened(tx, [hong])
    assert (await citizen.get("/privacy/requests")).json()["items"][0]["state"] == "open"


async def test_a_stop_ends_what_rests_on_consent(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, hong: UUID
) -> None:
    consent, law = await entry(welfare, hong), await entry(welfare, hong, basis="pipa.15.1.3")
    await decide(welfare, (await ask(citizen, "stop"))["id"])
    assert (await opened(welfare, hong, purpose_id=consent)).status_code == 403
    assert (await opened(welfare, hong, purpose_id=law)).status_code == 200


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_the_copy_holds_all_of_it_and_is_given_once(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, hong: UUID, form: str
) -> None:
    await opened(welfare, hong, purpose_id=await entry(welfare, hong))
    request = await ask(citizen, "copy", text="=cmd()")
    path = f"/privacy/requests/{request['id']}/copy"
    assert (await citizen.post(path, json={"format": form})).json()["key"] == "trust.rights.copy_not_open"
    await decide(welfare, request["id"])
    answer = await citizen.post(path, json={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.content.decode("utf-8-sig")
    for said in (HONG.name, HONG.address, "복지정책과", "안부 확인 서비스"):
        assert said in body
    assert "welf-01" not in body
    if form == "csv":
        rows = list(csv.reader(io.StringIO(body)))
        assert rows[0] == ["part", "number", "field", "value"]
        assert not [cell for row in rows for cell in row if cell.startswith("=")]
    assert (await citizen.post(path, json={"format": form})).json()["key"] == "trust.rights.copy_given"


async def test_a_request_is_taken_back(citizen: httpx.AsyncClient, welfare: httpx.AsyncClient) -> None:
    request = await ask(citizen, "stop")
    assert (await citizen.post(f"/privacy/requests/{request['id']}/take-back")).status_code == 204
    assert (await decide(welfare, request["id"])).status_code == 409


async def test_words_are_sealed_and_their_reading_is_a_line(
    citizen: httpx.AsyncClient, welfare: httpx.AsyncClient, database: Database, hong: UUID
) -> None:
    request = await ask(citizen, "access", text="홍길동이 묻습니다")
    async with database.transaction() as tx:
        kept = await tx.scalar(text("select words from rights_request"))
    assert "홍길동".encode() not in bytes(kept)
    await welfare.get(f"/rights-requests/{request['id']}")
    reads = (await citizen.get("/privacy/reads")).json()["items"]
    assert reads[0]["action"] == "rights.read"
    assert (await welfare.get(f"/rights-requests/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+82", "-1", "@x", "\t=1", "＝1"])
def test_what_a_spreadsheet_would_run_is_text(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_bytes([[cell]]).decode("utf-8-sig")))
    assert row == [f"'{cell}"]
