"""Signing in: the first administrator, equal cost for all, a lock-out that locks nobody else out."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust import admin_link, passwords
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, account, browser, signed_in


async def issue(database: Database) -> str | None:
    async with database.transaction() as tx:
        return await admin_link.issue(tx)


async def first(client: httpx.AsyncClient, link: str | None, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/admin-link", json={"token": link, "username": "Chief", "password": password})


async def attempt(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/sessions", json={"username": username, "password": password})


async def test_the_link_makes_the_first_administrator_once(database: Database, client: httpx.AsyncClient) -> None:
    link = await issue(database)
    made = await first(client, link)
    assert made.status_code == 201, made.text
    me = (await client.get("/me")).json()
    assert (me["username"], me["roles"], me["agency"]) == ("chief", ["admin"], "control")
    assert "account.manage" in me["permissions"]
    assert (await first(client, link)).status_code == 403
    assert await issue(database) is None


async def test_a_weak_password_leaves_the_link_as_it_was(database: Database, client: httpx.AsyncClient) -> None:
    link = await issue(database)
    refused = await first(client, link, "password1234")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "password"
    assert (await first(client, link)).status_code == 201


async def test_a_newer_link_ends_the_older_and_a_day_ends_both(
    database: Database, client: httpx.AsyncClient, clock: HeldClock
) -> None:
    older, newer = await issue(database), await issue(database)
    assert (await first(client, older)).status_code == 403
    clock.advance(24 * 3600 + 1)
    assert (await first(client, newer)).status_code == 403


async def test_two_who_hold_the_link_at_once_make_one_administrator(database: Database, app: FastAPI) -> None:
    link = await issue(database)
    async with browser(app) as one, browser(app) as other:
        answers = await asyncio.gather(
            *(
                c.post("/admin-link", json={"token": link, "username": n, "password": PASSWORD})
                for c, n in ((one, "kim"), (other, "lee"))
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201, 403]


async def test_the_cookie_is_kept_from_scripts_and_other_sites(database: Database, client: httpx.AsyncClient) -> None:
    await account(database, "kim", Role.OPERATOR)
    answer = await attempt(client, "KIM ")
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 201
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_unknown_and_suspended_cost_the_same_and_sound_the_same(
    database: Database, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account(database, "kim", Role.OPERATOR)
    suspended = await account(database, "lee", Role.OPERATOR)
    async with database.transaction() as tx:
        await tx.execute(text("update account set state = 'suspended' where id = :id"), {"id": suspended.id})
        await tx.execute(text("insert into account (id, username, label) values (gen_random_uuid(), 'new', 'new')"))
    calls: list[str] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda kept, password: (calls.append(kept), real(kept, password))[1])
    bodies = set()
    for username in ("kim", "lee", "new", "nobody", "\ud7a3" * 60):
        before = len(calls)
        answer = await attempt(client, username, "wrong wrong wrong")
        assert answer.status_code == 401
        bodies.add(answer.text)
        assert len(calls) - before == 1, username
    assert len(bodies) == 1, "the answers do not differ by a letter"


async def test_failures_make_this_address_wait_longer_and_longer_for_this_account_only(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    await account(database, "lee", Role.OPERATOR)
    waits = []
    async with browser(app, "203.0.113.9") as thief:
        for _ in range(5):
            assert (await attempt(thief, "kim", "guess guess guess")).status_code == 401
        for _ in range(4):
            refused = await attempt(thief, "kim", PASSWORD)
            assert refused.status_code == 429
            assert refused.json()["key"] == "trust.sign_in.wait"
            wait = int(refused.headers["retry-after"])
            waits.append(wait)
            clock.advance(wait)
            assert (await attempt(thief, "kim", "guess guess guess")).status_code == 401
        assert (await attempt(thief, "lee")).status_code == 201, "another account from there is free"
    await (await signed_in(app, kim)).aclose()  # and the account is free from elsewhere
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


async def test_the_right_password_clears_the_count_and_a_day_does_too(
    database: Database, client: httpx.AsyncClient, clock: HeldClock
) -> None:
    await account(database, "kim", Role.OPERATOR)
    for _ in range(3):
        for _ in range(4):
            assert (await attempt(client, "kim", "guess guess guess")).status_code == 401
        assert (await attempt(client, "kim")).status_code == 201
    for _ in range(5):
        await attempt(client, "kim", "guess guess guess")
    clock.advance(25 * 3600)
    assert (await attempt(client, "kim", "guess guess guess")).status_code == 401
    assert (await attempt(client, "kim")).status_code == 201


async def test_a_hundred_guesses_at_once_are_counted_as_a_hundred(
    database: Database, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account(database, "kim", Role.OPERATOR)
    calls: list[str] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda kept, password: (calls.append(kept), real(kept, password))[1])
    async with browser(app) as thief:
        answers = await asyncio.gather(*(attempt(thief, "kim", f"guess number {n}") for n in range(100)))
    assert {answer.status_code for answer in answers} == {401, 429}
    assert len(calls) <= 5


async def test_failed_attempts_are_in_the_audit_log_without_what_was_typed(
    database: Database, client: httpx.AsyncClient
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    await attempt(client, "kim", "guess guess guess")
    await attempt(client, "my secret typed here", "guess guess guess")
    async with database.transaction() as tx:
        rows = await tx.rows(text("select * from audit where action = 'session.open' order by id"))
        stored = await tx.scalar(text("select string_agg(a::text, ' ') from audit a"))
    assert [(row["outcome"], row["entity_id"], row["address"]) for row in rows] == [
        ("failed", str(kim.id), "127.0.0.1"),
        ("failed", "unknown", "127.0.0.1"),
    ]
    assert "typed" not in stored


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"username": "kim"}',
        b'{"username": "kim", "password": 7}',
        b'{"username": "kim", "username": "lee", "password": "x"}',
        b'{"username": "kim", "password": "x", "role": "admin"}',
        b'{"username": "\\ud800", "password": "x"}',
        b'{"username": "a\\u0000b", "password": "x"}',
        b"\xff\xfe",
        b'{"username": "kim", "password": "' + b"x" * 5000 + b'"}',
    ],
)
async def test_garbage_is_refused_with_a_reason(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/sessions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_account_is_not_opened_from_outside_its_agencys_networks(database: Database, app: FastAPI) -> None:
    await account(database, "kim", Role.POLICE, agency="police")
    async with database.transaction() as tx:
        await tx.execute(text("update agency set networks = '{10.1.0.0/16}' where id = 'police'"))
    async with browser(app, "203.0.113.9") as outside, browser(app, "::ffff:10.1.2.3") as inside:
        assert (await attempt(outside, "kim")).json()["key"] == "trust.network.not_approved"
        assert (await attempt(inside, "kim")).status_code == 201
        me = (await inside.get("/me")).json()
    assert (me["address"], me["network"]) == ("10.1.2.3", "10.1.0.0/16")


async def test_one_ipv6_host_is_one_guesser_whichever_of_its_addresses_it_uses(
    database: Database, app: FastAPI
) -> None:
    await account(database, "kim", Role.OPERATOR)
    seen = []
    for n in range(7):
        async with browser(app, f"2001:db8::{n + 1:x}") as thief:
            seen.append((await attempt(thief, "kim", "guess guess guess")).status_code)
    assert seen == [401] * 5 + [429] * 2
    async with browser(app, "2001:db8:0:1::1") as neighbour:
        assert (await attempt(neighbour, "kim")).status_code == 201


async def test_a_crowd_at_the_door_is_told_to_come_back(
    database: Database, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MOST_WAITING", 2)
    await account(database, "kim", Role.OPERATOR)
    async with browser(app) as crowd:
        answers = await asyncio.gather(*(attempt(crowd, f"nobody-{n}") for n in range(12)))
        assert {answer.status_code for answer in answers} == {401, 503}
        assert (await attempt(crowd, "kim")).status_code == 201
