"""The screens' side: the table, what goes tomorrow, the record and its export, holds; and who may."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.purposes import cases
from dure.trust.retention import kinds, night, registry
from dure.trust.roles import Role
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
    registry.install(kinds.KINDS, [("citizen_account", "person_id")])
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
    assert table["video"]["collected"] is False
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
    assert listed["document"] == "수사과-77"
    path = f"/retention/holds/{listed['id']}/release"
    assert (await client.post(path, json={"why": "종결됨"})).status_code == 422  # four characters at least
    assert (await client.post(path, json={"why": "수사 종결"})).json()["state"] == "released"
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
