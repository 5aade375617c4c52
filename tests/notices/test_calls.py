"""Calls: what is read out, the key that says "heard", and the call to whoever on duty has not acknowledged a text."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dure import notices
from dure.commands.simulate.sms_gateway import Faults, SmsGateway
from dure.engine.database import Database, Tx
from dure.kernel.clock import HeldClock
from dure.notices import Channel, To, Wanted, acknowledging, contacts
from dure.notices.model import Medium
from dure.notices.sender import Sender, Way
from dure.notices.solapi import Solapi
from dure.trust.principal import system
from tests.notices.conftest import Desk, Someone

PATIENCE = timedelta(minutes=2)


@pytest.fixture
async def gateway(clock: HeldClock) -> AsyncIterator[SmsGateway]:
    gateway = SmsGateway(now=clock.now)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def sender(database: Database, clock: HeldClock, gateway: SmsGateway) -> AsyncIterator[Sender]:
    provider = Solapi(gateway.url, gateway.key, gateway.secret, "0421234567", now=clock.now)
    yield Sender(database, [Way((Channel.SMS, Channel.LMS, Channel.VOICE), provider)])
    await provider.close()


@pytest.fixture
async def officer(database: Database, colleagues: dict[str, UUID]) -> UUID:
    """On duty, with a telephone."""
    account = colleagues["oper-1"]
    async with database.transaction() as tx:
        await contacts.add(tx, system("test"), f"account:{account}", Medium.TEXT, "010-2222-3333")
    return account


async def want(database: Database, to: To, channel: Channel = Channel.SMS, call_after: timedelta | None = None) -> UUID:
    wanted = Wanted(channel, to, "plain", uuid4().hex, {"text": "불이야"}, True, uuid4(), call_after=call_after)
    async with database.transaction() as tx:
        return await notices.send(tx, wanted)


async def rows(database: Database) -> list[Mapping[str, Any]]:
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text("select * from notice order by created_at, id"))]


async def test_a_call_is_read_out_and_a_key_says_that_it_was_heard(
    database: Database, clock: HeldClock, gateway: SmsGateway, sender: Sender, someone: Someone, desk: Desk
) -> None:
    id_ = await want(database, To(await someone()), Channel.VOICE)
    await sender.step()
    (call,) = gateway.taken
    assert (call["type"], call["text"]) == ("VOICE", "불이야\n들으셨으면 1번을 눌러 주십시오.")
    assert call["voiceOptions"] == {"voiceType": "FEMALE", "replyRange": 1}
    clock.advance(5)
    await sender.step()
    shown = (await (await desk()).get(f"/notices/{id_}")).json()
    assert shown["status"] == "delivered"
    assert shown["acknowledged_at"] is not None
    assert [row["acknowledged_by"] for row in await rows(database)] == ["key"]


async def test_a_call_that_asks_is_answered_by_a_key(
    database: Database,
    clock: HeldClock,
    gateway: SmsGateway,
    sender: Sender,
    someone: Someone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, heard = ("불이에요", "아니에요", "모르겠어요"), list[tuple[str, int]]()

    async def hear(_tx: Tx, key: str, pressed: int) -> None:
        heard.append((key, pressed))

    monkeypatch.setattr(acknowledging, "_hear", [hear])
    gateway.faults = Faults(key=2)
    wanted = Wanted(
        Channel.VOICE, To(await someone()), "plain", "asked", {"text": "불인가요"}, True, uuid4(), answers=answers
    )
    async with database.transaction() as tx:
        await notices.send(tx, wanted)
    await sender.step()
    (call,) = gateway.taken
    assert call["voiceOptions"]["replyRange"] == 3
    assert "‘아니에요’는 2번을" in call["text"]
    clock.advance(5)
    await sender.step()
    assert heard == [("asked", 2)]
    assert [row["acknowledged_by"] for row in await rows(database)] == ["key"]


@pytest.mark.parametrize(("faults", "status"), [({"pressed": 0.0}, "delivered"), ({"undelivered": 1.0}, "failed")])
async def test_a_call_that_nobody_took_or_answered_was_not_heard(
    database: Database,
    clock: HeldClock,
    gateway: SmsGateway,
    sender: Sender,
    someone: Someone,
    faults: Any,
    status: str,
) -> None:
    gateway.faults = Faults(**faults)
    await want(database, To(await someone()), Channel.VOICE)
    await sender.step()
    clock.advance(5)
    await sender.step()
    assert [(row["status"], row["acknowledged_at"]) for row in await rows(database)] == [(status, None)]


async def test_whoever_has_not_acknowledged_a_text_is_called_once(
    database: Database, clock: HeldClock, gateway: SmsGateway, sender: Sender, officer: UUID
) -> None:
    await want(database, To(account_id=officer), call_after=PATIENCE)
    await sender.step()
    clock.advance(PATIENCE.total_seconds() - 1)
    await sender.step()
    assert [one["type"] for one in gateway.taken] == ["SMS"]
    clock.advance(1)
    for _ in range(3):
        await sender.step()
    assert [(one["type"], one["to"]) for one in gateway.taken] == [("SMS", "01022223333"), ("VOICE", "01022223333")]
    assert gateway.taken[1]["text"].startswith("불이야\n")
    for _ in range(3):
        clock.advance(60)
        await sender.step()
    assert [row["acknowledged_by"] for row in await rows(database)] == ["key", "key"]
    assert len(gateway.taken) == 2


async def test_a_text_that_never_arrived_is_followed_by_a_call_at_once(
    database: Database, clock: HeldClock, gateway: SmsGateway, sender: Sender, officer: UUID
) -> None:
    gateway.faults = Faults(undelivered=1.0)
    await want(database, To(account_id=officer), call_after=PATIENCE)
    await sender.step()
    clock.advance(5)
    for _ in range(3):
        await sender.step()
    assert [one["type"] for one in gateway.taken] == ["SMS", "VOICE"]


async def test_whoever_has_said_so_on_their_screen_is_left_in_peace(
    database: Database, clock: HeldClock, gateway: SmsGateway, sender: Sender, officer: UUID, signed_in: Desk
) -> None:
    id_ = await want(database, To(account_id=officer), call_after=PATIENCE)
    await sender.step()
    own, other = await signed_in("oper-1"), await signed_in("oper-2")
    assert (await other.post(f"/notices-own/{id_}/acknowledge")).status_code == 404
    (listed,) = (await own.get("/notices-own")).json()["items"]
    assert (listed["id"], listed["acknowledged_at"]) == (str(id_), None)
    assert (await other.get("/notices-own")).json()["items"] == []
    first = (await own.post(f"/notices-own/{id_}/acknowledge")).json()
    clock.advance(PATIENCE.total_seconds())
    assert (await own.post(f"/notices-own/{id_}/acknowledge")).json()["acknowledged_at"] == first["acknowledged_at"]
    await sender.step()
    await sender.step()
    assert [one["type"] for one in gateway.taken] == ["SMS"]
