"""The fire station's sheet: what stands on it, who may open the owner, and the paper as it is read and printed."""

import json
import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond.doors import linked
from dure.respond.doors.linked import Data
from dure.respond.model import HandoffKind, Mode, Source
from dure.respond.opening import Opening, Place, open_incident
from dure.respond.types import TYPES
from dure.services.market_fire.model import MARKET_FIRE
from dure.services.market_fire.sheet import letter
from dure.services.market_fire.sheet.gathering import towards
from dure.trust.roles import Role
from tests.respond.conftest import Desk, opened

WHY = {"purpose": "출동하는 대원에게"}
OWNER, PHONE = "박점주", "010-1234-5678"


@pytest.fixture
async def fire(town: dict[str, Any], app: Any, database: Database, clock: HeldClock) -> UUID:
    """Stall 2 has said smoke for 90 seconds, its neighbour for 20."""
    now = clock.now()
    opening = Opening(
        TYPES.kept(MARKET_FIRE), Severity.CRITICAL, Mode.REAL, Source.SENSOR, Place(LonLat(127.38, 36.35)),
        now - timedelta(seconds=90),
    )  # fmt: skip
    async with database.transaction() as tx:
        incident = await open_incident(tx, opening)
        for device, ago in (("e-2", 90), ("e-3", 20)):
            await tx.execute(
                text(
                    "insert into alarm (id, rule, rule_ko, rule_en, subject, device, members, category, lane, "
                    "severity, stage, life_safety, late, onset_at, matured_at, raised_at, last_onset_at, "
                    "last_raised_at, created_at, updated_at, incident_id, incident_type) "
                    "values (:id, 'market_fire_signal', '열·연기 5초 지속', 'Heat or smoke', "
                    ":device, :device, '{}', 'event', 'market_fire', 'serious', "
                    "'pre_alarm', true, false, :at, :at, :at, :at, :at, :at, :at, :incident, 'market_fire')"
                ),
                {"id": new_id(), "device": device, "at": now - timedelta(seconds=ago), "incident": incident},
            )
        await tx.execute(
            text(
                "update device set latest = jsonb_build_object('heat', jsonb_build_object('value', 81.6, 'at', "
                "cast(:at as text)), 'smoke', jsonb_build_object('value', true, 'at', cast(:at as text))) "
                "where id = 'e-2'"
            ),
            {"at": now.isoformat()},
        )
        await tx.execute(
            text(
                "insert into incident_camera (incident_id, rank, camera_id, site_id, distance_m, reason, state, "
                "chosen_at) values (:id, 1, 'C-0000', 'C-0000', 20.4, 'sees', 'ok', :now) on conflict do nothing"
            ),
            {"id": incident, "now": now},
        )
    return incident


def test_winds() -> None:
    at = LonLat(127.0, 37.0)
    assert [towards(at, LonLat(127 + x, 37 + y)) for x, y in ((0, 1), (1, 0), (-1, -1), (-0.01, 1))] == [
        "n", "e", "sw", "n",
    ]  # fmt: skip


async def test_the_sheet_tells_what_can_hurt_and_hides_whom(fire: UUID, desk: Desk) -> None:
    station = await desk(Role.FIRE, "fire")
    answer = await station.get(f"/market-fire/incidents/{fire}/sheet")
    assert answer.status_code == 200, answer.text
    sheet = answer.json()
    assert [one["name"] for one in sheet["stalls"]] == ["가동 2호", "가동 3호"]
    assert OWNER not in answer.text
    assert PHONE not in answer.text
    assert sheet["stalls"][0]["owner"]["name"]
    assert [(one["stall"], one["seconds"]) for one in sheet["says"]] == [("가동 2호", 90), ("가동 3호", 20)]
    assert sheet["says"][0]["readings"][0] == {
        "property": "heat", "value": 81.6, "unit": "Cel", "at": sheet["says"][0]["readings"][0]["at"],
    }  # fmt: skip
    assert [(one["name"], one["hazard"]) for one in sheet["neighbours"]] == [("가동 1호", "가스"), ("가동 4호", "가스")]
    assert [len(sheet[part]) for part in ("gates", "shutoffs", "hydrants")] == [1, 1, 1]
    assert [one["id"] for one in sheet["cameras"]] == ["C-0000"]
    roles = {one["number"]: one["role"] for one in sheet["plan"]["stalls"]}
    assert roles == {"1": "beside", "2": "burning", "3": "burning", "4": "beside"}


