"""Service accounts: a named machine, several keys while they are exchanged."""

from datetime import timedelta

import httpx
from fastapi import FastAPI

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.trust.conftest import MONDAY, bearer, browser
from tests.trust.who.conftest import Desk, Desks, actions


async def machine(admin: Desk, **more: object) -> str:
    body = {"name": "교통 신호", "agency_id": "control", "owner_id": str(admin.id), "purposes": ["돌발 상황 연계"]}
    made = await admin.client.post("/service-accounts", json={**body, **more})
    assert made.status_code == 201, made.text
    return f"/service-accounts/{made.json()['id']}"


async def key(admin: Desk, url: str, name: str = "a", **more: object) -> tuple[str, str]:
    made = await admin.client.post(f"{url}/keys", json={"name": name, **more})
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["token"]


async def test_a_new_key_works_at_once_and_the_old_one_ends_when_chosen(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, admin: Desk
) -> None:
    url = await machine(admin)
    old_id, old = await key(admin, url, "2025")
    me = (await client.get("/me", headers=bearer(old))).json()
    assert (me["name"], me["roles"], me["agency"]) == ("교통 신호", ["service"], "control")
    _new_id, new = await key(admin, url, "2026", others_end_at=(MONDAY + timedelta(minutes=10)).isoformat())
    for one in (old, new):
        assert (await client.get("/me", headers=bearer(one))).status_code == 200
    clock.advance(10 * 60)
    assert (await client.get("/me", headers=bearer(old))).status_code == 401
    assert (await client.get("/me", headers=bearer(new))).status_code == 200
    listed = {one["name"]: one for one in (await admin.client.get(f"{url}/keys")).json()["items"]}
    assert listed["2025"]["used_at"] is not None
    assert listed["2026"]["used_at"] is not None
    assert "token" not in listed["2026"]
    shown = (await admin.client.get(url)).json()
    assert (shown["keys"], shown["used_at"]) == (1, listed["2026"]["used_at"])
    assert (await admin.client.delete(f"{url}/keys/{old_id}")).status_code == 200
    assert "token.end_later" in await actions(database)
    assert (await admin.client.get("/tokens")).json()["items"] == [], "keys stand with their machine"


async def test_all_keys_follow_their_machine(app: FastAPI, client: httpx.AsyncClient, admin: Desk) -> None:
    url = await machine(admin)
    other = await machine(admin, name="버스")
    _id, first = await key(admin, url)
    other_id, second = await key(admin, other)
    changed = await admin.client.patch(url, json={"networks": ["10.0.0.0/8"]}, headers={"if-match": 'W/"1"'})
    assert changed.status_code == 200
    assert (await client.get("/me", headers=bearer(first))).json()["key"] == "trust.network.not_approved"
    async with browser(app, "10.1.1.1") as inside:
        assert (await inside.get("/me", headers=bearer(first))).status_code == 200
        assert (await admin.client.patch(url, json={"state": "ended"})).json()["keys"] == 0
        assert (await inside.get("/me", headers=bearer(first))).status_code == 401
    assert (await client.get("/me", headers=bearer(second))).status_code == 200
    assert (await admin.client.delete(f"{url}/keys/{other_id}")).status_code == 404, "not a key of this machine"
    for answer in (
        await admin.client.patch(url, json={"state": "active"}),
        await admin.client.post(f"{url}/keys", json={"name": "x"}),
    ):
        assert answer.json()["key"] == "trust.service_account.ended"


async def test_a_machine_has_an_owner_of_its_agency_and_a_few_keys(
    client: httpx.AsyncClient, clock: HeldClock, admin: Desk, desk: Desks
) -> None:
    far = await desk("far", Role.FIRE, agency="fire")
    body = {"name": "x", "agency_id": "control", "owner_id": str(admin.id), "purposes": ["시험"]}
    for wrong, status in (
        ({"owner_id": str(far.id)}, 422),
        ({"agency_id": "nowhere"}, 422),
        ({"purposes": []}, 422),
        ({"networks": ["10.0.0.1/8"]}, 422),
        ({"role": "admin"}, 422),
        ({"state": "ended"}, 422),
    ):
        assert (await admin.client.post("/service-accounts", json={**body, **wrong})).status_code == status, wrong
    url = await machine(admin)
    assert (await far.client.get(url)).status_code == 403
    assert (await admin.client.post("/service-accounts", json={**body, "name": "교통 신호"})).status_code == 409
    for n in range(5):
        _id, secret = await key(admin, url, str(n), expires="1h" if n == 0 else "90d")
    assert (await admin.client.post(f"{url}/keys", json={"name": "6"})).status_code == 409
    clock.advance(3600)
    again = await admin.client.post("/sessions", json={"username": "admin", "password": "correct horse battery"})
    assert again.status_code == 201
    assert (await admin.client.post(f"{url}/keys", json={"name": "6"})).status_code == 201
    past = {"name": "7", "others_end_at": MONDAY.isoformat()}
    assert (await admin.client.post(f"{url}/keys", json=past)).status_code in {409, 422}
    assert (await client.get("/service-accounts", headers=bearer(secret))).status_code == 403
