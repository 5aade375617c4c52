"""A market on a real database: what detection says, through outbox, consumers and wakes, by a clock that is held."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.detect.model import Cleared, Outcome, Raised
from dure.detect.record import record
from dure.detect.rulefile import parse
from dure.engine import edge, jobs
from dure.engine.consumers import Consumer, Runner, register
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import LonLat, moved
from dure.kernel.ids import new_id
from dure.notices import sending
from dure.respond import alarms
from dure.respond.playbooks import library
from dure.respond.room import ROOM as RESPOND
from dure.respond.runs import interpreter, replies, starting
from dure.services.market_fire import service
from dure.services.market_fire.staged import hearing
from dure.services.market_fire.staged.acting import NAME
from dure.trust import vault
from dure.trust.policy import union
from dure.trust.vault import Person
from dure.trust.web import install
from tests.respond.conftest import desk, operator  # noqa: F401  # somebody at a desk
from tests.support import open_room

NIGHT = datetime(2026, 12, 5, 17, 0, tzinfo=UTC)
"""Two in the morning in the city: the market is closed."""
NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
HERE = LonLat(127.38, 36.35)
RULES = {rule.id: rule for rule in parse(service.RULES.read_text(encoding="utf-8"))}


async def _stages(tx: Any, subject: str) -> None:
    await hearing.handle(None, tx, subject)


QUEUES = (interpreter.QUEUE, replies.KEYS, jobs.Queue(NAME, _stages))
CONSUMERS: tuple[Consumer, ...] = (alarms.CONSUMER, starting.CONSUMER, hearing.CONSUMER)


@dataclass
class Market:
    """Ten stalls in a row, five metres apart, each with a detector and an owner."""

    database: Database
    clock: HeldClock
    relay: Relay
    runners: list[Runner]
    id: UUID = field(default_factory=new_id)
    stalls: list[UUID] = field(default_factory=list)

    async def open(self) -> None:
        """Fill the city and begin to consume."""
        await self.relay.take()
        async with self.database.transaction() as tx:
            await register(tx, CONSUMERS)
            await library.load_shipped(tx)
            await self.build(tx, "m", HERE)

    async def build(self, tx: Any, name: str, at: LonLat) -> None:
        """The market; its detectors are `<name>-0` to `<name>-9`."""
        await tx.execute(
            text("insert into asset (id, kind, code, name, lon, lat) values (:id, 'market', :n, :n, :lon, :lat)"),
            {"id": self.id, "n": name, "lon": at.lon, "lat": at.lat},
        )
        for n in range(10):
            person, _ = await vault.of(tx).put(tx, Person(name="홍길동", phone=f"0107000{n:04d}"))
            spot, stall = moved(at, 90, 5 * n), new_id()
            self.stalls.append(stall)
            values = {"stall": stall, "code": f"{name}-{n}", "name": f"가동 {n}호", "market": self.id,
                      "person": person, "lon": spot.lon, "lat": spot.lat}  # fmt: skip
            tx.later(
                text(
                    "insert into asset (id, kind, code, name, parent_id, person_id, lon, lat) "
                    "values (:stall, 'stall', :code, :name, :market, :person, :lon, :lat)"
                ),
                values,
            )
            tx.later(
                text(
                    "insert into device (id, kind, name, asset_id, lon, lat) "
                    "values (:code, 'fire_detector', :name, :stall, :lon, :lat)"
                ),
                values,
            )

    # --- what happens ---

    def raised(self, rule: str, device: str = "m-0", *, ago: float = 0.0, members: tuple[str, ...] = ()) -> Raised:
        """A rule matured at this moment, or a while ago."""
        at = self.clock.now().timestamp() - ago
        return Raised(f"market_fire_{rule}", device, device, None, at - 5.0, at, value=65.0, members=members)

    def cleared(self, rule: str = "signal", device: str = "m-0") -> Cleared:
        """What a rule found is gone."""
        return Cleared(f"market_fire_{rule}", device, self.clock.now().timestamp())

    async def detect(self, *outcomes: Outcome) -> None:
        """As the worker of detection writes it."""
        async with self.database.transaction() as tx:
            told = [(one, tx.now()) for one in outcomes]
            await record(tx, [one for one in told if not RULES[one[0].rule].beside], RULES)
            await hearing.hear(tx, [one for one in told if RULES[one[0].rule].beside])
        await self.go()

    async def after(self, seconds: float) -> None:
        """Time passes, and what is due is done."""
        self.clock.advance(seconds)
        await self.go()

    async def go(self) -> None:
        """Everything that waits: events, then wakes that are due, until nothing follows."""
        while True:
            await self.relay.number()
            moved_on = [await runner.step() for runner in self.runners]
            worked = [await jobs.step(self.database, queue) for queue in QUEUES]
            if not any(moved_on) and not any(worked):
                async with self.database.transaction() as tx:
                    if not await tx.scalar(text("select count(*) from outbox where position is null")):
                        return

    # --- what became of it ---

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a question."""
        async with self.database.transaction() as tx:
            return list(await tx.rows(text(statement), values))

    async def stands(self) -> Any:
        """The only verification."""
        (row,) = await self.rows("select * from market_fire_verification")
        return row

    async def incident(self) -> Any:
        """The only incident that was not merged."""
        (row,) = await self.rows("select * from incident where merged_into is null")
        return row

    async def told_119(self) -> bool:
        """Whether the fire service has it."""
        return bool(await self.rows("select 1 from handoff where agency_id = 'fire'"))

    async def links(self) -> list[str]:
        """The addresses behind which owners answer, as texts carry them."""
        async with self.database.transaction() as tx:
            rows = await tx.rows(text("select id, incident_id, sealed from notice where medium = 'text' order by id"))
            words = [sending.opened(tx, row["id"], row["incident_id"], bytes(row["sealed"])) for row in rows]
        return [one.text.rsplit("/", 1)[-1].strip() for one in words if one is not None and "/#/answer/" in one.text]


@pytest.fixture
def clock() -> HeldClock:
    """Two in the morning, until a test moves it."""
    return HeldClock(NIGHT)


@pytest.fixture
async def market(database: Database, clock: HeldClock) -> Market:
    """The market, with nothing in it that calls."""
    service.register()
    relay = Relay(database, None, "urn:test")  # type: ignore[arg-type]
    made = Market(database, clock, relay, [Runner(database, one) for one in CONSUMERS])
    await made.open()
    return made


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """The routes of both rooms behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([RESPOND.grants, service.ROOM.grants]))
    open_room(app, RESPOND.router)
    open_room(app, service.ROOM.router)
    return app
