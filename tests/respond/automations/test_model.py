"""What follows a try, where a controller may stand, and which machine is the one for an incident."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import Invalid
from dure.kernel.geometry import LonLat, distance_m, moved
from dure.respond.automations.model import (
    MOST_TRIES,
    Machine,
    Outcome,
    Status,
    Unit,
    Way,
    following,
    serves,
    unit,
)
from dure.trust.address import networks

NOW = datetime(2026, 7, 15, 8, 40, tzinfo=UTC)
PLANT = networks(["10.20.0.0/16", "fd00:20::/32"])
UNDERPASS = LonLat(127.39, 36.35)


@given(ok=st.booleans(), again=st.booleans(), tries=st.integers(1, 9))
def test_a_try_ends_or_leads_to_a_later_one(*, ok: bool, again: bool, tries: int) -> None:
    after = following(Outcome(ok, None if ok else "away", again), tries, NOW)
    if ok:
        assert after.status is Status.DONE
    elif again and tries < MOST_TRIES:
        assert after.status is Status.QUEUED
        assert after.at is not None
        assert after.at > NOW
    else:
        assert (after.status, after.reason, after.at) == (Status.FAILED, "away", None)


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("modbus://10.20.3.7", Unit("10.20.3.7", 502, 1)),
        ("modbus://10.20.3.7:1502/12", Unit("10.20.3.7", 1502, 12)),
        ("modbus://[fd00:20::7]/", Unit("fd00:20::7", 502, 1)),
    ],
)
def test_where_a_controller_is(url: str, there: Unit) -> None:
    assert unit(url, PLANT) == there


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("modbus://10.21.3.7", "network"),
        ("modbus://8.8.8.8:502", "network"),
        ("modbus://127.0.0.1", "network"),
        ("modbus://barrier.city.example", "form"),
        ("http://10.20.3.7", "form"),
        ("modbus://somebody@10.20.3.7", "form"),
        ("modbus://10.20.3.7/248", "form"),
        ("modbus://10.20.3.7/a", "form"),
        ("modbus://10.20.3.7:99999", "form"),
        ("modbus://10.20.3.7/1?x=1", "form"),
    ],
)
def test_where_a_controller_may_not_be(url: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        unit(url, PLANT)
    assert [one.key for one in refused.value.fields] == [f"respond.automation.url.{why}"]


@given(bearing=st.floats(0, 359), metres=st.floats(0, 5_000), reach=st.floats(1, 5_000))
def test_a_machine_serves_what_is_near_it(bearing: float, metres: float, reach: float) -> None:
    place = moved(UNDERPASS, bearing, metres)
    told: dict[str, Any] = {"place": UNDERPASS, "reach_m": reach}
    machine = Machine("underpass_barrier_close", "동쪽 차단기", Way.HTTP, "https://x", **told)
    assert serves(machine, place) is (distance_m(UNDERPASS, place) <= reach)
    assert not serves(machine, None)
    assert serves(Machine("siren", "경보기", Way.HTTP, "https://x"), None)
