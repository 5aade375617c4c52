"""Accounts and agencies: made, changed, suspended; effective at once."""

import asyncio
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, account, bearer, browser, signed_in, token


@pytest.fixture
async def admin(database: Database) -> dict[str, str]:
    return bearer(await token(database, Role.ADMIN))


async def test_an_account_opens_by_its_link_and_only_once(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: dict[str, str], clock: HeldClock
) -> None:
    body = {"username": "oper-07", "label": "관제 07", "roles": ["operator"], "agency_id": "control"}
    made = await client.post("/accounts", json=body, headers=admin)
    assert made.status_code == 201, made.text
    link = made.json()["link"]["token"]
    assert not made.json()["has_password"]
    reset = {"token": link, "password": "a long enough sentence"}
    assert (await client.post("/password-reset", json=reset)).status_code == 204
    assert (await client.post("/password-reset", json=reset)).status_code == 403
    async with browser(app) as theirs:
        opened = await theirs.post("/sessions", json={"username": "oper-07", "password": "a long enough sentence"})
        assert opened.status_code == 201
        assert (await theirs.get("/me")).json()["name"] == "관제 07"
        assert (await theirs.get("/accounts")).json()["key"] == "trust.permission.missing"
    late = (await client.post(f"/accounts/{made.json()['id']}/reset-link", headers=admin)).json()["token"]
    clock.advance(25 * 3600)
    assert (await client.post("/password-reset", json={**reset, "token": late})).status_code == 403


LOOK_ALIKES = {
    "Cyrillic letters": "oрer-07",
    "Greek letters": "οper-07",
    "wide letters": "ｏper-07",
    "the order of reading turned round": "oper\u202e70-",
    "a blank that nobody sees": "oper\u200b-07",
    "a letter that nobody sees": "관제\u3164 07",
    "Jamo that are put together": "\u1100\u1161-07",
}


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_nobody_is_called_what_looks_like_another(
    client: httpx.AsyncClient, admin: dict[str, str], name: str
) -> None:
    for path, body in (
        ("/accounts", {"username": "new-1", "label": name, "roles": ["operator"]}),
        ("/accounts", {"username": name, "roles": ["operator"]}),
        ("/tokens", {"role": "service", "name": name}),
        ("/invitations", {"label": name, "agency_id": "fire", "roles": [{"role": "fire"}]}),
        ("/service-accounts", {"name": name, "agency_id": "fire", "owner_id": str(UUID(int=1)), "purposes": ["x"]}),
    ):
        answer = await client.post(path, json=body, headers=admin)
        assert answer.status_code == 422, (path, answer.text)
        (told,) = answer.json()["errors"]
        assert told["field"] in {"label", "username", "name"}, answer.text
    kept = await client.get("/accounts", headers=admin)
    assert kept.json()["items"] == []


