"""What the watch learns: causes, figures, the night, proposals within bounds, and who may."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.services.market_fire import verification
from dure.services.market_fire.learning import proposing, queries
from dure.services.market_fire.learning.settings import (
    AS_CITY,
    Cause,
    Known,
    Setting,
    bounds,
    is_false,
    judged_by,
    wished,
    wrong,
)
from dure.trust.roles import Role
from tests.respond.conftest import SATURDAY, Desk

LIMITS, TABLE = bounds(), verification.stages()
NOW = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)

known = st.builds(
    Known,
    st.integers(0, 250 * 1_440).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.none() | st.sampled_from(Cause),
    st.none() | st.floats(0, 600),
)
settings = st.sampled_from([AS_CITY, Setting((660, 840)), Setting(None, 90.0), Setting((480, 600), 45.0)])


@given(settings, st.lists(known, max_size=12))
def test_nothing_is_proposed_beyond_the_bounds(current: Setting, told: list[Known]) -> None:
    wish = wished(LIMITS, TABLE, current, told, NOW)
    if wish is None:
        return
    assert wish.setting != current
    assert wrong(LIMITS, wish.setting) is None
    burnt = any(one.cause is Cause.FIRE and (NOW - one.at).days < LIMITS.days for one in told)
    if burnt:
        assert wish.setting.steam is None
        assert wish.setting.answer_s == current.answer_s


@given(st.integers(0, 1_439), st.booleans(), settings)
def test_no_setting_explains_anything_at_night_or_touches_the_rest(minute: int, trades: bool, own: Setting) -> None:
    stages, terms = judged_by(TABLE, own, minute=minute, trades=trades)
    city = verification.terms(TABLE, trades=trades, steamy=trades and own.steams_at(minute), announced=False)
    assert terms == city
    assert terms.step <= verification.HIGHEST
    assert stages.faulty_s == TABLE.faulty_s
    assert LIMITS.least_s <= stages.answer_s <= LIMITS.most_s
    assert own.answer_s is not None or stages.answer_s == (TABLE.trading_s if trades else TABLE.answer_s)
    if not trades:
        assert terms == verification.terms(TABLE, trades=False, steamy=False, announced=False)


def test_steam_at_lunch_is_proposed_for_lunch() -> None:
    noon = [
        Known(NOW.replace(hour=11, minute=40) - timedelta(days=3), Cause.STEAM),
        Known(NOW.replace(hour=12, minute=20) - timedelta(days=9), Cause.STEAM),
    ]
    wish = wished(LIMITS, TABLE, AS_CITY, noon, NOW)
    assert wish is not None
    assert (wish.setting, wish.why, wish.alarms) == (Setting((660, 780)), "steam", 2)
    assert wished(LIMITS, TABLE, wish.setting, noon, NOW) is None, "once it is so, nothing more is wished"
    assert wished(LIMITS, TABLE, AS_CITY, noon[:1], NOW) is None
    night = [Known(one.at.replace(hour=2), Cause.STEAM) for one in noon]
    assert wished(LIMITS, TABLE, AS_CITY, night, NOW) is None, "a closed market's steam is never usual"
    later = wished(LIMITS, TABLE, wish.setting, [], NOW)
    assert later is not None
    assert (later.setting, later.why) == (AS_CITY, "no_more_steam")
    slow = [Known(NOW - timedelta(days=d), Cause.DUST, 110.0) for d in (1, 2, 3)]
    longer = wished(LIMITS, TABLE, AS_CITY, slow, NOW)
    assert longer is not None
    assert longer.setting == Setting(None, LIMITS.most_s)


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        (Setting((420, 600)), "steam"),
        (Setting((600, 600)), "steam"),
        (Setting((600, 1_000)), "steam"),
        (Setting((1_100, 1_260)), "steam"),
        (Setting(None, 150.0), "answer_s"),
        (Setting(None, 10.0), "answer_s"),
        (Setting((660, 840), 60.0), None),
    ],
)
def test_bounds(setting: Setting, field: str | None) -> None:
    assert wrong(LIMITS, setting) == field


def test_what_is_false() -> None:
    assert not is_false(None)
    assert {cause for cause in Cause if not is_false(cause)} == {Cause.FIRE, Cause.TEST, Cause.UNKNOWN}


# --- in the city ---

_INCIDENT = text(
    "insert into incident (id, receipt_no, type, merge_group, severity, severity_by_signals, status, mode, source, "
    "located, opened_at, signal_at, last_signal_at, acknowledge_by, created_at, updated_at) values (:incident, "
    "cast(:incident as text), 'market_fire', 'fire', 'serious', 'serious', 'open', 'real', 'sensor', false, "
    ":at, :at, :at, :at, :at, :at)"
)
_ALARM = text(
    "insert into alarm (id, rule, rule_ko, rule_en, subject, device, stage, severity, category, lane, incident_type, "
    "incident_id, life_safety, onset_at, matured_at, raised_at, last_onset_at, last_raised_at, closed_at, judged_at, "
    "judged_reason, created_at, updated_at) values (:alarm, 'market_fire_signal', '열', 'Heat', :device, :device, "
    "case when cast(:reason as text) is null then 'cleared' else 'false' end, 'serious', 'event', 'market_fire', "
    "'market_fire', :incident, true, :at, :at, :at, :at, :at, "
    "case when :closed then cast(:at as timestamptz) + interval '5 minutes' end, "
    "case when cast(:reason as text) is not null then cast(:at as timestamptz) + interval '80 s' end, "
    ":reason, :at, :at)"
)


async def spoke(
    database: Database,
    device: str,
    at: datetime,
    *,
    reason: str | None = None,
    closed: bool = True,
    reported: bool = True,
) -> UUID:
    """An alarm of a detector, closed, reported to 119 in an incident of its own; `reason` is why it was false."""
    alarm, incident = new_id(), new_id()
    values = {"alarm": alarm, "incident": incident, "device": device, "at": at, "reason": reason, "closed": closed}
    async with database.transaction() as tx:
        await tx.execute(_INCIDENT, values)
        await tx.execute(_ALARM, values)
        if reported:
            await tx.execute(
                text(
                    "insert into handoff (id, incident_id, agency_id, kind, status, sent_at, sent_by) values "
                    "(gen_random_uuid(), :incident, 'fire', 'transfer', 'sent', "
                    "cast(:at as timestamptz) + interval '60 s', 'dure')"
                ),
                values,
            )
    return alarm


async def test_causes_make_figures_and_a_night(town: dict[str, Any], desk: Desk, database: Database) -> None:
    noon = SATURDAY - timedelta(days=2)
    steam = await spoke(database, "e-1", noon, reason="steam")
    owed = await spoke(database, "e-2", SATURDAY - timedelta(hours=12))
    await spoke(database, "e-3", SATURDAY - timedelta(hours=11), closed=False, reported=False)
    operator, fire = await desk(Role.OPERATOR), await desk(Role.FIRE)
    listed = (await operator.get("/market-fire/alarms", params={"owed": True})).json()["items"]
    assert [one["id"] for one in listed] == [str(owed)]
    path = f"/market-fire/alarms/{owed}/cause"
    assert (await fire.put(path, json={"cause": "dew"})).status_code == 403
    assert (await operator.put(path, json={"cause": "soup"})).status_code == 422
    assert (await operator.put(f"/market-fire/alarms/{uuid4()}/cause", json={"cause": "dew"})).status_code == 404
    told = (await operator.put(path, json={"cause": "dew"})).json()
    assert (told["cause"], told["told"], told["delay_s"]) == ("dew", True, 60.0)
    assert (await operator.get("/market-fire/alarms", params={"owed": True})).json()["items"] == []
    for by, first in (("stall", "east 시장 가동 1호"), ("sensor", "e-1"), ("rule", "Heat"), ("cause", "dew")):
        found = (await fire.get("/market-fire/figures", params={"by": by})).json()["items"]
        assert first in {one["name_en"] for one in found}, by
        assert sum(one["false_reports"] for one in found) == 2
        assert max(one["delay_median_s"] or 0 for one in found) == 60.0
    night = (await fire.get("/market-fire/nights", params={"market": str(town["east"])})).json()
    assert night["night"] == "2026-12-04"
    assert {one["id"] for one in night["alarms"]} >= {str(owed)}
    assert str(steam) not in {one["id"] for one in night["alarms"]}
    assert night["counts"] == {
        "alarms": 2, "reported": 1, "false": 1, "false_reports": 1, "fires": 0, "untold": 1,
    }  # fmt: skip
    assert night["detectors"] == 3
    assert (await fire.get("/market-fire/nights", params={"market": str(uuid4())})).status_code == 404
    merchant = await desk(Role.MERCHANT, "merchants-east")
    assert (await merchant.get("/market-fire/figures")).status_code == 403
    curve = (await fire.get("/market-fire/curve")).json()
    assert {"dure, 60 s", "single detector 5 s"} <= {one["policy"] for one in curve["points"]}
    assert isinstance(curve["city"]["false_per_1000"], float)
    assert curve["city"]["false_reports"] == 2


REPLAY = {
    "windows": [],
    "now": {"reports": 2, "false": 2, "missed": 0},
    "then": {"reports": 0, "false": 0, "missed": 0},
    "fires": {"fires": 40, "missed_now": 0, "missed_then": 0, "later_median_s": 4.0, "later_most_s": 180.0},
}


async def test_a_setting_is_proposed_replayed_and_approved_by_a_person(
    town: dict[str, Any], desk: Desk, database: Database, clock: HeldClock, app: Any
) -> None:
    for days in (2, 3):
        await spoke(database, "e-1", SATURDAY - timedelta(days=days), reason="steam")
    context: Context = app.state.context
    await proposing.find(context)
    await proposing.find(context)
    lead, stall = await desk(Role.SHIFT_LEAD), town["stalls"][1]
    (proposal,) = (await lead.get("/market-fire/proposals", params={"state": "open"})).json()["items"]
    assert proposal["because"] == {"why": "steam", "alarms": 2, "days": 180}
    assert (proposal["steam_from"], proposal["steam_until"]) == (690, 750)
    path, because = f"/market-fire/proposals/{proposal['id']}", {"reason": "점심 장사 때 김이 난다"}
    early = await lead.post(f"{path}/approve", json=because)
    assert (early.status_code, early.json()["key"]) == (409, "market_fire.proposal.unreplayed")
    for replay, key in (
        ({**REPLAY, "then": {"reports": 0, "false": 0, "missed": 1}}, "market_fire.proposal.misses"),
        ({**REPLAY, "fires": {**REPLAY["fires"], "missed_then": 1}}, "market_fire.proposal.misses"),  # type: ignore[dict-item]
    ):
        async with database.transaction() as tx:
            await queries.replayed(tx, UUID(proposal["id"]), json.dumps(replay))
        assert (await lead.post(f"{path}/approve", json=because)).json()["key"] == key
    assert (await lead.post(f"{path}/replay")).json()["replay"] is None
    async with database.transaction() as tx:
        await queries.replayed(tx, UUID(proposal["id"]), json.dumps(REPLAY))
    clock.advance(31 * 86_400)
    assert (await lead.post(f"{path}/approve", json=because)).json()["key"] == "market_fire.proposal.unreplayed"
    async with database.transaction() as tx:
        await queries.replayed(tx, UUID(proposal["id"]), json.dumps(REPLAY))
    assert (await (await desk(Role.OPERATOR)).post(f"{path}/approve", json=because)).status_code == 403
    done = await lead.post(f"{path}/approve", json=because)
    assert done.status_code == 200, done.text
    assert (await lead.post(f"{path}/refuse", json=because)).json()["key"] == "market_fire.proposal.decided"
    async with database.transaction() as tx:
        assert await proposing.of_stall(tx, stall) == Setting((690, 750))
    story = (await lead.get(f"/market-fire/stalls/{stall}/story")).json()
    assert story["setting"]["steam_from"] == 690
    assert [one["state"] for one in story["proposals"]] == ["approved"]
    assert story["counts"]["false"] == 2


async def test_a_person_proposes_within_the_bounds_and_a_refusal_rests(
    town: dict[str, Any], desk: Desk, database: Database, app: Any
) -> None:
    official, stall = await desk(Role.OFFICIAL), str(town["stalls"][2])
    form = {"stall_id": stall, "steam_from": 660, "steam_until": 840, "why": "국밥집의 점심"}
    for wrong_part in ({"steam_until": 1_200}, {"steam_from": None}, {"answer_s": 300}):
        assert (await official.post("/market-fire/proposals", json={**form, **wrong_part})).status_code == 422
    assert (await official.post("/market-fire/proposals", json={**form, "stall_id": str(uuid4())})).status_code == 404
    same = {"stall_id": stall, "why": "그대로 둔다"}
    assert (await official.post("/market-fire/proposals", json=same)).json()["key"] == "market_fire.proposal.same"
    made = await official.post("/market-fire/proposals", json=form)
    assert made.status_code == 201, made.text
    assert (await official.post("/market-fire/proposals", json=form)).json()["key"] == "market_fire.proposal.open"
    path = f"/market-fire/proposals/{made.json()['id']}"
    assert (await official.post(f"{path}/refuse", json={"reason": "먼저 환기구를 고친다"})).status_code == 200
    for days in (2, 3):
        await spoke(database, "e-2", SATURDAY - timedelta(days=days), reason="steam")
    await proposing.find(app.state.context)
    assert (await official.get("/market-fire/proposals", params={"state": "open"})).json()["items"] == []
