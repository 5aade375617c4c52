"""From an alarm of detection, through the outbox and the consumer, to an incident."""

import asyncio
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from dure.detect import alarms as detection
from dure.detect.model import Cleared, Outcome, Raised, Rule, Threshold
from dure.detect.record import record
from dure.engine.consumers import Runner, register
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.kernel.events import Event
from dure.kernel.geometry import moved
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond.alarms import CONSUMER, on_alarm
from dure.trust.principal import system
from tests.respond.conftest import MARKET, SATURDAY, acted, keys, opened

STALLS = 300


def rule(id_: str = "stall_fire", **more: Any) -> Rule:
    return Rule(
        id_,
        "점포 열감지",
        "Stall heat",
        ("fire_detector",),
        Threshold(),
        severity=more.pop("severity", Severity.SERIOUS),
        incident=more.pop("incident", "fire"),
        **more,
    )


RULES = {
    each.id: each
    for each in (
        rule(),
        rule("by_kind", incident=None),
        rule("confirmed_at_once", stage="confirmed"),
        rule("grave", severity=Severity.CRITICAL),
        rule("device_silent", category="fault", incident=None),
        rule("quiet", incident="none"),
    )
}


def heat(stall: int, *, rule_id: str = "stall_fire", at: float = 0.0, late: bool = False) -> Raised:
    """Stall `stall`'s detector matured `at` seconds after noon."""
    onset = SATURDAY.timestamp() + at
    return Raised(rule_id, f"D-{stall}", f"D-{stall}", "M1", onset, onset + 5, late=late)


def cool(stall: int, *, at: float = 60.0) -> Cleared:
    return Cleared("stall_fire", f"D-{stall}", SATURDAY.timestamp() + at)


