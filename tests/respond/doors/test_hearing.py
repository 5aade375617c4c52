"""What agencies' systems tell: known by their signature, heard once, judged in whatever order it comes."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.commands.simulate.agency import AgencySystem
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.doors import envelope, hearing, setup, signing
from dure.respond.doors.model import Way
from dure.respond.doors.sender import Sender
from dure.trust.principal import system
from dure.trust.rates import Budget
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, keys, opened
from tests.respond.doors.conftest import Hand

Tell = Callable[..., Awaitable[httpx.Response]]
WHERE = "/doors/fire/events"


@pytest.fixture
def tell(app: FastAPI, fire: AgencySystem, clock: HeldClock) -> Tell:
    """Has the fire service's system tell something; `headers` and `event` replace what it would send."""

    async def send(
        handoff: str, kind: str, *, headers: dict[str, str] | None = None, to: str = WHERE, **event: Any
    ) -> httpx.Response:
        whole = {"id": uuid4().hex, "handoff": handoff, "kind": kind, "at": clock.now().isoformat(), **event}
        body = json.dumps(whole).encode()
        made = {**fire.headers(str(whole["id"]), body), **(headers or {})}
        return await post(app, to, body, made)

    return send


async def post(app: FastAPI, to: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city/api/v1") as client:
        return await client.post(to, content=body, headers=headers)


async def of(client: httpx.AsyncClient, incident: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/incidents/{incident['id']}")).json()
    return found


async def test_out_of_order_twice_and_late_it_ends_where_it_should(
    tell: Tell, hand: Hand, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    incident = await hand()
    handoff = incident["handoffs"][0]["id"]
    clock.advance(40)
    began = clock.now()
    accepted = await tell(handoff, "accepted", id="e-2", text="펌프차 3대", reference="119-7")
    assert (accepted.status_code, accepted.json()) == (200, {"verdict": "taken"})
    early = (began - timedelta(seconds=10)).isoformat()
    assert (await tell(handoff, "acknowledged", id="e-1", at=early)).json() == {"verdict": "noted"}
    again = await tell(handoff, "accepted", id="e-2", text="펌프차 3대", reference="119-7", at=began.isoformat())
    assert again.json() == {"verdict": "taken"}, "told again it gets the same answer"
    other = await tell(handoff, "done", id="e-2")
    assert (other.status_code, other.json()["key"]) == (409, "respond.door.other_event")
    clock.advance(3_600)
    done = (began + timedelta(seconds=60)).isoformat()
    assert (await tell(handoff, "done", id="e-3", at=done)).json() == {"verdict": "taken"}
    assert (await tell(handoff, "declined", id="e-4")).json() == {"verdict": "contradicts"}
    shown = await of(operator, incident)
    (mine,) = shown["handoffs"]
    assert (mine["status"], mine["progress"], mine["reference"]) == ("acknowledged", "done", "119-7")
    assert mine["acknowledged_at"] is not None
    assert keys(shown)[-4:] == ["door_accepted", "door_noted", "door_done", "door_contradicts"]
    late = next(entry for entry in shown["timeline"] if entry["key"].endswith("door_done"))
    assert late["params"]["late_s"] == 3_540
    clocked = next(one for one in shown["clocks"] if one["name"] == "handed_off_to_answered")
    assert clocked["stopped_at"] is not None, "the first answer stops it"


async def test_a_refusal_brings_it_back_to_the_control_room(
    tell: Tell, hand: Hand, operator: httpx.AsyncClient
) -> None:
    incident = await hand()
    handoff = incident["handoffs"][0]["id"]
    await tell(handoff, "acknowledged")
    assert (await tell(handoff, "declined", text="관할이 아님")).json() == {"verdict": "taken"}
    shown = await of(operator, incident)
    assert (shown["status"], shown["handoffs"][0]["status"]) == ("acknowledged", "declined")
    assert shown["handoffs"][0]["answer"] == "관할이 아님"
    assert keys(shown)[-2:] == ["door_declined", "taken_back"]


async def test_forged_replayed_reflected_and_stale_are_refused_and_change_nothing(
    tell: Tell, app: FastAPI, fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient,
    clock: HeldClock, database: Database,
) -> None:  # fmt: skip
    incident = await hand()
    handoff = incident["handoffs"][0]["id"]
    await sender.step()
    before = await of(operator, incident)
    body = json.dumps({"id": "e-1", "handoff": handoff, "kind": "done", "at": clock.now().isoformat()}).encode()
    good = fire.headers("e-1", body)
    refused = {
        "another key": fire.headers("e-1", body, secret=b"guessed"),
        "another body": fire.headers("e-1", body + b" "),
        "another reference": {**good, "Dure-Reference": "e-2"},
        "another nonce": {**good, "Dure-Nonce": "0" * 32},
        "a later time": {**good, "Dure-Time": str(int(good["Dure-Time"]) + 1)},
        "too early": fire.headers("e-1", body, off=timedelta(seconds=-301)),
        "too late": fire.headers("e-1", body, off=timedelta(seconds=301)),
        "ours": {
            "Content-Type": "application/json",
            **signing.headers([fire.secret.encode()], "dure", "POST", "e-1", clock.now(), "1" * 32, body),
        },
    }
    for why, headers in refused.items():
        answer = await post(app, WHERE, body, headers)
        assert answer.status_code == 403, (why, answer.text)
    unsigned = await post(app, WHERE, body, {"Content-Type": "application/json"})
    assert (unsigned.status_code, unsigned.json()["key"]) == (422, "respond.door.form")
    nobody = await post(app, "/doors/police/events", body, fire.headers("e-1", body))
    assert (nobody.status_code, nobody.json()["key"]) == (403, "respond.door.signature"), "as one that has a door"
    assert await of(operator, incident) == before
    assert (await post(app, WHERE, body, good)).status_code == 200
    replayed = await post(app, WHERE, body, good)
    assert (replayed.status_code, replayed.json()["key"]) == (409, "respond.door.replayed")
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from door_nonce")) == 1


async def test_what_is_wrong_is_said(
    tell: Tell, app: FastAPI, fire: AgencySystem, hand: Hand, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    incident = await hand()
    handoff = incident["handoffs"][0]["id"]
    ahead = (clock.now() + timedelta(minutes=6)).isoformat()
    assert (await tell(handoff, "done", at=ahead)).json()["key"] == "respond.door.future"
    assert (await tell(handoff, "done", at="2026-12-05T03:00:00")).status_code == 422
    assert (await tell(handoff, "finished")).status_code == 422
    assert (await tell(handoff, "done", more=1)).status_code == 422
    assert (await tell(handoff, "message")).json()["key"] == "respond.door.empty"
    assert (await tell(str(uuid4()), "done")).status_code == 404
    elsewhere = await opened(operator, type="crime", lon=127.2)
    police = await acted(operator, elsewhere, "handoffs", agency="police", kind="joint", note="")
    assert (await tell(police["handoffs"][0]["id"], "done")).status_code == 404, "another agency's is not there"
    large = b" " * 65_537
    assert (await post(app, WHERE, large, fire.headers("e", large))).status_code == 413
    swapped = json.dumps({"id": "e-9", "handoff": handoff, "kind": "done", "at": clock.now().isoformat()}).encode()
    assert (await post(app, WHERE, swapped, fire.headers("e-8", swapped))).status_code == 422
    broken = b"{"
    assert (await post(app, WHERE, broken, fire.headers("e", broken))).status_code == 400
    assert (await of(operator, incident))["handoffs"][0]["status"] == "sent"


async def test_both_sides_talk(
    tell: Tell, fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient, desk: Desk
) -> None:
    incident = await hand()
    handoff = incident["handoffs"][0]["id"]
    where = f"/incidents/{incident['id']}/handoffs/{handoff}/messages"
    assert (await operator.post(where, json={"text": "소화전은 북쪽"})).status_code == 201
    while await sender.step():
        pass
    assert [one["type"] for one in fire.taken.values()] == ["handoff", "message"]
    assert (await tell(handoff, "message", text="<b>3분</b> 뒤 도착")).json() == {"verdict": "taken"}
    station = await desk(Role.FIRE, "fire")
    assert (await station.post(where, json={"text": "도착"})).status_code == 201
    police = await desk(Role.POLICE, "police")
    assert (await police.post(where, json={"text": "?"})).status_code == 404
    said = (await of(station, incident))["handoffs"][0]["messages"]
    assert [(one["side"], one["text"]) for one in said] == [
        ("city", "소화전은 북쪽"),
        ("agency", "<b>3분</b> 뒤 도착"),
        ("agency", "도착"),
    ]
    assert said[0]["door"] == "sent"
    assert len(fire.taken) == 2, "an agency's own words do not go back to it"


async def test_by_envelope_out_and_back(
    app: FastAPI, fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient, database: Database,
    clock: HeldClock,
) -> None:  # fmt: skip
    async with database.transaction() as tx:
        await setup.put(tx, system("test"), "fire", setup.Door(Way.EDXL1, fire.url))
    incident = await hand()
    await sender.step()
    ((reference, letter),) = fire.taken.items()
    assert letter["incident"]["receipt_no"] == incident["receipt_no"]
    assert b"urn:oasis:names:tc:emergency:cap:1.2" in fire.bodies[reference]
    ack = (
        f'<EDXLDistribution xmlns="{envelope.DE1}"><distributionID>119-1</distributionID><senderID>119@fire</senderID>'
        f"<dateTimeSent>{clock.now().isoformat()}</dateTimeSent><distributionStatus>Actual</distributionStatus>"
        f"<distributionType>Ack</distributionType><combinedConfidentiality>Unclassified</combinedConfidentiality>"
        f"<distributionReference>{reference},handoff@dure,{clock.now().isoformat()}</distributionReference>"
        f"</EDXLDistribution>"
    ).encode()
    xml = {"Content-Type": "application/xml"}
    assert (await post(app, WHERE, ack, {**fire.headers("119-1", ack), **xml})).json() == {"verdict": "taken"}
    assert (await of(operator, incident))["handoffs"][0]["status"] == "acknowledged"
    evil = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    assert (await post(app, WHERE, evil, {**fire.headers("119-2", evil), **xml})).status_code == 422


async def test_too_often_is_too_often_and_uses_nothing_up(
    tell: Tell, app: FastAPI, fire: AgencySystem, hand: Hand, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    handoff = (await hand())["handoffs"][0]["id"]
    body = json.dumps({"id": "e", "handoff": handoff, "kind": "done", "at": clock.now().isoformat()}).encode()
    headers = fire.headers("e", body)
    monkeypatch.setattr(hearing, "RATE", Budget(1, 1e-9))
    assert (await tell(handoff, "acknowledged")).status_code == 200
    assert (await post(app, WHERE, body, headers)).status_code == 429
    monkeypatch.setattr(hearing, "RATE", Budget(9, 1))
    assert (await post(app, WHERE, body, headers)).json() == {"verdict": "taken"}
