"""The board of a past time is what the board showed then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from dure.detect import alarms as detection
from dure.detect import views as alarm_views
from dure.engine.database import Database
from dure.engine.live import Hub
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.respond import past, room
from dure.trust.principal import Principal, system
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, opened
from tests.respond.test_alarms import City, city, cool, heat, incidents

__all__ = ["city"]

KNOWN_NOW = {"version", "updated_at", "place"}
"""What a past picture shows as it is known now."""


def of_incidents(values: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    standing = (each for each in values if each["status"] != "closed")
    return {each["receipt_no"]: {name: each[name] for name in each if name not in KNOWN_NOW} for each in standing}


def of_alarms(values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = ("stage", "open", "cleared_at", "acknowledged_by", "judged_by", "judged_reason", "shelved_reason")
    return {each["id"]: {name: each[name] for name in names} for each in values if each["open"]}


class Film:
    """Takes what the board shows, each picture at a time of its own."""

    def __init__(self, database: Database, clock: HeldClock) -> None:
        self.database = database
        self.clock = clock
        self.pictures: list[tuple[datetime, Any, Any]] = []
        self.stood_again = -1
        """From this picture on alarms had ended that came back when their incident was reopened: unlike what was shown,
        they count as if they had stood on."""

    async def take(self) -> None:
        async with self.database.transaction() as tx:
            shown = of_incidents(await room.snapshot(tx)), of_alarms(await alarm_views.LIVE.snapshot(tx))
            self.pictures.append((tx.now(), *shown))
        self.clock.advance(60)

    async def compare(self) -> None:
        for number, (at, of_then, alarms_then) in enumerate(self.pictures):
            async with self.database.transaction() as tx:
                told = of_incidents(await past.standing(tx, at))
                assert set(told) == set(of_then), number
                for no, one in told.items():
                    changed = {name: (one[name], of_then[no][name]) for name in one if one[name] != of_then[no][name]}
                    assert changed == {}, (number, no)
                if number < self.stood_again:
                    assert of_alarms(await alarm_views.past(tx, at)) == alarms_then, number


async def test_every_picture_is_what_the_board_showed(
    city: City, operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    film = Film(database, clock)
    await film.take()
    await city.go(heat(1))
    await film.take()
    [market] = await incidents(operator)
    await acted(operator, market, "acknowledge")
    await film.take()
    await city.go(heat(2, at=120), heat(3, at=121))
    await film.take()
    [one, two, three] = await city.alarms()
    async with database.transaction() as tx:
        await detection.judge(tx, system("test"), two, "confirmed", reason="camera")
        await detection.shelve(tx, system("test"), three, tx.now() + timedelta(hours=1), "works")
    await city.consume()
    await film.take()
    away = await opened(operator, lon=127.45, type="crime")
    await film.take()
    handed = await acted(operator, away, "handoffs", agency="police", kind="transfer")
    await film.take()
    police = await desk(Role.POLICE, "police")
    await acted(police, away, f"handoffs/{handed['handoffs'][0]['id']}/acknowledge")
    await acted(operator, away, "severity", severity="watch", reason="작다")
    await film.take()
    other = await opened(operator, lon=127.45, lat=36.353, type="crime")
    await acted(operator, other, "merge", into=away["id"])
    await film.take()
    await acted(operator, other, "unmerge")
    await film.take()
    await city.go(cool(3, at=600))
    await film.take()
    await acted(operator, market, "close", outcome="real", reason="껐다")
    await city.consume()
    await film.take()
    film.stood_again = len(film.pictures) - 1
    await acted(operator, market, "reopen", reason="다시 연기")
    await city.consume()
    await film.take()
    async with database.transaction() as tx:
        await detection.judge(tx, system("test"), one, "false", reason="steam")
    await city.consume()
    await film.take()
    for each in await incidents(operator):
        if each["status"] != "closed":
            await acted(operator, each, "close", outcome="real", reason="끝")
    await city.consume()
    await film.take()
    assert len(film.pictures) == 15
    await film.compare()


async def test_it_is_one_query_each_and_ends_that_were_near_are_told(
    city: City, operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    await city.go(heat(1))
    clock.advance(60)
    await city.go(cool(1))
    clock.advance(600)
    async with database.transaction() as tx:
        [over] = await alarm_views.past(tx, tx.now())
        assert (over["open"], over["stage"]) == (False, "cleared")
    clock.advance(3_600)
    async with database.transaction() as tx:
        assert await alarm_views.past(tx, tx.now()) == []
        assert len(await past.standing(tx, tx.now())) == 1
        plan = await tx.rows(text("explain " + past._STANDING.text), {"at": tx.now()})
        assert plan


async def test_an_agency_sees_the_past_of_what_it_had_then(
    city: City, operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    hub = Hub(database, room.ROOM.live)
    incident = await opened(operator, type="flood")
    clock.advance(60)
    await acted(operator, incident, "handoffs", agency="police", kind="tell")
    police = Principal("token", new_id(), "police-07", frozenset({Role.POLICE}), agency_id="police")
    told = replace(police, permissions=frozenset({"incident.read"}))
    async with database.transaction() as tx:
        before = await hub.past(tx, told, tx.now() - timedelta(seconds=30))
        after = await hub.past(tx, told, tx.now())
        nobody = await hub.past(tx, police, tx.now())
    assert before["entities"] == {"incident": []}
    assert [each["id"] for each in after["entities"]["incident"]] == [incident["id"]]
    assert (after["position"], nobody["entities"]) == (None, {})
