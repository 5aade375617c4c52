"""Moving, leaving and being suspended: one transaction, after which nothing of before works."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.trust import tokens
from dure.trust.principal import system
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, bearer, browser
from tests.trust.who.conftest import Desk, Desks, actions

WHY = {"reason": "인사 발령 2026-03"}


async def token_of(who: Desk | httpx.AsyncClient, role: str, **headers: str) -> str:
    client = who.client if isinstance(who, Desk) else who
    made = await client.post("/tokens", json={"role": role, "name": f"{role} of theirs"}, headers=headers)
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


async def test_who_has_left_can_do_nothing_by_anything_they_made(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: Desk, desk: Desks
) -> None:
    kim = await desk("kim", Role.ADMIN)
    lee = await desk("lee", Role.OPERATOR)
    first = await token_of(kim, "admin")
    second = await token_of(client, "admin", **bearer(first))
    third = await token_of(client, "service", **bearer(second))
    others = await token_of(admin, "service")
    owner = {"name": "교통", "agency_id": "control", "owner_id": str(kim.id), "purposes": ["신호 연계"]}
    machine = (await admin.client.post("/service-accounts", json=owner)).json()
    key = (await kim.client.post(f"/service-accounts/{machine['id']}/keys", json={"name": "a"})).json()["token"]
    body = {"label": "새 자리", "agency_id": "control", "roles": [{"role": "operator"}]}
    invited = (await client.post("/invitations", json=body, headers=bearer(second))).json()["link"]["token"]
    for one in (first, second, third, key, others):
        assert (await client.get("/me", headers=bearer(one))).status_code == 200

    told = (await admin.client.get(f"/accounts/{kim.id}/leaving")).json()
    assert (told["sessions"], len(told["tokens"]), [one["name"] for one in told["keys"]]) == (1, 3, ["교통"])
    assert [one["name"] for one in told["owns"]] == ["교통"]
    left = await admin.client.post(f"/accounts/{kim.id}/leave", json=WHY)
    assert (left.status_code, left.json()["state"], left.json()["roles"]) == (200, "left", [])

    assert (await kim.client.get("/me")).status_code == 401
    for one in (first, second, third, key):
        assert (await client.get("/me", headers=bearer(one))).status_code == 401
    assert (await client.get("/me", headers=bearer(others))).status_code == 200, "what others made goes on"
    join = {"token": invited, "username": "newcomer", "password": "a long enough sentence"}
    assert (await client.post("/join", json=join)).json()["key"] == "trust.link.over"
    assert (await client.post("/sessions", json={"username": "kim", "password": PASSWORD})).status_code == 401
    async with database.transaction() as tx:
        assert await tx.scalar(text("select password_hash from account where id = :id"), {"id": kim.id}) is None
    assert (await lee.client.get("/me")).status_code == 200
    done = await actions(database)
    assert done.count("token.revoke") == 4
    assert {"account.leave", "invitation.revoke"} <= set(done)


async def test_who_has_left_stays_gone(admin: Desk, desk: Desks) -> None:
    kim = await desk("kim", Role.OPERATOR)
    url = f"/accounts/{kim.id}"
    assert (await admin.client.post(f"{url}/leave", json=WHY)).status_code == 200
    body = {"agency_id": "fire", "roles": [{"role": "fire"}], **WHY}
    for answer in (
        await admin.client.post(f"{url}/leave", json=WHY),
        await admin.client.patch(url, json={"state": "active"}),
        await admin.client.post(f"{url}/move", json=body),
        await admin.client.put(f"{url}/roles", json={"roles": [{"role": "operator"}]}),
        await admin.client.post(f"{url}/reset-link"),
    ):
        assert (answer.status_code, answer.json()["key"]) == (409, "trust.account.has_left")


async def test_moving_ends_the_old_and_begins_the_new_in_one_step(
    client: httpx.AsyncClient, admin: Desk, desk: Desks
) -> None:
    kim = await desk("kim", Role.ADMIN, Role.OPERATOR)
    theirs = await token_of(kim, "service")
    url = f"/accounts/{kim.id}"
    tag = (await admin.client.get(url)).headers["etag"]
    body = {"agency_id": "fire", "roles": [{"role": "fire"}], **WHY}
    stale = await admin.client.post(f"{url}/move", json=body, headers={"if-match": 'W/"99"'})
    assert stale.status_code == 412
    moved = await admin.client.post(f"{url}/move", json=body, headers={"if-match": tag})
    assert (moved.json()["agency_id"], moved.json()["roles"]) == ("fire", ["fire"])
    assert (await kim.client.get("/me")).status_code == 401
    assert (await client.get("/me", headers=bearer(theirs))).status_code == 401
    again = await client.post("/sessions", json={"username": "kim", "password": PASSWORD})
    assert again.status_code == 201, "the person is the same and signs in as before"
    me = (await client.get("/me")).json()
    assert (me["agency"], me["roles"]) == ("fire", ["fire"])
    there = await admin.client.post(f"{url}/move", json=body)
    assert there.json()["key"] == "trust.account.there_already"
    around = await admin.client.patch(url, json={"agency_id": "police"})
    assert around.json()["key"] == "trust.account.must_move", "no way around what moving ends"


async def test_a_suspension_takes_the_tokens_too(client: httpx.AsyncClient, admin: Desk, desk: Desks) -> None:
    kim = await desk("kim", Role.ADMIN)
    theirs = await token_of(kim, "admin")
    assert (await admin.client.patch(f"/accounts/{kim.id}", json={"state": "suspended"})).status_code == 200
    assert (await client.get("/me", headers=bearer(theirs))).status_code == 401
    await admin.client.patch(f"/accounts/{kim.id}", json={"state": "active"})
    assert (await client.get("/me", headers=bearer(theirs))).status_code == 401


async def test_who_is_no_administrator_any_more_keeps_no_administrators_token(
    client: httpx.AsyncClient, admin: Desk, desk: Desks
) -> None:
    kim = await desk("kim", Role.ADMIN, Role.OPERATOR)
    theirs = await token_of(kim, "admin")
    changed = await admin.client.patch(f"/accounts/{kim.id}", json={"roles": ["operator"]})
    assert changed.status_code == 200
    assert (await client.get("/me", headers=bearer(theirs))).status_code == 401
    assert await kim.roles() == {"operator"}


async def test_nobody_raises_their_own_rights(client: httpx.AsyncClient, database: Database, admin: Desk) -> None:
    url = f"/accounts/{admin.id}"
    through = await token_of(admin, "admin")
    again = await token_of(client, "admin", **bearer(through))
    move = {"agency_id": "fire", "roles": [{"role": "admin"}, {"role": "fire"}], **WHY}
    for headers in ({}, bearer(through), bearer(again)):
        by = admin.client if not headers else client
        for answer in (
            await by.patch(url, json={"roles": ["admin", "police"]}, headers=headers),
            await by.put(f"{url}/roles", json={"roles": [{"role": "admin"}, {"role": "police"}]}, headers=headers),
            await by.post(f"{url}/move", json=move, headers=headers),
        ):
            assert (answer.status_code, answer.json()["key"]) == (403, "trust.account.own_rights")
    assert await admin.roles() == {"admin"}
    async with database.transaction() as tx:
        _row, cities = await tokens.make(tx, system("dure token"), tokens.Wanted(Role.ADMIN, "from the machine"))
    raised = await client.patch(url, json={"roles": ["admin", "police"]}, headers=bearer(cities))
    assert raised.status_code == 200, "whoever holds the machine holds the city"


@pytest.mark.parametrize("how", ["leave", "suspend", "roles", "until", "duty", "move"])
async def test_the_last_administrator_cannot_be_taken_away(
    client: httpx.AsyncClient, database: Database, admin: Desk, how: str
) -> None:
    async with database.transaction() as tx:
        _row, cities = await tokens.make(tx, system("dure token"), tokens.Wanted(Role.ADMIN, "from the machine"))
    url, headers = f"/accounts/{admin.id}", bearer(cities)
    answer = await {
        "leave": lambda: client.post(f"{url}/leave", json=WHY, headers=headers),
        "suspend": lambda: client.patch(url, json={"state": "suspended"}, headers=headers),
        "roles": lambda: client.patch(url, json={"roles": ["operator"]}, headers=headers),
        "until": lambda: client.put(
            f"{url}/roles", json={"roles": [{"role": "admin", "until": "2026-12-31T00:00:00Z"}]}, headers=headers
        ),
        "duty": lambda: client.put(
            f"{url}/roles", json={"roles": [{"role": "admin", "on_duty": True}]}, headers=headers
        ),
        "move": lambda: client.post(
            f"{url}/move", json={"agency_id": "fire", "roles": [{"role": "fire"}], **WHY}, headers=headers
        ),
    }[how]()
    assert (answer.status_code, answer.json()["key"]) == (409, "trust.account.last_admin")
    assert await admin.roles() == {"admin"}, "and nothing of it was done"


async def test_an_administrators_token_is_no_stronger_than_the_one_that_made_it(
    database: Database, app: FastAPI
) -> None:
    async with database.transaction() as tx:
        wanted = tokens.Wanted(Role.ADMIN, "script", networks=["10.0.0.0/8"], expires="1h")
        row, script = await tokens.make(tx, system("dure token"), wanted)
    async with browser(app, "10.1.2.3") as client:
        client.headers.update(bearer(script))
        made = (await client.post("/tokens", json={"role": "admin", "name": "x"})).json()
        assert made["networks"] == ["10.0.0.0/8"]
        assert made["expires_at"][:19] == row["expires_at"].isoformat()[:19]
        within = await client.post("/tokens", json={"role": "admin", "name": "x", "networks": ["10.2.0.0/16"]})
        assert (within.status_code, within.json()["networks"]) == (201, ["10.2.0.0/16"])
        for beyond in ("0.0.0.0/0", "10.0.0.0/7", "192.0.2.0/24", "::/0"):
            answer = await client.post("/tokens", json={"role": "admin", "name": "x", "networks": [beyond]})
            assert answer.json()["key"] == "trust.token.beyond", beyond
        other = await client.post("/tokens", json={"role": "service", "name": "x", "networks": ["192.0.2.0/24"]})
        assert other.status_code == 201, "a machine elsewhere may be given its own"