async def test_secrets_that_are_shown_once_stand_in_no_kept_answer(
    database: Database, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    headers = {**admin, "idempotency-key": "k"}
    made = await client.post("/tokens", json={"role": "service", "name": "x"}, headers=headers)
    again = await client.post("/tokens", json={"role": "service", "name": "x"}, headers=headers)
    assert (made.status_code, again.json()["key"]) == (201, "engine.idempotency.shown_once")
    async with database.transaction() as tx:
        kept = await tx.rows(text("select body, request_hash from kept_answer"))
        tokens = await tx.scalar(text("select count(*) from token"))
    assert [(row["body"], bytes(row["request_hash"])) for row in kept] == [(None, b"")]
    assert tokens == 2, "the administrator's and one more"


async def test_suspending_counts_for_the_very_next_request(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    theirs = await signed_in(app, kim)
    assert (await theirs.get("/me")).status_code == 200
    changed = await client.patch(f"/accounts/{kim.id}", json={"state": "suspended"}, headers=admin)
    assert changed.status_code == 200
    assert (await theirs.get("/me")).status_code == 401
    assert (await theirs.post("/sessions", json={"username": "kim", "password": PASSWORD})).status_code == 401
    await client.patch(f"/accounts/{kim.id}", json={"state": "active"}, headers=admin)
    assert (await theirs.get("/me")).status_code == 401, "an ended session does not come back"
    await theirs.aclose()


async def test_roles_count_for_the_very_next_request(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    theirs = await signed_in(app, kim)
    assert (await theirs.get("/audit")).status_code == 403
    await client.patch(f"/accounts/{kim.id}", json={"roles": ["operator", "auditor"]}, headers=admin)
    assert (await theirs.get("/audit")).status_code == 200
    await client.patch(f"/accounts/{kim.id}", json={"roles": ["operator"]}, headers=admin)
    assert (await theirs.get("/audit")).status_code == 403
    await theirs.aclose()


async def test_the_last_administrator_stays(
    database: Database, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    kim, lee = await account(database, "kim", Role.ADMIN), await account(database, "lee", Role.ADMIN)
    answers = await asyncio.gather(
        *(client.patch(f"/accounts/{one.id}", json={"state": "suspended"}, headers=admin) for one in (kim, lee))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    left = kim if answers[0].status_code == 409 else lee
    assert (await client.patch(f"/accounts/{left.id}", json={"roles": ["operator"]}, headers=admin)).status_code == 409


async def test_changes_respect_what_somebody_else_changed(
    database: Database, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    url = f"/accounts/{kim.id}"
    tag = (await client.get(url, headers=admin)).headers["etag"]
    assert (await client.patch(url, json={"label": "a"}, headers={**admin, "if-match": tag})).status_code == 200
    assert (await client.patch(url, json={"label": "b"}, headers={**admin, "if-match": tag})).status_code == 412
    assert (await client.get(url, headers=admin)).json()["label"] == "a"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "kim2", "roles": ["device"]}, 422),
        ({"username": "kim2", "roles": []}, 422),
        ({"username": "kim2", "roles": ["root"]}, 422),
        ({"username": "kim2", "roles": ["operator"], "agency_id": "nowhere"}, 422),
        ({"username": "kim2", "roles": ["operator"], "state": "active"}, 422),
        ({"username": "../etc", "roles": ["operator"]}, 422),
        ({"username": "KIM", "roles": ["operator"]}, 409),
        ({"username": "kim2", "roles": ["operator", "operator"]}, 201),
    ],
)
async def test_new_accounts_are_checked(
    database: Database, client: httpx.AsyncClient, admin: dict[str, str], body: dict[str, object], status: int
) -> None:
    await account(database, "kim", Role.OPERATOR)
    assert (await client.post("/accounts", json=body, headers=admin)).status_code == status


async def test_lists_page_without_losing_or_doubling(
    database: Database, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    for name in ("kim", "lee", "park", "choi", "정"):
        await account(database, name, Role.OPERATOR)
    for path, key in (("/accounts", "username"), ("/agencies", "id"), ("/tokens", "id"), ("/audit", "seq")):
        seen: list[object] = []
        cursor = None
        while True:
            params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
            page = (await client.get(path, params=params, headers=admin)).json()
            seen += [one[key] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(map(str, seen))), path
        assert len(seen) >= 1
    assert (await client.get("/accounts?cursor=zzz", headers=admin)).status_code == 422


async def test_an_agencys_networks_count_for_the_very_next_request(
    database: Database, app: FastAPI, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    theirs = await signed_in(app, await account(database, "kim", Role.FIRE, agency="fire"), "192.0.2.7")
    assert (await theirs.get("/me")).status_code == 200
    wrong = await client.patch("/agencies/fire", json={"networks": ["10.0.0.1/8"]}, headers=admin)
    assert wrong.json()["errors"][0]["field"] == "networks.0"
    assert (await client.patch("/agencies/fire", json={"networks": ["10.0.0.0/8"]}, headers=admin)).status_code == 200
    assert (await theirs.get("/me")).json()["key"] == "trust.network.not_approved"
    await theirs.aclose()


async def test_nobody_locks_their_own_agency_out(database: Database, app: FastAPI) -> None:
    chief = await signed_in(app, await account(database, "chief", Role.ADMIN, agency="control"), "192.0.2.7")
    refused = await chief.patch("/agencies/control", json={"networks": ["10.0.0.0/8"]})
    assert refused.json()["key"] == "trust.agency.would_lock_out"
    assert (await chief.patch("/agencies/control", json={"networks": ["192.0.2.0/24"]})).status_code == 200
    await chief.aclose()
