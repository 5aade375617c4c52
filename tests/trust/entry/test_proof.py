"""A fresh proof before what discloses: five minutes, a new secret with each, and no use in the one from before."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.trust import vault
from dure.trust.entry import browsers
from dure.trust.roles import Role
from dure.trust.vault import Person
from dure.trust.web import PROVEN_FOR
from tests.trust.conftest import PASSWORD, account, bearer, browser, token
from tests.trust.entry.conftest import seat

NEEDS_PROOF = [
    ("POST", "/tokens", {"role": "service", "name": "x"}),
    ("POST", "/accounts", {"username": "new", "roles": ["operator"]}),
    ("PUT", "/second-factor-rules/fire", {"demand": "required"}),
    ("POST", "/me/totp", None),
    ("POST", "/me/passkeys/challenge", None),
    ("POST", "/me/recovery-codes", None),
    ("DELETE", "/me/totp", None),
]


async def prove(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/me/proof", json={"password": password})


def key(answer: httpx.Response) -> str:
    return str(answer.json().get("key", ""))


async def test_what_hands_out_power_asks_again_after_five_minutes(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    boss, kim = await account(database, "boss", Role.ADMIN), await account(database, "kim", Role.OPERATOR)
    rights = f"/accounts/{kim.id}/roles"
    async with seat(app, boss) as admin:
        clock.advance(PROVEN_FOR.total_seconds())
        assert (await admin.get("/tokens")).status_code == 200, "looking needs no proof"
        assert key(await admin.post("/me/totp")) != "trust.step_up.needed", "five minutes are five minutes"
        clock.advance(1)
        granted = {"roles": [{"role": "fire"}]}
        for method, path, body in [*NEEDS_PROOF, ("PUT", rights, granted)]:
            refused = await admin.request(method, path, json=body)
            assert (refused.status_code, key(refused)) == (403, "trust.step_up.needed"), path
        patched = await admin.patch(f"/accounts/{kim.id}", json={"roles": ["fire"]})
        assert key(patched) == "trust.step_up.needed"
        assert (await admin.patch(f"/accounts/{kim.id}", json={"label": "kim 2"})).status_code == 200
        assert (await prove(admin, "wrong wrong wrong")).status_code == 401
        assert key(await admin.post("/tokens", json={"role": "service", "name": "x"})) == "trust.step_up.needed"
        proven = await prove(admin)
        assert proven.status_code == 200, proven.text
        assert (await admin.post("/tokens", json={"role": "service", "name": "x"})).status_code == 201
    async with database.transaction() as tx:
        rows = await tx.rows(text("select outcome from audit where action = 'session.prove' order by at, id"))
        refusals = await tx.scalar(text("select count(*) from audit where entity = 'trust.step_up.needed'"))
    assert [row["outcome"] for row in rows] == ["ok"]
    assert refusals > 0, "a refusal leaves its line"


async def test_opening_a_person_asks_for_it_and_the_masked_form_does_not(
    database: Database, app: FastAPI, settings: Settings, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    async with database.transaction() as tx:
        person, _ = await vault.at(settings.data).put(tx, Person(name="홍길동", phone="010-1234-5678"))
    async with seat(app, kim) as desk:
        clock.advance(301)
        assert (await desk.get(f"/people/{person}")).json()["name"] == "홍*동"
        wanted = {"purpose": "쓰러진 사람의 보호자 확인"}
        assert key(await desk.post(f"/people/{person}/open", json=wanted)) == "trust.step_up.needed"
        await prove(desk)
        assert key(await desk.post(f"/people/{person}/open", json=wanted)) != "trust.step_up.needed"


async def test_a_token_was_proven_when_it_was_made(database: Database, app: FastAPI) -> None:
    machine = bearer(await token(database, Role.ADMIN))
    async with browser(app) as client:
        made = await client.post("/tokens", json={"role": "service", "name": "x"}, headers=machine)
        assert made.status_code == 201
        assert (await client.post("/me/proof", json={"password": PASSWORD}, headers=machine)).status_code == 403


async def test_each_proof_brings_a_new_secret_and_the_old_one_proves_nothing_and_ends(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    boss = await account(database, "boss", Role.ADMIN)
    async with seat(app, boss) as admin, browser(app) as thief:
        clock.advance(301)
        stolen = admin.cookies["dure"]
        thief.cookies.set("dure", stolen)
        assert (await prove(admin)).status_code == 200
        assert admin.cookies["dure"] != stolen
        assert (await thief.get("/me")).status_code == 200, "what is under way goes on"
        assert key(await thief.post("/me/totp")) == "trust.step_up.needed"
        clock.advance(11)
        assert key(await thief.get("/me")) == "trust.session.over"
        assert (await admin.post("/me/totp")).status_code == 201


async def test_who_planted_a_session_is_not_in_the_next_one(database: Database, app: FastAPI) -> None:
    thief_account, kim = (
        await account(database, "mallory", Role.OPERATOR),
        await account(database, "kim", Role.OPERATOR),
    )
    async with seat(app, thief_account) as thief, browser(app) as victim:
        planted = thief.cookies["dure"]
        body = {"username": kim.username, "password": PASSWORD}
        entered = await victim.post("/sessions", json=body, headers={"cookie": f"dure={planted}"})
        assert entered.status_code == 201
        assert planted not in entered.headers["set-cookie"], "a fresh secret, never the one that was there"
        assert key(await thief.get("/me")) == "trust.session.over", "the planted session has ended"


async def test_one_sees_where_one_is_signed_in_and_ends_the_others(database: Database, app: FastAPI) -> None:
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.OPERATOR)
    async with seat(app, kim, "10.1.2.3") as one, seat(app, kim, "10.1.2.4") as two, seat(app, lee) as other:
        places = (await one.get("/sessions")).json()["items"]
        assert {place["address"] for place in places} == {"10.1.2.3", "10.1.2.4"}
        assert [place["current"] for place in places].count(True) == 1
        assert (await one.delete("/sessions/others")).json() == {"ended": 1}
        assert (await two.get("/me")).status_code == 401
        assert (await one.get("/me")).status_code == 200
        assert (await other.get("/me")).status_code == 200, "another person's stays"
        assert (await one.delete("/sessions/others")).json() == {"ended": 0}


async def test_a_neighbours_failures_do_not_make_a_known_browser_wait(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.OPERATOR)
    body = {"username": kim.username, "password": PASSWORD}
    async with seat(app, kim) as mine, seat(app, lee) as other, browser(app) as neighbour:
        await mine.delete("/sessions/current")
        for _ in range(6):
            await neighbour.post("/sessions", json={**body, "password": "guess guess guess"})
        assert (await neighbour.post("/sessions", json=body)).status_code == 429
        assert (await other.post("/sessions", json=body)).status_code == 429, "known to another account"
        assert (await mine.post("/sessions", json=body)).status_code == 201
        for _ in range(6):
            await mine.post("/sessions", json={**body, "password": "guess guess guess"})
        assert (await mine.post("/sessions", json=body)).status_code == 429, "its own failures count"
        forged = browser(app)
        forged.cookies.set("dure-known", "durek_made-up")
        assert (await forged.post("/sessions", json=body)).status_code == 429
        await forged.aclose()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge 141 · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Whale/4.30.1 Safari/537.36", "Whale 4 · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
            "Safari 19 · iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 · Linux"),
        (
            "Mozilla/5.0 (Linux; Android 16; SM-S938N) SamsungBrowser/29.0 Chrome/136 Mobile",
            "Samsung Internet 29 · Android",
        ),
        ("curl/8.1", ""),
        ("<script>" * 100, ""),
        (None, ""),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str | None, name: str) -> None:
    assert browsers.name(agent) == name
