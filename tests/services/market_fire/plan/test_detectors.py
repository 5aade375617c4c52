"""Which detectors need somebody, and why; each association's own."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.texts import catalogue
from dure.kernel.messages import LANGUAGES
from dure.services.market_fire.health.judging import (
    GROUP_OF,
    Group,
    Profile,
    Reason,
    day_of,
    due_on,
    limits,
    newest,
    reasons,
)
from dure.trust.roles import Role
from tests.respond.conftest import Desk

NOW = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "state": "ok", "fault": None, "last_seen": NOW, "interval_s": 10.0, "latest": {}, "installed": date(2026, 1, 1),
}  # fmt: skip


def said(**values: Any) -> dict[str, Any]:
    return {name: {"value": value, "at": NOW.isoformat()} for name, value in values.items()}


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({}, ()),
        ({"last_seen": None}, (Reason.NEVER,)),
        ({"last_seen": NOW - timedelta(seconds=601)}, (Reason.SILENT,)),
        ({"last_seen": NOW - timedelta(seconds=599)}, ()),
        ({"last_seen": NOW - timedelta(hours=2), "interval_s": 3600.0}, ()),
        ({"fault": "silent"}, (Reason.SILENT,)),
        ({"fault": "clock"}, (Reason.CLOCK,)),
        ({"fault": "odd"}, (Reason.OTHER,)),
        ({"latest": said(battery=20)}, (Reason.BATTERY,)),
        ({"latest": said(battery=21, rssi=-99)}, ()),
        ({"latest": said(battery_low=True)}, (Reason.BATTERY,)),
        ({"latest": said(rssi=-100)}, (Reason.RADIO,)),
        ({"latest": said(tamper=True, self_test=False)}, (Reason.TAMPER, Reason.SELF_TEST)),
        ({"latest": said(tamper=False, self_test=True)}, ()),
        ({"installed": date(2017, 3, 5), "tested": NOW}, (Reason.AGE,)),
        ({"installed": date(2017, 3, 6), "tested": NOW}, ()),
        ({"installed": date(2025, 12, 4)}, (Reason.TEST,)),
        ({"installed": date(2020, 1, 1), "tested": NOW - timedelta(days=300)}, ()),
        ({"firmware": "1.9.0", "newest_firmware": "1.10.0"}, (Reason.FIRMWARE,)),
        ({"firmware": "v1.10", "newest_firmware": "1.10"}, ()),
        ({"state": "off", "last_seen": None, "fault": "silent"}, (Reason.OFF,)),
    ],
)
def test_each_reason_at_its_edge(differs: dict[str, Any], why: tuple[Reason, ...]) -> None:
    assert reasons(Profile(**{**SOUND, **differs}), NOW, limits()) == why


@given(st.floats(0, 100), st.floats(-130, 0), st.integers(0, 10_000))
def test_worse_is_never_called_sound(battery: float, rssi: float, silent_s: int) -> None:
    worse = Profile(
        **{**SOUND, "latest": said(battery=battery, rssi=rssi), "last_seen": NOW - timedelta(seconds=silent_s)}
    )
    found = reasons(worse, NOW, limits())
    assert (Reason.BATTERY in found) == (battery <= limits().battery)
    assert (Reason.RADIO in found) == (rssi <= limits().rssi)
    assert (Reason.SILENT in found) == (silent_s > limits().silent_s)


def test_days_and_versions_as_files_write_them() -> None:
    assert day_of("2025-03") == date(2025, 3, 1)
    assert day_of("2025-03-09") == date(2025, 3, 9)
    assert day_of("봄") is None
    assert day_of(None) is None
    assert due_on(date(2024, 2, 29), limits()) == date(2034, 2, 28)
    assert newest(["1.9", "1.10", "v1.2"]) == "1.10"
    assert newest([]) is None


def test_each_reason_has_a_group_and_words() -> None:
    assert set(GROUP_OF) == set(Reason)
    for language in LANGUAGES:
        for key in (*(f"reason.{one}" for one in Reason), *(f"group.{one}" for one in Group)):
            assert catalogue().text(language, f"market_fire.{key}") != f"market_fire.{key}"


async def test_an_association_reads_and_exports_its_own(town: dict[str, Any], desk: Desk, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "update device set latest = jsonb_build_object('battery', jsonb_build_object('value', 5, 'at', "
                "cast(:at as text))) where id in ('e-1', 'w-1')"
            ),
            {"at": tx.now().isoformat()},
        )
        await tx.execute(text("update device set last_seen = null where id = 'e-2'"))
    merchants, operator = await desk(Role.MERCHANT, "merchants-east"), await desk(Role.OPERATOR)
    mine = (await merchants.get("/market-fire/health")).json()
    assert [(one["id"], one["reasons"]) for one in mine["items"]] == [("e-2", ["never"]), ("e-1", ["battery"])]
    assert mine["counts"] == {"silent": 1, "fault": 0, "weak": 1, "due": 0}
    assert {one["id"] for one in (await operator.get("/market-fire/health")).json()["items"]} == {"e-1", "e-2", "w-1"}
    stranger = await merchants.get("/market-fire/health", params={"market_id": str(town["west"])})
    assert stranger.json()["items"] == []
    first = (await merchants.get("/market-fire/health", params={"sound": True, "limit": 2})).json()
    rest = (await merchants.get("/market-fire/health", params={"sound": True, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ["e-2", "e-1", "e-3"]
    weak = (await merchants.get("/market-fire/health", params={"group": "weak", "q": "가동 1호"})).json()
    assert [one["id"] for one in weak["items"]] == ["e-1"]
    file = await merchants.get("/market-fire/health.csv", headers={"accept-language": "ko"})
    lines = file.text.splitlines()
    assert lines[0].startswith("\ufeff시장,점포,감지기")
    assert "전지 부족" in file.text
    assert "w-1" not in file.text
