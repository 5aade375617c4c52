"""Break-glass: a fresh proof, one person, two hours, an alert at once, a review that stays until it is made."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.purposes import glass
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, erasing, reasons
from tests.support import tables_with
from tests.trust.conftest import principal
from tests.trust.purposes.conftest import HONG, again, desk, prove

WORDS = "문이 잠긴 채 응답이 없음"


async def broken(client: httpx.AsyncClient, person: UUID, **more: Any) -> httpx.Response:
    body = {"person_id": str(person), "reason": "life", "words": WORDS, **more}
    return await client.post("/glass", json=body)


async def open_under(client: httpx.AsyncClient, person: UUID, glass_id: str) -> httpx.Response:
    return await client.post(f"/people/{person}/open", json={"purpose": WORDS, "glass_id": glass_id})


async def test_the_glass_opens_one_person_for_two_hours(
    operator: httpx.AsyncClient, database: Database, held: Vault, hong: UUID, clock: HeldClock
) -> None:
    async with database.transaction() as tx:
        other = (await held.put(tx, Person(name="이몽룡")))[0]
    made = await broken(operator, hong)
    assert made.status_code == 201, made.text
    id_ = made.json()["id"]
    shown = await open_under(operator, hong, id_)
    assert shown.json()["address"] == HONG.address
    assert (await open_under(operator, other, id_)).json()["key"] == "trust.glass.unknown"
    clock.advance(2 * 3600 - 1)
    await prove(database)
    assert (await open_under(operator, hong, id_)).status_code == 200
    clock.advance(1)
    assert (await open_under(operator, hong, id_)).json()["key"] == "trust.glass.over"


async def test_it_needs_a_fresh_proof(operator: httpx.AsyncClient, hong: UUID, clock: HeldClock) -> None:
    clock.advance(301)
    refused = await broken(operator, hong)
    assert (refused.status_code, refused.json()["key"]) == (403, "trust.step_up.needed")


async def test_anothers_glass_opens_nothing(
    operator: httpx.AsyncClient, database: Database, app: FastAPI, hong: UUID
) -> None:
    id_ = (await broken(operator, hong)).json()["id"]
    async with desk(database, app, "oper-08", Role.OPERATOR) as other:
        assert (await open_under(other, hong, id_)).json()["key"] == "trust.glass.unknown"
        assert (await other.post(f"/glass/{id_}/close")).status_code == 404


@pytest.mark.parametrize("role", [Role.SHIFT_LEAD, Role.AUDITOR])
async def test_reviewers_are_alerted_at_once(
    operator: httpx.AsyncClient, database: Database, hong: UUID, role: Role
) -> None:
    id_ = (await broken(operator, hong)).json()["id"]
    async with database.transaction() as tx:
        event = await tx.row(text("select type, entity, entity_id, data from outbox where entity = 'glass'"))
        assert event is not None
        assert (event["type"], event["entity_id"], event["data"]) == ("GlassBroken.v1", id_, {})
        (value,) = (await glass.LIVE.load(tx, [id_])).values()
        assert [one["id"] for one in await glass.LIVE.snapshot(tx)] == [UUID(id_)]
    assert glass.LIVE.visible(principal(role), value)
    assert not glass.LIVE.visible(principal(Role.ADMIN), value)
    assert HONG.name not in str(value)


async def test_the_review_stays_until_somebody_else_made_it(
    database: Database, app: FastAPI, hong: UUID, clock: HeldClock
) -> None:
    async with (
        desk(database, app, "lead-1", Role.SHIFT_LEAD) as lead,
        desk(database, app, "lead-2", Role.SHIFT_LEAD) as second,
    ):
        id_ = (await broken(lead, hong)).json()["id"]
        own = await lead.post(f"/glass/{id_}/review", json={"verdict": "proper", "note": "제가 했습니다"})
        assert (own.status_code, own.json()["key"]) == (403, "trust.glass.own_review")
        (waiting,) = (await second.get("/glass", params={"unreviewed": "true"})).json()["items"]
        assert waiting["id"] == id_
        done = await second.post(f"/glass/{id_}/review", json={"verdict": "improper", "note": "사건이 없음"})
        assert (done.json()["verdict"], done.json()["review_note"]) == ("improper", "사건이 없음")
        assert await tables_with(database, "사건이 없음") == []
        (read,) = (await second.get("/glass")).json()["items"]
        assert read["review_note"] == "사건이 없음"
        assert (await open_under(lead, hong, id_)).json()["key"] == "trust.glass.over"  # a judged glass is closed
        again = await second.post(f"/glass/{id_}/review", json={"verdict": "proper", "note": "다시"})
        assert again.status_code == 409
        assert (await second.get("/glass", params={"unreviewed": "true"})).json()["items"] == []
        (mine,) = (await lead.get("/glass/mine")).json()["items"]
        assert (mine["verdict"], mine["review_note"]) == ("improper", None)


async def test_an_overdue_review_goes_up_and_stops_the_next_glass(
    database: Database, app: FastAPI, hong: UUID, clock: HeldClock
) -> None:
    async with desk(database, app, "oper-07", Role.OPERATOR) as operator:
        made = (await broken(operator, hong)).json()
    clock.advance(4 * 86_400)  # Monday is a holiday; Thursday 24:00 has passed in Korea
    async with database.transaction() as tx:
        assert await glass.escalate(tx) == 1
        assert await glass.escalate(tx) == 0
    async with (
        again(app, "oper-07") as operator,
        desk(database, app, "adm-1", Role.ADMIN) as admin,
    ):
        refused = await broken(operator, hong)
        assert (refused.status_code, refused.json()["key"]) == (409, "trust.glass.reviews_overdue")
        (waiting,) = (await admin.get("/glass")).json()["items"]
        assert waiting["escalated_at"] is not None
        judged = await admin.post(f"/glass/{made['id']}/review", json={"verdict": "proper", "note": "119와 확인"})
        assert judged.status_code == 200
        assert (await broken(operator, hong)).status_code == 201


async def test_an_administrator_waits_for_the_reviewers(
    database: Database, app: FastAPI, operator: httpx.AsyncClient, hong: UUID
) -> None:
    id_ = (await broken(operator, hong)).json()["id"]
    async with desk(database, app, "adm-1", Role.ADMIN) as admin:
        early = await admin.post(f"/glass/{id_}/review", json={"verdict": "proper", "note": "확인함"})
        assert (early.status_code, early.json()["key"]) == (403, "trust.glass.not_yet_yours")
        assert (await admin.get("/glass")).json()["items"] == []


@pytest.mark.parametrize(
    ("more", "status", "key"),
    [
        ({"reason": "curious"}, 422, "trust.glass.reason_unknown"),
        ({"person_id": str(UUID(int=4))}, 404, "trust.person.unknown"),
        ({"case_kind": "incident", "case_id": "nowhere"}, 403, "trust.purpose.case_unknown"),
    ],
)
async def test_what_is_no_reason_breaks_nothing(
    operator: httpx.AsyncClient, database: Database, hong: UUID, more: dict[str, str], status: int, key: str
) -> None:
    answer = await broken(operator, hong, **more)
    assert (answer.status_code, answer.json()["key"]) == (status, key)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from glass")) == 0


async def test_closing_early_ends_it(operator: httpx.AsyncClient, hong: UUID) -> None:
    id_ = (await broken(operator, hong)).json()["id"]
    assert (await operator.post(f"/glass/{id_}/close")).status_code == 204
    assert (await open_under(operator, hong, id_)).json()["key"] == "trust.glass.over"
    assert (await operator.post(f"/glass/{id_}/close")).status_code == 409


async def test_the_review_is_due_after_three_working_days(operator: httpx.AsyncClient, hong: UUID) -> None:
    made = (await broken(operator, hong)).json()
    assert made["review_due_at"] == "2026-03-05T15:00:00Z"  # the end of Thursday in Korea; 2 March is a holiday


async def test_a_reviewer_reads_what_was_said_and_what_was_opened(
    database: Database, app: FastAPI, operator: httpx.AsyncClient, held: Vault, hong: UUID, clock: HeldClock
) -> None:
    id_ = (await broken(operator, hong, case_kind="incident", case_id="open-1")).json()["id"]
    async with (
        desk(database, app, "audit-1", Role.AUDITOR) as auditor,
        desk(database, app, "adm-1", Role.ADMIN) as admin,
    ):
        untouched = (await auditor.get(f"/glass/{id_}")).json()
        assert (untouched["words"], untouched["openings"], untouched["reviewed_by_name"]) == (WORDS, [], None)
        for _ in range(2):
            clock.advance(60)
            assert (await open_under(operator, hong, id_)).status_code == 200
        other = (await broken(operator, hong)).json()["id"]
        await open_under(operator, hong, other)
        judged = await auditor.post(f"/glass/{id_}/review", json={"verdict": "proper", "note": "119와 확인"})
        assert judged.status_code == 200
        read = await auditor.get(f"/glass/{id_}")
        assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
        found = read.json()
        assert (found["person_name"], found["case_id"], found["case_no"]) == (
            HONG.masked().name,
            "open-1",
            "2026-OPEN-1",
        )
        assert (found["verdict"], found["review_note"], found["reviewed_by_name"]) == (
            "proper",
            "119와 확인",
            "audit-1",
        )
        first, second = found["openings"]
        assert first["at"] < second["at"]
        assert first["seq"] < second["seq"]
        assert (first["outcome"], "address" in first["kinds"], first["address"] is not None) == ("ok", True, True)
        assert (await auditor.get(f"/glass/{other}")).json()["words"] == WORDS, "no case before them"
        assert (await admin.get(f"/glass/{id_}")).status_code == 404, "an administrator reads what went up"
        assert (await auditor.get(f"/glass/{UUID(int=4)}")).status_code == 404
        async with database.transaction() as tx:
            lines = await tx.rows(text("select person_id from audit where action = 'glass.read' and outcome = 'ok'"))
            assert [row["person_id"] for row in lines] == [hong] * 3
            await erasing.erase(tx, principal(Role.ADMIN), hong, "정보주체의 요구")
        gone = (await auditor.get(f"/glass/{id_}")).json()
        assert (gone["person_name"], gone["review_note"]) == (None, reasons.GONE)


async def test_words_whose_key_is_gone_are_told_so(
    database: Database, app: FastAPI, operator: httpx.AsyncClient, held: Vault, hong: UUID
) -> None:
    id_ = (await broken(operator, hong)).json()["id"]
    async with desk(database, app, "audit-1", Role.AUDITOR) as auditor:
        async with database.transaction() as tx:
            await erasing.erase(tx, principal(Role.ADMIN), hong, "정보주체의 요구")
        assert (await auditor.get(f"/glass/{id_}")).json()["words"] == reasons.GONE
