"""An account in use from two addresses at one time is marked, told to the auditor, and opens nobody's record."""

from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, browser
from tests.trust.who.conftest import Desk, Desks


async def test_two_addresses_at_one_time_are_noticed(
    database: Database, app: FastAPI, clock: HeldClock, admin: Desk, desk: Desks
) -> None:
    kim = await desk("kim", Role.OPERATOR, address="10.0.0.1")
    assert "person.open" in (await kim.client.get("/me")).json()["permissions"]
    async with browser(app, "10.0.0.2") as elsewhere:
        await elsewhere.post("/sessions", json={"username": "kim", "password": PASSWORD})
        for one in (kim.client, elsewhere) * 2:
            clock.advance(31)
            await one.get("/me")
        for one in (kim.client, elsewhere):
            me = (await one.get("/me")).json()
            assert "person.open" not in me["permissions"]
            assert "incident.read" not in me["permissions"], "of this room only"
            assert "agency.read" in me["permissions"]
    (listed,) = (await admin.client.get("/accounts?shared=true")).json()["items"]
    assert (listed["username"], listed["shared_suspected_at"] is None) == ("kim", False)
    async with database.transaction() as tx:
        rows = await tx.rows(text("select * from audit where action = 'account.shared'"))
    assert [(row["entity_id"], row["outcome"], row["purpose"]) for row in rows] == [
        (str(kim.id), "denied", "10.0.0.1, 10.0.0.2")
    ] or [row["purpose"] for row in rows] == ["10.0.0.2, 10.0.0.1"]
    cleared = await admin.client.post(f"/accounts/{kim.id}/not-shared", json={"reason": "자리를 옮겨 씀"})
    assert cleared.json()["shared_suspected_at"] is None
    again = await admin.client.post(f"/accounts/{kim.id}/not-shared", json={"reason": "자리를 옮겨 씀"})
    assert again.json()["key"] == "trust.account.not_suspected"
    assert "person.open" in (await kim.client.get("/me")).json()["permissions"]


async def test_who_goes_from_one_desk_to_another_is_not_suspected(
    app: FastAPI, clock: HeldClock, admin: Desk, desk: Desks
) -> None:
    kim = await desk("kim", Role.OPERATOR, address="10.0.0.1")
    clock.advance(31)
    await kim.client.get("/me")
    async with browser(app, "10.0.0.2") as elsewhere:
        await elsewhere.post("/sessions", json={"username": "kim", "password": PASSWORD})
        for _ in range(5):
            clock.advance(31)
            await elsewhere.get("/me")
        clock.advance(120)
    async with browser(app, "10.0.0.1") as here:
        await here.post("/sessions", json={"username": "kim", "password": PASSWORD})
        for one in (here, kim.client) * 3:
            clock.advance(31)
            await one.get("/me")
    assert (await admin.client.get("/accounts?shared=true")).json()["items"] == []
