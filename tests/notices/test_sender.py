"""The sender against a gateway on a real socket: down for an hour, answers lost, a process that dies between intent and
answer. Time is held.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dure import notices
from dure.commands.simulate.sms_gateway import Faults, SmsGateway
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.notices import Channel, To, Wanted, receipts
from dure.notices.sender import Sender, Way
from dure.notices.solapi import Solapi
from dure.trust import vault
from tests.notices.conftest import Desk, Someone


class Town:
    """The gateway, the sender and the clock of one test."""

    def __init__(self, database: Database, clock: HeldClock, gateway: SmsGateway, provider: Solapi) -> None:
        self.database, self.clock, self.gateway = database, clock, gateway
        self.sender = Sender(database, [Way((Channel.SMS, Channel.LMS, Channel.VOICE), provider)])

    async def want(self, to: UUID, *, key: str | None = None, life: bool = True, words: str = "불이야") -> UUID:
        wanted = Wanted(Channel.SMS, To(to), "plain", key or uuid4().hex, {"text": words}, life, uuid4())
        async with self.database.transaction() as tx:
            return await notices.send(tx, wanted)

    async def pass_(self, seconds: float, steps: int) -> None:
        """Time goes on in steps, and the sender with it."""
        for _ in range(steps):
            self.clock.advance(seconds / steps)
            await self.sender.step()

    async def rows(self) -> list[Mapping[str, Any]]:
        async with self.database.transaction() as tx:
            return [dict(row) for row in await tx.rows(text("select * from notice order by created_at, id"))]

    @property
    def texts(self) -> list[str]:
        return [one["to"] for one in self.gateway.taken]


@pytest.fixture
async def town(database: Database, clock: HeldClock) -> AsyncIterator[Town]:
    """A city with a gateway."""
    gateway = SmsGateway(now=clock.now)
    await gateway.start()
    provider = Solapi(gateway.url, gateway.key, gateway.secret, "0421234567", now=clock.now)
    yield Town(database, clock, gateway, provider)
    await provider.close()
    await gateway.stop()


async def test_a_text_goes_out_once_and_its_report_comes_back(town: Town, someone: Someone, desk: Desk) -> None:
    person = await someone()
    id_ = await town.want(person)
    await town.sender.step()
    await town.sender.step()
    assert town.texts == ["01012345678"]
    client = await desk()
    shown = (await client.get(f"/notices/{id_}")).json()
    assert (shown["status"], shown["to"], shown["tries"]) == ("sent", "010-****-5678", 1)
    await town.pass_(8, 2)
    shown = (await client.get(f"/notices/{id_}")).json()
    assert shown["status"] == "delivered"
    async with town.database.transaction() as tx:
        line = await tx.row(text("select action, person_id from audit where action = 'notice.send'"))
    assert line is not None
    assert line["person_id"] == person


async def test_a_gateway_that_is_down_for_an_hour_loses_and_doubles_nothing(town: Town, someone: Someone) -> None:
    people = [await someone(f"010-0000-{n:04d}") for n in range(12)]
    await town.gateway.stop()
    for n, person in enumerate(people):
        await town.want(person, life=n % 2 == 0)
    await town.pass_(3600, 30)
    assert {row["status"] for row in await town.rows()} == {"queued"}
    await town.gateway.start()
    await town.pass_(900, 10)
    assert sorted(town.texts) == [f"0100000{n:04d}" for n in range(12)]
    assert {row["status"] for row in await town.rows()} == {"delivered"}


@pytest.mark.parametrize("life", [True, False])
async def test_a_lost_answer_is_asked_for_by_our_reference_and_nothing_goes_twice(
    town: Town, someone: Someone, life: bool
) -> None:
    town.gateway.faults = Faults(lost=1.0, doubled=1.0)
    await town.want(await someone(), life=life)
    await town.sender.step()
    assert [row["status"] for row in await town.rows()] == ["unknown"]
    await town.pass_(30, 10)
    assert len(town.texts) == 1
    (row,) = await town.rows()
    assert (row["status"], row["doubled"]) == ("delivered", 0)


async def test_a_request_that_was_never_read_is_sent_again(town: Town, someone: Someone) -> None:
    town.gateway.faults = Faults(unread=1.0)
    await town.want(await someone(), life=False)
    await town.sender.step()
    town.gateway.faults = Faults()
    await town.pass_(20, 6)
    assert len(town.texts) == 1
    assert [row["status"] for row in await town.rows()] == ["delivered"]


async def test_where_the_gateway_cannot_say_a_life_goes_again_and_the_rest_waits(
    town: Town, someone: Someone, desk: Desk
) -> None:
    town.gateway.faults = Faults(lost=1.0, blind=True)
    await town.want(await someone("010-1111-1111"), life=True)
    plain = await town.want(await someone("010-2222-2222"), life=False)
    await town.sender.step()
    town.gateway.faults = Faults(blind=True)
    await town.pass_(30, 6)
    assert sorted(town.texts) == ["01011111111", "01011111111", "01022222222"]
    urgent, other = await town.rows()
    assert (urgent["status"], urgent["doubled"]) == ("sent", 1)
    assert (other["status"], other["reason"]) == ("unknown", "person_needed")
    client = await desk()
    done = await client.post(f"/notices/{plain}/resolve", json={"act": "went"})
    assert done.json()["status"] == "sent"
    assert (await client.post(f"/notices/{plain}/resolve", json={"act": "again"})).status_code == 409


@pytest.mark.parametrize("taken", [True, False])
async def test_a_process_that_dies_between_intent_and_answer(town: Town, someone: Someone, taken: bool) -> None:
    await town.want(await someone())
    (way,) = town.sender._ways
    messages = await town.sender.claim(
        way
    )  # committed; then the process is killed, before or after the gateway read it
    if taken:
        await way.gateway.send(messages)
    await town.pass_(10, 2)
    assert [row["status"] for row in await town.rows()] == ["sending"]
    await town.pass_(40, 8)
    assert len(town.texts) == 1
    assert [row["status"] for row in await town.rows()] == ["delivered"]


async def test_two_who_share_a_phone_get_one_text_for_one_key(town: Town, someone: Someone) -> None:
    first, second = await someone("010-3333-3333"), await someone("+82 10 3333 3333")
    await town.want(first, key="fire:1")
    await town.want(second, key="fire:1")
    await town.sender.step()
    assert town.texts == ["01033333333"]
    assert sorted((row["status"], row["reason"]) for row in await town.rows()) == [
        ("refused", "same_phone"),
        ("sent", None),
    ]


async def test_at_night_only_what_saves_lives_goes_out(town: Town, someone: Someone) -> None:
    town.clock.advance(11 * 3600)
    await town.want(await someone("010-4444-4444"), life=False)
    await town.want(await someone("010-5555-5555"), life=True)
    await town.sender.step()
    assert town.texts == ["01055555555"]
    await town.pass_(10 * 3600, 4)
    assert sorted(town.texts) == ["01044444444", "01055555555"]


async def test_what_is_refused_says_why(town: Town, someone: Someone) -> None:
    await town.want(await someone("12345678"))
    await town.want(await someone(""))
    lone = Sender(town.database, [])
    await town.sender.step()
    await town.want(await someone())
    await lone.step()
    assert [(row["status"], row["reason"]) for row in await town.rows()] == [
        ("refused", "1030"),
        ("refused", "no_address"),
        ("refused", "no_gateway"),
    ]


async def test_one_number_is_not_flooded_but_a_life_goes_through(town: Town, someone: Someone) -> None:
    person = await someone()
    for _ in range(12):
        await town.want(person, life=False)
    await town.sender.step()
    assert len(town.texts) == 10
    await town.want(person, life=True)
    await town.sender.step()
    assert len(town.texts) == 11
    await town.pass_(2 * 3600, 8)
    assert len(town.texts) == 13


async def test_what_is_over_is_not_sent(town: Town, someone: Someone) -> None:
    wanted = Wanted(Channel.SMS, To(await someone()), "plain", "k", {"text": "a"}, good_for=timedelta(minutes=1))
    async with town.database.transaction() as tx:
        await notices.send(tx, wanted)
    town.clock.advance(61)
    await town.sender.step()
    assert [(row["status"], row["reason"]) for row in await town.rows()] == [("failed", "expired")]
    assert town.texts == []


async def test_a_signed_report_is_taken_and_a_forged_or_late_one_refused(
    town: Town, someone: Someone, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURE_SMS_REPORT_SECRET", "shared")
    await town.want(await someone())
    await town.sender.step()
    (row,) = await town.rows()
    body = json.dumps([{"messageId": row["gateway_id"], "statusCode": "4000"}]).encode()
    at = str(int(town.clock.now().timestamp()))
    client = await desk()

    async def tell(secret: str, at: str) -> int:
        told = {"x-dure-timestamp": at, "x-dure-signature": receipts.signature(secret.encode(), at, body)}
        return (
            await client.post("/notices/reports", content=body, headers={**told, "content-type": "application/json"})
        ).status_code

    assert await tell("guessed", at) == 422
    assert await tell("shared", str(int(at) - 400)) == 422
    assert [row["status"] for row in await town.rows()] == ["sent"]
    assert await tell("shared", at) == 200
    assert await tell("shared", at) == 200
    assert [row["status"] for row in await town.rows()] == ["delivered"]


async def test_a_record_whose_key_is_missing_keeps_nobody_else_waiting(town: Town, someone: Someone) -> None:
    lost, fine = await someone("010-6666-6666"), await someone("010-7777-7777")
    await town.want(lost)
    await town.want(fine)
    async with town.database.transaction() as tx:
        keys = vault.of(tx).keys
        keys._connected().execute("delete from key where kind = 'person' and id = ?", (lost.bytes,))
    await town.sender.step()
    assert town.texts == ["01077777777"]
    assert sorted((row["status"], row["reason"]) for row in await town.rows()) == [
        ("refused", "unreadable"),
        ("sent", None),
    ]
