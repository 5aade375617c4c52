"""A line list becomes patients who are seen, judged, given beds and released; who goes unseen raises an alarm."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.city.room import ROOM as CITY
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.services.epidemic.care import keeping, tables, watch
from dure.services.epidemic.quarantine import tables as quarantine_tables
from dure.services.epidemic.screening import tables as screening_tables
from dure.trust.roles import Role
from tests.city.conftest import Client, Import
from tests.support import differences, open_room, tables_of

SEOUL = ZoneInfo("Asia/Seoul")
WARDS = """시설명,병동,구분,병상수,성별,음압,산소,경도,위도
가온병원,1,병원,1,,Y,산소,128.60,35.87
나래병원,2,병원,2,,,산소,128.70,35.87
다솜센터,가동,생활치료센터,2,,,,128.65,35.90
"""
CALM = {"pulse": 80, "systolic": 120, "breaths": 12, "temperature": 36.5, "consciousness": "alert"}


def day(ago: int) -> str:
    return (datetime.now(SEOUL) - timedelta(days=ago)).date().isoformat()


async def patients(bring: Import, *ages: int) -> None:
    rows = [f"{n},{day(2)},{age},128.6{n},35.87,{day(3)}" for n, age in enumerate(ages, start=1)]
    await bring("cases", "확진번호,신고일,나이,경도,위도,증상발현일\n" + "\n".join(rows))


async def listed(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get("/epidemic/waiting")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def seen(http: httpx.AsyncClient, case_id: str, **found: object) -> dict[str, Any]:
    word = {"placement": found.pop("placement")} if "placement" in found else {}
    answer = await http.post(f"/epidemic/care/{case_id}/looks", json={"found": {**CALM, **found}, **word})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_the_tables_are_those_of_the_migration(database_url: str) -> None:
    ours = tables_of(tables, quarantine_tables, screening_tables)
    assert len(ours) == 13
    assert differences(database_url, ours) == []


async def test_from_the_list_to_a_bed_and_home_again(bring: Import, client: Client, database: Database) -> None:
    await patients(bring, 30, 70, 40, 45)
    await bring("beds", WARDS)
    http = await client(Role.EPIDEMIC)
    found = await listed(http)
    assert found["counts"] == {"waiting": 0, "home": 0, "untriaged": 4, "worse": 0, "unseen": 4}
    ids = {one["code"]: one["case_id"] for one in found["items"]}

    assert (await seen(http, ids["1"]))["placement"] == "home", "by the table of these days"
    by_hand = await seen(http, ids["1"], placement="centre")
    assert (by_hand["placement"], by_hand["state"], by_hand["reasons"][-1]) == (
        "centre", "waiting", ["by_hand", "centre"],
    )  # fmt: skip
    assert (await seen(http, ids["2"]))["placement"] == "hospital"
    worse = await seen(http, ids["3"], breaths=31, pulse=120, systolic=90, dyspnoea=True, oxygen="oxygen")
    assert (worse["level"], worse["score"], worse["worse"][0]) == ("moderate", 6, ["dyspnoea", ""])
    missed = await http.post(f"/epidemic/care/{ids['4']}/looks", json={})
    assert (missed.json()["state"], missed.json()["looks"][0]["reached"]) == (None, False)
    order = [one["code"] for one in (await listed(http))["items"]]
    assert order[0] == "3", "who gets worse is called first"

    plan = (await http.post("/epidemic/bed-plans", json={})).json()
    assert (plan["figures"]["placed"], plan["figures"]["untriaged"], plan["figures"]["proved"]) == (3, 1, True)
    rows = {one["code"]: one for one in (await http.get(f"/epidemic/bed-plans/{plan['id']}")).json()["items"]}
    assert rows["1"]["facility"] == "다솜센터"
    assert {rows["2"]["facility"], rows["3"]["facility"]} <= {"가온병원", "나래병원"}
    assert rows["1"]["others"]
    given = await http.post(f"/epidemic/bed-plans/{plan['id']}/apply", json={})
    assert given.json() == {"given": 3, "left": []}
    again = await http.post(f"/epidemic/bed-plans/{plan['id']}/apply", json={})
    assert (again.status_code, again.json()["key"]) == (409, "epidemic.plan.applied")
    wards = (await http.get("/epidemic/wards")).json()
    assert sum(one["taken"] for one in wards["items"]) == 3
    case = next(one for one in (await http.get("/epidemic/cases")).json()["items"] if one["code"] == "1")
    assert (case["hospital"], case["admitted_on"]) == ("다솜센터", day(0))

    held = await http.post(f"/epidemic/care/{ids['1']}/end", json={"outcome": "recovered"})
    assert (held.status_code, held.json()["key"]) == (409, "epidemic.release.missing.days")
    tested = "\n".join(f"S{n},1,{day(n)} 09:00,음성" for n in (2, 1))
    assert (await bring("lab_results", "검체번호,확진번호,채취일시,결과\n" + tested)).imported == 2
    freed = await http.post(f"/epidemic/care/{ids['1']}/end", json={"outcome": "recovered"})
    assert (freed.status_code, freed.json()["state"]) == (200, "released")
    case = next(one for one in (await http.get("/epidemic/cases")).json()["items"] if one["code"] == "1")
    assert (case["outcome"], case["released_on"]) == ("recovered", day(0))
    wards = (await http.get("/epidemic/wards")).json()
    assert sum(one["taken"] for one in wards["items"]) == 2


async def test_a_bed_is_never_given_twice_and_a_move_must_fit(
    bring: Import, client: Client, database: Database
) -> None:
    await patients(bring, 70, 71)
    await bring("beds", WARDS)
    http = await client(Role.EPIDEMIC)
    ids = {one["code"]: one["case_id"] for one in (await listed(http))["items"]}
    wards = {one["facility"]: one for one in (await http.get("/epidemic/wards")).json()["items"]}
    move = {"ward_id": wards["가온병원"]["id"], "reason": "nearer"}
    early = await http.post(f"/epidemic/care/{ids['1']}/move", json=move)
    assert early.json()["key"] == "epidemic.care.untriaged"
    for case_id in ids.values():
        await seen(http, case_id)
    low = await http.post(
        f"/epidemic/care/{ids['1']}/move", json={"ward_id": wards["다솜센터"]["id"], "reason": "nearer"}
    )
    assert low.json()["key"] == "epidemic.unfit.grade"
    assert (await http.post(f"/epidemic/care/{ids['1']}/move", json=move)).status_code == 200
    full = await http.post(f"/epidemic/care/{ids['2']}/move", json=move)
    assert (full.status_code, full.json()["key"]) == (409, "epidemic.ward.full")
    there = await http.post(
        f"/epidemic/care/{ids['1']}/move", json={"ward_id": wards["나래병원"]["id"], "reason": "household"}
    )
    assert [(one["facility"], one["ended"]) for one in there.json()["stays"]] == [
        ("나래병원", None),
        ("가온병원", "moved"),
    ]
    with pytest.raises(Exception, match="uq_epidemic_stay_bed"):
        async with database.transaction() as tx:
            await tx.execute(
                text(
                    "insert into epidemic_stay (id, case_id, ward_id, bed, from_at, why, by) "
                    "select gen_random_uuid(), gen_random_uuid(), ward_id, bed, now(), '{}', 'x' from epidemic_stay "
                    "where until_at is null"
                )
            )
    ward = wards["나래병원"]
    stale = await http.put(
        f"/epidemic/wards/{ward['id']}", json={"capacity": 0, "open": False}, headers={"if-match": 'W/"9"'}
    )
    assert stale.status_code == 412
    less = (await http.put(f"/epidemic/wards/{ward['id']}", json={"capacity": 0, "open": False})).json()
    assert (less["taken"], less["free"]) == (1, 0), "who lies there stays"


async def test_who_goes_unseen_raises_one_alarm_and_being_seen_clears_it(
    bring: Import, client: Client, database: Database
) -> None:
    await patients(bring, 30, 31)
    http = await client(Role.CLINICIAN)
    ids = [one["case_id"] for one in (await listed(http))["items"]]
    alarms = text("select stage, count, value, closed_at from alarm where rule = 'epidemic_unseen'")

    async def looked() -> list[Any]:
        async with database.transaction() as tx:
            await watch.look(tx)
        async with database.transaction() as tx:
            return [tuple(row.values()) for row in await tx.rows(alarms)]

    assert [row[:3] for row in await looked()] == [("confirmed", 1, 2.0)]
    assert [row[:3] for row in await looked()] == [("confirmed", 1, 2.0)], "it stands and is told once"
    await seen(http, ids[0])
    assert (await looked())[0][3] is None
    await seen(http, ids[1])
    assert (await looked())[0][3] is not None, "all were seen"
    async with database.transaction() as tx:
        await tx.execute(text("update epidemic_care set seen_at = now() - interval '13 hours' where case_id = :id"),
                         {"id": UUID(ids[0])})  # fmt: skip
    assert [row[3] for row in await looked()].count(None) == 1, "again unseen, again an alarm"
    assert (await http.post("/epidemic/bed-plans", json={})).status_code == 403, "a doctor gives no beds"


async def test_who_was_severe_steps_down_only_after_two_days(bring: Import, client: Client, database: Database) -> None:
    await patients(bring, 30)
    http = await client(Role.EPIDEMIC)
    (one,) = (await listed(http))["items"]
    where = f"/epidemic/care/{one['case_id']}/looks"
    ill = (await http.post(where, json={"found": {"dyspnoea": True}})).json()
    assert (ill["level"], ill["placement"]) == ("severe", "hospital")
    better = (await http.post(where, json={"found": {}})).json()
    assert (better["level"], better["placement"], better["reasons"][-1]) == (
        "severe", "hospital", ["kept_up", "severe"],
    )  # fmt: skip
    async with database.transaction() as tx:
        await tx.execute(text("update epidemic_care set calm_since = now() - interval '49 hours'"))
    assert (await http.post(where, json={"found": {}})).json()["level"] == "asymptomatic"


async def test_an_epidemic_officer_brings_the_lists_of_epidemics_and_no_others(client: Client, app: FastAPI) -> None:
    open_room(app, CITY.router)
    http = await client(Role.EPIDEMIC)
    kinds = {one["kind"] for one in (await http.get("/imports/kinds")).json()["items"]}
    assert {"cases", "contacts", "beds", "lab_results"} <= kinds
    assert not kinds & {"cctv", "people", "devices"}
    file = {"file": ("cases.csv", f"확진번호,신고일\n1,{day(1)}\n".encode())}
    made = await http.post("/imports", data={"kind": "cases"}, files=file)
    assert made.status_code == 201, made.text
    other = await http.post("/imports", data={"kind": "cctv"}, files=file)
    assert (other.status_code, other.json()["key"]) == (403, "city.import.kind.others")


async def test_what_the_line_list_says_is_over_frees_the_bed_and_goes_in_its_time(
    bring: Import, client: Client, database: Database, settings: Settings
) -> None:
    await patients(bring, 70)
    await bring("beds", WARDS)
    http = await client(Role.EPIDEMIC)
    (one,) = (await listed(http))["items"]
    await seen(http, one["case_id"])
    plan = (await http.post("/epidemic/bed-plans", json={})).json()
    await http.post(f"/epidemic/bed-plans/{plan['id']}/apply", json={})
    await bring("cases", f"확진번호,신고일,결과,사망일\n1,{day(2)},사망,{day(0)}\n")
    async with database.transaction() as tx:
        await watch.look(tx)
    whole = (await http.get(f"/epidemic/care/{one['case_id']}")).json()
    assert (whole["state"], whole["stays"][0]["ended"]) == ("died", "died")
    context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    async with database.transaction() as tx:
        assert keeping.PATIENTS.find_due is not None
        assert keeping.PATIENTS.destroy is not None
        later = tx.now() + timedelta(days=1)
        due = await keeping.PATIENTS.find_due(tx, later, None, 10)
        assert [each.id for each in due] == [one["case_id"]]
        await keeping.PATIENTS.destroy(context, tx, due)
        assert await tx.scalar(text("select count(*) from epidemic_look")) == 0
    assert (await listed(http))["counts"]["waiting"] == 0
