"""Delegation: own roles, to a colleague, for a time; nothing of it can be made longer or given on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import MACHINES, Role
from dure.trust.who.delegations import delegable
from dure.trust.who.granting import Grant
from tests.support import tables_with
from tests.trust.conftest import MONDAY
from tests.trust.who.conftest import Desk, Desks, actions


def body(to: Desk, *roles: str, days: float = 1, after: float = 0, **more: object) -> dict[str, Any]:
    begin = MONDAY + timedelta(days=after)
    span = {"starts_at": begin.isoformat(), "ends_at": (begin + timedelta(days=days)).isoformat()}
    return {"to_account": str(to.id), "roles": list(roles), "reason": "휴가 대리", **span, **more}


async def test_a_colleague_holds_the_role_from_when_until_when(
    database: Database, clock: HeldClock, desk: Desks
) -> None:
    lead, kim = await desk("lead", Role.SHIFT_LEAD, Role.OPERATOR), await desk("kim", Role.OFFICIAL)
    made = await lead.client.post("/delegations", json=body(kim, "shift_lead", days=1, after=1 / 24))
    assert made.status_code == 201, made.text
    assert await kim.roles() == {"official"}
    for _ in range(4):
        clock.advance(15 * 60 + 1)
        held, own = await kim.roles(), await lead.roles()
    assert (await kim.client.get("/me")).json()["delegated"] == {"shift_lead": "desk-lead"}
    assert held == {"official", "shift_lead"}
    assert own == {"shift_lead", "operator"}, "giving is not giving up"
    (listed,) = (await kim.client.get("/delegations")).json()["items"]
    assert (listed["from_label"], listed["roles"], listed["reason"]) == ("desk-lead", ["shift_lead"], "휴가 대리")
    assert await tables_with(database, "휴가") == []
    async with database.transaction() as tx:
        await tx.execute(text("update session set seen_at = :at"), {"at": clock.now() + timedelta(days=1)})
        await tx.execute(text("update session set expires_at = :at"), {"at": clock.now() + timedelta(days=9)})
    clock.advance(24 * 3600)
    assert await kim.roles() == {"official"}, "it ended by itself"


async def test_the_log_names_the_colleague_whose_right_was_used(database: Database, desk: Desks) -> None:
    lead, kim = await desk("lead", Role.SHIFT_LEAD), await desk("kim", Role.OFFICIAL)
    other = await desk("other", Role.OPERATOR)
    await lead.client.post("/delegations", json=body(kim, "shift_lead"))
    duty = {"account_id": str(other.id), "kind": "shift", "post": "주간조"}
    span = {"starts_at": MONDAY.isoformat(), "ends_at": (MONDAY + timedelta(hours=8)).isoformat()}
    assert (await kim.client.post("/duties", json={**duty, **span})).status_code == 201
    assert (await lead.client.post("/duties", json={**duty, **span})).status_code == 201
    async with database.transaction() as tx:
        rows = await tx.rows(text("select actor, actor_name from audit where action = 'duty.create' order by at, id"))
    assert [row["actor_name"] for row in rows] == ["desk-kim ← desk-lead", "desk-lead"]
    assert rows[0]["actor"] == f"account:{kim.id}"


async def test_what_was_given_cannot_be_given_on(desk: Desks) -> None:
    lead, kim, lee = (
        await desk("lead", Role.SHIFT_LEAD),
        await desk("kim", Role.OPERATOR),
        await desk("lee", Role.OFFICIAL),
    )
    await lead.client.post("/delegations", json=body(kim, "shift_lead"))
    assert "shift_lead" in await kim.roles()
    further = await kim.client.post("/delegations", json=body(lee, "shift_lead"))
    assert further.json()["key"] == "trust.delegation.not_own"
    assert (await kim.client.get("/colleagues")).json()["roles"] == ["operator"]
    assert (await kim.client.post("/delegations", json=body(lee, "operator"))).status_code == 201


@pytest.mark.parametrize("how", ["giver", "receiver", "admin", "giver_moves", "receiver_leaves", "suspended", "lost"])
async def test_it_ends_by_either_side_and_with_either_side(admin: Desk, desk: Desks, how: str) -> None:
    lead, kim = await desk("lead", Role.SHIFT_LEAD), await desk("kim", Role.OFFICIAL)
    made = (await lead.client.post("/delegations", json=body(kim, "shift_lead"))).json()
    assert "shift_lead" in await kim.roles()
    url, why = f"/delegations/{made['id']}", {"reason": "인사 발령"}
    move = {"agency_id": "fire", "roles": [{"role": "fire"}], **why}
    done = await {
        "giver": lambda: lead.client.delete(url, headers={"if-match": f'W/"{made["version"]}"'}),
        "receiver": lambda: kim.client.delete(url),
        "admin": lambda: admin.client.delete(url),
        "giver_moves": lambda: admin.client.post(f"/accounts/{lead.id}/move", json=move),
        "receiver_leaves": lambda: admin.client.post(f"/accounts/{kim.id}/leave", json=why),
        "suspended": lambda: admin.client.patch(f"/accounts/{lead.id}", json={"state": "suspended"}),
        "lost": lambda: admin.client.patch(f"/accounts/{lead.id}", json={"roles": ["operator"]}),
    }[how]()
    assert done.status_code == 200, done.text
    assert await kim.roles() == (set() if how == "receiver_leaves" else {"official"})
    if how in {"giver", "receiver", "admin"}:
        assert (await admin.client.delete(url)).json()["key"] == "trust.delegation.over"


async def test_who_is_no_part_of_it_does_not_know_of_it(database: Database, desk: Desks) -> None:
    lead, kim = await desk("lead", Role.SHIFT_LEAD), await desk("kim", Role.OFFICIAL)
    stranger, auditor = await desk("stranger", Role.SHIFT_LEAD), await desk("auditor", Role.AUDITOR)
    made = (await lead.client.post("/delegations", json=body(kim, "shift_lead"))).json()
    url = f"/delegations/{made['id']}"
    for answer in (await stranger.client.get(url), await stranger.client.delete(url)):
        assert answer.json()["key"] == "trust.delegation.unknown"
    assert (await stranger.client.get("/delegations")).json()["items"] == []
    assert len((await auditor.client.get("/delegations")).json()["items"]) == 1
    assert (await auditor.client.delete(url)).status_code == 403
    assert "shift_lead" in await kim.roles()
    assert (await actions(database)).count("delegation.end") == 0


async def test_only_to_a_colleague_only_for_a_while_only_with_a_reason(admin: Desk, desk: Desks) -> None:
    lead, kim = await desk("lead", Role.SHIFT_LEAD, Role.AUDITOR), await desk("kim", Role.OFFICIAL)
    far, gone = await desk("far", Role.FIRE, agency="fire"), await desk("gone", Role.OFFICIAL)
    await admin.client.post(f"/accounts/{gone.id}/leave", json={"reason": "퇴직하였음"})
    for wrong, key in (
        (body(far, "shift_lead"), "trust.delegation.no_colleague"),
        (body(gone, "shift_lead"), "trust.delegation.no_colleague"),
        (body(lead, "shift_lead"), "trust.delegation.no_colleague"),
        (body(kim, "police"), "trust.delegation.not_own"),
        (body(kim, "auditor"), "trust.delegation.not_own"),
        (body(kim, "shift_lead", days=93), "trust.span.wrong"),
        (body(kim, "shift_lead", days=-1), "trust.span.wrong"),
        (body(kim, "shift_lead", after=-3), "trust.span.wrong"),
        (body(kim, "shift_lead", after=5000), "trust.span.wrong"),
        (body(kim), "engine.fields.wrong"),
        (body(kim, "shift_lead", reason="  "), "engine.fields.wrong"),
        (body(kim, "shift_lead", from_account=str(kim.id)), "engine.fields.wrong"),
        (body(kim, "shift_lead", starts_at="2026-03-02T09:00:00"), "engine.fields.wrong"),
        (body(kim, "shift_lead", ends_at="9999-12-31T23:59:59-12:00"), "trust.span.wrong"),
    ):
        answer = await lead.client.post("/delegations", json=wrong)
        assert (answer.status_code, answer.json()["key"]) == (422, key), wrong
    assert (await admin.client.post("/delegations", json=body(kim, "admin"))).json()[
        "key"
    ] == "trust.delegation.not_own"


roles = st.sampled_from(list(Role))
days = st.integers(0, 365)
moments = st.builds(lambda day: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day), days)
grants = st.builds(Grant, roles, st.none() | moments, st.booleans())


@given(st.lists(grants, max_size=8), moments)
def test_only_ones_own_lasting_roles_can_be_given(own: list[Grant], until: datetime) -> None:
    for role in delegable(own, until):
        assert role not in MACHINES | {Role.ADMIN, Role.AUDITOR, Role.CITIZEN}
        assert any(one.role is role and not one.on_duty and (one.until is None or one.until >= until) for one in own)
