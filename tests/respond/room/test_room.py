"""Roles, decisions, corrected notes, attachments and presence, over HTTP and PostgreSQL."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.live import Hub
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.respond import kept, presence
from dure.respond.room import ROOM
from dure.trust.principal import Principal
from dure.trust.retention.model import Thing
from dure.trust.roles import Role
from dure.trust.vault import reasons
from tests.respond.conftest import Desk, acted, keys, opened
from tests.respond.room.test_files import SECRET, exif, photo
from tests.respond.room.test_tasks import city

TAB = "0f0f0f0f-1111"


async def test_roles_are_handed_over(operator: httpx.AsyncClient, desk: Desk, database: Database) -> None:
    await city(database)
    incident = await opened(operator)
    path = f"/incidents/{incident['id']}"
    people = {one["name"]: one["actor"] for one in (await operator.get(f"{path}/people")).json()["people"]}
    assert set(people) >= {"oper-31", "fire-02"}
    first = await acted(operator, incident, "roles", role="lead")
    (lead,) = first["roles"]
    assert (lead["role"], lead["name"]) == ("lead", "operator-07")
    other = await desk(Role.SHIFT_LEAD)
    handed = await acted(other, incident, "roles", role="lead", person=people["oper-31"], instead_of=lead["id"])
    assert [(one["name"], one["until"] is None) for one in handed["roles"]] == [
        ("oper-31", True),
        ("operator-07", False),
    ]
    stale = await operator.post(f"{path}/roles", json={"role": "lead", "instead_of": lead["id"]})
    assert stale.status_code == 412
    assert "oper-31" in stale.json()["title"]
    fire = await desk(Role.FIRE, "fire")
    assert (await fire.post(f"{path}/roles", json={"role": "lead"})).status_code == 403
    assert (await fire.post(f"{path}/roles", json={"role": "liaison", "person": people["oper-31"]})).status_code == 403
    shown = await acted(fire, incident, "roles", role="liaison", person=people["fire-02"])
    liaison = next(one for one in shown["roles"] if one["role"] == "liaison")
    assert (await fire.post(f"{path}/roles/{lead['id']}/end")).status_code == 403
    ended = await acted(operator, incident, f"roles/{liaison['id']}/end")
    assert [one["role"] for one in ended["roles"] if one["until"] is None] == ["lead"]
    assert keys(ended)[-4:] == ["role_taken", "role_handed", "role_given", "role_ended"]


async def test_who_is_second_is_told_what_changed(operator: httpx.AsyncClient, desk: Desk) -> None:
    incident = await opened(operator)
    lead = await desk(Role.SHIFT_LEAD)
    await acted(lead, incident, "severity", severity="serious", reason="연기가 줄었다")
    stale = await operator.post(
        f"/incidents/{incident['id']}/close",
        json={"outcome": "real", "reason": "끝"},
        headers={"if-match": f'W/"{incident["version"]}"'},
    )
    assert stale.status_code == 412
    told = stale.json()
    assert (told["key"], "shift_lead-07" in told["title"]) == ("respond.incident.changed", True)
    assert "심각도를 심각에서 경계로 바꿈" in told["errors"][0]["reason"]


async def test_a_decision_stands_and_is_corrected_by_another(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    incident = await opened(operator)
    path = f"/incidents/{incident['id']}"
    clock.advance(30)
    form = {"what": "동문을 연다", "why": "연기가 서쪽으로 간다", "alternatives": "서문: 연기가 짙다"}
    (first,) = (await acted(operator, incident, "decisions", **form))["decisions"]
    assert (first["number"], first["decided_by"], first["why"]) == (1, "operator-07", form["why"])
    shown = await acted(
        operator, incident, "decisions", what="동문과 남문을 연다", why="사람이 많다", corrects=first["id"]
    )
    assert [(one["number"], one["corrects_number"], one["corrected_by_number"]) for one in shown["decisions"]] == [
        (2, 1, None),
        (1, None, 2),
    ]
    twice = await operator.post(f"{path}/decisions", json={"what": "a", "why": "b", "corrects": first["id"]})
    assert twice.status_code == 412
    assert "2" in twice.json()["title"]
    for at in ("2026-12-05T02:00:00Z", "2026-12-05T04:00:00Z", "2026-12-05T03:00:10"):
        assert (await operator.post(f"{path}/decisions", json={"what": "a", "why": "b", "at": at})).status_code == 422
    with pytest.raises(DBAPIError, match="never edited"):
        async with database.transaction() as tx:
            await tx.execute(text("update incident_decision set decided_by = 'somebody'"))
    async with database.transaction() as tx:
        rows = await tx.rows(text("select what, why, alternatives from incident_decision"))
        assert not any("동문".encode() in bytes(row["what"]) for row in rows)
    asked = await acted(operator, incident, "tasks", text="남문 열쇠", role="operator", decision_id=first["id"])
    assert asked["tasks"][0]["decision_id"] == first["id"]

    noted = await acted(operator, incident, "notes", text="세 사람 대피")
    note = next(entry for entry in noted["timeline"] if entry["kind"] == "note")
    mended = await acted(operator, incident, "notes", text="네 사람 대피", corrects=int(note["id"]))
    words = [entry["text"] for entry in mended["timeline"] if entry["kind"] == "note"]
    assert words[0] == "세 사람 대피"
    assert "네 사람 대피" in words[1]
    again = await operator.post(f"{path}/notes", json={"text": "a", "corrects": int(note["id"])})
    assert again.status_code == 409
    assert (await operator.post(f"{path}/notes", json={"text": "a", "corrects": 999_999})).status_code == 404


async def attached(client: httpx.AsyncClient, incident: dict[str, Any], content: bytes, **form: Any) -> httpx.Response:
    files = {"file": ("북문.jpg", content, "text/html")}
    return await client.post(f"/attachments/{incident['id']}", files=files, data=form)


async def test_an_attachment_is_sealed_opened_with_a_purpose_and_gone_with_its_incident(
    operator: httpx.AsyncClient, desk: Desk, database: Database, context: Context, clock: HeldClock
) -> None:
    incident = await opened(operator)
    plain = photo()
    sent = plain[:2] + exif() + plain[2:]
    answer = await attached(operator, incident, sent, about="북문, 진입 전")
    assert answer.status_code == 201, answer.text
    (file,) = answer.json()["attachments"]
    assert (file["name"], file["about"], file["kind"], file["persons"]) == ("북문.jpg", "북문, 진입 전", "jpeg", True)
    assert file["left_out"] == ["details", "location"]
    assert (await attached(operator, incident, sent)).status_code == 200, "the same file is not kept twice"
    refused = await attached(operator, incident, b"<svg onload='x()'/>")
    assert refused.status_code == 422
    assert "HEIC" in refused.json()["title"]
    async with database.transaction() as tx:
        row = await tx.row(text("select c.sealed, a.name from incident_attachment a, incident_attachment_content c"))
        assert row is not None
        assert SECRET not in bytes(row["sealed"])
        assert plain[-200:-2] not in bytes(row["sealed"])
        assert "북문".encode() not in bytes(row["name"])

    one = f"/attachments/{incident['id']}/{file['id']}"
    police, fire = await desk(Role.POLICE, "police"), await desk(Role.FIRE, "fire")
    assert (await police.post(f"{one}/open", json={"purpose": "현장 확인"})).status_code == 404
    for purpose in ({}, {"purpose": " a  "}):
        assert (await fire.post(f"{one}/open", json=purpose)).status_code == 422
    got = await fire.post(f"{one}/open", json={"purpose": "현장 확인"})
    assert got.status_code == 200
    assert got.content.endswith(plain[-40:])
    assert SECRET not in got.content
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["content-disposition"].startswith("inline; filename*=UTF-8''")
    async with database.transaction() as tx:
        lines = await tx.rows(text("select purpose, case_id from audit where action = 'incident.attachment_open'"))
        assert [line["case_id"] for line in lines] == [incident["id"]]
        assert "sealed:incident:" in lines[0]["purpose"]
        assert reasons.opened(tx, [lines[0]["purpose"]]) == ["현장 확인"]
    text_file = {"file": ("a.csv", "이름\n홍".encode(), "text/html")}
    answer = await operator.post(f"/attachments/{incident['id']}", files=text_file, data={"persons": "false"})
    sheet = answer.json()["attachments"][0]
    got = await operator.post(f"/attachments/{incident['id']}/{sheet['id']}/open", json={})
    assert (got.headers["content-type"], got.headers["content-disposition"][:10]) == (
        "application/octet-stream",
        "attachment",
    )

    assert (await fire.post(f"{one}/remove", json={"reason": "a"})).status_code == 403
    removed = await operator.post(f"/attachments/{incident['id']}/{sheet['id']}/remove", json={"reason": "잘못 올림"})
    assert (
        next(each for each in removed.json()["attachments"] if each["id"] == sheet["id"])["removed_by"] == "operator-07"
    )
    assert (await operator.post(f"/attachments/{incident['id']}/{sheet['id']}/open", json={})).status_code == 409
    async with database.transaction() as tx:
        await kept.INCIDENT_WORDS.destroy(context, tx, [Thing(incident["id"], clock.now())])  # type: ignore[misc]
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from incident_attachment_content")) == 0
    gone = await operator.post(f"{one}/open", json={"purpose": "다시 보기"})
    assert gone.status_code == 409
    assert (await operator.get(f"/incidents/{incident['id']}")).json()["attachments"][1]["about"] == ""


async def test_who_is_there_is_told_to_those_who_see_the_incident_and_ends_by_itself(
    operator: httpx.AsyncClient, desk: Desk, database: Database, context: Context, clock: HeldClock
) -> None:
    incident = await opened(operator)
    fire, police = await desk(Role.FIRE, "fire"), await desk(Role.POLICE, "police")
    path = f"/incidents/{incident['id']}/presence"
    hub, relay = Hub(database, ROOM.live), Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    seen = {"position": 0}

    def viewer(role: Role, agency: str | None) -> Principal:
        may = frozenset({"incident.read"})
        return Principal("token", UUID(int=1), role.value, frozenset({role}), may, agency)

    async def heard(who: Principal) -> list[dict[str, Any]]:
        async with database.transaction() as tx:
            frames = await hub.frames(tx, await outbox.after(tx, seen["position"], upto=await outbox.head(tx)))
        bodies = [json.loads(told.split(b"data: ", 1)[1]) for one in frames if (told := one.for_viewer(who))]
        return [one for one in bodies if one["entity"] == "room"]

    async def told() -> None:
        async with database.transaction() as tx:
            seen["position"] = await outbox.head(tx)

    assert (await police.put(path, json={"tab": TAB})).status_code == 404
    assert (await operator.put(path, json={"tab": TAB, "part": "typing"})).status_code == 422
    assert (await operator.put(path, json={"tab": TAB, "part": "tasks"})).status_code == 200
    assert (await fire.put(path, json={"tab": TAB})).status_code == 200
    await relay.number()
    (*_, last) = await heard(viewer(Role.OPERATOR, None))
    assert [(one["name"], one["parts"]) for one in last["value"]["people"]] == [
        ("operator-07", ["tasks"]),
        ("fire-07", ["room"]),
    ]
    assert await heard(viewer(Role.POLICE, "police")) == []
    assert await heard(viewer(Role.FIRE, "fire")) != []
    async with database.transaction() as tx:
        first = await hub.snapshot(tx, viewer(Role.OPERATOR, None))
        assert [len(one["people"]) for one in first["entities"]["room"]] == [2]
        assert (await hub.snapshot(tx, viewer(Role.POLICE, "police")))["entities"]["room"] == []

    await told()
    for _ in range(3):
        clock.advance(4)
        assert (await operator.put(path, json={"tab": TAB, "part": "tasks"})).status_code == 200
        await presence.sweep(context)
    await relay.number()
    heard_now = await heard(viewer(Role.OPERATOR, None))
    assert [[one["name"] for one in each["value"]["people"]] for each in heard_now] == [["operator-07"]], (
        "beats tell nothing"
    )
    await told()
    clock.advance(timedelta(seconds=15).total_seconds())
    await presence.sweep(context)
    await relay.number()
    assert [each["value"]["people"] for each in await heard(viewer(Role.OPERATOR, None))] == [[]]
    for each in range(presence.MOST_TABS):
        assert (await operator.put(path, json={"tab": f"{TAB}-{each}"})).status_code == 200
    assert (await operator.put(path, json={"tab": f"{TAB}-x"})).status_code == 409
    assert (await operator.post(f"{path}/leave", json={"tab": f"{TAB}-0"})).status_code == 200
