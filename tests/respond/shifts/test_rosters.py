"""Rosters over HTTP: plans, months, substitutes and swaps, files in and out."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import psycopg
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.shifts import laying, tables
from dure.trust.roles import Role
from tests.respond.shifts.conftest import NOON, Desk, plan_of
from tests.support import differences, tables_of


def people_of(day: dict[str, Any], shift: str) -> list[str]:
    found = next(one for one in day["shifts"] if one["shift"] == shift)
    return [one["label"] for one in found["people"]]


def test_tables_and_migration_agree(database_url: str) -> None:
    assert differences(database_url, tables_of(tables)) == []
    with psycopg.connect(database_url) as line:
        names = line.execute("select name, keeps_log, agency_id from roster").fetchall()
    assert names == [("관제실", True, None)]


async def test_a_month_says_who_is_on_duty_and_what_is_missing(
    desk: Desk, roster_id: str, people: dict[str, UUID]
) -> None:
    operator = await desk(Role.OPERATOR)
    month = (await operator.get(f"/rosters/{roster_id}/month?month=2026-12")).json()
    assert len(month["days"]) == 31
    first, christmas = month["days"][0], month["days"][24]
    assert [people_of(first, shift) for shift in "DEN"] == [
        ["lead-1", "oper-1"], ["lead-2", "oper-2"], ["lead-3", "oper-3"]]  # fmt: skip
    assert (christmas["holiday"], christmas["off"], first["off"]) == ("기독탄신일", True, False)
    assert month["gaps"] == []
    admin = await desk("admin-1")
    away = {"kind": "absence", "why": "leave", "out_account": str(people["lead-1"]), "day": "2026-12-02",
            "last_day": "2026-12-02"}  # fmt: skip
    assert (await admin.post(f"/rosters/{roster_id}/changes", json=away)).json()["status"] == "approved"
    month = (await operator.get(f"/rosters/{roster_id}/month?month=2026-12")).json()
    assert [(one["lack"], one["slot"]["day"], one["slot"]["shift"]) for one in month["gaps"]] == [
        ("no_lead", "2026-12-02", "D")]  # fmt: skip
    assert people_of(month["days"][1], "D") == ["oper-1"]


async def test_a_new_plan_leaves_the_past_and_a_stale_editor_is_told(
    desk: Desk, roster_id: str, people: dict[str, UUID], clock: HeldClock
) -> None:
    admin = await desk("admin-1")
    whole = (await admin.get(f"/rosters/{roster_id}")).json()
    plan = plan_of(people, since="2026-12-10")
    plan["teams"][0]["members"].pop()  # type: ignore[index]
    stale = await admin.put(f"/rosters/{roster_id}/plan", json=plan, headers={"if-match": 'W/"1"'})
    assert stale.status_code == 412
    answer = await admin.put(f"/rosters/{roster_id}/plan", json=plan, headers={"if-match": f'W/"{whole["version"]}"'})
    assert answer.status_code == 200, answer.text
    days = (await admin.get(f"/rosters/{roster_id}/month?month=2026-12")).json()["days"]
    assert people_of(days[0], "D") == ["lead-1", "oper-1"]
    later = [people_of(day, one["shift"]) for day in days[9:] for one in day["shifts"] if one["team"] == "1조"]
    assert later
    assert all(one == ["lead-1"] for one in later)
    past = await admin.put(f"/rosters/{roster_id}/plan", json=plan_of(people, since="2026-11-30"))
    assert past.json()["key"] == "respond.shifts.plan.since"
    doubled = plan_of(people)
    doubled["teams"][1] = {**doubled["teams"][0], "name": "2조"}  # type: ignore[index]
    assert (await admin.put(f"/rosters/{roster_id}/plan", json=doubled)).json()["key"] == "respond.shifts.plan.twice"
    own = {**plan_of(people), "pattern": {"ko": "격일", "en": "Every other day", "cycle": ["A", "", "", ""], "step": 1,
           "shifts": [{"id": "A", "ko": "당번", "en": "On", "begins": "09:00", "ends": "09:00"}]}}  # fmt: skip
    assert (await admin.put(f"/rosters/{roster_id}/plan", json=own)).status_code == 200


async def test_a_swap_takes_both_sides_and_somebody_else(desk: Desk, roster_id: str, people: dict[str, UUID]) -> None:
    mine, theirs, lead = await desk("oper-1"), await desk("oper-2"), await desk("lead-3")
    swap = {"kind": "swap", "why": "other", "out_account": str(people["oper-1"]), "in_account": str(people["oper-2"]),
            "day": "2026-12-02", "shift": "D", "other_day": "2026-12-03", "other_shift": "D"}  # fmt: skip
    asked = await mine.post(f"/rosters/{roster_id}/changes", json=swap)
    assert asked.json()["key"] == "respond.shifts.change.not_there"  # on the 3rd they have the night
    swap["other_shift"] = "N"
    change = (await mine.post(f"/rosters/{roster_id}/changes", json=swap)).json()
    assert change["status"] == "asked", change
    say = f"/rosters/changes/{change['id']}"
    assert (await lead.post(f"{say}/approve")).json()["key"] == "respond.shifts.change.waits"
    assert (await mine.post(f"{say}/agree")).status_code == 403
    assert (await theirs.post(f"{say}/agree")).json()["status"] == "agreed"
    assert (await theirs.post(f"{say}/approve")).status_code == 403
    assert (await lead.post(f"{say}/approve")).json()["status"] == "approved"
    assert (await lead.post(f"{say}/refuse")).json()["key"] == "respond.shifts.change.decided"
    days = (await mine.get(f"/rosters/{roster_id}/month?month=2026-12")).json()["days"]
    assert people_of(days[1], "D") == ["lead-1", "oper-2"]
    assert people_of(days[2], "N") == ["lead-2", "oper-1"]


async def test_nobody_approves_their_own_and_nobody_is_in_two_places(
    desk: Desk, roster_id: str, people: dict[str, UUID]
) -> None:
    lead = await desk("lead-1")
    wanted = {"kind": "substitute", "why": "leave", "out_account": str(people["lead-1"]), "day": "2026-12-02",
              "shift": "D", "in_account": str(people["head-1"])}  # fmt: skip
    change = (await lead.post(f"/rosters/{roster_id}/changes", json=wanted)).json()
    assert change["status"] == "asked"
    own = await lead.post(f"/rosters/changes/{change['id']}/approve")
    assert own.json()["key"] == "respond.shifts.change.own"
    admin = await desk("admin-1")
    assert (await admin.post(f"/rosters/changes/{change['id']}/approve")).status_code == 200
    twice = {**wanted, "out_account": None, "in_account": str(people["head-1"])}
    assert (await admin.post(f"/rosters/{roster_id}/changes", json=twice)).json()[
        "key"
    ] == "respond.shifts.change.there"
    near = {**wanted, "out_account": None, "shift": "E"}
    made = (await admin.post(f"/rosters/{roster_id}/changes", json=near)).json()
    assert [(one["day"], one["shift"]) for one in made["short_rest"]] == [("2026-12-02", "D")]
    taken = await admin.post(f"/rosters/changes/{change['id']}/withdraw")
    assert taken.json()["status"] == "withdrawn"
    stranger = await desk("oper-4")
    wanted["out_account"] = str(people["oper-1"])
    assert (await stranger.post(f"/rosters/{roster_id}/changes", json=wanted)).status_code == 403


ROWS = ("\ufeff관제실 근무표,,,", "자리,직책,1일,2일(수)", "head-1,팀장,주,비", "oper-4,,석,야간", "nobody,,주,주",
        "oper-3,,주,X", "oper-2,과장,주,")  # fmt: skip
MATRIX = "\r\n".join(ROWS)


async def test_a_sheet_goes_in_row_by_row_and_out_again(desk: Desk, roster_id: str, people: dict[str, UUID]) -> None:
    admin = await desk("admin-1")
    path = f"/rosters/{roster_id}/import"
    file = {"file": ("표.csv", MATRIX.encode())}
    tried = await admin.post(path, files=file, data={"month": "2026-12", "dry_run": "true"})
    assert tried.status_code == 200, tried.text
    body = tried.json()
    assert (body["read"], body["imported"], body["updated"], body["unchanged"]) == (5, 2, 0, 0)
    assert [(one["row"], one["field"]) for one in body["rejected"]] == [(5, "자리"), (6, "2일(수)"), (7, "직책")]
    month = f"/rosters/{roster_id}/month"
    assert people_of((await admin.get(f"{month}?month=2026-12")).json()["days"][0], "D") == ["lead-1", "oper-1"]
    assert (await admin.post(path, files=file, data={"month": "2026-12"})).json()["imported"] == 2
    days = (await admin.get(f"{month}?month=2026-12")).json()["days"]
    assert people_of(days[0], "D") == ["head-1"]
    assert people_of(days[1], "N") == ["oper-4"]
    again = (await admin.post(path, files=file, data={"month": "2026-12"})).json()
    assert (again["imported"], again["unchanged"]) == (0, 2)

    sheet = (await admin.get(f"{month}.xlsx?month=2026-12")).content
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[0][:3] == ("자리", "직책", "2026-12-01")
    assert ("head-1", "팀장", "D") in [one[:3] for one in rows]
    back = (await admin.post(path, files={"file": ("표.xlsx", sheet)})).json()
    assert back["rejected"] == []
    after = (await admin.get(f"{month}?month=2026-12")).json()["days"]
    assert [[sorted(people_of(day, one)) for one in "DEN"] for day in after] == [
        [sorted(people_of(day, one)) for one in "DEN"] for day in days
    ]

    ics = (await admin.get(f"/rosters/{roster_id}/duty.ics?month=2026-12&account_id={people['head-1']}")).text
    assert ics.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20261130T210000Z" in ics
    assert all(len(line.encode()) <= 75 for line in ics.split("\r\n"))


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"PK\x03\x04 no workbook"])
async def test_what_is_no_roster_is_refused_as_a_whole(desk: Desk, roster_id: str, body: bytes) -> None:
    admin = await desk("admin-1")
    answer = await admin.post(f"/rosters/{roster_id}/import", files={"file": ("x", body)})
    assert answer.status_code == 422


async def test_offices_see_and_set_their_own_only(desk: Desk, roster_id: str) -> None:
    admin = await desk("admin-1")
    fire = await desk(Role.FIRE, None)
    assert (await fire.get("/rosters")).json()["items"] == []
    assert (await fire.get(f"/rosters/{roster_id}")).status_code == 404
    made = await admin.post("/rosters", json={"name": "당직", "answers_to": "duty_officer"})
    assert made.status_code == 201, made.text
    assert (await admin.post("/rosters", json={"name": "또", "answers_to": "duty_officer"})).status_code == 409
    assert (await admin.post("/rosters", json={"name": "또", "answers_to": "nobody"})).status_code == 422
    operator = await desk("oper-1")
    assert (await operator.post("/rosters", json={"name": "내 것"})).status_code == 403
    lead = await desk("lead-1")
    rungs = [{"ko": "당직", "en": "Duty", "kind": "roster", "wait_s": 60, "roster_id": made.json()["id"]}]
    changed = await lead.patch(f"/rosters/{roster_id}", json={"ladder": rungs})
    assert [one["ko"] for one in changed.json()["ladder"]] == ["당직"]
    rungs[0]["roster_id"] = roster_id
    assert (await lead.patch(f"/rosters/{roster_id}", json={"ladder": rungs})).status_code == 422


async def test_roles_that_are_held_on_duty_follow_the_roster(
    desk: Desk, roster_id: str, people: dict[str, UUID], clock: HeldClock, database: Database
) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text("update grant_role set on_duty = true where account_id = any(:ids)"),
            {"ids": [people["oper-1"], people["oper-2"]]},
        )
        await laying.lay(tx)
        first = await tx.scalar(text("select count(*) from duty"))
        await laying.lay(tx)
        assert await tx.scalar(text("select count(*) from duty")) == first > 0
    assert (await (await desk("oper-1")).get("/rosters")).status_code == 200
    assert (await (await desk("oper-2")).get("/rosters")).status_code == 403
    admin = await desk("admin-1")
    instead = {"kind": "substitute", "why": "leave", "out_account": str(people["oper-1"]), "day": "2026-12-01",
               "shift": "D", "in_account": str(people["oper-4"])}  # fmt: skip
    assert (await admin.post(f"/rosters/{roster_id}/changes", json=instead)).status_code == 201
    async with database.transaction() as tx:
        await laying.lay(tx)
    assert (await (await desk("oper-1")).get("/rosters")).status_code == 403
    clock.set(NOON + timedelta(hours=3))
    async with database.transaction() as tx:
        await laying.lay(tx)
    assert (await (await desk("oper-2")).get("/rosters")).status_code == 200
    plan = plan_of(people, since="2026-12-02")
    plan["teams"] = plan["teams"][::-1]  # type: ignore[index]
    lead = await desk("lead-1")
    assert (await lead.put(f"/rosters/{roster_id}/plan", json=plan)).status_code == 200
