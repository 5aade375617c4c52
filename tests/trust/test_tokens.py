"""Tokens: shown once, bound to role, agency, networks and time, ended at once."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from dure.engine import piped
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Invalid
from dure.trust import authentication, passwords, policy, secret, tokens
from dure.trust.address import parsed
from dure.trust.roles import Role
from dure.trust.who.watch import still_valid
from tests.trust.conftest import bearer, browser, token


async def test_a_token_is_its_role_and_agency(database: Database, client: httpx.AsyncClient) -> None:
    secret_ = await token(database, Role.FIRE, agency_id="fire")
    me = (await client.get("/me", headers=bearer(secret_))).json()
    assert (me["kind"], me["roles"], me["agency"]) == ("token", ["fire"], "fire")
    assert (await client.get("/tokens", headers=bearer(secret_))).status_code == 403


async def test_only_a_hash_is_kept(database: Database) -> None:
    secret_ = await token(database, Role.SERVICE)
    async with database.transaction() as tx:
        row = await tx.row(text("select secret_hash, t::text as whole from token t"))
    assert row is not None
    assert bytes(row["secret_hash"]) == secret.digest(secret_)
    assert secret_ not in row["whole"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic a2ltOng=",
        "Bearer nonsense",
        "bearer duret_" + "x" * 43,
        "Bearer \u00ff",
        "duret_x",
    ],
)
async def test_anything_else_is_nobody(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/me", headers={"authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_revoked_and_expired_tokens_end_at_once(
    database: Database, client: httpx.AsyncClient, clock: HeldClock
) -> None:
    admin = bearer(await token(database, Role.ADMIN))
    made = (await client.post("/tokens", json={"role": "service", "name": "x", "expires": "2h"}, headers=admin)).json()
    late = (await client.post("/tokens", json={"role": "service", "name": "y", "expires": "2h"}, headers=admin)).json()
    assert (await client.get("/me", headers=bearer(made["token"]))).status_code == 200
    async with database.transaction() as tx:
        who = await authentication.by_token(tx, made["token"], None, policy.GRANTS)
        assert await still_valid(tx, who)
    for _ in range(2):
        assert (await client.delete(f"/tokens/{made['id']}", headers=admin)).status_code == 200
    assert (await client.get("/me", headers=bearer(made["token"]))).status_code == 401
    async with database.transaction() as tx:
        assert not await still_valid(tx, who)
        lines = await tx.scalar(text("select count(*) from audit where action = 'token.revoke'"))
    assert lines == 1, "ending it twice is once"
    clock.advance(2 * 3600)
    assert (await client.get("/me", headers=bearer(late["token"]))).status_code == 401


async def test_networks_are_enforced_on_the_true_address(database: Database, app: FastAPI) -> None:
    secret_ = await token(database, Role.SERVICE, networks=["10.0.0.0/8", "2001:db8::/32"])
    for address, status in (
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("2001:db8::1", 200),
        ("192.0.2.1", 403),
        ("::ffff:192.0.2.1", 403),
        ("2001:db9::1", 403),
    ):
        async with browser(app, address) as client:
            assert (await client.get("/me", headers=bearer(secret_))).status_code == status, address
            lying = {**bearer(secret_), "x-forwarded-for": "10.1.2.3"}
            assert (await client.get("/me", headers=lying)).status_code == status, "nobody listed this proxy"


async def test_only_a_devices_token_is_bound_to_a_device(database: Database, client: httpx.AsyncClient) -> None:
    admin = bearer(await token(database, Role.ADMIN))
    body = {"name": "x", "device_id": "heat-1"}
    assert (await client.post("/tokens", json={**body, "role": "service"}, headers=admin)).status_code == 422
    made = await client.post("/tokens", json={**body, "role": "device"}, headers=admin)
    me = (await client.get("/me", headers=bearer(made.json()["token"]))).json()
    assert me["device_id"] == "heat-1"
    assert me["permissions"] == []


@pytest.mark.parametrize(("text_", "seconds"), [("90d", 90 * 86400), ("12h", 43200), ("1s", 1), ("2w", 14 * 86400)])
def test_durations(text_: str, seconds: int) -> None:
    assert tokens.duration(text_).total_seconds() == seconds


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{1,9}[smhdwy]?", fullmatch=True))
def test_a_duration_is_taken_or_refused_with_a_reason(text_: str) -> None:
    try:
        span = tokens.duration(text_)
    except Invalid:
        return
    assert 0 < span.total_seconds() <= tokens.LONGEST.total_seconds()


async def test_looking_a_token_up_is_one_read_by_index_and_no_slow_hash(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_ = await token(database, Role.SERVICE, agency_id="fire", networks=["10.0.0.0/8"])
    here, grants = parsed("10.1.2.3"), policy.GRANTS
    async with database.transaction() as tx:
        await authentication.by_token(tx, secret_, here, grants)  # the first one notes that it is used
    asked: list[str] = []
    monkeypatch.setattr(passwords, "verify", lambda *_: pytest.fail("argon2 is for passwords"))
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    run = piped.run

    async def noted(connection: Any, writes: Sequence[piped.Ask], reads: Sequence[piped.Ask]) -> Any:
        asked.extend(one[0].text for one in (*writes, *reads))
        return await run(connection, writes, reads)

    monkeypatch.setattr(piped, "run", noted)
    async with database.transaction() as tx:
        await authentication.by_token(tx, secret_, here, grants)
    assert [one for one in asked if "from token" in one] == asked
    assert len(asked) == 1


async def test_being_used_is_noted_without_waiting_for_anybody(database: Database, client: httpx.AsyncClient) -> None:
    secret_ = await token(database, Role.SERVICE)
    async with database.transaction() as tx:
        await tx.execute(text("select id from token for update"))  # somebody else is at the row
        assert (await client.get("/me", headers=bearer(secret_))).status_code == 200
    async with database.transaction() as tx:
        assert await tx.scalar(text("select used_at from token")) is None
    assert (await client.get("/me", headers=bearer(secret_))).status_code == 200
    async with database.transaction() as tx:
        assert await tx.scalar(text("select used_at from token")) is not None