async def test_the_owner_is_opened_with_a_reason_and_a_line_first(fire: UUID, desk: Desk, database: Database) -> None:
    station = await desk(Role.FIRE, "fire")
    path = f"/market-fire/incidents/{fire}/sheet/open"
    assert (await station.post(path, json={})).status_code == 422
    told = (await station.post(path, json=WHY)).json()
    assert (told["stalls"][0]["owner"]["name"], told["stalls"][0]["owner"]["phone"]) == (OWNER, PHONE)
    async with database.transaction() as tx:
        lines = await tx.rows(text("select actor_name from audit where action = 'person.open'"))
    assert [row["actor_name"] for row in lines] == ["fire-07"]
    for role, agency in ((Role.MERCHANT, "merchants-east"), (Role.POLICE, "police"), (Role.OFFICIAL, None)):
        other = await desk(role, agency)
        assert (await other.post(path, json=WHY)).status_code == 403
        assert (await other.get(f"/market-fire/incidents/{fire}/sheet")).status_code == 403


async def test_a_hand_off_to_119_carries_it_with_a_line_that_says_so(fire: UUID, database: Database) -> None:
    async with database.transaction() as tx:
        told = await letter.told(tx, fire)
        lines = await tx.rows(text("select actor, purpose from audit where action = 'handoff.disclose'"))
        nothing = await letter.told(tx, new_id())
    assert told is not None
    assert json.loads(json.dumps(told)) == told
    assert told["stalls"][0]["owner"]["phone"] == PHONE
    assert {one["number"] for one in told["plan"]["stalls"]} == {"1", "2", "3", "4"}
    assert [(row["actor"], row["purpose"]) for row in lines] == [("system:market_fire", "119: rescue")]
    assert nothing is None
    on = {
        name: linked.carried(linked.services("fire", name, HandoffKind.TRANSFER, date(2026, 12, 5)))
        for name in ("market_fire", "fire")
    }
    assert (Data.MARKET_SHEET in on["market_fire"], Data.MARKET_SHEET in on["fire"]) == (True, False)


async def test_an_incident_that_is_none_of_theirs_has_no_sheet(town: dict[str, Any], app: Any, desk: Desk) -> None:
    operator, station = await desk(), await desk(Role.FIRE, "fire")
    other = await opened(operator, type="crime", source="operator")
    assert (await station.get(f"/market-fire/incidents/{other['id']}/sheet")).json()[
        "key"
    ] == "respond.incident.unknown"
    assert (await operator.get(f"/market-fire/incidents/{other['id']}/sheet")).json()["key"] == "market_fire.sheet.none"


async def test_the_paper_is_made_in_time_and_its_korean_is_text(fire: UUID, desk: Desk) -> None:
    station = await desk(Role.FIRE, "fire")
    began = time.perf_counter()
    answer = await station.post(f"/market-fire/incidents/{fire}/sheet/pdf", json=WHY)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert took < 2
    document = pypdfium2.PdfDocument(answer.content)
    plain = "\n".join(page.get_textpage().get_text_range() for page in document)
    for wanted in (
        "east 시장 가동 2호",
        OWNER,
        PHONE,
        "가스 차단 밸브",
        "소화전 1",
        "열·연기 5초 지속",
        "1분 30초",
        "열 82 °C",
    ):
        assert wanted in plain, wanted
    assert len(document) == 1
    image = document[0].render(scale=1).to_numpy()
    assert (image[:, :, :3] < 128).any(axis=2).mean() > 0.005  # something is drawn
