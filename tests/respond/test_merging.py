"""Duplicates merge and come apart: nothing lost, numbers kept, clocks by the earliest start."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import moved
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, keys, opened

APART = ("version", "updated_at", "timeline", "duplicates")


def kept(incident: dict[str, Any]) -> dict[str, Any]:
    """What merging and unmerging must leave as it was."""
    return {name: value for name, value in incident.items() if name not in APART}


async def whole(client: httpx.AsyncClient, incident: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/incidents/{incident['id']}")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def pair(operator: httpx.AsyncClient, clock: HeldClock) -> tuple[dict[str, Any], dict[str, Any]]:
    """A fire, and one far enough away that nothing merges by itself, a minute later."""
    first = await opened(operator, external_ref="F-1", severity="serious")
    clock.advance(60)
    away = moved(MARKET, 0, 150)
    second = await opened(operator, external_ref="F-2", lon=away.lon, lat=away.lat)
    assert second["id"] != first["id"]
    return first, second


async def test_merge_shows_both_and_unmerge_restores_each(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    first, second = await pair(operator, clock)
    await acted(operator, first, "acknowledge")
    await acted(operator, first, "notes", text="나동 확인")
    before = [await whole(operator, each) for each in (first, second)]
    assert [each["id"] for each in before[1]["duplicates"]] == [first["id"]]

    one = await acted(operator, first, "merge", into=second["id"])
    assert one["id"] == second["id"]
    assert one["receipt_no"] == second["receipt_no"]
    assert [each["receipt_no"] for each in one["merged"]] == [first["receipt_no"]]
    assert one["report_count"] == 2
    assert {entry["receipt_no"] for entry in one["timeline"]} == {first["receipt_no"], second["receipt_no"]}
    signal = next(each for each in one["clocks"] if each["name"] == "signal_to_acknowledged")
    assert signal["started_at"] == before[0]["opened_at"], "the public waited from the first call"
    assert signal["stopped_at"] is not None
    assert one["duplicates"] == []
    gone = await whole(operator, first)
    assert gone["merged_into"] == second["id"]
    assert gone["status"] == "closed"
    for act, form in (("acknowledge", {}), ("close", {"outcome": "real", "reason": "x"}), ("reopen", {"reason": "x"})):
        assert (await operator.post(f"/incidents/{first['id']}/{act}", json=form or None)).status_code == 409
    same_call = await operator.post(
        "/incidents", json={"type": "fire", "description": "또 전화", "source": "119", "external_ref": "F-1"}
    )
    assert same_call.json()["id"] == second["id"], "the call is told of where it went"

    apart = await acted(operator, first, "unmerge")
    assert keys(apart)[-1] == "unmerged_from"
    after = [await whole(operator, each) for each in (first, second)]
    assert kept(after[0]) == {**kept(before[0]), "report_count": 2, "reports": after[0]["reports"]}
    assert kept(after[1]) == kept(before[1])
    assert (await operator.post(f"/incidents/{first['id']}/unmerge")).status_code == 409


async def test_the_queue_shows_the_clock_of_the_first_call(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    first, second = await pair(operator, clock)

    async def urgent(incident: dict[str, Any]) -> Any:
        items = (await operator.get("/incidents")).json()["items"]
        return next(each["clock"]["started_at"] for each in items if each["id"] == incident["id"])

    assert await urgent(second) == second["opened_at"]
    await acted(operator, first, "merge", into=second["id"])
    assert await urgent(second) == first["opened_at"]
    await acted(operator, first, "unmerge")
    assert await urgent(second) == second["opened_at"]


async def test_a_graver_duplicate_lends_its_severity_only_while_merged(
    operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    first, second = await pair(operator, clock)
    one = await acted(operator, second, "merge", into=first["id"])
    assert one["severity"] == "critical"
    assert keys(one)[-1] == "severity_raised"
    await acted(operator, first, "unmerge", incident=second["id"])
    assert (await whole(operator, first))["severity"] == "serious"


async def test_what_a_person_weighed_since_stays(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    first, second = await pair(operator, clock)
    await acted(operator, second, "merge", into=first["id"])
    clock.advance(1)
    await acted(operator, first, "severity", severity="watch", reason="작다")
    await acted(operator, first, "severity", severity="critical", reason="아니다")
    await acted(operator, second, "unmerge")
    assert (await whole(operator, first))["severity"] == "critical"


async def test_a_merged_tree_comes_apart_as_it_grew(operator: httpx.AsyncClient) -> None:
    a, b, c = [await opened(operator, type="medical", external_ref=f"M-{n}") for n in range(3)]
    await acted(operator, a, "merge", into=b["id"])
    top = await acted(operator, b, "merge", into=c["id"])
    assert {each["id"] for each in top["merged"]} == {a["id"], b["id"]}
    assert (await whole(operator, a))["merged_into"] == c["id"]
    assert (await operator.post(f"/incidents/{a['id']}/unmerge", json={"incident": b["id"]})).status_code == 409
    middle = await acted(operator, c, "unmerge", incident=b["id"])
    assert [each["id"] for each in middle["merged"]] == [a["id"]]
    assert (await whole(operator, a))["merged_into"] == b["id"]
    assert (await whole(operator, c))["merged"] == []


async def test_what_cannot_be_merged(operator: httpx.AsyncClient, desk: Desk, clock: HeldClock) -> None:
    first, second = await pair(operator, clock)
    path = f"/incidents/{first['id']}/merge"
    assert (await operator.post(path, json={"into": first["id"]})).status_code == 409
    assert (await operator.post(path, json={"into": "00000000-0000-7000-8000-000000000000"})).status_code == 404
    stale = await operator.post(path, json={"into": second["id"]}, headers={"if-match": 'W/"77"'})
    assert stale.status_code == 412
    assert (await (await desk(Role.FIRE)).post(path, json={"into": second["id"]})).status_code == 403
    await acted(operator, second, "close", outcome="false", reason="x")
    assert (await operator.post(path, json={"into": second["id"]})).status_code == 409


async def test_a_hand_off_of_a_merged_call_is_answered_on_the_one_that_shows_it(
    operator: httpx.AsyncClient, desk: Desk, clock: HeldClock
) -> None:
    first, second = await pair(operator, clock)
    handed = await acted(operator, first, "handoffs", agency="police", kind="joint")
    await acted(operator, first, "merge", into=second["id"])
    police = await desk(Role.POLICE, "police")
    assert [each["id"] for each in (await police.get("/incidents")).json()["items"]] == [second["id"]]
    answered = await acted(police, second, f"handoffs/{handed['handoffs'][0]['id']}/acknowledge")
    assert answered["handoffs"][0]["status"] == "acknowledged"
    assert (await police.get(f"/incidents/{first['id']}")).status_code == 200


async def test_merging_both_ways_at_once_leaves_one(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    first, second = await pair(operator, clock)
    answers = await asyncio.gather(
        operator.post(f"/incidents/{first['id']}/merge", json={"into": second["id"]}),
        operator.post(f"/incidents/{second['id']}/merge", json={"into": first["id"]}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len((await operator.get("/incidents")).json()["items"]) == 1


@pytest.mark.parametrize("steps", [20])
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False))
async def test_any_order_of_merging_and_unmerging_loses_nothing(
    operator: httpx.AsyncClient, database: Database, steps: int, random: Any
) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("delete from incident_merge"))
        await tx.execute(text("update incident set merged_into = null"))
        await tx.execute(text("delete from incident"))
    made = [await opened(operator, type="medical") for _ in range(5)]
    before = [kept(await whole(operator, each)) for each in made]
    parent: dict[str, str] = {}
    for _ in range(steps):
        a, b = random.sample(made, 2)
        if random.random() < 0.6:
            answer = await operator.post(f"/incidents/{a['id']}/merge", json={"into": b["id"]})
            if answer.status_code == 200:
                parent[a["id"]] = b["id"]
        elif (await operator.post(f"/incidents/{a['id']}/unmerge")).status_code == 200:
            parent.pop(a["id"])
        roots = {each["id"] for each in (await operator.get("/incidents")).json()["items"]}
        assert roots == {each["id"] for each in made if each["id"] not in parent}
    for each in made:
        if each["id"] in parent:
            await acted(operator, each, "unmerge")
    assert [kept(await whole(operator, each)) for each in made] == before
