"""Quarantine: officers by load, language and distance; links twice a day; silence escalates; the end on its day."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import LonLat
from dure.notices import sending
from dure.services.epidemic.care.transport import proved, solved
from dure.services.epidemic.quarantine import asking, checks, officers, paper
from dure.services.epidemic.quarantine.checks import Answer, Step
from dure.services.epidemic.quarantine.officers import Officer, Person
from dure.trust.roles import Role
from tests.city.conftest import Client, Import

SEOUL = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 10)
NOON = datetime(2026, 11, 10, 12, tzinfo=SEOUL)


def planned(people: list[Person], duty: list[Officer]) -> dict[str, officers.Given]:
    weights = officers.weights_of(DAY)
    table = officers.costs(people, duty, weights)
    slope = np.full(len(duty), weights["load"], dtype=np.int64)
    room = np.array([one.capacity for one in duty], dtype=np.int64)
    plan = solved(table, room, slope)
    assert proved(plan, table, room, slope)
    return {one.person: one for one in officers.explained(people, duty, table, plan, weights)}


def test_language_before_distance_and_the_load_is_shared() -> None:
    near, far = LonLat(128.60, 35.87), LonLat(128.70, 35.87)
    duty = [Officer("near", 10, at=near), Officer("zh", 10, frozenset({"zh"}), far)]
    found = planned([Person("a", "zh", near), Person("b", "ko", near)], duty)
    assert (found["a"].officer, found["b"].officer) == ("zh", "near")
    assert found["a"].others == (("near", "worse", 40_000 - found["a"].counted["distance"]),)
    same = [Officer("one", 10, at=near), Officer("two", 10, at=near)]
    shared = planned([Person(f"p{n}", at=near) for n in range(10)], same)
    assert sum(one.officer == "one" for one in shared.values()) == 5
    kept = planned([Person(f"p{n}", at=near, officer="one") for n in range(6)], same)
    assert sum(one.officer == "one" for one in kept.values()) == 6, "six are not enough for anybody to change"


@settings(max_examples=60)
@given(st.data())
def test_all_at_once_weighs_as_one_by_one(data: st.DataObject) -> None:
    at = st.one_of(st.none(), st.builds(LonLat, st.floats(128, 129), st.floats(35, 36)))
    districts = st.sampled_from([None, "중구", "북구"])
    duty = data.draw(
        st.lists(st.builds(Officer, st.sampled_from(["a", "b"]), st.just(3), st.sampled_from([frozenset(), {"zh"}]).map(
            frozenset), at, districts), min_size=1, max_size=3)
    )  # fmt: skip
    people = data.draw(
        st.lists(st.builds(Person, st.just("p"), st.sampled_from(["ko", "zh"]), at, districts,
                           st.sampled_from([None, "a", "c"])), max_size=4)
    )  # fmt: skip
    weights = officers.weights_of(DAY)
    table = officers.costs(people, duty, weights)
    for p, person in enumerate(people):
        for o, officer in enumerate(duty):
            assert abs(table[p, o] - sum(officers.weighed(person, officer, weights).values())) <= 1


def test_checks_are_due_twice_a_day_and_silence_escalates() -> None:
    morning = datetime(2026, 11, 10, 10, tzinfo=SEOUL)
    assert list(checks.due_slots(morning, SEOUL)) == [morning]
    assert list(checks.due_slots(morning - timedelta(seconds=1), SEOUL)) == []
    assert list(checks.due_slots(morning + timedelta(hours=4), SEOUL)) == []
    assert [checks.step_of(n, DAY) for n in (0, 1, 2, 5)] == [Step.NONE, Step.OFFICER, Step.VISIT, Step.VISIT]
    said = Answer(37.5, ("dyspnoea", "cough"), at_home=False)
    assert checks.signs(said, DAY) == (("fever", "37.5"), ("symptom", "cough"), ("symptom", "dyspnoea"), ("out", ""))
    assert checks.signs(Answer(37.4, (), at_home=True), DAY) == ()


# --- in a city ---


@pytest.fixture
def clock() -> HeldClock:
    """Noon of a day in November."""
    return HeldClock(NOON.astimezone(UTC))


@pytest.fixture
async def http(bring: Import, client: Client) -> httpx.AsyncClient:
    """Two officers and three people in quarantine, one of whom speaks Chinese alone."""
    await bring("officers", "번호,성명,언어,정원,경도,위도\nA,이담당,,2,128.60,35.87\nB,박담당,중국어,2,128.61,35.87\n")
    await bring(
        "quarantine",
        "접촉자번호,성명,연락처,주소,생년월일,언어,최종접촉일,격리시작일,경도,위도\n"
        "Q1,왕리나,010-1111-2222,중구 1,1990-01-02,중국어,2026-11-08,2026-11-09,128.60,35.87\n"
        "Q2,김하나,010-3333-4444,중구 2,1991-01-02,,2026-11-08,2026-11-09,128.60,35.87\n"
        "Q3,김두리,010-5555-6666,중구 3,1992-01-02,,2026-10-31,2026-11-01,128.60,35.87\n",
    )
    return await client(Role.EPIDEMIC)


async def listed(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get("/epidemic/quarantine")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def links(database: Database) -> dict[str, str]:
    """The secret that each got last, by code."""
    async with database.transaction() as tx:
        rows = await tx.rows(
            text(
                "select n.id, n.sealed, q.code from notice n join epidemic_quarantine q on q.person_id = n.person_id "
                "where n.template like 'epidemic_self%' order by n.created_at"
            )
        )
        words = {row["code"]: sending.opened(tx, row["id"], None, bytes(row["sealed"])) for row in rows}
    return {code: re.findall(r"selfcheck/(\S+)", one.text)[0] for code, one in words.items() if one}


async def acted(database: Database, *acts: Any) -> list[Any]:
    done = []
    for act in acts:
        async with database.transaction() as tx:
            done.append(await act(tx))
    return done


async def test_officers_are_given_with_their_reasons_and_again_where_one_is_off_duty(http: httpx.AsyncClient) -> None:
    figures = (await http.post("/epidemic/quarantine-officers", json={})).json()
    assert (figures["people"], figures["unspoken"], figures["proved"]) == (3, 0, True)
    found = {one["code"]: one for one in (await listed(http))["items"]}
    assert found["Q1"]["officer"] == "B"
    assert found["Q1"]["why"]["others"][0] == {
        "officer": "A",
        "word": "worse",
        "by": found["Q1"]["why"]["others"][0]["by"],
    }
    assert found["Q1"]["person"]["name"] == "왕*나"
    again = (await http.post("/epidemic/quarantine-officers", json={"rebalance": True})).json()
    assert again["changed"] == 0, "the best stays the best"
    duty = {one["code"]: one["id"] for one in (await http.get("/epidemic/officers")).json()["items"]}
    await http.put(f"/epidemic/officers/{duty['B']}", json={"on_duty": False})
    few = await http.post("/epidemic/quarantine-officers", json={"rebalance": True})
    assert (few.status_code, few.json()["key"]) == (409, "epidemic.officers.few")


async def test_a_link_twice_a_day_that_is_answered_without_an_account(
    http: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    assert await acted(database, asking.ask, asking.ask) == [3, 0]
    secret = (await links(database))["Q1"]
    await http.post("/epidemic/quarantine-officers", json={})
    http.headers.pop("authorization")
    asked = (await http.post("/epidemic/self-check/open", json={"link": secret})).json()
    assert (asked["language"], asked["answered_at"], asked["words"]["cough"]) == ("zh", None, "咳嗽")
    said = {"link": secret, "temperature": 38.0, "symptoms": ["cough"], "at_home": True}
    given_ = await http.post("/epidemic/self-check", json=said)
    assert given_.status_code == 200, given_.text
    assert given_.headers["cache-control"] == "no-store"
    assert given_.json()["answers"]["symptoms"] == ["cough"]
    assert (await http.post("/epidemic/self-check/open", json={"link": "none"})).status_code == 404
    clock.advance(15 * 3600)
    gone = await http.post("/epidemic/self-check", json=said)
    assert (gone.status_code, gone.json()["key"]) == (404, "epidemic.self_check.unknown")


async def test_silence_is_reminded_counted_and_raises_an_alarm(
    http: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    await acted(database, asking.ask)
    first = await links(database)
    clock.advance(3600)
    assert await acted(database, asking.remind, asking.remind) == [3, 0]
    assert await links(database) == first, "a reminder carries the same link"
    http.headers["x-none"] = "1"
    said = {"link": first["Q2"], "symptoms": [], "at_home": True}
    assert (await http.post("/epidemic/self-check", json=said)).status_code == 200
    clock.advance(2 * 3600)
    await acted(database, asking.escalate, asking.escalate)
    found = await listed(http)
    assert (found["counts"]["silent"], found["counts"]["visit"]) == (2, 0)
    clock.advance(3 * 3600)
    assert await acted(database, asking.ask) == [3]
    clock.advance(5 * 3600)
    await acted(database, asking.escalate)
    found = await listed(http)
    assert [(one["code"], one["missed"]) for one in found["items"]] == [("Q3", 2), ("Q1", 2), ("Q2", 1)]
    async with database.transaction() as tx:
        (alarm,) = await tx.rows(text("select value, closed_at from alarm where rule = 'quarantine_silent'"))
    assert (alarm["value"], alarm["closed_at"]) == (2.0, None)
    for one in found["items"]:
        assert (await http.post(f"/epidemic/quarantine/{one['id']}/seen")).status_code == 200
    await acted(database, asking.escalate)
    async with database.transaction() as tx:
        (alarm,) = await tx.rows(text("select closed_at from alarm where rule = 'quarantine_silent'"))
    assert alarm["closed_at"] is not None


async def test_it_ends_at_noon_of_its_day_and_who_fell_ill_is_a_case(
    http: httpx.AsyncClient, database: Database, clock: HeldClock, bring: Import
) -> None:
    one = next(each for each in (await listed(http))["items"] if each["code"] == "Q3")
    # ten days after the last contact: the rule of these years
    assert one["until_at"] == datetime(2026, 11, 11, 12, tzinfo=SEOUL).astimezone(UTC).isoformat().replace(
        "+00:00", "Z"
    )
    clock.advance(24 * 3600 - 1)
    assert await acted(database, asking.release) == [0]
    clock.advance(1)
    await bring("cases", "확진번호,신고일\nQ2,2026-11-10\n")
    assert await acted(database, asking.release) == [1]
    assert [each["code"] for each in (await listed(http))["items"]] == ["Q1"]
    over = await http.post(f"/epidemic/quarantine/{one['id']}/end", json={"state": "withdrawn"})
    assert (over.status_code, over.json()["key"]) == (409, "epidemic.quarantine.over")


async def test_the_notice_is_printed_in_their_language_and_the_line_comes_first(
    http: httpx.AsyncClient, database: Database
) -> None:
    one = next(each for each in (await listed(http))["items"] if each["code"] == "Q1")
    where = f"/epidemic/quarantine/{one['id']}/notice"
    assert (await http.post(where, json={"purpose": ""})).status_code == 422
    told = (await http.post(where, json={"purpose": "통지서 전달"})).json()
    assert (told["name"], told["birth_date"], [part["language"] for part in told["parts"]]) == (
        "왕리나", "1990-01-02", ["ko", "zh"],
    )  # fmt: skip
    async with database.transaction() as tx:
        lines = await tx.rows(text("select person_id from audit where action = 'epidemic.quarantine_notice'"))
    assert lines[0]["person_id"] is not None


def test_every_language_has_every_word() -> None:
    for texts in (paper.WORDS, paper.CHECK):
        assert set(texts) == {"ko", "en", "zh", "vi", "uz"}
        assert len({frozenset(words) for words in texts.values()}) == 1
    assert all(set(one["text"]) == set(paper.WORDS) for one in paper.PENALTIES)
    assert set(checks.SYMPTOMS) <= set(paper.CHECK["ko"])
