"""Duties: a post with a time, and roles that hold only while one runs."""

from datetime import datetime, timedelta
from typing import Any

from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from dure.trust.who.granting import Grant
from tests.trust.conftest import MONDAY
from tests.trust.who.conftest import Desk, Desks


def duty(who: Desk, *, after: float = 0, hours: float = 8, **more: object) -> dict[str, Any]:
    begin: datetime = MONDAY + timedelta(hours=after)
    span = {"starts_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=hours)).isoformat()}
    return {"account_id": str(who.id), "kind": "shift", "post": "주간조", **span, **more}


async def test_a_role_for_duty_holds_while_the_duty_runs(clock: HeldClock, admin: Desk, desk: Desks) -> None:
    kim = await desk("kim", Role.OFFICIAL, Grant(Role.OPERATOR, on_duty=True))
    assert await kim.roles() == {"official"}
    made = await admin.client.post("/duties", json=duty(kim, after=0.2, hours=0.2))
    assert made.status_code == 201, made.text
    assert await kim.roles() == {"official"}
    clock.advance(13 * 60)
    assert await kim.roles() == {"official", "operator"}
    assert (await kim.client.get("/me")).json()["duties"] == ["주간조"]
    clock.advance(13 * 60)
    assert await kim.roles() == {"official"}
    later = (await admin.client.post("/duties", json=duty(kim, after=0.4, hours=2))).json()
    assert await kim.roles() == {"official", "operator"}
    gone = await admin.client.delete(f"/duties/{later['id']}", headers={"if-match": 'W/"1"'})
    assert gone.status_code == 200
    assert await kim.roles() == {"official"}
    assert (await admin.client.delete(f"/duties/{later['id']}")).json()["key"] == "trust.duty.over"


async def test_a_role_with_an_end_ends(clock: HeldClock, admin: Desk, desk: Desks) -> None:
    kim = await desk("kim", Role.OFFICIAL)
    until = (MONDAY + timedelta(minutes=20)).isoformat()
    roles = {"roles": [{"role": "official"}, {"role": "operator", "until": until}]}
    answer = await admin.client.put(f"/accounts/{kim.id}/roles", json=roles)
    assert {one["role"]: one["until"] is None for one in answer.json()["grants"]} == {
        "official": True,
        "operator": False,
    }
    assert await kim.roles() == {"official", "operator"}
    kept = await admin.client.patch(f"/accounts/{kim.id}", json={"roles": ["operator", "official"]})
    assert len([one for one in kept.json()["grants"] if one["until"]]) == 1, "a plain list does not make it longer"
    clock.advance(20 * 60)
    assert await kim.roles() == {"official"}


async def test_a_shift_lead_sets_duties_of_their_own_agency_only(admin: Desk, desk: Desks) -> None:
    lead = await desk("lead", Role.SHIFT_LEAD)
    near, far = await desk("near", Role.OPERATOR), await desk("far", Role.FIRE, agency="fire")
    mine = (await lead.client.post("/duties", json=duty(near))).json()
    theirs = (await admin.client.post("/duties", json=duty(far))).json()
    assert (await lead.client.post("/duties", json=duty(far))).json()["key"] == "trust.duty.nobody"
    for answer in (
        await lead.client.get(f"/duties/{theirs['id']}"),
        await lead.client.delete(f"/duties/{theirs['id']}"),
        await far.client.get(f"/duties/{mine['id']}"),
    ):
        assert (answer.status_code, answer.json()["key"]) == (404, "trust.duty.unknown")
    assert [one["id"] for one in (await lead.client.get("/duties")).json()["items"]] == [mine["id"]]
    assert [one["id"] for one in (await far.client.get("/duties")).json()["items"]] == [theirs["id"]]
    assert len((await admin.client.get("/duties")).json()["items"]) == 2
    assert (await near.client.post("/duties", json=duty(near))).status_code == 403
    assert (await admin.client.get(f"/duties?account_id={far.id}")).json()["items"][0]["account"] == "desk-far"


async def test_nobody_puts_themself_on_a_duty_that_brings_a_role(admin: Desk, desk: Desks) -> None:
    lead = await desk("lead", Role.SHIFT_LEAD)
    assert (await lead.client.post("/duties", json=duty(lead))).status_code == 201
    sly = await desk("sly", Role.SHIFT_LEAD, Grant(Role.POLICE, on_duty=True))
    assert (await sly.client.post("/duties", json=duty(sly))).json()["key"] == "trust.account.own_rights"
    assert (await admin.client.post("/duties", json=duty(sly))).status_code == 201
    assert "police" in await sly.roles()


async def test_the_list_of_duties_pages_by_time(admin: Desk, desk: Desks) -> None:
    kim = await desk("kim", Role.OPERATOR)
    for n in range(5):
        await admin.client.post("/duties", json=duty(kim, after=n % 3, hours=8, post=f"조 {n}"))
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await admin.client.get("/duties", params=query)).json()
        seen += [one["post"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == [f"조 {n}" for n in range(5)]
    assert seen[0] in {"조 0", "조 3"}
    for span in ("since=2026-03-02T09:00:00", "since=2050-01-01T00:00:00Z", "until=2020-01-01T00:00:00Z"):
        assert (await admin.client.get(f"/duties?{span}")).status_code == 422, span
