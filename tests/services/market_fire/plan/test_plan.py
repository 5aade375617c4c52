"""A market's plan: who sees it, how its stalls stand, what screens hear, what its files say."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.city.imports.kinds.stalls import STALLS  # noqa: F401  # the kinds are known
from dure.city.imports.service import run_import
from dure.engine.database import Database
from dure.engine.live import Frame
from dure.kernel.events import Event
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.services.market_fire.plan import live, shapes
from dure.services.market_fire.plan.states import Facts, State, state_of
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.roles import Role
from tests.respond.conftest import Desk

EAST = "merchants-east"


# --- pure ---


@given(
    st.sets(st.sampled_from(["pre_alarm", "confirmed", "cleared", "false"])),
    st.booleans(),
    st.sets(st.sampled_from(["silent", "clock", "battery"])),
    st.integers(0, 3),
    st.integers(0, 3),
    st.booleans(),
)
def test_nothing_hides_an_alarm(
    stages: set[str], confirmed: bool, faults: set[str], detectors: int, off: int, works: bool
) -> None:
    state = state_of(Facts(detectors, frozenset(stages), confirmed, frozenset(faults), off, works))
    if stages - {"false"}:
        assert state is (State.ALARM if confirmed or "confirmed" in stages else State.PRE_ALARM)
    elif works:
        assert state is State.WORKS
    else:
        assert (state is State.NORMAL) == (detectors > off and not faults)
        assert (state is State.UNWATCHED) == (detectors == 0)


@given(st.floats(0.5, 100), st.floats(0.5, 100), st.floats(-360, 360))
def test_a_box_has_its_size_however_it_is_turned(width: float, depth: float, angle: float) -> None:
    ring = shapes.box(LonLat(127.4, 36.3), width, depth, angle)
    assert abs(shapes.area_m2(ring)) == pytest.approx(width * depth, rel=1e-3)
    assert shapes.outline(shapes.polygon(ring)) is not None


def test_stalls_nobody_measured_stand_in_their_rows() -> None:
    rows = [shapes.Row(str(n), "가동" if n < 12 else "나동", "1", f"{n}호") for n in (10, 2, 1, 12)]
    at = LonLat(127.4, 36.3)
    placed = {id_: shapes.metres(at, [shapes.middle(ring)])[0] for id_, ring in shapes.in_rows(at, rows).items()}
    assert placed["1"][0] < placed["2"][0] < placed["10"][0]
    assert placed["12"][1] < placed["1"][1]
    assert [id_ for id_, _ in shapes.neighbours("2", shapes.in_rows(at, rows), 3.5)] == ["1", "10"]


@pytest.mark.parametrize(
    "told",
    [
        None,
        {"type": "Point", "coordinates": [127, 36]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[127, 36], [127, 36], [127, 36]]]},
        {"type": "Polygon", "coordinates": [[[127, 36], [127.1, 36], [True, 36]]]},
        {"type": "Polygon", "coordinates": [[[1e9, 36], [127.1, 36], [127, 37]]]},
    ],
)
def test_what_is_no_outline_is_none(told: Any) -> None:
    assert shapes.outline(told) is None


# --- whose ---


async def test_an_association_sees_its_own_market_and_no_other(town: dict[str, Any], desk: Desk) -> None:
    merchants = await desk(Role.MERCHANT, EAST)
    listed = (await merchants.get("/market-fire/markets")).json()["items"]
    assert [one["id"] for one in listed] == [str(town["east"])]
    assert (await merchants.get(f"/market-fire/markets/{town['east']}/plan")).status_code == 200
    stranger = await merchants.get(f"/market-fire/markets/{town['west']}/plan")
    nothing = await merchants.get(f"/market-fire/markets/{uuid4()}/plan")
    assert (stranger.status_code, nothing.status_code) == (404, 404)
    assert stranger.json()["key"] == nothing.json()["key"]  # not even that it is there
    of_none = await desk(Role.MERCHANT)
    assert (await of_none.get("/market-fire/markets")).json()["items"] == []
    for path in ("/assets", "/devices", "/incidents", "/alarms"):
        assert (await merchants.get(path)).status_code in {403, 404}
    operator = await desk(Role.OPERATOR)
    assert len((await operator.get("/market-fire/markets")).json()["items"]) >= 2


async def test_the_administrator_says_whose_a_market_is(town: dict[str, Any], desk: Desk) -> None:
    admin, merchants = await desk(Role.ADMIN), await desk(Role.MERCHANT, EAST)
    path = f"/market-fire/markets/{town['west']}"
    assert (await merchants.put(f"{path}/association", json={"agency_id": EAST})).status_code == 403
    assert (await admin.put(f"{path}/association", json={"agency_id": EAST})).status_code == 204
    assert (await merchants.get(f"{path}/plan")).status_code == 200
    assert (await admin.put(f"{path}/association", json={"agency_id": None})).status_code == 204
    assert (await merchants.get(f"{path}/plan")).status_code == 404
    assert (await admin.put(f"{path}/association", json={"agency_id": "nobody"})).status_code == 422


# --- how stalls stand ---


async def _alarm(database: Database, device: str, stage: str = "pre_alarm") -> None:
    async with database.transaction() as tx:
        id_ = new_id()
        await tx.execute(
            text(
                "insert into alarm (id, rule, rule_ko, rule_en, subject, device, stage, severity, category, lane, "
                "incident_type, life_safety, onset_at, matured_at, raised_at, last_onset_at, last_raised_at, "
                "created_at, updated_at) values (:id, 'market_fire_signal', '열·연기 5초 지속', 'Heat or smoke', "
                ":device, :device, :stage, 'serious', 'event', 'market_fire', 'market_fire', true, "
                ":now, :now, :now, :now, :now, :now, :now) on conflict do nothing"
            ),
            {"id": id_, "device": device, "stage": stage, "now": tx.now()},
        )
        await live.on_event(tx, Event("AlarmRaised.v1", "alarm", str(id_), 1, {"device": device}))


async def test_a_plan_tells_how_each_stall_stands(town: dict[str, Any], desk: Desk, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("update device set fault = 'silent' where id = 'e-3'"))
    await _alarm(database, "e-1")
    plan = (await (await desk()).get(f"/market-fire/markets/{town['east']}/plan")).json()
    assert [one["state"] for one in plan["stalls"]] == ["pre_alarm", "normal", "silent", "unwatched"]
    assert plan["counts"] == {"pre_alarm": 1, "normal": 1, "silent": 1, "unwatched": 1}
    assert plan["stalls"][0]["since"] is not None
    assert {one["source"] for one in plan["stalls"]} == {"row"}
    assert [(one["kind"], one["works"]) for one in plan["marks"]] == [
        ("gate", True), ("shutoff", True), ("hydrant", True),
    ]  # fmt: skip
    assert "person_id" not in plan["stalls"][1]
    assert plan["stalls"][1]["has_person"]


async def test_screens_hear_of_their_own_market_only(town: dict[str, Any], database: Database) -> None:
    await _alarm(database, "e-1")
    await _alarm(database, "e-1")  # told twice, changed once
    async with database.transaction() as tx:
        rows = await tx.rows(text("select * from outbox where entity = 'market_stall' order by seq"))
        stall = str(town["stalls"][1])
        assert [row["entity_id"] for row in rows] == [stall]
        value = (await live.LIVE.load(tx, [stall]))[stall]
        snapshot = await live.LIVE.snapshot(tx)
    assert value["state"] == "pre_alarm"
    assert [one["id"] for one in snapshot] == [stall]
    frame = Frame(1, live.LIVE, live.EVENT, stall, value["version"], value, {})
    for agency, hears in ((EAST, True), ("merchants-west", False), (None, False)):
        viewer = Principal(
            "account", new_id(), "m", frozenset({Role.MERCHANT}), frozenset({"market_fire.read"}), agency
        )
        assert (frame.for_viewer(viewer) is not None) is hears


# --- files ---


async def _import(database: Database, kind: str, content: str, path: Any, **options: str) -> Any:
    file = path / "plan.csv"
    file.write_text(content, encoding="utf-8")
    return await run_import(database, vault.at(path), kind, file, options=options)


CSV = """시장명,구역,층,점포번호,경도,위도,폭(m),깊이(m),방향각,geometry
east 시장,가동,1,1,127.3801,36.3501,3,4,10,
east 시장,가동,1,2호,,,,,,"POLYGON((127.38 36.35,127.38004 36.35,127.38004 36.35003,127.38 36.35))"
east 시장,가동,1,3,127.3801,36.3501,300,4,,
east 시장,가동,1,4,,,,,,"POLYGON((1 2,3"
"""


async def test_a_plan_comes_as_a_table_or_as_geojson(
    town: dict[str, Any], desk: Desk, database: Database, tmp_path: Any
) -> None:
    done = await _import(database, "market_plans", CSV, tmp_path)
    assert (done.imported, len(done.rejected)) == (2, 2), done
    plan = (await (await desk()).get(f"/market-fire/markets/{town['east']}/plan")).json()
    assert [one["source"] for one in plan["stalls"]] == ["drawn", "drawn", "row", "row"]
    ring = [[127.38, 36.35], [127.38003, 36.35], [127.38003, 36.35004], [127.38, 36.35]]
    feature = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        '{"시장명": "east 시장", "구역": "가동", "층": "1", "점포번호": "4"}, '
        f'"geometry": {{"type": "Polygon", "coordinates": [{ring}]}}}}]}}'
    )
    done = await _import(database, "market_plans", feature, tmp_path)
    assert (done.imported, len(done.rejected)) == (1, 0), done
    plan = (await (await desk()).get(f"/market-fire/markets/{town['east']}/plan")).json()
    assert plan["stalls"][3]["outline"] == ring
