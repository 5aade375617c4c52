"""Screening: a time is given once, the queue goes by time and number, a forecast day says how many lanes it needs."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.kernel.clock import HeldClock
from dure.services.epidemic.screening import lanes
from dure.trust.roles import Role
from tests.city.conftest import Client, Import

SEOUL = ZoneInfo("Asia/Seoul")
DAY = date(2020, 3, 2)
RULE = lanes.rule_of(DAY)


def test_first_come_takes_five_times_the_lanes_of_a_drive_through() -> None:
    drive = lanes.played("drive", 54, 9, 1, RULE)
    assert (drive.an_hour, lanes.played("walk", 1, 9, 1, RULE).an_hour) == (6, 2)
    kinds: tuple[lanes.Kind, ...] = ("walk", "drive")
    fewest = {}
    for kind in kinds:
        days = lanes.needed(kind, 300, 9, RULE)
        fewest[kind] = next(one for one in days if one.wait_most <= RULE["patient_minutes"])
    assert (fewest["drive"].lanes, fewest["walk"].lanes) == (6, 18)
    assert fewest["drive"].staff == 24


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["walk", "drive"]), st.integers(0, 120))
def test_one_lane_less_than_said_is_too_few(kind: lanes.Kind, people: int) -> None:
    days = lanes.needed(kind, people, 9, RULE)
    enough = [one for one in days if one.wait_most <= RULE["patient_minutes"]]
    assert enough
    assert all(one.lanes < enough[0].lanes for one in days if one not in enough)


@pytest.fixture
def clock() -> HeldClock:
    """Eight in the morning."""
    return HeldClock(datetime(2026, 11, 10, 8, tzinfo=SEOUL).astimezone(UTC))


@pytest.fixture
async def http(bring: Import, client: Client) -> httpx.AsyncClient:
    """A drive-through of two lanes, open for half an hour."""
    await bring("stations", "진료소명,구분,차로,시작,종료\n한빛,차량이동형,2,09:00,09:30\n")
    return await client(Role.EPIDEMIC)


async def test_a_time_is_given_once_however_many_ask_at_the_same_moment(http: httpx.AsyncClient) -> None:
    (one,) = (await http.get("/epidemic/stations")).json()["items"]
    where = f"/epidemic/stations/{one['id']}"
    assert (one["slot_minutes"], one["lanes"]) == (10, 2)
    free = (await http.get(f"{where}/slots", params={"day": "2026-11-10"})).json()["items"]
    assert [each["free"] for each in free] == [2, 2, 2]
    asked = await asyncio.gather(*(http.post(f"{where}/bookings", json={"at": free[0]["at"]}) for _ in range(5)))
    assert sorted(each.status_code for each in asked) == [201, 201, 409, 409, 409]
    given_ = [each.json() for each in asked if each.status_code == 201]
    assert {each["lane"] for each in given_} == {1, 2}
    odd = await http.post(f"{where}/bookings", json={"at": "2026-11-10T09:05:00+09:00"})
    assert (odd.status_code, odd.json()["key"]) == (422, "epidemic.slot.none")
    assert (await http.post(f"{where}/cancellations", json={"code": given_[0]["code"]})).status_code == 204
    again = await http.post(f"{where}/bookings", json={"at": free[0]["at"]})
    assert again.status_code == 201, "what was given back can be had"


async def test_who_has_a_time_goes_first_once_it_has_come(http: httpx.AsyncClient, clock: HeldClock) -> None:
    (one,) = (await http.get("/epidemic/stations")).json()["items"]
    where = f"/epidemic/stations/{one['id']}"
    booked = (await http.post(f"{where}/bookings", json={"at": "2026-11-10T09:00:00+09:00"})).json()
    assert (await http.post(f"{where}/tickets", json={})).json() == {"number": 1}
    assert (await http.post(f"{where}/tickets", json={})).json() == {"number": 2}
    assert (await http.post(f"{where}/tickets", json={"code": booked["code"].lower()})).json() == {"number": 3}
    twice = await http.post(f"{where}/tickets", json={"code": booked["code"]})
    assert twice.json()["key"] == "epidemic.slot.over"
    assert (await http.post(f"{where}/calls", json={"lane": 1})).json()["number"] == 1, "their time has not come"
    clock.advance(3600)
    assert (await http.post(f"{where}/calls", json={"lane": 2})).json()["number"] == 3
    clock.advance(int(timedelta(minutes=10).total_seconds()))
    assert (await http.post(f"{where}/calls", json={"lane": 2})).json()["number"] == 2
    shown = (await http.get(f"{where}/queue")).json()
    assert (shown["lanes"], shown["waiting"], shown["done"]) == (
        [{"lane": 1, "number": 1}, {"lane": 2, "number": 2}], [], 1,
    )  # fmt: skip
    assert (await http.post(f"{where}/calls", json={"lane": 1})).json()["key"] == "epidemic.queue.empty"
    needed = (await http.get("/epidemic/lanes", params={"people": 300})).json()
    assert (needed["lanes"], needed["staff"]) == (6, 24)
