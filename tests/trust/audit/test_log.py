"""The audit log: append-only by the database, chained, written with the deed, and readable by few."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.database import Database
from dure.trust import audit
from dure.trust.audit import lines as audit_lines
from dure.trust.audit import verify
from dure.trust.audit.keys import named
from dure.trust.roles import Role
from tests.trust.conftest import account, bearer, browser, principal, signed_in, token


async def lines(database: Database, count: int) -> None:
    for n in range(count):
        async with database.transaction() as tx:
            await audit.record(tx, principal(Role.OPERATOR), "test.act", "thing", n, purpose="한글 목적: a'b")


async def verdict(database: Database) -> tuple[int, int | None]:
    async with database.transaction() as tx:
        found = await verify.verify(tx, named("dure", bytes(32)).verifier())
        return found.lines, found.fault.seq if found.fault else None


@pytest.mark.parametrize("table", ["audit", "audit_seal"])
@pytest.mark.parametrize("deed", ["update {} set {} = {}", "delete from {}", "truncate {} cascade"])
async def test_the_database_refuses_to_change_what_was_written(database: Database, table: str, deed: str) -> None:
    await lines(database, 2)
    column = "actor" if table == "audit" else "hash"
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text(deed.format(table, column, column)))
    assert await verdict(database) == (2, None)


async def test_lines_are_numbered_without_gaps_in_the_order_of_their_commits(database: Database) -> None:
    async def write(n: int) -> None:
        async with database.transaction() as tx:
            await audit.record(tx, None, "test.act", "thing", n, address="10.0.0.1")
            await audit.record(tx, None, "test.act", "thing", n)
            if n % 5 == 0:
                raise RuntimeError

    await asyncio.gather(*(write(n) for n in range(40)), return_exceptions=True)
    async with database.transaction() as tx:
        numbers = [row["seq"] for row in await tx.rows(text("select seq from audit_seal order by seq"))]
    assert numbers == list(range(1, 65)), "undone deeds leave neither line nor gap"
    assert await verdict(database) == (64, None)


async def test_two_who_write_lines_do_not_wait_for_each_others_work(database: Database) -> None:
    async with database.transaction() as first:
        await audit.record(first, None, "test.act", "thing", 1)
        async with asyncio.timeout(30), database.transaction() as second:
            await audit.record(second, None, "test.act", "thing", 2)
    assert await verdict(database) == (2, None)


async def tampered(database: Database, *statements: str) -> tuple[int, int | None]:
    async with database.transaction() as tx:
        await tx.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            await tx.execute(text(statement))
    return await verdict(database)


THIS = "where id = (select audit_id from audit_seal where seq = {})"
COPY = (
    "insert into audit select gen_random_uuid(), at, actor, actor_name, agency_id, address, action, entity, entity_id, "
    "person_id, purpose, outcome, case_id from audit limit 1"
)


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        (f"update audit set purpose = 'x' {THIS}", 3),
        (f"update audit set actor = actor || ' ' {THIS}", 1),
        (f"update audit set at = at + interval '1 microsecond' {THIS}", 5),
        (f"update audit set person_id = id {THIS}", 2),
        (f"update audit set address = null {THIS}", 4),
        (f"delete from audit {THIS}", 3),
        ("delete from audit_seal where seq = {}", 3),
        ("update audit_seal set hash = sha256('x') where seq = {}", 6),
        (COPY, 7),
    ],
)
async def test_whoever_has_the_database_cannot_change_a_line_unseen(
    database: Database, statement: str, at: int
) -> None:
    await lines(database, 6)
    sound, broken = await tampered(database, statement.format(at))
    assert (broken, sound) == (at, at - 1)


async def test_lines_cannot_change_places_unseen(database: Database) -> None:
    await lines(database, 4)
    found = await tampered(
        database,
        "alter table audit_seal drop constraint uq_audit_seal_audit_id",
        "update audit_seal s set audit_id = o.audit_id from audit_seal o where s.seq in (2, 3) and o.seq = 5 - s.seq",
    )
    assert found == (1, 2)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.none() | words, min_size=3, max_size=3), st.lists(st.none() | words, min_size=3, max_size=3))
def test_two_different_lines_never_have_one_canonical_form(first: list[str | None], second: list[str | None]) -> None:
    def form(parts: list[str | None]) -> bytes:
        return b"".join(audit_lines._field(part) for part in parts)

    assert (form(first) == form(second)) is (first == second)


async def test_reading_the_log_is_a_line_and_needs_the_right(database: Database, client: httpx.AsyncClient) -> None:
    auditor = bearer(await token(database, Role.AUDITOR))
    await lines(database, 3)
    found = (await client.get("/audit?action=test.&limit=2", headers=auditor)).json()
    assert [one["entity_id"] for one in found["items"]] == ["2", "1"]
    assert found["items"][0]["purpose"] == "한글 목적: a'b"
    rest = (await client.get(f"/audit?action=test.&cursor={found['next']}", headers=auditor)).json()
    assert [one["entity_id"] for one in rest["items"]] == ["0"]
    reads = (await client.get("/audit?action=audit.read", headers=auditor)).json()["items"]
    assert [one["entity_id"] for one in reads] == ["action=test.", "action=test."]
    for role in (Role.OPERATOR, Role.OFFICIAL, Role.SERVICE):
        assert (await client.get("/audit", headers=bearer(await token(database, role)))).status_code == 403


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=2026-01-01T00:00:00", "person_id=7", "limit=0", "limit=9999", "cursor=%%%", "nonsense=1",
     "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z"],
)  # fmt: skip
async def test_wrong_filters_are_refused(database: Database, client: httpx.AsyncClient, query: str) -> None:
    auditor = bearer(await token(database, Role.AUDITOR))
    assert (await client.get(f"/audit?{query}", headers=auditor)).status_code in {400, 422}


async def test_refused_requests_leave_lines_and_a_flood_does_not_fill_the_log(database: Database, app: FastAPI) -> None:
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    assert (await client.get("/audit")).status_code == 403
    async with database.transaction() as tx:
        row = await tx.row(text("select * from audit where action = 'request.refuse'"))
    assert row is not None
    assert (row["entity"], row["entity_id"]) == ("trust.permission.missing", "GET /audit")
    assert (row["outcome"], row["actor_name"], row["address"]) == ("denied", "kim", "127.0.0.1")
    async with browser(app, "203.0.113.9") as flood:
        for n in range(100):
            assert (await flood.get("/me", headers=bearer(f"guess-{n}"))).status_code == 401
    async with database.transaction() as tx:
        count = await tx.scalar(text("select count(*) from audit where address = '203.0.113.9'"))
    assert 1 <= count <= 40
    await client.aclose()


async def test_every_write_of_this_room_leaves_a_line(database: Database, app: FastAPI) -> None:
    chief = await signed_in(app, await account(database, "chief", Role.ADMIN))
    made = (await chief.post("/accounts", json={"username": "oper-07", "roles": ["operator"]})).json()
    token_ = (await chief.post("/tokens", json={"role": "service", "name": "x"})).json()
    await chief.patch(f"/accounts/{made['id']}", json={"label": "x", "roles": ["fire"], "state": "suspended"})
    await chief.post(f"/accounts/{made['id']}/reset-link")
    await chief.post("/agencies", json={"id": "water", "kind": "company", "name": "상수도사업본부"})
    await chief.patch("/agencies/water", json={"phone": "121"})
    await chief.delete(f"/tokens/{token_['id']}")
    await chief.patch("/me", json={"language": "en"})
    await chief.delete("/sessions/current")
    async with database.transaction() as tx:
        done = await tx.rows(text("select distinct action from audit where actor_name = 'chief' and outcome = 'ok'"))
    assert {row["action"] for row in done} == {
        *("session.open", "session.close", "account.create", "account.change", "account.grant", "account.suspend"),
        *("account.reset_link", "account.language", "agency.create", "agency.change", "token.create", "token.revoke"),
    }
    assert (await verdict(database))[1] is None
    await chief.aclose()
