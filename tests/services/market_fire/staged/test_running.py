"""The stages in a running city: nothing ends in silence, and nothing is told to 119 that a person could see is none."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from dure.engine.texts import catalogue
from dure.notices import acknowledging
from dure.respond.runs import replies
from dure.respond.views import Reader
from dure.services.market_fire import verification
from tests.services.market_fire.staged.conftest import NOON, Market

TABLE = verification.stages()


async def answered(market: Market, link: str, says: str) -> None:
    """The owner opens the link of a text and touches one answer."""
    async with market.database.transaction() as tx:
        await replies.give(tx, link, says, Reader(catalogue(), "ko", tx.now()))
    await market.go()


async def test_nobody_answers_and_119_is_told_by_the_time_out(market: Market) -> None:
    await market.detect(market.raised("signal"))
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("pre_alarm", None)
    assert (row["deadline_at"] - row["began_at"]).total_seconds() == TABLE.answer_s
    assert (await market.incident())["confirmed_at"] is None
    assert len(await market.links()) == 1, "the owner is asked by a text with a link"
    assert not await market.told_119()
    await market.after(TABLE.answer_s - 1)
    assert not await market.told_119()
    await market.after(1.5)
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("reported", "nobody")
    assert await market.told_119()
    assert (await market.incident())["confirmed_at"] is not None
    (alarm,) = await market.rows("select stage from alarm")
    assert alarm["stage"] == "confirmed"


async def test_heat_and_smoke_are_reported_at_once(market: Market) -> None:
    await market.detect(market.raised("both"), market.raised("signal"))
    assert (await market.stands())["why"] == "warm_smoke"
    assert await market.told_119()
    assert len(await market.rows("select 1 from incident")) == 1


async def test_steam_for_less_than_five_seconds_is_nothing(market: Market) -> None:
    market.clock.set(NOON)
    await market.detect(market.raised("warm"), market.raised("warmer"), market.raised("warmest"))
    assert await market.rows("select 1 from incident") == []
    await market.after(TABLE.resumes_s + 1)
    await market.detect(market.raised("signal"))
    assert (await market.stands())["stage"] == "pre_alarm", "warmth of another hour says nothing"


@pytest.mark.parametrize("rule", ["hot", "rise", "neighbours", "warm", "haze_warm"])
async def test_what_is_enough_without_a_pre_alarm_becomes_a_confirmed_one(market: Market, rule: str) -> None:
    await market.detect(market.raised(rule, members=("m-0", "m-1") if rule == "neighbours" else ()))
    if rule != "hot":
        assert await market.rows("select 1 from alarm") == [], "five seconds, as for every pre-alarm"
        await market.after(5.1)
    (alarm,) = await market.rows("select rule, stage from alarm")
    assert (alarm["rule"], alarm["stage"]) == (f"market_fire_{rule}", "confirmed")
    assert (await market.stands())["stage"] == "reported"
    assert await market.told_119()


async def test_the_owner_says_that_it_burns(market: Market) -> None:
    await market.detect(market.raised("signal"))
    (link,) = await market.links()
    await answered(market, link, "1")
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("reported", "owner")
    assert await market.told_119()


async def test_the_owner_presses_a_key_of_the_telephone(market: Market) -> None:
    await market.detect(market.raised("signal"))
    (call,) = await market.rows("select key, keys from notice where channel = 'voice'")
    assert call["keys"] == 3
    async with market.database.transaction() as tx:
        await acknowledging.answered(tx, call["key"], 1)
    await market.go()
    assert (await market.stands())["why"] == "owner"
    (answer,) = await market.rows("select way, by from market_fire_answer")
    assert (answer["way"], answer["by"]) == ("key", "가동 0호")


async def test_the_owner_says_no_while_heat_rises(market: Market) -> None:
    market.clock.set(NOON)
    await market.detect(market.raised("signal"))
    (link,) = await market.links()
    await answered(market, link, "2")
    assert (await market.stands())["stage"] == "false", "while people trade the owner stands before the stall"
    assert not await market.told_119()
    await market.after(20)
    await market.detect(market.raised("warmer"), market.raised("signal", "m-1"))
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("reported", "warm_smoke"), "stronger evidence overrules who said no"
    assert await market.told_119()


async def test_an_owner_at_home_cannot_end_it(market: Market) -> None:
    await market.detect(market.raised("signal"))
    (link,) = await market.links()
    await answered(market, link, "2")
    assert (await market.stands())["stage"] == "pre_alarm"
    await market.after(TABLE.answer_s + 1)
    assert (await market.stands())["why"] == "nobody"


async def test_operator_and_owner_contradict_and_fire_wins(market: Market, operator: httpx.AsyncClient) -> None:
    await market.detect(market.raised("signal"))
    incident = (await market.incident())["id"]
    url = f"/market-fire/verifications/{incident}"
    assert (await operator.get(url)).json()["stage"] == "pre_alarm"
    given = await operator.post(f"{url}/answers", json={"says": "not_fire", "cause": "steam"})
    assert (given.status_code, given.json()["stage"]) == (200, "false"), given.text
    await market.go()
    (alarm,) = await market.rows("select stage, judged_reason from alarm")
    assert (alarm["stage"], alarm["judged_reason"]) == ("false", "steam")
    (link,) = await market.links()
    await answered(market, link, "1")
    shown = (await operator.get(url)).json()
    assert (shown["stage"], shown["why"]) == ("reported", "owner")
    assert [one["says"] for one in shown["answers"]] == ["not_fire", "fire"]
    assert await market.told_119()


async def test_a_sites_own_device_confirms(market: Market) -> None:
    await market.rows(
        "insert into device (id, kind, name, asset_id) values ('own', 'auto_fire_reporter', 'own', :id) returning id",
        id=market.id,
    )
    await market.detect(market.raised("signal"))
    assert not await market.told_119()
    await market.detect(market.raised("site_report", "own"))
    assert (await market.stands())["why"] == "device"
    (answer,) = await market.rows("select who, by from market_fire_answer")
    assert (answer["who"], answer["by"]) == ("device", "own")
    assert await market.told_119()


async def test_announced_works_ask_longer_and_say_so(market: Market, operator: httpx.AsyncClient) -> None:
    market.clock.set(NOON)
    starts, ends = NOON - timedelta(minutes=5), NOON + timedelta(hours=2)
    form = {"market_id": str(market.id), "stalls": [], "kind": "disinfection", "starts_at": starts.isoformat(),
            "ends_at": ends.isoformat(), "announced_by": "상인회"}  # fmt: skip
    made = await operator.post("/market-fire/announcements", json=form)
    assert made.status_code == 201, made.text
    long = {**form, "ends_at": (starts + timedelta(hours=13)).isoformat()}
    assert (await operator.post("/market-fire/announcements", json=long)).status_code == 422
    await market.detect(market.raised("warmer"), market.raised("signal"))
    incident = (await market.incident())["id"]
    shown = (await operator.get(f"/market-fire/verifications/{incident}")).json()
    assert (shown["stage"], shown["grounds"]["works"]) == ("pre_alarm", "disinfection")
    await market.after(shown_left(shown) + 1)
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("pre_alarm", "announced"), "asked longer, and it says why"
    assert await market.rows("select 1 from incident_task where kind = 'fire_look'"), "somebody is sent"
    await market.detect(market.raised("hot"))
    assert (await market.stands())["why"] == "high_heat", "high heat passes what was announced"
    ended = await operator.post(f"/market-fire/announcements/{made.json()['id']}/end")
    assert ended.json()["ended_at"] is not None
    assert (await operator.get("/market-fire/announcements")).json()["items"] == []


def shown_left(shown: dict[str, Any]) -> float:
    """Seconds from the begin to the time-out."""
    began, due = (datetime.fromisoformat(shown[name]) for name in ("began_at", "deadline_at"))
    return (due - began).total_seconds()


async def test_another_stall_is_asked_about_anew(market: Market, operator: httpx.AsyncClient) -> None:
    await market.detect(market.raised("signal"))
    incident = (await market.incident())["id"]
    url = f"/market-fire/verifications/{incident}/answers"
    assert (await operator.post(url, json={"says": "not_fire", "cause": "cooking"})).status_code == 200
    await market.go()
    await market.after(90)
    await market.detect(market.raised("signal", "m-8"))
    row = await market.stands()
    assert row["stage"] == "pre_alarm", "nobody has looked at this one"
    assert len(await market.links()) == 3, "both owners are asked"
    await market.after(TABLE.answer_s + 1)
    assert (await market.stands())["why"] == "nobody"


async def test_what_falls_silent_before_an_answer_goes_up_to_the_shift_lead(market: Market) -> None:
    await market.detect(market.raised("signal"))
    await market.after(20)
    await market.detect(market.cleared())
    assert (await market.stands())["stage"] == "paused"
    await market.after(TABLE.resumes_s + 1)
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("paused", "unseen")
    (task,) = await market.rows("select role from incident_task where kind = 'fire_up'")
    assert task["role"] == "shift_lead"
    assert not await market.told_119()


async def test_where_no_manual_runs_119_is_told_all_the_same(market: Market, operator: httpx.AsyncClient) -> None:
    await market.detect(market.raised("signal"))
    await market.rows("update run set status = 'aborted' returning id")
    await market.after(TABLE.answer_s + 1)
    await market.after(4)
    assert await market.told_119()
    whole = (await operator.get(f"/incidents/{(await market.incident())['id']}")).json()
    assert [one["note"] for one in whole["handoffs"] if one["agency"] == "fire"] == [
        "소방서 119, 접수번호·점포·도면을 함께 보낸다"  # as the manual says it
    ]


async def test_a_fire_that_people_report_is_not_asked_about(market: Market, operator: httpx.AsyncClient) -> None:
    call = {"type": "market_fire", "description": "연기", "source": "119", "lon": 127.38, "lat": 36.35}
    given = await operator.post("/incidents", json=call)
    assert given.status_code == 201, given.text
    await market.go()
    assert (await market.incident())["confirmed_at"] is not None
    assert await market.told_119()
    assert (await operator.get(f"/market-fire/verifications/{given.json()['id']}")).status_code == 404
