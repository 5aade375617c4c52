"""Alarms as people handle them: judged, shelved, grouped, counted; and what the incident room does with them."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from dure.detect import alarms, canary, views
from dure.detect.kept import ALARM, SHELF
from dure.detect.model import Cleared, Raised
from dure.detect.record import record
from dure.detect.rulefile import parse
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.trust.retention.model import Mark
from dure.trust.roles import Role
from tests.detect.city import FIRE, City

[FIRE_RULE] = parse(FIRE)
BATTERY = replace(FIRE_RULE, id="low", life_safety=False, severity=Severity.NOTICE)
RULES = {rule.id: rule for rule in (FIRE_RULE, BATTERY)}


def raised(at: float, rule: str = "fire", subject: str = "d0", **more: object) -> Raised:
    return Raised(
        rule,
        subject,
        subject,
        None,
        at,
        at + 5,
        property="heat",
        value=75.0,
        recent=((at, 20.0), (at + 5, 75.0)),
        **more,
    )  # type: ignore[arg-type]


async def write(city: City, *outcomes: Raised | Cleared) -> list[str]:
    """Records outcomes; ids of all alarms, oldest onset first."""
    async with city.context.database.transaction() as tx:
        await record(tx, [(one, tx.now()) for one in outcomes], RULES)
    return [str(row["id"]) for row in await city.alarms()]


async def test_the_form_of_an_alarm(city: City, desk) -> None:
    now = time.time()
    [one] = await write(city, raised(now))
    client = await desk()
    answer = await client.get(f"/alarms/{one}")
    body = answer.json()
    assert answer.headers["etag"] == 'W/"1"'
    wanted = {"rule": "fire", "device": "d0", "subject": "d0", "stage": "pre_alarm", "late": False, "incident_id": None}
    assert wanted.items() <= body.items()
    assert body["rule_name"] == {"ko": "화재", "en": "Fire"}
    assert (body["unit"], body["limit"], body["value"], body["lon"]) == ("Cel", 60.0, 75.0, 128.6)
    assert [value for _, value in body["recent"]] == [20.0, 75.0]
    listed = (await client.get("/alarms", params={"open": True, "device": "d0"})).json()
    assert [each["id"] for each in listed["items"]] == [one]
    async with city.context.database.transaction() as tx:
        assert [each["id"] for each in await views.LIVE.snapshot(tx)] == [one]
        assert list(await views.LIVE.load(tx, [one])) == [one]


async def test_telling_the_same_twice_changes_nothing(city: City) -> None:
    now = time.time()
    outcomes = [raised(now), Cleared("fire", "d0", now + 20, now)]
    await write(city, *outcomes)
    await write(city, *outcomes)
    [alarm] = await city.alarms()
    assert (alarm["count"], alarm["stage"], alarm["version"]) == (1, "cleared", 2)
    assert len(await city.events()) == 2


async def test_an_old_end_does_not_end_what_came_back(city: City) -> None:
    now = time.time()
    await write(city, raised(now - 60), Cleared("fire", "d0", now - 40, now - 60), raised(now - 30))
    await write(city, Cleared("fire", "d0", now - 40, now - 60))
    [alarm] = await city.alarms()
    assert (alarm["count"], alarm["cleared_at"]) == (2, None)


async def test_what_a_person_judged_is_not_reopened(city: City, desk) -> None:
    now = time.time()
    [one] = await write(city, raised(now - 60))
    client = await desk()
    body = (await client.post(f"/alarms/{one}/false")).json()
    assert (body["stage"], body["open"], body["judged_by"]) == ("false", False, "operator-07")
    await write(city, Cleared("fire", "d0", now - 40, now - 60), raised(now - 30))
    assert [alarm["stage"] for alarm in await city.alarms()] == ["false", "pre_alarm"]


async def test_a_judgement_says_why(city: City, desk) -> None:
    now = time.time()
    one, two = await write(city, raised(now - 60), raised(now - 60, rule="low"))
    client = await desk()
    body = (await client.post(f"/alarms/{one}/false", json={"reason": "steam", "text": "만두 찌는 김"})).json()
    assert (body["judged_reason"], body["judged_words"], body["version"]) == ("steam", "만두 찌는 김", 2)
    assert (await client.get(f"/alarms/{one}")).json()["judged_reason"] == "steam"
    again = (await client.post(f"/alarms/{one}/false", json={"reason": "steam", "text": "만두 찌는 김"})).json()
    assert again["version"] == 2
    better = (await client.post(f"/alarms/{one}/false", json={"reason": "cooking"})).json()
    assert (better["judged_reason"], better["judged_words"]) == ("cooking", None)
    real = (await client.post(f"/alarms/{two}/confirm", json={"reason": "camera"})).json()
    assert (real["stage"], real["judged_reason"]) == ("confirmed", "camera")
    for act, wrong in (
        ("false", {"reason": "other"}),
        ("false", {"reason": "camera"}),
        ("confirm", {"reason": "steam"}),
        ("confirm", {"reason": "other", "text": " "}),
    ):
        assert (await client.post(f"/alarms/{two}/{act}", json=wrong)).status_code == 422
    async with city.context.database.transaction() as tx:
        told = await tx.rows(
            text("select action, purpose from audit where entity_id = :id order by at, id"), {"id": one}
        )
    assert [tuple(row.values()) for row in told] == [("alarm.false", "steam"), ("alarm.false", "cooking")]


async def test_acknowledge_confirm_and_their_versions(city: City, desk) -> None:
    [one] = await write(city, raised(time.time()))
    client = await desk()
    stale = await client.post(f"/alarms/{one}/confirm", headers={"if-match": 'W/"9"'})
    assert stale.status_code == 412
    seen = await client.post(f"/alarms/{one}/acknowledge", headers={"if-match": 'W/"1"'})
    assert (seen.json()["acknowledged_by"], seen.json()["version"]) == ("operator-07", 2)
    assert (await client.post(f"/alarms/{one}/acknowledge")).json()["version"] == 2
    assert (await client.post(f"/alarms/{one}/confirm")).json()["stage"] == "confirmed"
    assert (await client.get(f"/alarms/{new_id()}")).status_code == 404
    reader = await desk(Role.AUDITOR)
    assert (await reader.post(f"/alarms/{one}/confirm")).status_code == 403


async def test_a_late_alarm_waits_for_a_person_and_ends_when_seen(city: City, desk) -> None:
    now = time.time()
    [one] = await write(city, raised(now - 600, late=True, delay=600.0))
    await write(city, raised(now - 500, late=True, delay=500.0))
    [alarm] = await city.alarms()
    assert (alarm["late"], alarm["count"]) == (True, 2)
    body = (await (await desk()).post(f"/alarms/{one}/acknowledge")).json()
    assert (body["stage"], body["open"]) == ("cleared", False)


async def test_life_safety_is_never_shelved(city: City, desk) -> None:
    [one] = await write(city, raised(time.time()))
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = await (await desk()).post(f"/alarms/{one}/shelve", json={"until": until, "reason": "works"})
    assert answer.status_code == 403
    assert "화재" in answer.json()["title"]


async def test_shelving_asks_for_a_reason_and_an_end_and_ends_by_itself(city: City, desk) -> None:
    [one] = await write(city, raised(time.time(), rule="low"))
    client = await desk()
    soon = datetime.now(UTC) + timedelta(hours=1)
    until = soon.isoformat()
    for wrong in (
        {"until": until},
        {"reason": "works"},
        {"until": "2020-01-01T00:00:00Z", "reason": "works"},
        {"until": until, "reason": "김영희 씨 댁 공사"},
        {"until": until, "reason": "other"},
    ):
        assert (await client.post(f"/alarms/{one}/shelve", json=wrong)).status_code == 422
    shelved = {"until": until, "reason": "maintenance", "text": "김영희 씨 부탁"}
    body = (await client.post(f"/alarms/{one}/shelve", json=shelved)).json()
    told = (body["shelved_reason"], body["shelved_words"], body["shelved_by"])
    assert told == ("maintenance", "김영희 씨 부탁", "operator-07")
    async with city.context.database.transaction() as tx:
        kept = [dict(row) for row in await tx.rows(text("select * from alarm_shelf"))]
        line = await tx.scalar(text("select purpose from audit where action = 'alarm.shelve'"))
    assert line == "maintenance"
    assert "김영희" not in str(kept), "words are sealed, and stand in no log"
    assert (await client.get("/alarms/summary")).json()["open"]["notice"] == 0
    held = HeldClock(soon + timedelta(seconds=1))
    city.context.database.clock = held
    async with city.context.database.transaction() as tx:
        assert await alarms.end_expired_shelves(tx) == 1
        assert await alarms.end_expired_shelves(tx) == 0
        assert SHELF.find_due is not None
        assert SHELF.destroy is not None
        [due] = await SHELF.find_due(tx, tx.now() + timedelta(seconds=1), None, 10)
        assert await SHELF.find_due(tx, tx.now(), None, 10) == []
        assert await SHELF.find_due(tx, tx.now() + timedelta(days=1), Mark(due.at, due.id), 10) == []
        await SHELF.destroy(city.context, tx, [due])
        assert await tx.scalar(text("select count(*) from alarm_shelf")) == 0
    [alarm] = await city.alarms()
    assert alarm["version"] == 3
    assert (await client.post(f"/alarms/{one}/unshelve")).status_code in {401, 409}


async def test_unshelve(city: City, desk) -> None:
    [one] = await write(city, raised(time.time(), rule="low"))
    client = await desk()
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await client.post(f"/alarms/{one}/shelve", json={"until": until, "reason": "maintenance"})
    assert (await client.post(f"/alarms/{one}/unshelve")).json()["shelved_until"] is None
    assert (await client.post(f"/alarms/{one}/unshelve")).status_code == 409


async def test_a_flood_is_shown(city: City, desk) -> None:
    await city.add_devices(12)
    now = time.time()
    await write(city, *[raised(now, subject=f"d{n}") for n in range(10)])
    client = await desk()
    assert (await client.get("/alarms/summary")).json()["flood"]["flooding"] is False
    await write(city, raised(now, subject="d11"))
    summary = (await client.get("/alarms/summary")).json()
    assert (summary["flood"]["flooding"], summary["open"]["critical"]) == (True, 11)
    assert [(lane["lane"], len(lane["alarms"])) for lane in summary["lanes"]] == [("fire", 11)]


async def test_pages_reach_every_alarm_once(city: City, desk) -> None:
    await write(city, *[raised(time.time(), subject=f"s{n}") for n in range(25)])
    client, seen, cursor = await desk(), [], None
    while True:
        page = (await client.get("/alarms", params={"limit": 10, **({"cursor": cursor} if cursor else {})})).json()
        seen += [one["subject"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"s{n}" for n in range(25))
    assert (await client.get("/alarms", params={"cursor": "garbage"})).status_code == 422


@pytest.mark.parametrize(("outcome", "stage"), [("real", "confirmed"), ("false", "false"), ("drill", "cleared")])
async def test_an_incident_settles_its_alarms(city: City, outcome: str, stage: str) -> None:
    now = time.time()
    [one] = await write(city, raised(now - 60))
    incident = new_id()
    async with city.context.database.transaction() as tx:
        await alarms.attach(tx, [UUID(one)], incident)
        await alarms.attach(tx, [UUID(one)], incident)
        await alarms.settle(tx, incident, outcome)  # type: ignore[arg-type]
    [alarm] = await city.alarms()
    assert (alarm["incident_id"], alarm["stage"], alarm["version"]) == (incident, stage, 3)
    assert alarm["closed_at"] is not None
    await write(city, Cleared("fire", "d0", now - 40, now - 60), raised(now - 30))
    assert len(await city.alarms()) == 2, "after the incident's end a new fire is a new alarm"


async def test_an_incident_opened_again_stands_its_alarms_up(city: City) -> None:
    [one] = await write(city, raised(time.time()))
    incident = new_id()
    async with city.context.database.transaction() as tx:
        await alarms.attach(tx, [UUID(one)], incident)
        await alarms.settle(tx, incident, "false")
        await alarms.unsettle(tx, incident)
    [alarm] = await city.alarms()
    assert (alarm["closed_at"], alarm["settled_at"], alarm["stage"]) == (None, None, "confirmed")


async def test_the_canary_shows_its_age_and_makes_no_alarm(city: City) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 1))
    async with city.context.database.transaction() as tx:
        await tx.execute(text("insert into device (id, kind, name) values ('canary', 'canary', 'canary')"))
    for beat in range(3):
        at = 60.0 * beat
        last = await city.send(
            city.reading(at, 1.0, "canary", prop="heartbeat"), city.reading(at + 0.001, 0.0, "canary", prop="heartbeat")
        )
    await city.until(detector, last)
    async with city.context.database.transaction() as tx:
        [row] = await canary.LIVE.snapshot(tx)
        assert row["at"] is not None
        assert row["stale"] is False
        seen = await tx.scalar(text("select count(*) from outbox where type = 'CanarySeen.v1'"))
    assert seen == 3
    assert await city.alarms() == []
    city.context.database.clock = HeldClock(datetime.now(UTC) + timedelta(minutes=5))
    async with city.context.database.transaction() as tx:
        await canary.check(tx)
        await canary.check(tx)
        [row] = await canary.LIVE.snapshot(tx)
        assert row["stale"] is True
        assert await tx.scalar(text("select count(*) from outbox where type = 'CanaryStale.v1'")) == 1
    assert [(alarm["rule"], alarm["category"], alarm["stage"]) for alarm in await city.alarms()] == [
        ("canary", "fault", "pre_alarm")
    ]
    city.context.database.clock = HeldClock(datetime.now(UTC) + timedelta(minutes=6))
    at = 200.0
    await city.until(
        detector,
        await city.send(
            city.reading(at, 1.0, "canary", prop="heartbeat"), city.reading(at + 0.001, 0.0, "canary", prop="heartbeat")
        ),
    )
    assert [alarm["stage"] for alarm in await city.alarms()] == ["cleared"]


async def test_alarms_closed_long_ago_are_dropped(city: City) -> None:
    now = time.time()
    await write(city, raised(now - 60), Cleared("fire", "d0", now - 40, now - 60), raised(now, subject="d1"))
    assert ALARM.find_due is not None
    assert ALARM.destroy is not None
    async with city.context.database.transaction() as tx:
        due = await ALARM.find_due(tx, datetime.now(UTC) + timedelta(days=1), None, 10)
        assert len(due) == 1
        await ALARM.destroy(city.context, tx, due)
    assert [alarm["subject"] for alarm in await city.alarms()] == ["d1"]


async def test_a_fault_marks_its_device(city: City) -> None:
    await city.add_devices(3, "gw1")
    now = city.began
    detector = city.start(lambda: now)
    last = await city.send(*[city.reading(0, 20.0, f"d{n}") for n in range(3)])
    await city.until(detector, last)
    now += 1_000
    await detector.settled()
    faults = "select string_agg(coalesce(fault, '-'), ' ' order by id) from device"
    assert await city.scalar(faults) == "silent silent silent"
    await city.until(detector, await city.send(*[city.reading(1_001, 20.0, f"d{n}") for n in range(3)]))
    assert await city.scalar(faults) == "- - -"
