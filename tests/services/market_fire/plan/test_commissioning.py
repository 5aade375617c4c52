"""A detector is placed, pressed, heard and put into use; undone; and not in somebody else's market."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.services.market_fire.commissioning.heard import PRESSES, since
from dure.trust.roles import Role
from tests.respond.conftest import Desk

EAST = "merchants-east"
ASKED = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)


@given(
    st.dictionaries(
        st.sampled_from([*PRESSES, "heat", "battery"]),
        st.tuples(st.sampled_from([True, False, 21.5]), st.integers(-600, 600)),
    ),
    st.integers(-600, 600),
)
def test_only_a_press_after_the_question_counts(told: dict[str, tuple[Any, int]], seen: int) -> None:
    latest = {
        name: {"value": value, "at": (ASKED + timedelta(seconds=at)).isoformat()} for name, (value, at) in told.items()
    }
    heard = since(ASKED, ASKED + timedelta(seconds=seen), latest)
    fresh = {name for name, (_, at) in told.items() if at >= -5} if seen >= 0 else set()
    assert set(heard.values) == fresh
    assert heard.pressed == any(name in fresh and told[name][0] is True for name in PRESSES)
    assert not since(None, ASKED, latest).pressed


def test_what_a_device_says_in_no_form_is_nothing() -> None:
    for broken in ({"button": True}, {"button": {"value": True}}, {"button": {"value": True, "at": "soon"}}):
        assert not since(ASKED, ASKED, broken).values


async def _reports(database: Database, device: str, **values: Any) -> None:
    """What the doors write down when a device has spoken."""
    async with database.transaction() as tx:
        latest = {name: {"value": value, "at": tx.now().isoformat()} for name, value in values.items()}
        await tx.execute(
            text("update device set last_seen = :now, latest = latest || cast(:latest as jsonb) where id = :id"),
            {"id": device, "now": tx.now(), "latest": json.dumps(latest)},
        )


async def _placed(client: httpx.AsyncClient, town: dict[str, Any], device: str, stall: int) -> dict[str, Any]:
    answer = await client.post(
        f"/market-fire/markets/{town['east']}/commissionings",
        json={"device_id": device, "stall_id": str(town["stalls"][stall]), "firmware": "1.4.2"},
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_scan_place_press_arrive_done_and_undone(
    town: dict[str, Any], desk: Desk, database: Database, clock: HeldClock
) -> None:
    merchants = await desk(Role.MERCHANT, EAST)
    base = f"/market-fire/markets/{town['east']}"
    scanned = (await merchants.get(f"{base}/detectors/e-9")).json()
    assert (scanned["id"], scanned["stall"]) == ("e-9", None)
    await _reports(database, "e-9", button=True)  # before anybody asked
    clock.advance(30)
    begun = await _placed(merchants, town, "e-9", 4)
    one = f"{base}/commissionings/{begun['id']}"
    assert (begun["state"], begun["pressed"], begun["arrived"]) == ("placed", False, {})
    early = await merchants.post(f"{one}/done")
    assert (early.status_code, early.json()["key"]) == (409, "market_fire.commissioning.not_heard")
    clock.advance(2)
    await _reports(database, "e-9", heat=21.5)
    assert (await merchants.get(one)).json()["pressed"] is False
    assert (await merchants.post(f"{one}/done")).status_code == 409  # it spoke, but of no press
    await _reports(database, "e-9", button=True, battery=98)
    heard = (await merchants.get(one)).json()
    assert heard["pressed"]
    assert heard["arrived"] == {"battery": 98, "button": True, "heat": 21.5}
    finished = (await merchants.post(f"{one}/done")).json()
    assert (finished["state"], finished["pressed"], finished["can_undo"]) == ("done", True, True)
    plan = (await merchants.get(f"{base}/plan")).json()
    assert plan["stalls"][3]["state"] == "normal"
    assert [device["id"] for device in plan["stalls"][3]["detectors"]] == ["e-9"]
    undone = (await merchants.post(f"{one}/undo")).json()
    assert (undone["state"], undone["can_undo"]) == ("undone", False)
    assert (await merchants.get(f"{base}/plan")).json()["stalls"][3]["state"] == "unwatched"
    assert (await merchants.post(f"{one}/undo")).status_code == 409
    async with database.transaction() as tx:
        acts = [row["action"] for row in await tx.rows(text("select action from audit order by at, id"))]
        attrs = await tx.scalar(text("select attrs from device where id = 'e-9'"))
    assert {"market.detector_place", "market.detector_use", "market.detector_undo"} <= set(acts)
    assert attrs == {}


async def test_a_detector_is_placed_once_and_goes_back_to_where_it_stood(town: dict[str, Any], desk: Desk) -> None:
    admin = await desk(Role.ADMIN)
    base = f"/market-fire/markets/{town['east']}/commissionings"
    begun = await _placed(admin, town, "e-1", 4)
    again = await admin.post(base, json={"device_id": "e-1", "stall_id": str(town["stalls"][3])})
    assert (again.status_code, again.json()["key"]) == (409, "market_fire.commissioning.waiting")
    assert (await admin.post(f"{base}/{begun['id']}/press")).status_code == 200
    assert (await admin.post(f"{base}/{begun['id']}/undo")).json()["state"] == "undone"
    moved = await _placed(admin, town, "e-1", 4)
    await admin.post(f"{base}/{moved['id']}/undo")
    scanned = await admin.get(f"/market-fire/markets/{town['east']}/detectors/e-1")
    assert scanned.json()["stall"] == "가동 1호"


async def test_nobody_reaches_into_another_market(town: dict[str, Any], desk: Desk) -> None:
    merchants, west = await desk(Role.MERCHANT, EAST), f"/market-fire/markets/{town['west']}"
    begun = await _placed(merchants, town, "e-9", 4)
    for answer in (
        await merchants.get(f"{west}/detectors/e-1"),
        await merchants.get(f"/market-fire/markets/{town['east']}/detectors/w-1"),
        await merchants.get(f"{west}/commissionings"),
        await merchants.get(f"{west}/commissionings/{begun['id']}"),
        await merchants.post(f"{west}/commissionings/{begun['id']}/undo"),
        await merchants.post(f"{west}/commissionings", json={"device_id": "e-1", "stall_id": str(town["west_stall"])}),
        await merchants.post(
            f"/market-fire/markets/{town['east']}/commissionings",
            json={"device_id": "e-1", "stall_id": str(town["west_stall"])},
        ),
        await merchants.post(
            f"/market-fire/markets/{town['east']}/commissionings",
            json={"device_id": "w-1", "stall_id": str(town["stalls"][1])},
        ),
        await merchants.get(f"/market-fire/markets/{town['east']}/commissionings/{uuid4()}"),
    ):
        assert answer.status_code == 404, answer.text
    other = await desk(Role.MERCHANT, "merchants-west")
    assert (await other.post(f"{west}/commissionings/{begun['id']}/press")).status_code == 404
