"""Sessions: limits, ending, and proof that the browser's own site asked."""

import dataclasses
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.trust import authentication, policy, secret
from dure.trust.roles import Role
from dure.trust.web import cookie_name, install
from dure.trust.who.watch import still_valid
from tests.trust.conftest import PASSWORD, account, bearer, browser, signed_in, token


async def test_a_session_ends_when_idle_and_at_its_absolute_limit(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    clock.advance(29 * 60)
    assert (await client.get("/me")).status_code == 200
    clock.advance(29 * 60)
    assert (await client.get("/me")).status_code == 200
    clock.advance(31 * 60)
    assert (await client.get("/me")).json()["key"] == "trust.session.over"
    again = await signed_in(app, await account(database, "lee", Role.OPERATOR))
    for _ in range(24):
        assert (await again.get("/me")).status_code == 200
        clock.advance(30 * 60 - 1)
    clock.advance(25)
    assert (await again.get("/me")).status_code == 401
    await client.aclose()
    await again.aclose()


async def test_a_screen_that_listens_keeps_its_session_until_the_absolute_limit(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    cookie = next(iter(client.cookies.values()))
    async with database.transaction() as tx:
        who = await authentication.by_session(tx, cookie, None, policy.GRANTS, idle=timedelta(minutes=30))
    heard = []
    for _ in range(23):
        clock.advance(30 * 60)
        async with database.transaction() as tx:
            heard.append(await still_valid(tx, who))
    assert all(heard)
    assert (await client.get("/me")).status_code == 200
    clock.advance(3600)
    async with database.transaction() as tx:
        assert not await still_valid(tx, who)
    await client.aclose()


async def test_signing_out_ends_the_session_on_the_server(database: Database, app: FastAPI) -> None:
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    cookie = dict(client.cookies)
    assert (await client.delete("/sessions/current")).status_code == 204
    async with browser(app) as thief:
        thief.cookies.update(cookie)
        assert (await thief.get("/me")).status_code == 401
    await client.aclose()


async def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    lee = await account(database, "lee", Role.OPERATOR)
    first, second, other = await signed_in(app, kim), await signed_in(app, kim), await signed_in(app, lee)
    listed = (await second.get("/sessions")).json()["items"]
    assert [one["current"] for one in listed] == [True, False]
    theirs = (await other.get("/sessions")).json()["items"][0]["id"]
    assert (await first.delete(f"/sessions/{theirs}")).status_code == 404
    assert (await first.get(f"/sessions?account_id={lee.id}")).status_code == 403
    assert (await second.delete(f"/sessions/{listed[1]['id']}")).status_code == 204
    assert (await first.get("/me")).status_code == 401
    assert (await second.get("/me")).status_code == 200
    admin = await token(database, Role.ADMIN)
    assert (await first.get(f"/sessions?account_id={lee.id}", headers=bearer(admin))).json()["items"]
    for client in (first, second, other):
        await client.aclose()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 200),  # the browser's word outranks
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "http://city"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[bad"}, 403),
        ({}, 403),
    ],
)
async def test_a_write_by_cookie_needs_proof_of_its_origin(
    database: Database, app: FastAPI, headers: dict[str, str], status: int
) -> None:
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    del client.headers["origin"]
    answer = await client.patch("/me", json={"language": "en"}, headers=headers)
    assert answer.status_code == status
    assert (await client.get("/me")).status_code == 200, "reading needs none"
    await client.aclose()


async def test_another_site_cannot_sign_a_browser_in(database: Database, client: httpx.AsyncClient) -> None:
    await account(database, "kim", Role.OPERATOR)
    body = {"username": "kim", "password": PASSWORD}
    assert (await client.post("/sessions", json=body, headers={"origin": "https://evil.example"})).status_code == 403


async def test_a_session_never_takes_over_a_secret_that_the_browser_brought(
    database: Database, client: httpx.AsyncClient
) -> None:
    await account(database, "kim", Role.OPERATOR)
    client.cookies.set("dure", "dures_chosen-by-a-thief")
    await client.post("/sessions", json={"username": "kim", "password": PASSWORD})
    async with database.transaction() as tx:
        kept = await tx.rows(text("select secret_hash from session"))
    assert len(kept) == 1
    assert bytes(kept[0]["secret_hash"]) != secret.digest("dures_chosen-by-a-thief")


async def test_a_new_password_ends_the_other_sessions(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    here, there = await signed_in(app, kim), await signed_in(app, kim)
    wrong = await here.post("/me/password", json={"current": "not this one", "new": "another horse battery"})
    assert wrong.status_code == 401
    weak = await here.post("/me/password", json={"current": PASSWORD, "new": "kim kim kim"})
    assert weak.status_code == 422
    assert (
        await here.post("/me/password", json={"current": PASSWORD, "new": "another horse battery"})
    ).status_code == 204
    assert (await here.get("/me")).status_code == 200
    assert (await there.get("/me")).status_code == 401
    async with browser(app) as again:
        old = await again.post("/sessions", json={"username": "kim", "password": PASSWORD})
        new = await again.post("/sessions", json={"username": "kim", "password": "another horse battery"})
    assert (old.status_code, new.status_code) == (401, 201)
    await here.aclose()
    await there.aclose()


async def test_a_forgotten_hash_of_a_password_is_in_no_kept_answer(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    client = await signed_in(app, kim)
    await client.post(
        "/me/password",
        json={"current": PASSWORD, "new": "another horse battery"},
        headers={"idempotency-key": "one"},
    )
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from kept_answer")) == 0
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "name", "tls"), [("https://city.kr", "__Host-dure", True), ("http://city", "dure", False)]
)
def test_over_tls_the_cookie_is_secure_and_bound_to_its_host(
    app: FastAPI, settings: Settings, url: str, name: str, tls: bool
) -> None:
    context: Context = app.state.context
    over = dataclasses.replace(context, settings=dataclasses.replace(settings, public_url=url))
    assert (cookie_name(over), over.settings.secure) == (name, tls)


async def test_behind_a_listed_proxy_the_clients_own_address_counts(
    database: Database, app: FastAPI, settings: Settings
) -> None:
    listed = dataclasses.replace(settings, trusted_proxies=("10.0.0.0/24",))
    app.state.context = dataclasses.replace(app.state.context, settings=listed)
    install(app, app.state.grants)
    admin = bearer(await token(database, Role.ADMIN))
    async with browser(app, "10.0.0.9") as proxied, browser(app, "192.0.2.1") as direct:
        told = {**admin, "x-forwarded-for": "1.1.1.1, 203.0.113.5"}
        assert (await proxied.get("/me", headers=told)).json()["address"] == "203.0.113.5"
        assert (await direct.get("/me", headers=told)).json()["address"] == "192.0.2.1"


def test_a_proxy_setting_that_is_no_network_ends_the_start(app: FastAPI, settings: Settings) -> None:
    wrong = dataclasses.replace(settings, trusted_proxies=("10.0.0.1/8",))
    app.state.context = dataclasses.replace(app.state.context, settings=wrong)
    with pytest.raises(ValueError, match="host bits"):
        install(app, app.state.grants)
