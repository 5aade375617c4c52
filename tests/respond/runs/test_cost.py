"""What a fire costs in round trips to the database: until it stands, until 119 has it, until its owner's text goes out.

Measured times depend on the machine and on what else it does; these numbers do not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dure.detect.events import RAISED
from dure.engine import jobs, piped
from dure.engine.database import Database
from dure.kernel.events import Event
from dure.kernel.geometry import LonLat, moved
from dure.kernel.ids import new_id
from dure.notices.gateway import Message
from dure.notices.model import Accepted, Channel, Found, Lookup, Outcome
from dure.notices.sender import Sender, Way
from dure.respond import alarms, queries
from dure.respond.playbooks import library
from dure.respond.runs.interpreter import QUEUE
from dure.services.market_fire import service
from dure.services.market_fire.staged import acting
from dure.trust import vault
from dure.trust.vault import Person

FAR = LonLat(127.9, 36.9)
OWNERS = 30
OPENS, LOOKS, CLAIMS, SETTLES, TELLS = 18, 15, 8, 3, 22
"""Round trips at most, whatever the number of owners; each transaction's begin and commit come on top."""


class Gateway:
    """One that takes everything at once."""

    name = "test"
    most = 100

    async def send(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        return {one.reference: Accepted(str(one.reference)) for one in messages}

    async def lookup(self, asked: Sequence[Any]) -> dict[UUID, Lookup]:
        return {}

    async def reports(self, gateway_ids: Sequence[str]) -> Sequence[Found]:
        return ()


@contextmanager
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Each time that the server is asked and waited for within the block: what it is asked first."""
    asked: list[str] = []
    run, execute = piped.run, AsyncConnection.execute

    async def piece(connection: AsyncConnection, writes: Sequence[piped.Ask], reads: Sequence[piped.Ask]) -> Any:
        asked.append(" ".join((*reads, *writes)[0][0].text.split())[:80])
        return await run(connection, writes, reads)

    async def single(self: AsyncConnection, statement: Any, *args: Any, **more: Any) -> Any:
        asked.append(f"by itself: {statement}"[:80])
        return await execute(self, statement, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(piped, "run", piece)
        patch.setattr(AsyncConnection, "execute", single)
        yield asked


async def burning(database: Database, number: int) -> UUID:
    """An alarm in a market of so many owners, each of whom has the stall whose detector spoke."""
    async with database.transaction() as tx:
        market, alarm, at = new_id(), new_id(), moved(FAR, 90, 3_000 * number)
        await tx.execute(
            text("insert into asset (id, kind, code, name, lon, lat) values (:id, 'market', :code, :code, :lon, :lat)"),
            {"id": market, "code": f"far-{number}", "lon": at.lon, "lat": at.lat},
        )
        devices = []
        for owner in range(OWNERS):
            phone = f"0107{number:03d}{owner:04d}"
            person, _ = await vault.of(tx).put(tx, Person(name="홍길동", phone=phone))
            devices.append(f"far-{number}-{owner}")
            values = {"stall": new_id(), "device": devices[-1], "market": market, "person": person}
            tx.later(
                text(
                    "insert into asset (id, kind, code, name, parent_id, person_id) "
                    "values (:stall, 'stall', :device, :device, :market, :person)"
                ),
                values,
            )
            tx.later(
                text(
                    "insert into device (id, kind, name, asset_id, lon, lat) "
                    "values (:device, 'fire_detector', :device, :stall, :lon, :lat)"
                ),
                {**values, "lon": at.lon, "lat": at.lat},
            )
        await tx.execute(
            text(
                "insert into alarm (id, rule, rule_ko, rule_en, subject, device, members, category, lane, severity, "
                "stage, life_safety, late, onset_at, matured_at, raised_at, last_onset_at, last_raised_at, created_at, "
                "updated_at, incident_type) values (:id, 'market_fire_signal', 'r', 'r', :device, :device, :members, "
                "'event', 'x', 'serious', 'pre_alarm', true, false, :now, :now, :now, :now, :now, :now, :now, "
                "'market_fire')"
            ),
            {"id": alarm, "device": devices[0], "members": devices, "now": tx.now()},
        )
    return alarm


async def open_ones(database: Database) -> list[UUID]:
    """The incidents, oldest first."""
    async with database.transaction() as tx:
        return [row["id"] for row in await tx.rows(text("select id from incident order by opened_at, id"))]


async def test_a_fire_asks_the_database_few_times(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    service.register()
    async with database.transaction() as tx:
        await library.load_shipped(tx)
    sender = Sender(database, [])
    way = Way((Channel.SMS, Channel.LMS, Channel.VOICE), Gateway())
    told: list[list[str]] = []
    for number in range(2):  # the first reads what later ones know
        alarm = await burning(database, number)
        with turns(monkeypatch) as opened:
            async with database.transaction() as tx:
                await alarms.on_alarm(tx, Event(RAISED, "alarm", str(alarm), 1, {}))
        with turns(monkeypatch) as looked:
            assert await jobs.step(database, QUEUE)
        assert not await jobs.step(database, QUEUE)
        with turns(monkeypatch) as claimed:
            messages = await sender.claim(way)
        with turns(monkeypatch) as settled:
            await sender.hand_over(way, messages)
        assert len(messages) == 2 * OWNERS  # a text and a call each
        told = [opened, looked, claimed, settled]
    assert all(len(one) <= most for one, most in zip(told, (OPENS, LOOKS, CLAIMS, SETTLES), strict=True)), told
    for row in await open_ones(database):  # a pre-alarm asks; once it is confirmed, 119 has it
        async with database.transaction() as tx:
            await acting.confirm(tx, await queries.locked(tx, row))
        with turns(monkeypatch) as told_119:
            assert await jobs.step(database, QUEUE)
        assert len(told_119) <= TELLS, told_119
    async with database.transaction() as tx:
        sent = await tx.scalar(text("select count(*) from notice where status = 'sent'"))
        handed = await tx.scalar(text("select count(distinct incident_id) from handoff where agency_id = 'fire'"))
    assert (sent, handed) == (4 * OWNERS, 2)