class City:
    """Detection's output and the consumer behind the outbox."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.relay = Relay(database, None, "urn:test")  # type: ignore[arg-type]
        self.runner = Runner(database, CONSUMER)

    async def start(self) -> None:
        await self.relay.take()
        async with self.database.transaction() as tx:
            await register(tx, [CONSUMER])
            market = await tx.scalar(text("select id from asset where kind = 'market'"))
            stalls = [new_id() for _ in range(STALLS)]
            places = [moved(MARKET, 90, n) for n in range(STALLS)]
            await tx.execute(
                text(
                    "insert into asset (id, kind, code, name, parent_id, lon, lat) "
                    "values (:id, 'stall', :code, :name, :market, :lon, :lat)"
                ),
                [
                    {
                        "id": stall,
                        "code": f"S{n}",
                        "name": f"나동 {n}호",
                        "market": market,
                        "lon": places[n].lon,
                        "lat": places[n].lat,
                    }
                    for n, stall in enumerate(stalls)
                ],
            )
            await tx.execute(
                text(
                    "insert into device (id, kind, name, group_id, asset_id) "
                    "values (:id, 'fire_detector', :id, 'M1', :asset)"
                ),
                [{"id": f"D-{n}", "asset": stall} for n, stall in enumerate(stalls)],
            )
            await tx.execute(
                text(
                    "insert into device (id, kind, name, lon, lat) values ('D-far', 'fire_detector', 'far', :lon, :lat)"
                ),
                {"lon": MARKET.lon + 0.05, "lat": MARKET.lat},
            )

    async def detect(self, *outcomes: Outcome) -> None:
        async with self.database.transaction() as tx:
            await record(tx, [(one, tx.now()) for one in outcomes], RULES)

    async def consume(self) -> None:
        """Everything that is in the outbox, through the consumer."""
        while True:
            await self.relay.number()
            if not await self.runner.step():
                async with self.database.transaction() as tx:
                    if not await tx.scalar(text("select count(*) from outbox where position is null")):
                        return

    async def go(self, *outcomes: Outcome) -> None:
        await self.detect(*outcomes)
        await self.consume()

    async def alarms(self) -> list[UUID]:
        async with self.database.transaction() as tx:
            return [row["id"] for row in await tx.rows(text("select id from alarm order by raised_at, id"))]


@pytest.fixture
async def city(database: Database) -> City:
    made = City(database)
    await made.start()
    return made


async def incidents(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    items = (await client.get("/incidents", params=query)).json()["items"]
    return [(await client.get(f"/incidents/{item['id']}")).json() for item in items]


async def test_an_alarm_opens_an_incident_with_everything(city: City, operator: httpx.AsyncClient) -> None:
    await city.go(heat(17))
    (incident,) = await incidents(operator)
    assert incident["type"] == "fire"
    assert incident["source"] == "sensor"
    assert incident["severity"] == "serious"
    assert incident["receipt_no"] == "DR20261205-0001"
    assert incident["place"]["name"] == "한빛중앙시장 나동 17호"
    assert incident["place"]["located"]
    assert len(incident["cameras"]) == 5
    assert keys(incident) == ["opened_by_alarm", "verify_asked", "cameras_chosen"]
    assert incident["timeline"][0]["text"] == "한빛중앙시장 나동 17호 점포 열감지 예비경보로 상황 개설"
    assert incident["timeline"][0]["actor"] == "자동"
    assert [(task["kind"], task["done_at"]) for task in incident["tasks"]] == [("verify", None)]
    (alarm,) = incident["alarms"]
    assert alarm["incident_id"] == incident["id"]
    assert {"id", "rule", "device", "subject", "stage", "onset_at", "raised_at", "cleared_at", "late"} <= set(alarm)
    done = await acted(operator, incident, "acknowledge")
    assert done["tasks"][0]["done_by"] == "operator-07"


async def test_told_again_nothing_happens_again(city: City, operator: httpx.AsyncClient, database: Database) -> None:
    await city.go(heat(1), heat(2))
    before = await incidents(operator)
    async with database.transaction() as tx:
        await tx.execute(text("update consumer set position = 0"))
    await city.consume()
    assert await incidents(operator) == before


async def test_a_market_in_alarm_is_one_incident_with_a_short_timeline(
    city: City, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    await city.go(heat(0))
    started = time.process_time()  # of this process alone: whatever else the machine does
    await city.go(*(heat(n, at=1) for n in range(1, 150)))
    half = time.process_time() - started
    clock.advance(70)
    started = time.process_time()
    await city.go(*(heat(n, at=70) for n in range(150, STALLS)))
    other_half = time.process_time() - started
    (incident,) = await incidents(operator)
    assert incident["alarm_count"] == STALLS
    assert len(incident["alarms"]) == STALLS
    assert incident["severity"] == "critical", "three devices or more"
    assert len(incident["timeline"]) < 15
    folded = [entry["text"] for entry in incident["timeline"] if entry["key"].endswith("alarms_joined")]
    assert folded == [
        "경보 145건을 이 상황에 묶음 (마지막: 한빛중앙시장 나동 149호)",
        "경보 150건을 이 상황에 묶음 (마지막: 한빛중앙시장 나동 299호)",
    ]
    assert other_half < 3 * half, "the 300th costs what the 10th cost"


async def test_nearby_joins_and_far_away_does_not(city: City, operator: httpx.AsyncClient) -> None:
    onset = SATURDAY.timestamp()
    await city.go(heat(1), Raised("stall_fire", "D-far", "D-far", None, onset, onset + 5))
    assert sorted(each["alarm_count"] for each in await incidents(operator)) == [1, 1]


async def test_a_call_comes_first_and_the_alarm_joins_it(city: City, operator: httpx.AsyncClient) -> None:
    called = await opened(operator)
    await city.go(heat(10), heat(250))
    (incident,) = await incidents(operator)
    assert incident["id"] == called["id"]
    assert incident["alarm_count"] == 2, "the first said which market it is, so the far end joined too"
    assert incident["place"]["name"] == "한빛중앙시장 나동 10호"


async def test_after_its_window_or_its_end_another_incident_opens(
    city: City, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    await city.go(heat(1))
    clock.advance(1_801)
    await city.go(heat(2, at=1_801))
    assert len(await incidents(operator)) == 2
    for each in await incidents(operator):
        await acted(operator, each, "close", outcome="false", reason="수증기")
    await city.go(heat(3, at=1_802))
    assert [each["status"] for each in await incidents(operator)] == ["open", "closed", "closed"]


async def test_late_alarms_faults_shelved_and_silent_rules_open_nothing(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.detect(heat(5))
    (alarm,) = await city.alarms()
    async with database.transaction() as tx:
        await detection.shelve(tx, system("test"), alarm, tx.now().replace(hour=10), "disinfection")
    await city.go(heat(1, late=True), heat(2, rule_id="device_silent"), heat(3, rule_id="quiet"))
    assert await incidents(operator) == []
    async with database.transaction() as tx:
        await detection.unshelve(tx, system("test"), alarm)
    await city.consume()
    assert len(await incidents(operator)) == 1


async def test_a_late_alarm_that_a_person_confirms_opens_one(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.go(heat(1, late=True))
    (alarm,) = await city.alarms()
    async with database.transaction() as tx:
        await detection.judge(tx, system("test"), alarm, "confirmed")
    await city.consume()
    (incident,) = await incidents(operator)
    assert incident["tasks"] == [], "it is confirmed: nothing to verify"


async def test_confirming_stops_its_clock_and_ends_the_task(
    city: City, operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    await city.go(heat(1))
    clock.advance(33)
    (alarm,) = await city.alarms()
    async with database.transaction() as tx:
        await detection.judge(tx, system("test"), alarm, "confirmed")
    await city.consume()
    (incident,) = await incidents(operator)
    confirmed = next(each for each in incident["clocks"] if each["name"] == "signal_to_confirmed")
    assert confirmed["stopped_at"] is not None
    assert incident["tasks"][0]["done_at"] is not None
    assert keys(incident)[-2:] == ["alarm_confirmed", "verify_done"]


async def test_the_timeline_says_who_judged_an_alarm_and_why(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.go(*(heat(n) for n in range(9)))
    alarms = await city.alarms()
    async with database.transaction() as tx:
        by = replace(system("test"), name="operator-07")
        await detection.judge(tx, by, alarms[0], "false", reason="steam", words="만두 찌는 김")
        await detection.judge(tx, by, alarms[1], "confirmed", reason="camera")
    await city.consume()
    (incident,) = await incidents(operator)
    told = [(each["text"], each["actor"]) for each in incident["timeline"][-3:-1]]
    assert told[0][0].endswith("경보를 오경보로 판단 (수증기): 만두 찌는 김")
    assert told[1][0].endswith("경보 확정 (카메라로 확인)")
    assert {actor for _, actor in told} == {"operator-07"}


async def test_clearing_is_noted_and_a_person_closes(city: City, operator: httpx.AsyncClient, clock: HeldClock) -> None:
    await city.go(heat(1), heat(2))
    clock.advance(60)
    await city.go(cool(1))
    (incident,) = await incidents(operator)
    assert incident["cleared_at"] is None
    assert incident["standing_alarms"] == 1
    await city.go(cool(2))
    (incident,) = await incidents(operator)
    assert incident["cleared_at"] is not None
    assert incident["status"] == "open"
    assert keys(incident)[-3:] == ["alarm_cleared", "alarm_cleared", "all_cleared"]
    clock.advance(30)
    await city.go(heat(1, at=90))
    (incident,) = await incidents(operator)
    assert incident["standing_alarms"] == 1
    assert incident["cleared_at"] is None
    assert keys(incident)[-1] == "alarm_again"


@pytest.mark.parametrize(("outcome", "stage"), [("real", "confirmed"), ("false", "false"), ("drill", "cleared")])
async def test_closing_judges_the_alarms(city: City, operator: httpx.AsyncClient, outcome: str, stage: str) -> None:
    await city.go(heat(1), heat(2))
    (incident,) = await incidents(operator)
    closed = await acted(operator, incident, "close", outcome=outcome, reason="확인")
    await city.consume()
    (after,) = await incidents(operator)
    assert {alarm["stage"] for alarm in after["alarms"]} == {stage}
    assert after == closed | {"alarms": after["alarms"]}, "what closing itself did is not told again"
    await acted(operator, incident, "reopen", reason="다시")
    await city.consume()
    (again,) = await incidents(operator)
    assert again["standing_alarms"] == 2, "their condition never went"


async def test_alarms_follow_a_merged_incident_and_come_back(city: City, operator: httpx.AsyncClient) -> None:
    await city.go(heat(1))
    (fire,) = await incidents(operator)
    far = moved(MARKET, 180, 160)
    call = await opened(operator, lon=far.lon, lat=far.lat)
    one = await acted(operator, fire, "merge", into=call["id"])
    assert [alarm["incident_id"] for alarm in one["alarms"]] == [call["id"]]
    await city.go(cool(1))
    (one,) = await incidents(operator)
    assert "all_cleared" in keys(one)
    assert one["standing_alarms"] == 0
    apart = await acted(operator, fire, "unmerge")
    assert [alarm["incident_id"] for alarm in apart["alarms"]] == [fire["id"]]


async def test_the_rule_says_what_it_is_else_the_device(city: City, operator: httpx.AsyncClient) -> None:
    await city.go(heat(1, rule_id="by_kind"))
    assert [each["type"] for each in await incidents(operator)] == ["fire"]


async def test_two_consumers_and_calls_racing_for_one_place_make_one_incident(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    """Two consumers of different names stand for two work processes that both believe they are the one."""
    twin = replace(CONSUMER, name="respond.twin")
    async with database.transaction() as tx:
        await register(tx, [twin])
    await city.detect(*(heat(n) for n in range(8)))
    await city.relay.number()
    runners = [city.runner, Runner(database, twin)]

    async def drain(runner: Runner) -> None:
        while await runner.step():
            await city.relay.number()

    await asyncio.gather(
        *(drain(runner) for runner in runners), *(opened(operator, external_ref=f"C-{n}") for n in range(4))
    )
    await city.consume()
    found = await incidents(operator)
    assert len(found) == 1
    assert found[0]["alarm_count"] == 8
    assert found[0]["report_count"] == 4
    async with database.transaction() as tx:
        numbers = await tx.rows(text("select receipt_no from incident order by receipt_no"))
    assert [row["receipt_no"][-4:] for row in numbers] == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


async def test_alarms_handled_at_the_same_moment_make_one_incident(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.detect(*(heat(n) for n in range(8)))

    async def handle(alarm: UUID) -> None:
        async with database.transaction() as tx:
            await on_alarm(tx, Event("AlarmRaised.v1", "alarm", str(alarm), 1))

    await asyncio.gather(*(handle(alarm) for alarm in await city.alarms()))
    (incident,) = await incidents(operator)
    assert incident["alarm_count"] == 8


async def test_from_the_alarm_to_the_incident_takes_milliseconds(city: City, operator: httpx.AsyncClient) -> None:
    await city.go(heat(299))
    took: list[float] = []
    for n in range(20):
        onset = SATURDAY.timestamp() + n
        await city.detect(Raised("grave", f"alone-{n}", None, None, onset, onset + 5))
        await city.relay.number()
        started = time.perf_counter()
        await city.runner.step()
        took.append((time.perf_counter() - started) * 1_000)
        await city.consume()
    assert sorted(took)[10] < 500
    assert len(await incidents(operator)) == 21
