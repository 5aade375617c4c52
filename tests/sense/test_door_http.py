"""The HTTP door with real tokens, stream and database."""

import asyncio
import json
from dataclasses import replace

import cbor2
import httpx
import pytest
from sqlalchemy import text

from dure.engine.context import Context
from dure.sense.door_http import take_in
from dure.sense.packs import partition_of
from dure.trust.roles import Role
from tests.sense.conftest import Client, refusals, stored


def record(name: str, value: float, **more: object) -> dict[str, object]:
    """One SenML record."""
    return {"n": name, "v": value, **more}


async def test_a_batch_is_stored_before_it_is_answered(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE)
    body = [{"bn": "d1/", "bt": 1_750_000_000, "n": "heat", "v": 20.5, "u": "Cel"}, {"n": "smoke", "vb": True, "t": 2}]
    answer = await service.post("/observations", json=body)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "rejected": []})
    seen = await stored(context)
    assert [(one.device, one.property, one.value, one.observed_at) for one in seen] == [
        ("d1", "heat", 20.5, 1_750_000_000),
        ("d1", "smoke", True, 1_750_000_002),
    ]


async def test_bad_records_are_named_and_good_ones_stay(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE, language="en")
    raw = (
        b'[{"n":"d1/heat","v":1},{"n":"d1/heat","v":NaN},{"n":"nobody/heat","v":2},{"n":"d1/heat","v":true},'
        b'{"n":"d1/heat","v":"3"},{"n":"d1/heat","v":4,"u":"lx"},{"n":"d1/heat","v":99999},{"n":"d1/odd","v":5},'
        b'{"n":"d1/heat","v":6,"v":7},{"n":"d1/heat"},{"n":"heat","v":8},7,{"n":"d2/heat","v":9}]'
    )
    answer = await service.post("/observations", content=raw, headers={"content-type": "application/senml+json"})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [
        (1, "not_finite"),
        (2, "unknown_device"),
        (3, "wrong_kind"),
        (4, "wrong_kind"),
        (5, "wrong_unit"),
        (6, "out_of_bounds"),
        (7, "unknown_property"),
        (8, "duplicate_key"),
        (9, "no_value"),
        (10, "name"),
        (11, "field"),
    ]
    assert answer.json()["rejected"][1]["reason"] == "The device is not registered."
    assert [one.value for one in await stored(context)] == [1, 9]
    counted = {(one.device, one.reason): one.count for one in await refusals(context)}
    assert counted["", "wrong_kind"] == 2
    assert counted["nobody", "unknown_device"] == 1


@pytest.mark.parametrize(
    ("content", "kind", "status", "key"),
    [
        (b"", "", 400, "sense.refused.malformed"),
        (b"{", "application/json", 400, "sense.refused.malformed"),
        (b"\xff\xfe\x00", "application/senml+json", 400, "sense.refused.malformed"),
        (b"[" * 100_000, "", 400, "sense.refused.too_deep"),
        (json.dumps([record("d1/heat", 1)] * 10_001).encode(), "", 413, "sense.refused.too_many"),
        (b"[" + b"0," * 200_000 + b"0]", "", 413, "sense.refused.too_many"),
        (b'[{"bver":11,"n":"d1/heat","v":1}]', "", 422, "sense.refused.version"),
        (b'[{"n":"d1/heat","v":1,"new_":1}]', "", 422, "sense.refused.must_understand"),
        (b"<x/>", "application/xml", 422, "sense.media_type.unknown"),
        (b" " * 4_000_001, "", 413, "engine.body.too_large"),
    ],
)
async def test_what_cannot_be_read_is_refused_whole(
    client: Client, content: bytes, kind: str, status: int, key: str
) -> None:
    service = await client(Role.SERVICE)
    answer = await service.post("/observations", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["key"] == key
    assert answer.json()["title"] != key


async def test_a_device_names_itself_only(context: Context, client: Client) -> None:
    device = await client(Role.DEVICE, device="d1")
    answer = await device.post("/observations", json=[record("d1/heat", 1), record("d2/heat", 2), record("heat", 3)])
    assert answer.json()["accepted"] == 2
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(1, "other_device")]
    assert {one.device for one in await stored(context)} == {"d1"}


