"""Lists, filters, pages, the file for spreadsheets, what screens begin with and what they hear."""

import csv
import io
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.engine import outbox
from dure.engine.database import Database
from dure.engine.live import Hub
from dure.engine.outbox import Relay
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import moved
from dure.respond.model import HandoffKind, Outcome, Source, Status
from dure.respond.policy import GRANTS
from dure.respond.room import ROOM
from dure.respond.types import BUILT_IN
from dure.trust.principal import Principal
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, opened

LISTED = {
    "id", "receipt_no", "external_ref", "type", "severity", "status", "mode", "version", "opened_at", "place", "source",
}  # fmt: skip
WHOLE = {"alarms", "cameras", "clocks", "handoffs", "tasks", "notices", "timeline"}
anything = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/incidents", params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_lists_leave_nested_arrays_out_and_details_have_them(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    (item,) = (await operator.get("/incidents")).json()["items"]
    assert set(item) >= LISTED
    assert not set(item) & WHOLE
    assert set(incident) >= LISTED | WHOLE
    assert set(item) <= set(incident)


async def test_filters(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    fire = await opened(operator, address="시장3길 24", external_ref="X_1")
    clock.advance(60)
    away = moved(MARKET, 0, 5_000)
    crime = await opened(operator, type="crime", source="112", lon=away.lon, lat=away.lat)
    await acted(operator, crime, "acknowledge")
    unplaced = await opened(operator, type="medical", lon=None, lat=None)

    everything = [unplaced["id"], crime["id"], fire["id"]]
    assert set(await ids(operator)) == set(everything)
    assert await ids(operator, status="acknowledged") == [crime["id"]]
    assert await ids(operator, status=["acknowledged", "closed"]) == [crime["id"]]
    assert await ids(operator, severity="critical") == [fire["id"]]
    assert await ids(operator, type="crime") == [crime["id"]]
    assert set(await ids(operator, since=crime["opened_at"])) == {crime["id"], unplaced["id"]}
    box = f"{MARKET.lon - 0.01},{MARKET.lat - 0.01},{MARKET.lon + 0.01},{MARKET.lat + 0.01}"
    assert await ids(operator, bbox=box) == [fire["id"]]
    assert await ids(operator, q="시장3길") == [fire["id"]]
    assert await ids(operator, q=fire["receipt_no"].lower()) == [fire["id"]]
    assert await ids(operator, q="X_1") == [fire["id"]]
    assert await ids(operator, q="X%1") == []
    for wrong in ({"status": "lost"}, {"since": "2026-12-05T00:00:00"}, {"bbox": "1,2,3"}, {"bbox": "nan,0,1,1"}):
        assert (await operator.get("/incidents", params=wrong)).status_code == 422
    for wrong in ({"cursor": "zzz"}, {"limit": 0}, {"limit": 9_999}):
        assert (await operator.get("/incidents", params=wrong)).status_code == 422


async def test_a_merged_incident_is_found_by_its_number_only(operator: httpx.AsyncClient) -> None:
    one, other = await opened(operator, type="medical"), await opened(operator, type="medical")
    await acted(operator, one, "merge", into=other["id"])
    assert await ids(operator) == [other["id"]]
    assert await ids(operator, q=one["receipt_no"]) == [one["id"]]
    assert len(await ids(operator, merged=True)) == 2


async def test_pages_hold_each_incident_once(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    made = []
    for n in range(7):
        made.append((await opened(operator, type="medical"))["id"])
        clock.advance(n % 2)  # several at one moment
    seen: list[str] = []
    cursor = None
    while True:
        page = (await operator.get("/incidents", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


async def test_the_file_opens_in_a_spreadsheet_and_runs_nothing(operator: httpx.AsyncClient) -> None:
    await opened(operator, address='=HYPERLINK("http://x","y")', external_ref='a"b,c')
    answer = await operator.get("/incidents.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    line = dict(zip(header, row, strict=True))
    assert line["접수번호"] == "DR20261205-0001"
    assert line["접수일시"] == "2026-12-05 12:00:00"
    assert line["유형"] == "화재"
    assert line["주소"].startswith("'=")
    assert line["외부 접수번호"] == 'a"b,c'
    assert "Receipt no." in (await operator.get("/incidents.csv", headers={"accept-language": "en"})).text


async def test_the_types_say_what_can_be_reported(operator: httpx.AsyncClient) -> None:
    types = (await operator.get("/incidents/types", headers={"accept-language": "en"})).json()["items"]
    assert {kind["id"] for kind in types} >= {kind.id for kind in BUILT_IN}
    assert next(kind for kind in types if kind["id"] == "fire")["title_text"] == "Fire"


# --- what screens hear ---


async def begun_by(hub: Hub, database: Database, who: Principal) -> dict[str, Any]:
    async with database.transaction() as tx:
        return await hub.snapshot(tx, who)


def viewer(role: Role, agency: str | None = None) -> Principal:
    permissions = frozenset(permission for permission, roles in GRANTS.items() if role in roles)
    return Principal("account", UUID(int=1), role.value, frozenset({role}), permissions, agency)


async def test_a_snapshot_and_what_follows_is_the_next_snapshot(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    hub, relay = Hub(database, ROOM.live), Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    first = await opened(operator)
    await relay.number()
    who = viewer(Role.OPERATOR)
    begun = await begun_by(hub, database, who)
    known = {each["id"]: each for each in begun["entities"]["incident"]}
    assert set(known) == {first["id"]}

    await acted(operator, first, "acknowledge")
    second = await opened(operator, type="medical")
    third = await opened(operator, type="medical")
    handed = await acted(operator, second, "handoffs", agency="fire", kind="transfer")
    await acted(operator, second, f"handoffs/{handed['handoffs'][0]['id']}/acknowledge")
    await acted(operator, third, "merge", into=second["id"])
    await acted(operator, third, "notes", text="병합된 뒤의 기록")
    await acted(operator, first, "close", outcome="real", reason="끝")
    await relay.number()
    async with database.transaction() as tx:
        rows = await outbox.after(tx, begun["position"], upto=await outbox.head(tx))
        frames = await hub.frames(tx, rows)
    for frame in frames:
        assert frame.value is not None
        if frame.version >= known.get(frame.entity_id, {"version": 0})["version"]:
            known[frame.entity_id] = frame.value
    fresh = {each["id"]: each for each in (await begun_by(hub, database, who))["entities"]["incident"]}
    assert known == fresh
    assert len(fresh) == 3
    clock.advance(1_801)
    later = (await begun_by(hub, database, who))["entities"]["incident"]
    assert [each["id"] for each in later] == [second["id"]], "closed ones leave after half an hour"


async def test_each_viewer_hears_of_what_is_theirs(operator: httpx.AsyncClient, database: Database) -> None:
    hub = Hub(database, ROOM.live)
    await opened(operator)
    crime = await opened(operator, type="crime")
    await acted(operator, crime, "handoffs", agency="welfare", kind="tell")

    async def types(who: Principal) -> set[str]:
        return {each["type"] for each in (await begun_by(hub, database, who))["entities"].get("incident", [])}

    assert await types(viewer(Role.OPERATOR)) == {"fire", "crime"}
    assert await types(viewer(Role.FIRE)) == {"fire"}
    assert await types(viewer(Role.POLICE)) == {"crime"}
    assert await types(viewer(Role.WELFARE, "welfare")) == {"crime"}
    assert await types(viewer(Role.WELFARE, "health")) == set()
    assert await types(viewer(Role.TEACHER)) == set()


async def test_a_screen_is_rid_of_what_left_its_agencys_reach_and_hears_no_more_of_it(
    operator: httpx.AsyncClient, database: Database
) -> None:
    hub, relay = Hub(database, ROOM.live), Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    whole, part, grown = [await opened(operator, type="medical", external_ref=f"R-{n}") for n in range(3)]
    await acted(operator, part, "handoffs", agency="police", kind="joint")
    await acted(operator, part, "merge", into=whole["id"])
    await relay.number()
    police, another = viewer(Role.POLICE, "police"), viewer(Role.POLICE, "p2")
    position = (begun := await begun_by(hub, database, police))["position"]
    assert {each["id"] for each in begun["entities"]["incident"]} == {whole["id"], part["id"]}

    async def heard(who: Principal) -> list[tuple[str, bool]]:
        await relay.number()
        async with database.transaction() as tx:
            frames = await hub.frames(tx, await outbox.after(tx, position, upto=await outbox.head(tx)))
        bodies = [json.loads(told.split(b"data: ", 1)[1]) for one in frames if (told := one.for_viewer(who))]
        return [(one["id"], one["value"] is not None) for one in bodies]

    await acted(operator, whole, "merge", into=grown["id"])
    assert (whole["id"], False) in await heard(police), "what was handed on is the greater one's now"
    assert (grown["id"], True) in await heard(police)
    await acted(operator, grown, "unmerge", incident=whole["id"])
    assert (grown["id"], False) in await heard(police)
    assert (whole["id"], True) in await heard(police)
    await acted(operator, whole, "unmerge", incident=part["id"])
    await acted(operator, whole, "acknowledge")
    await acted(operator, grown, "acknowledge")
    told = await heard(police)
    assert told.count((whole["id"], False)) == 2, "once for each time that it left"
    assert told.count((grown["id"], False)) == 1
    left = {each["id"] for each in (await begun_by(hub, database, police))["entities"]["incident"]}
    state = {each["id"] for each in begun["entities"]["incident"]}
    for id_, there in told:
        state = state | {id_} if there else state - {id_}
    assert state == left == {part["id"]}
    assert await heard(another) == [], "who never could see any of it hears nothing"


# --- texts ---


def test_every_word_of_the_room_has_both_languages() -> None:
    texts = catalogue()
    needed = {
        *(kind.title for kind in BUILT_IN),
        *(kind.clock_title(clock.name) for kind in BUILT_IN for clock in kind.clocks),
        *(f"respond.status.{each}" for each in Status),
        *(f"respond.source.{each}" for each in Source),
        *(f"respond.outcome.{each}" for each in Outcome),
        *(f"respond.handoff.{each}" for each in HandoffKind),
    }
    korean, english = texts.keys("ko"), texts.keys("en")
    assert needed <= korean
    assert {key for key in korean if key.startswith("respond.")} == {
        key for key in english if key.startswith("respond.")
    }


# --- garbage ---

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
nearly = st.fixed_dictionaries(
    {"type": st.sampled_from([kind.id for kind in BUILT_IN]) | junk, "description": st.text() | junk},
    optional={
        "source": st.sampled_from(list(Source)) | junk,
        "external_ref": st.text() | junk,
        "lon": st.floats(-200, 200) | junk,
        "lat": st.floats(-100, 100) | junk,
        "address": st.text() | junk,
        "caller": st.fixed_dictionaries({"name": st.text(), "phone": st.text()}) | junk,
        "severity": junk,
        "mode": junk,
    },
)


@anything
@given(body=nearly | junk)
async def test_no_report_breaks_anything(operator: httpx.AsyncClient, body: Any) -> None:
    answer = await operator.post("/incidents", json=body)
    assert answer.status_code in {200, 201, 400, 422}, answer.text


ACTS = ["acknowledge", "notes", "severity", "cameras", "handoffs", "close", "reopen", "merge", "unmerge"]


@anything
@given(act=st.sampled_from(ACTS), body=junk)
async def test_no_act_breaks_anything(operator: httpx.AsyncClient, act: str, body: Any) -> None:
    listed = await ids(operator)
    incident = listed[0] if listed else (await opened(operator))["id"]
    answer = await operator.post(f"/incidents/{incident}/{act}", json=body)
    assert answer.status_code in {200, 201, 400, 404, 409, 422}, answer.text


@anything
@given(query=st.dictionaries(st.sampled_from(["status", "type", "q", "since", "bbox", "cursor", "limit"]), st.text()))
async def test_no_question_breaks_anything(operator: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await operator.get("/incidents", params=query)
    assert answer.status_code in {200, 400, 422}, answer.text


async def test_nobody_reads_without_a_token(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city/api/v1") as nobody:
        for path in ("/incidents", "/incidents/summary", "/incidents.csv", "/incidents/types", "/incident-settings"):
            assert (await nobody.get(path)).status_code == 401


@pytest.mark.parametrize("role", [role for role in Role if role not in GRANTS["incident.read"] | {Role.DEVICE}])
async def test_who_may_not_read_is_refused(desk: Desk, role: Role) -> None:
    assert (await (await desk(role)).get("/incidents")).status_code == 403
