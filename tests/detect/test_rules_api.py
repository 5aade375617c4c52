"""Rules over HTTP: written, checked, overridden, switched, undone, tried."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.kernel.clock import from_epoch
from dure.sense.history_write import run_history
from dure.trust.roles import Role
from tests.detect.city import FIRE, City

OWN = FIRE.replace('id = "fire"', 'id = "own"')


async def test_a_rule_is_written_changed_and_taken_out(desk) -> None:
    client = await desk(Role.ADMIN)
    made = await client.post("/rules", json={"toml": OWN})
    assert (made.status_code, made.json()["source"], made.headers["etag"]) == (201, "city", 'W/"1"')
    assert (await client.post("/rules", json={"toml": OWN})).status_code == 409
    changed = OWN.replace("value = 60", "value = 70")
    stale = await client.put("/rules/own", json={"toml": changed}, headers={"if-match": 'W/"7"'})
    assert stale.status_code == 412
    answer = await client.put("/rules/own", json={"toml": changed}, headers={"if-match": 'W/"1"'})
    assert "value = 70" in answer.json()["toml"]
    back = await client.post("/rules/own/undo", json={"version": 1})
    assert (back.json()["version"], "value = 60" in back.json()["toml"]) == (3, True)
    versions = (await client.get("/rules/own/versions")).json()["items"]
    assert [one["version"] for one in versions] == [3, 2, 1]
    assert (await client.delete("/rules/own")).status_code == 204
    assert (await client.get("/rules/own")).status_code == 404


async def test_a_built_in_rule_is_overridden_switched_off_and_brought_back(city: City, desk) -> None:
    client = await desk(Role.SHIFT_LEAD)
    [silent] = [one for one in (await client.get("/rules")).json()["items"] if one["id"] == "device_silent"]
    assert (silent["version"], silent["built_in"], silent["overridden"]) == (0, True, False)
    put = await client.put("/rules/device_silent", json={"toml": silent["toml"].replace("for = 300", "for = 600")})
    assert (put.json()["overridden"], put.json()["version"]) == (True, 1)
    off = await client.patch("/rules/device_silent", json={"enabled": False})
    assert (off.json()["enabled"], off.json()["version"]) == (False, 2)
    detector = city.start()
    await city.until(detector, await city.burn(0, 1))
    assert "device_silent" not in detector.shard.rules
    back = await client.post("/rules/device_silent/undo", json={"version": 0})
    assert (back.json()["overridden"], back.json()["enabled"]) == (False, True)
    assert (await client.delete("/rules/device_silent")).status_code == 204
    assert (await client.get("/rules/device_silent")).json()["version"] == 0
    assert (await client.delete("/rules/device_silent")).status_code == 409


async def test_switching_a_rule_off_clears_what_is_open(city: City, desk) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 8))
    admin = await desk(Role.ADMIN)
    assert (await admin.get("/rules/fire")).json()["open_alarms"] == 1
    await admin.patch("/rules/fire", json={"enabled": False})
    assert [alarm["stage"] for alarm in await city.alarms()] == ["cleared"]


async def test_only_an_administrator_weakens_what_watches_over_life(desk) -> None:
    lead, admin = await desk(Role.SHIFT_LEAD), await desk(Role.ADMIN)
    refused = await lead.patch("/rules/fire", json={"enabled": False})
    assert (refused.status_code, "화재" in refused.json()["title"]) == (403, True)
    assert (await lead.put("/rules/fire", json={"toml": FIRE.replace("life_safety = true", "")})).status_code == 403
    assert (await lead.delete("/rules/fire")).status_code == 403
    assert (await lead.put("/rules/fire", json={"toml": FIRE.replace("value = 60", "value = 58")})).status_code == 200
    assert (await admin.patch("/rules/fire", json={"enabled": False})).status_code == 200
    operator = await desk(Role.OPERATOR)
    assert (await operator.patch("/rules/fire", json={"enabled": True})).status_code == 403


async def test_a_wrong_rule_is_refused_with_its_line(desk) -> None:
    client = await desk(Role.ADMIN)
    wrong = OWN.replace("value = 60", 'value = "hot"')
    answer = await client.post("/rules", json={"toml": wrong})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "toml:6:any[0].value"
    checked = (await client.post("/rules/check", json={"toml": wrong}, headers={"accept-language": "en"})).json()
    assert checked["errors"] == [
        {"line": 6, "field": "any[0].value", "key": "detect.rule.number", "reason": "value must be a number."}
    ]
    assert (await client.post("/rules/check", json={"toml": OWN})).json() == {"ok": True, "errors": []}
    two = await client.post("/rules", json={"toml": OWN + FIRE})
    assert two.status_code == 422
    other = await client.put("/rules/fire", json={"toml": OWN})
    assert other.status_code == 422


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_garbage_for_a_rule_is_never_a_fault_of_ours(desk, data: st.DataObject) -> None:
    text = OWN
    at = data.draw(st.integers(0, len(text)))
    end = min(len(text), at + data.draw(st.integers(0, 30)))
    text = text[:at] + data.draw(st.text(max_size=12)) + text[end:]
    client = await desk(Role.ADMIN)
    for path in ("/rules/check", "/rules"):
        assert (await client.post(path, json={"toml": text})).status_code < 500


@pytest.mark.parametrize("body", [{}, {"toml": 5}, {"toml": ""}, {"toml": "x", "more": 1}, [], "x"])
async def test_wrong_bodies_are_refused(desk, body: object) -> None:
    client = await desk(Role.ADMIN)
    assert (await client.post("/rules", json=body)).status_code == 422


async def test_a_rule_is_tried_on_what_was_observed(city: City, desk) -> None:
    writing = asyncio.create_task(run_history(city.context))
    await city.burn(0, 8)
    await city.burn(8, 20, value=20.0)
    client = await desk(Role.ADMIN)
    span = {"from": from_epoch(city.began - 60).isoformat(), "to": from_epoch(city.began + 60).isoformat()}
    body = {"toml": OWN, **span}
    async with asyncio.timeout(90):
        while True:
            answer = await client.post("/rules/try", json=body)
            if answer.status_code == 200 and answer.json()["readings"] == 28:
                break
            await asyncio.sleep(0.02)
    [one] = answer.json()["raised"]
    assert (one["subject"], one["late"], answer.json()["truncated"]) == ("d0", False, False)
    assert one["cleared_at"] is not None
    stricter = OWN.replace("value = 60, clear = 55", "value = 80")
    assert (await client.post("/rules/try", json=body | {"toml": stricter})).json()["raised"] == []
    assert await city.alarms() == []
    backwards = {"toml": OWN, "from": span["to"], "to": span["from"]}
    assert (await client.post("/rules/try", json=backwards)).status_code == 422
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