async def test_a_gateways_token_is_bound_to_no_device_and_names_each(context: Context, client: Client) -> None:
    gateway = await client(Role.DEVICE)
    answer = await gateway.post("/observations", json=[record("d1/heat", 1), record("d2/heat", 2)])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert {one.device for one in await stored(context)} == {"d1", "d2"}


async def test_others_may_not_send(client: Client) -> None:
    operator = await client(Role.OPERATOR)
    assert (await operator.post("/observations", json=[])).status_code == 403
    operator.headers.pop("authorization")
    assert (await operator.post("/observations", json=[])).status_code == 401


async def test_the_same_key_stores_once(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE)
    headers = {"idempotency-key": "one"}
    body = [record("d1/heat", 1), record("nobody/heat", 1)]
    first, second = [await service.post("/observations", json=body, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert len(await stored(context)) == 1


async def test_a_batch_that_was_stored_but_not_answered_is_stored_once(context: Context, client: Client) -> None:
    """The process dies between storing and committing the kept answer; the client tries again."""
    service = await client(Role.SERVICE)
    for _ in range(2):
        answer = await service.post("/observations", json=[record("d1/heat", 1)], headers={"idempotency-key": "k"})
        assert answer.status_code == 202
        async with context.database.transaction() as tx:
            await tx.execute(text("delete from kept_answer"))
    assert len(await stored(context)) == 1


async def test_cbor_and_gateways_come_in_too(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE)
    cbor = cbor2.dumps([{-2: "d1/", 0: "heat", 2: 20, 1: "K"}])
    answer = await service.post("/observations", content=cbor, headers={"content-type": "application/senml+cbor"})
    assert [one["code"] for one in answer.json()["rejected"]] == ["out_of_bounds"]
    uplink = {
        "time": "2026-07-18T09:34:15.775023242+00:00",
        "deviceInfo": {"deviceName": "d2", "devEui": "0101010101010101"},
        "object": {"temp": 21.5, "alarms": {"smoke": False}},
        "rxInfo": [{"rssi": -97, "snr": 5}, {"rssi": -48, "snr": 9.5}],
    }
    assert (await service.post("/observations", json=uplink)).json() == {"accepted": 1, "rejected": []}
    seen = {one.property: one for one in await stored(context)}
    assert {name: one.value for name, one in seen.items()} == {
        "temperature": 21.5,
        "smoke": False,
        "rssi": -48,
        "snr": 9.5,
    }
    assert seen["smoke"].observed_at == pytest.approx(1_784_367_255.775, abs=0.001)


async def test_two_partitions_hold_their_own_devices(context: Context) -> None:
    halves = replace(context.settings, partitions=2)
    two = Context(halves, context.database, context.stream, context.catalogue)
    body = json.dumps([record(f"{device}/heat", 1) for device in ("d1", "d2", "d3", "d4") * 5]).encode()
    done = await take_in(two, body, None, own=None, message_id=None)
    assert done.accepted == 20
    for partition in (0, 1):
        seen = await stored(context, subject=f"obs.p{partition}")
        assert {one.device for one in seen} == {
            device for device in ("d1", "d2", "d3", "d4") if partition_of(device, None, 2) == partition
        }
    assert len(await stored(context)) == 20


async def test_without_the_stream_it_says_so(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE)
    assert (await service.post("/observations", json=[record("d1/heat", 1)])).status_code == 202
    await context.stream.client.drain()
    answer = await service.post("/observations", json=[record("d1/heat", 2)])
    assert answer.status_code == 503


async def test_many_at_once(context: Context, client: Client) -> None:
    service = await client(Role.SERVICE)
    body = json.dumps([record("d1/heat", 20 + n % 40, u="Cel") for n in range(1_000)]).encode()

    async def one() -> httpx.Response:
        return await service.post("/observations", content=body)

    answers = await asyncio.gather(*(one() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await stored(context)) == 20_000
