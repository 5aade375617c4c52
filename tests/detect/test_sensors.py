"""Other kinds of sensors by the same frame: switched on, each raises its alarm on the way that every reading goes."""

import time

import pytest
from sqlalchemy import text

from dure.trust.roles import Role
from tests.detect.city import City
from tests.detect.conftest import Desk

KINDS = {
    # rule: kind of device, property, too little, enough, seconds, every
    "underpass_flood": ("water_level", "water_level", 0.1, 0.16, 20, 5),
    "gas_leak": ("gas_detector", "gas", 2_000.0, 6_000.0, 15, 2),
    "fine_dust": ("air_quality", "pm25", 60.0, 80.0, 7_300, 600),
    "loud_noise": ("noise_meter", "noise", 60.0, 70.0, 620, 30),
    "dense_crowd": ("people_counter", "people", 200.0, 320.0, 30, 5),
}


async def _switched_on(city: City, desk: Desk) -> None:
    """An administrator's act, and a device of each kind."""
    admin = await desk(Role.ADMIN)
    for rule in KINDS:
        tag = (await admin.get(f"/rules/{rule}")).headers["etag"]
        done = await admin.patch(f"/rules/{rule}", json={"enabled": True}, headers={"if-match": tag})
        assert done.status_code == 200, done.text
    async with city.context.database.transaction() as tx:
        await tx.execute(
            text("insert into device (id, kind, name, lon, lat) values (:id, :kind, :id, 128.6, 35.87)"),
            [{"id": rule, "kind": kind[0]} for rule, kind in KINDS.items()],
        )


@pytest.mark.parametrize("enough", [True, False])
async def test_each_kind_raises_its_own_alarm_and_no_other(city: City, desk: Desk, *, enough: bool) -> None:
    await _switched_on(city, desk)
    city.began = time.time() - 8_000
    detector = city.start()
    last = 0
    readings = [
        city.reading(at, high if enough else low, device, prop=prop)
        for device, (_, prop, low, high, seconds, every) in KINDS.items()
        for at in range(7_400 - seconds, 7_401, every)
    ]
    for reading in sorted(readings, key=lambda one: one.observed_at):
        last = await city.send(reading)
    await city.until(detector, last)
    found = {alarm["rule"]: alarm for alarm in await city.alarms()}
    assert set(found) == (set(KINDS) if enough else set())
    for rule, alarm in found.items():
        assert alarm["device"] == rule
        assert alarm["stage"] == "pre_alarm"
    if enough:
        assert {found[rule]["incident_type"] for rule in ("underpass_flood", "gas_leak", "dense_crowd")} == {
            "flood", "gas", "crowd",
        }  # fmt: skip
