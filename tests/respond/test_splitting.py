"""One alarm is taken out of an incident, into one of its own or none, and back again."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from dure.detect import alarms as detection
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.trust.principal import system
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, keys, opened
from tests.respond.test_alarms import City, city, cool, heat, incidents

__all__ = ["city"]


def alarm_of(incident: dict[str, Any], stall: int) -> str:
    [alarm] = [each["id"] for each in incident["alarms"] if each["device"] == f"D-{stall}"]
    return str(alarm)


async def split(
    client: httpx.AsyncClient, incident: dict[str, Any], stall: int, into: str = "new", **headers: str
) -> httpx.Response:
    path = f"/incidents/{incident['id']}/alarms/{alarm_of(incident, stall)}/split"
    return await client.post(path, json={"reason": "다른 가게의 김", "into": into}, headers=headers)


async def whole(client: httpx.AsyncClient, incident: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(f"/incidents/{incident['id']}")).json()
    return body


async def audited(database: Database) -> list[tuple[str, str]]:
    async with database.transaction() as tx:
        rows = await tx.rows(text("select action, entity_id from audit where actor <> 'system:test' order by at, id"))
    return [(row["action"], row["entity_id"]) for row in rows]


async def test_a_wrong_alarm_gets_an_incident_of_its_own(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.go(heat(1), heat(2), heat(3))
    [old] = await incidents(operator)
    assert old["severity"] == "critical", "three devices"
    new = (await split(operator, old, 2)).json()
    assert new["id"] != old["id"]
    assert (new["status"], new["alarm_count"], new["standing_alarms"]) == ("open", 1, 1)
    assert new["place"]["name"] == "한빛중앙시장 나동 2호"
    assert len(new["cameras"]) == 5
    assert [alarm["device"] for alarm in new["alarms"]] == ["D-2"]
    assert new["alarms"][0]["incident_id"] == new["id"]
    assert keys(new)[0] == "opened_by_split"
    assert old["receipt_no"] in new["timeline"][0]["text"]
    assert new["timeline"][0]["text"].endswith("다른 가게의 김")
    after = await whole(operator, old)
    assert (after["alarm_count"], after["standing_alarms"], len(after["alarms"])) == (2, 2, 2)
    assert after["severity"] == "critical", "a person weighs it, it never falls by itself"
    assert keys(after)[-1] == "alarm_split"
    assert new["receipt_no"] in after["timeline"][-1]["text"]
    assert after["timeline"][-1]["actor"] == "operator-07"
    lines = await audited(database)
    assert ("incident.split", old["id"]) in lines
    assert ("incident.open", new["id"]) in lines


async def test_it_stays_apart_and_is_merged_back(city: City, operator: httpx.AsyncClient, clock: HeldClock) -> None:
    await city.go(heat(1), heat(2))
    [old] = await incidents(operator)
    new = (await split(operator, old, 2)).json()
    await city.consume()
    clock.advance(60)
    await city.go(cool(2))
    apart = await whole(operator, new)
    assert (apart["standing_alarms"], apart["cleared_at"] is not None) == (0, True)
    assert (await whole(operator, old))["alarm_count"] == 1
    one = await acted(operator, new, "merge", into=old["id"])
    assert one["alarm_count"] == 2
    assert {alarm["incident_id"] for alarm in one["alarms"]} == {old["id"]}


async def test_an_alarm_of_no_incident_opens_one_only_when_it_comes_again(
    city: City, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    await city.go(heat(1), heat(2))
    [old] = await incidents(operator)
    answer = (await split(operator, old, 2, "none")).json()
    assert answer["id"] == old["id"]
    assert keys(answer)[-1] == "alarm_taken_out"
    await city.consume()
    clock.advance(60)
    await city.go(cool(2))
    assert len(await incidents(operator)) == 1
    clock.advance(30)
    await city.go(heat(2, at=90))
    both = await incidents(operator)
    assert [each["alarm_count"] for each in both] == [1, 1], "not the one it was taken out of"
    assert both[0]["id"] != old["id"]


async def test_an_alarm_of_no_incident_opens_one_when_a_person_confirms_it(
    city: City, operator: httpx.AsyncClient, database: Database
) -> None:
    await city.go(heat(1), heat(2))
    [old] = await incidents(operator)
    alarm = alarm_of(old, 2)
    await split(operator, old, 2, "none")
    async with database.transaction() as tx:
        await detection.judge(tx, system("test"), UUID(alarm), "confirmed")
    await city.consume()
    assert len(await incidents(operator)) == 2


async def test_taken_out_and_joined_again_it_is_as_it_was(city: City, operator: httpx.AsyncClient) -> None:
    await city.go(heat(1), heat(2))
    [old] = await incidents(operator)
    alarm = alarm_of(old, 2)
    assert (await operator.post(f"/incidents/{old['id']}/alarms/{alarm}/join")).status_code == 409
    await split(operator, old, 2, "none")
    back = (await operator.post(f"/incidents/{old['id']}/alarms/{alarm}/join")).json()
    for name in ("alarm_count", "standing_alarms", "severity", "cleared_at"):
        assert back[name] == old[name]
    assert sorted(each["id"] for each in back["alarms"]) == sorted(each["id"] for each in old["alarms"])
    await city.consume()
    assert [each["id"] for each in await incidents(operator)] == [old["id"]]


async def test_without_its_only_confirmed_alarm_nothing_is_confirmed(
    city: City, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    await city.go(heat(1))
    clock.advance(10)
    await city.go(heat(2, rule_id="confirmed_at_once", at=10))
    [old] = await incidents(operator)
    clocks = {each["name"]: each["stopped_at"] for each in old["clocks"]}
    assert clocks["signal_to_confirmed"] is not None
    await split(operator, old, 2)
    after = await whole(operator, old)
    assert {each["name"]: each["stopped_at"] for each in after["clocks"]}["signal_to_confirmed"] is None


async def test_an_alarm_of_a_merged_incident_is_taken_out_of_the_one_that_shows_it(
    city: City, operator: httpx.AsyncClient
) -> None:
    await city.go(heat(1), heat(2))
    [market] = await incidents(operator)
    called = await opened(operator, lon=127.45)
    one = await acted(operator, market, "merge", into=called["id"])
    new = (await split(operator, one, 2)).json()
    assert new["alarm_count"] == 1
    assert (await whole(operator, called))["alarm_count"] == 1
    apart = await acted(operator, market, "unmerge")
    assert apart["alarm_count"] == 1


async def test_what_cannot_be_taken_out(city: City, operator: httpx.AsyncClient, desk: Desk) -> None:
    await city.go(heat(1))
    [only] = await incidents(operator)
    assert (await split(operator, only, 1)).json()["type"].endswith("respond.split.only")
    await city.go(heat(2))
    [two] = await incidents(operator)
    assert (await split(operator, two, 2, **{"if-match": 'W/"77"'})).status_code == 412
    assert (await split(await desk(Role.FIRE), two, 2)).status_code == 403
    path = f"/incidents/{two['id']}/alarms/{alarm_of(two, 2)}/split"
    for wrong in ({}, {"reason": " "}, {"reason": "x", "into": "else"}, {"reason": "x", "more": 1}):
        assert (await operator.post(path, json=wrong)).status_code == 422
    stranger = f"/incidents/{two['id']}/alarms/{new_id()}"
    assert (await operator.post(f"{stranger}/split", json={"reason": "x"})).status_code == 404
    assert (await operator.post(f"{stranger}/join")).status_code == 404
    await acted(operator, two, "close", outcome="false", reason="x")
    assert (await split(operator, two, 2)).status_code == 409
