"""The screens' side: the table, what goes tomorrow, the record and its export, holds; and who may."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust import audit
from dure.trust.audit import keeping
from dure.trust.purposes import cases
from dure.trust.retention import kinds, night, registry
from dure.trust.roles import Role
from dure.video.room import ROOM as VIDEO
from tests.support import tables_with
from tests.trust.conftest import MONDAY, account, bearer, browser, signed_in, token

HOLD: dict[str, Any] = {
    "scope": "incident",
    "target": "inc-1",
    "reason": "수사 협조 2026-12",
    "document": "수사과-77",
    "until_at": (MONDAY + timedelta(days=30)).isoformat(),
}


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    before = list(cases.known().values())
    kept, references = list(registry.kinds().values()), list(registry.references())
    cases.install([])  # no room that knows incidents: a hold is told their number as it stands
    registry.install([*kinds.KINDS, *VIDEO.retention], [("citizen_account", "person_id")])
    yield
    cases.install(before)
    registry.install(kept, references)


async def test_an_administrator_sees_the_table_and_tomorrow_and_the_record(
    app: FastAPI, database: Database, clock: HeldClock
) -> None:
    made = await account(database, "adm", Role.ADMIN)
    client = await signed_in(app, made)
    async with database.transaction() as tx:
        for name in ("=a", "b"):
            await tx.execute(
                text(
                    "insert into session (id, secret_hash, account_id, browser, created_at, seen_at, expires_at) "
                    "values (:id, :secret, :account, '', :at, :at, :at)"
                ),
                {"id": uuid4(), "secret": name.encode(), "account": made.id, "at": MONDAY - timedelta(days=40)},
            )
    table = {one["name"]: one for one in (await client.get("/retention")).json()["items"]}
    assert table["video"]["days"] == 30
    assert table["video"]["collected"] is True
    assert "제41조" in table["video"]["rules"][0]["source"]
    assert table["session"]["label"] == "끝난 로그인"
    tomorrow = (await client.get("/retention/tomorrow")).json()
    sessions = next(one for one in tomorrow["items"] if one["name"] == "session")
    assert (sessions["going"], sessions["held"], len(sessions["examples"])) == (2, 0, 2)
    await night.look(app.state.context)
    (record,) = (await client.get("/retention/records")).json()["items"]
    assert (record["kind"], record["things"], record["rule_days"]) == ("session", 2, 30)
    exported = await client.get("/retention/records.csv")
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert [row["digest"] for row in rows] == [record["digest"]]
    assert (await client.get("/retention/tomorrow")).json()["last"]["finished_at"] is not None
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from audit where action = 'retention.export'")) == 1
    await client.aclose()


async def test_a_hold_is_placed_seen_and_released(app: FastAPI, database: Database) -> None:
    client = await signed_in(app, await account(database, "aud", Role.AUDITOR))
    placed = await client.post("/retention/holds", json=HOLD)
    assert placed.status_code == 201, placed.text
    assert placed.json()["state"] == "standing"
    (listed,) = (await client.get("/retention/holds", params={"standing": "true"})).json()["items"]
    assert (listed["document"], listed["reason"]) == ("수사과-77", HOLD["reason"])
    path = f"/retention/holds/{listed['id']}/release"
    assert (await client.post(path, json={"why": "종결됨"})).status_code == 422  # four characters at least
    released = (await client.post(path, json={"why": "수사 종결"})).json()
    assert (released["state"], released["reason"], released["released_why"]) == (
        "released",
        HOLD["reason"],
        "수사 종결",
    )
    assert (await tables_with(database, "수사 협조"), await tables_with(database, "수사 종결")) == ([], [])
    assert (await client.post(path, json={"why": "수사 종결"})).status_code == 409
    assert (await client.get("/retention/holds", params={"standing": "true"})).json()["items"] == []
    wrong = await client.post("/retention/holds", json={**HOLD, "target": None})
    assert (wrong.status_code, wrong.json()["key"]) == (422, "trust.hold.target_wrong")
    await client.aclose()


async def test_who_may(app: FastAPI, database: Database) -> None:
    async with browser(app) as client:
        for role, reads, holds in (
            (Role.SHIFT_LEAD, 200, 403),
            (Role.OPERATOR, 403, 403),
            (Role.CITIZEN, 403, 403),
            (Role.ADMIN, 200, 403),  # a token holds nothing back: a person does
        ):
            headers = bearer(await token(database, role))
            assert (await client.get("/retention", headers=headers)).status_code == reads
            assert (await client.post("/retention/holds", json=HOLD, headers=headers)).status_code == holds


# --- how long the log is kept ---


@pytest.mark.parametrize(
    ("told", "people", "ids", "days", "why"),
    [
        (None, 0, False, 731, ("untold",)),
        (None, 50_000, True, 731, ("many_people", "unique_ids", "untold")),
        ((False, False, False), 0, False, 366, ("none",)),
        ((False, False, False), 49_999, False, 366, ("none",)),
        ((False, False, False), 50_000, False, 731, ("many_people",)),
        ((False, False, False), 1, True, 731, ("unique_ids",)),
        ((True, False, False), 1, False, 731, ("many_people",)),
        ((False, True, False), 1, False, 731, ("unique_ids",)),
        ((False, False, True), 1, False, 731, ("sensitive",)),
    ],
)
def test_one_year_or_two_by_the_notices_facts(
    told: tuple[bool, bool, bool] | None, people: int, ids: bool, days: int, why: tuple[str, ...]
) -> None:
    for term in keeping.TERMS:
        facts = None if told is None else keeping.Facts(*told)
        found = keeping.decide(term, facts, keeping.Seen(people, ids))
        assert (found.days, found.why, found.term) == (days, why, term)


def test_the_notice_is_dated() -> None:
    assert [keeping.term_of(day).since for day in (date(2010, 1, 1), date(2023, 9, 21), date(2023, 9, 22))] == [
        *(date(2019, 6, 7), date(2019, 6, 7), date(2023, 9, 22)),
    ]
    assert all("제8조제1항" in one.source and one.days >= 366 and one.longer >= 731 for one in keeping.TERMS)


async def _old_lines(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text("select count(*) from audit where action = 'test.old'")))


async def test_an_auditor_says_what_the_city_handles_and_the_log_goes_by_it(
    app: FastAPI, database: Database, clock: HeldClock
) -> None:
    clock.set(MONDAY - timedelta(days=400))
    async with database.transaction() as tx:
        await audit.record(tx, None, "test.old", "thing", 1)
    clock.set(MONDAY)
    client = await signed_in(app, await account(database, "aud", Role.AUDITOR))
    shown = (await client.get("/retention", headers={"accept-language": "ko"})).json()
    log = next(one for one in shown["items"] if one["name"] == "audit")
    assert (log["days"], log["why"]) == (731, ["무엇을 다루는지 아직 밝히지 않아 길게 둡니다"])
    assert [one["in_force"] for one in shown["log"]["terms"]] == [False, True]
    await night.look(app.state.context)
    assert await _old_lines(database) == 1
    nothing = {"many_people": False, "unique_ids": False, "sensitive": False}
    told = await client.put("/retention/log-facts", json=nothing)
    assert (told.status_code, told.json()["days"], told.json()["why"]) == (200, 366, ["none"]), told.text
    assert (told.json()["told"], told.json()["told_by"]) == (nothing, "aud")
    clock.advance(86_400)
    client = await signed_in(app, await account(database, "aud2", Role.AUDITOR))
    tomorrow = (await client.get("/retention/tomorrow")).json()
    assert next(one["days"] for one in tomorrow["items"] if one["name"] == "audit") == 366
    async with database.transaction() as tx:  # a resident number in the vault cannot be talked away
        await tx.execute(text("insert into person (id, sealed) values (:id, '')"), {"id": UUID(int=3)})
        await tx.execute(text("insert into person_index values (:id, 'resident_no', '1')"), {"id": UUID(int=3)})
    assert (await client.get("/retention")).json()["log"]["why"] == ["unique_ids"]
    async with database.transaction() as tx:
        await tx.execute(text("delete from person_index"))
    await night.look(app.state.context)
    assert await _old_lines(database) == 0
    async with database.transaction() as tx:
        (record,) = await tx.rows(text("select * from retention_record where kind = 'audit'"))
        said = await tx.scalar(text("select purpose from audit where action = 'retention.facts'"))
    assert (record["rule_days"], record["rule_since"], said) == (366, date(2023, 9, 22), "none")
    assert "제8조제1항" in record["source"]


async def test_who_says_what_the_city_handles(app: FastAPI, database: Database) -> None:
    facts = {"many_people": False, "unique_ids": False, "sensitive": False}
    chief = await signed_in(app, await account(database, "chief", Role.ADMIN))
    assert (await chief.put("/retention/log-facts", json=facts)).status_code == 403
    reader = await signed_in(app, await account(database, "aud", Role.AUDITOR))
    assert (await reader.put("/retention/log-facts", json={**facts, "sensitive": None})).status_code == 422
    assert (await reader.put("/retention/log-facts", json={})).status_code == 422
