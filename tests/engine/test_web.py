"""The web's edge: transactions, kept answers, refusals."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Query, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.engine.web import (
    ExpectedVersion,
    Line,
    Model,
    Number,
    Router,
    TxDep,
    check_version,
    etag,
    strict_json,
)
from dure.kernel.errors import BadRequest, Conflict, NotFound


class Thing(Model):
    name: Line
    size: Number


router = Router()


@router.post("/things", status_code=201)
async def make(tx: TxDep, thing: Thing, response: Response) -> dict[str, Any]:
    n = await tx.scalar(text("insert into thing (name, size) values (:name, :size) returning id"), thing.model_dump())
    if thing.name == "taken":
        raise Conflict("engine.etag.changed")
    response.headers["ETag"] = etag(1)
    return {"id": n, "name": thing.name}


@router.get("/things/{thing_id}")
async def read(tx: TxDep, thing_id: int) -> dict[str, Any]:
    row = await tx.row(text("select * from thing where id = :id"), {"id": thing_id})
    if row is None:
        raise NotFound("engine.path.unknown", path="thing")
    return dict(row)


@router.put("/things/{thing_id}")
async def change(thing_id: int, version: ExpectedVersion) -> dict[str, Any]:
    check_version(version, 3)
    return {"id": thing_id}


@router.get("/fault")
async def fault(at: Annotated[int, Query()] = 0) -> int:
    return 1 // at


@pytest.fixture
async def client(database: Database, tmp_path):
    async with database.transaction() as tx:
        await tx.execute(text("create table thing (id int generated always as identity, name text, size float)"))
    app = edge.build(title="test", version="0", limits={"/big": 1 << 21})
    settings = Settings(tmp_path, database.url, "nats://nowhere")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]

    async def identify(_tx: Tx, request: Request) -> str:
        return request.headers.get("authorization", "nobody")

    app.state.identify = identify
    app.include_router(router)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as client:
        yield client


async def count(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text("select count(*) from thing")))


async def test_a_request_is_one_transaction(client: httpx.AsyncClient, database: Database) -> None:
    made = await client.post("/things", json={"name": "a", "size": 1})
    assert made.status_code == 201
    assert (await client.get(f"/things/{made.json()['id']}")).json()["name"] == "a"
    refused = await client.post("/things", json={"name": "taken", "size": 1})
    assert refused.status_code == 409
    assert await count(database) == 1, "what a refused request wrote is gone"


async def test_a_key_makes_a_write_once(client: httpx.AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "k1", "Authorization": "a"}
    first = await client.post("/things", json={"name": "a", "size": 1}, headers=headers)
    again = await client.post("/things", json={"name": "a", "size": 1}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.post("/things", json={"name": "b", "size": 1}, headers=headers)
    assert other.json()["key"] == "engine.idempotency.reused"
    stranger = await client.post("/things", json={"name": "a", "size": 1}, headers={**headers, "Authorization": "b"})
    assert stranger.status_code == 201, "another's key is another key"
    assert await count(database) == 2


async def test_a_refused_write_may_be_repaired_under_its_key(client: httpx.AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "k1"}
    assert (await client.post("/things", json={"name": "taken", "size": 1}, headers=headers)).status_code == 409
    assert (await client.post("/things", json={"name": "b", "size": 1}, headers=headers)).status_code == 201
    assert await count(database) == 1


async def test_twenty_at_once_with_one_key_write_once(client: httpx.AsyncClient, database: Database) -> None:
    send = [client.post("/things", json={"name": "a", "size": 1}, headers={"Idempotency-Key": "k"}) for _ in range(20)]
    answers = await asyncio.gather(*send)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(database) == 1


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        (b"{", 400, "engine.body.unreadable"),
        (b'{"name": "a", "size": NaN}', 400, "engine.body.unreadable"),
        (b'{"name": "a", "name": "b", "size": 1}', 400, "engine.body.unreadable"),
        (b'{"name": "\\u0000", "size": 1}', 400, "engine.body.unreadable"),
        (b'{"name": "\\ud800", "size": 1}', 400, "engine.body.unreadable"),
        (b"[" * 100_000, 400, "engine.body.unreadable"),
        (b'{"name": "a", "size": "37.5"}', 422, "engine.fields.wrong"),
        (b'{"name": "a", "size": true}', 422, "engine.fields.wrong"),
        (b'{"name": "a", "size": 1e999}', 422, "engine.fields.wrong"),
        (b'{"name": "a"}', 422, "engine.fields.wrong"),
        (b'{"name": "a", "size": 1, "extra": 1}', 422, "engine.fields.wrong"),
        (b'"' + b"a" * (1 << 20) + b'"', 413, "engine.body.too_large"),
    ],
)
async def test_bad_bodies_are_problems(client: httpx.AsyncClient, body: bytes, status: int, key: str) -> None:
    answer = await client.post("/things", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["key"]) == (status, key)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_hides_its_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def endless():
        for _ in range(40):
            yield b" " * (1 << 16)

    answer = await client.post("/things", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def test_problems_speak_the_readers_language(client: httpx.AsyncClient) -> None:
    korean = (await client.post("/things", json={"size": "x"})).json()
    english = (await client.post("/things", json={"size": "x"}, headers={"accept-language": "en-GB"})).json()
    assert {one["field"]: one["reason"] for one in english["errors"]} == {
        "name": "This value is needed.",
        "size": "Must be a number.",
    }
    assert korean["errors"][0]["reason"] == "꼭 필요한 값입니다."


async def test_nobody_sees_a_stack_trace(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fault")
    assert answer.status_code == 500
    assert answer.json()["key"] == "engine.fault"
    assert "ZeroDivision" not in answer.text


async def test_unknown_paths_methods_and_nul(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).json()["key"] == "engine.path.unknown"
    refused = await client.delete("/things")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert (await client.get("/things/1?q=%00")).status_code == 400
    assert (await client.get("/things/99999999999999999999")).status_code == 404


@pytest.mark.parametrize(("header", "status"), [(None, 200), ("*", 200), ('W/"3"', 200), ('"2"', 412), ("x", 412)])
async def test_a_write_may_say_what_it_read(client: httpx.AsyncClient, header: str | None, status: int) -> None:
    answer = await client.put("/things/1", headers={} if header is None else {"If-Match": header})
    assert answer.status_code == status


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/nowhere"), await client.post("/things", content=b"x" * (1 << 21))):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda s: json.dumps(s).encode()))
def test_any_bytes_are_json_or_a_refusal(body: bytes) -> None:
    try:
        value = strict_json(body)
    except BadRequest:
        return
    json.dumps(value).encode()
