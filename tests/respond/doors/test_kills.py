"""A sender that is killed again and again, between intent and sending too: every letter arrives, in order, and is taken
once.
"""

import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from dure.commands.simulate.agency import AgencySystem, Faults
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.respond import handoffs, intake
from dure.respond.doors import setup, talk
from dure.respond.doors.client import Client
from dure.respond.doors.model import LOST_AFTER, Sending, Way
from dure.respond.doors.sender import Sender
from dure.respond.intake import Report
from dure.respond.model import HandoffKind, Mode, Source
from dure.respond.runs.effects import PLAYBOOK
from dure.respond.types import TYPES
from dure.trust import vault
from dure.trust.principal import system
from tests.respond.doors.conftest import HERE, REPLY, Hand

KILLS = 25
ROOM = replace(PLAYBOOK, permissions=frozenset({"incident.answer", "incident.handle"}))
WAITING = text("select count(*) from handoff_send where status in ('queued', 'sending', 'unknown')")


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_process_that_dies_after_the_intent_leaves_a_question_that_is_answered(
    fire: AgencySystem, sender: Sender, hand: Hand, clock: HeldClock, database: Database, arrived: bool
) -> None:
    await hand()
    parcel = await sender.claim()
    assert parcel is not None
    if arrived:  # it was handed over, and the process died before it could write that down
        out = Client(HERE)
        await out.send(parcel)
        await out.close()
    async with database.transaction() as tx:
        assert await tx.scalar(text("select status from handoff_send")) == Sending.SENDING, "committed before sending"
    clock.advance(1)
    out = Client(HERE)
    another = Sender(database, out, REPLY)
    assert not await another.step(), "it may still be under way"
    clock.advance(LOST_AFTER.total_seconds())
    while await another.step():
        pass
    await out.close()
    assert list(fire.times.values()) == [1]
    async with database.transaction() as tx:
        assert await tx.scalar(text("select status from handoff_send")) == Sending.SENT


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_kill_nine_at_any_moment_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURE_DOOR_NETWORKS", "127.0.0.0/8")
    living = Database(database_url, folder=tmp_path)
    fire = AgencySystem("fire", answers=False, faults=Faults(slow_s=0.05, lost=0.1, unread=0.1))
    await fire.start()
    chance = random.Random(7)
    said = 0
    try:
        async with living.transaction() as tx:
            fire.secret = await setup.put(tx, system("test"), "fire", setup.Door(Way.REST, fire.url)) or ""
        for kill in range(KILLS + 1):
            for _ in range(3):
                await _handed(living, said, tmp_path)
                said += 1
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.respond.doors.dying", database_url, str(tmp_path)
            )
            if kill < KILLS:
                await asyncio.sleep(chance.uniform(0.8, 2.5))  # not a wait for something: the moment of the kill
            else:
                await _all_settled(living)
            process.kill()
            await process.wait()
    finally:
        await fire.stop()
        await living.close()
    letters = list(fire.taken.values())
    assert sorted(one["handoff"]["note"] for one in letters if one["type"] == "handoff") == sorted(
        map(str, range(said))
    )
    assert sum(one["type"] == "message" for one in letters) == said
    seen: set[str] = set()
    for one in letters:
        assert (one["type"] == "handoff") == (one["handoff"]["id"] not in seen), "a message never comes first"
        seen.add(one["handoff"]["id"])
    assert set(fire.times.values()) == {1}, "it can be asked, so nothing is handed over twice"


async def _handed(living: Database, number: int, folder: Path) -> None:
    async with living.transaction() as tx:
        told = Report(
            TYPES.kept("crime"), Source.CALL_112, "", Mode.REAL, external_ref=str(new_id()),
            at=LonLat(127.0 + number / 50, 36.3), address=None,
        )  # fmt: skip
        found = await intake.receive(tx, system("test"), told, vault.at(folder))
        handoff = await handoffs.hand_off(
            tx, PLAYBOOK, found.incident_id, "fire", HandoffKind.JOINT, str(number)
        )  # fmt: skip
        await talk.say(tx, ROOM, found.incident_id, handoff, "뒤따르는 말")


async def _all_settled(living: Database) -> None:
    async with asyncio.timeout(200):
        while True:
            async with living.transaction() as tx:
                if await tx.scalar(WAITING) == 0:
                    return
            await asyncio.sleep(0.5)
