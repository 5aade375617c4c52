"""Joining by invitation: agency and roles are the inviter's word, the name is the newcomer's, once."""

import asyncio

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.trust.conftest import browser
from tests.trust.who.conftest import Desk, Desks, actions

BODY = {
    "label": "관제 07",
    "agency_id": "fire",
    "roles": [{"role": "fire"}, {"role": "official", "until": "2026-03-04T00:00:00Z"}],
}
PASSWORD = "a long enough sentence"


def follow(token: str, username: str = "oper-07", **more: object) -> dict[str, object]:
    return {"token": token, "username": username, "password": PASSWORD, **more}


async def test_the_newcomer_gets_what_the_invitation_says_and_nothing_else(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: Desk
) -> None:
    made = (await admin.client.post("/invitations", json=BODY)).json()
    link = made["link"]["token"]
    assert made["link"]["url"].endswith(f"#/join?token={link}")
    for field, value in {"roles": ["admin"], "agency_id": "control", "label": "x", "state": "active"}.items():
        assert (await client.post("/join", json=follow(link, **{field: value}))).status_code == 422, field
    assert (await client.post("/join", json={**follow(link), "password": "short"})).status_code == 422
    both = await asyncio.gather(*(client.post("/join", json=follow(link, name)) for name in ("oper-07", "oper-08")))
    assert sorted(answer.status_code for answer in both) == [201, 403], "once, also where two follow at one time"
    joined = next(answer.json() for answer in both if answer.status_code == 201)
    assert (joined["agency_id"], joined["roles"], joined["label"]) == ("fire", ["fire", "official"], "관제 07")
    async with browser(app) as theirs:
        body = {"username": joined["username"], "password": PASSWORD}
        assert (await theirs.post("/sessions", json=body)).status_code == 201
        assert (await theirs.get("/me")).json()["roles"] == ["fire", "official"]
    (listed,) = (await admin.client.get("/invitations")).json()["items"]
    assert listed["account_id"] == joined["id"]
    assert "link" not in listed
    async with database.transaction() as tx:
        whole = await tx.scalar(text("select i::text from invitation i"))
    assert link not in whole
    assert {"invitation.create", "invitation.use", "account.create"} <= set(await actions(database))


async def test_an_invitation_ends(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, admin: Desk, desk: Desks
) -> None:
    async def invited(by: Desk) -> tuple[str, str]:
        made = (await by.client.post("/invitations", json=BODY)).json()
        return made["id"], made["link"]["token"]

    id_, taken_back = await invited(admin)
    assert (await admin.client.delete(f"/invitations/{id_}")).status_code == 200
    assert (await admin.client.delete(f"/invitations/{id_}")).status_code == 200
    second = await desk("second", Role.ADMIN)
    _, of_a_leaver = await invited(second)
    await admin.client.post(f"/accounts/{second.id}/leave", json={"reason": "인사 발령"})
    third = await desk("third", Role.ADMIN, Role.OPERATOR)
    _, of_no_admin = await invited(third)
    await admin.client.patch(f"/accounts/{third.id}", json={"roles": ["operator"]})
    used_id, used = await invited(admin)
    assert (await client.post("/join", json=follow(used))).status_code == 201
    assert (await admin.client.delete(f"/invitations/{used_id}")).json()["key"] == "trust.invitation.used"
    _, late = await invited(admin)
    clock.advance(72 * 3600)
    for token in (taken_back, of_a_leaver, of_no_admin, used, late, "durel_" + "x" * 43):
        answer = await client.post("/join", json=follow(token, "late-one"))
        assert (answer.status_code, answer.json()["key"]) == (403, "trust.link.over")


async def test_one_joins_from_the_agencys_networks_only(app: FastAPI, admin: Desk) -> None:
    await admin.client.patch("/agencies/fire", json={"networks": ["10.0.0.0/8"]})
    link = (await admin.client.post("/invitations", json=BODY)).json()["link"]["token"]
    async with browser(app, "192.0.2.1") as outside, browser(app, "10.1.2.3") as inside:
        refused = await outside.post("/join", json=follow(link))
        assert refused.json()["key"] == "trust.network.not_approved"
        assert (await inside.post("/join", json=follow(link))).status_code == 201


async def test_who_does_not_administer_invites_nobody(admin: Desk, desk: Desks) -> None:
    lead = await desk("lead", Role.SHIFT_LEAD)
    assert (await lead.client.post("/invitations", json=BODY)).status_code == 403
    for wrong in (
        {"roles": [{"role": "device"}]},
        {"roles": [{"role": "service"}]},
        {"roles": []},
        {"roles": [{"role": "fire"}, {"role": "fire"}]},
        {"roles": [{"role": "fire", "until": "2020-01-01T00:00:00Z"}]},
        {"roles": [{"role": "fire", "until": "2049-01-01T00:00:00Z"}]},
        {"agency_id": "nowhere"},
    ):
        answer = await admin.client.post("/invitations", json={**BODY, **wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"], wrong
