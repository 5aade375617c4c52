"""A day of a control centre: 42 tickets of five cameras are 210 lines; what is found, totalled, downloaded and kept."""

import csv
import io
from datetime import date, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.retention.model import Hold, divide
from dure.video.kept import LINES, TICKETS
from tests.respond.conftest import acted, opened
from tests.video.tickets.conftest import asked, looked

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("tickets", [7, pytest.param(42, marks=pytest.mark.long)])
async def test_42_tickets_of_five_cameras_in_a_day_are_210_lines(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database, clock: HeldClock, app: FastAPI, tickets: int
) -> None:
    async with city.transaction() as tx:
        await tx.execute(text("update camera set stream_url = 'rtsp://127.0.0.1:9/' || id"))
    clock.advance(-11.5 * 3600)
    numbers: list[str] = []
    for n in range(tickets):
        incident = await acted(operator, await opened(operator), "handoffs", agency="fire", kind="joint")
        span = {"past_from": (clock.now() - timedelta(minutes=10)).isoformat(), "past_until": clock.now().isoformat()}
        live, *waits = await asked(fire, incident, **(span if n % 6 == 0 else {}))
        assert (live["state"], [one["state"] for one in waits]) == ("approved", ["requested"] * (n % 6 == 0))
        for camera in live["cameras"]:
            assert (await looked(fire, incident, camera["id"])).status_code == 201
        await acted(operator, incident, "close", outcome="false", reason="음식 연기")
        assert (await looked(fire, incident, live["cameras"][0]["id"])).status_code == 409
        numbers.append(incident["receipt_no"])
        clock.advance(23 * 3600 / tickets)
    async with city.transaction() as tx:
        assert await tx.scalar(text("select count(*) from video_ticket where state <> 'ended'")) == 0
        assert await tx.scalar(text("select count(*) from video_opening where ended_at is null")) == 0
    await _found(operator, numbers)
    await _kept(city, app, tickets)


async def _found(operator: httpx.AsyncClient, numbers: list[str]) -> None:
    """Totals, filters, pages, the file."""
    tickets = len(numbers)
    lines = 5 * tickets
    totals = (await operator.get("/video/disclosures/summary")).json()
    assert (totals["lines"], totals["tickets"], totals["cases"], totals["provided"]) == (lines, tickets, tickets, lines)
    assert totals["by_kind"] == {"live": lines}
    assert [(one["id"], one["n"]) for one in totals["by_agency"]] == [("fire", lines)]
    assert [one["n"] for one in totals["by_day"]] == [lines], "one day of the city, though two of UTC"
    for query, many in (
        ({"case": numbers[3]}, 5),
        ({"q": numbers[3][-6:]}, 5),
        ({"officer": "fire-07"}, lines),
        ({"q": "없는 사람"}, 0),
        ({"q": "%"}, 0),
        ({"kind": "past"}, 0),
        ({"agency": "police"}, 0),
        ({"provided": "false"}, 0),
        ({"camera": "C-0000"}, tickets),
        ({"since": "2026-12-05T12:00:00+09:00"}, 5 * (tickets // 2)),
    ):
        assert (await operator.get("/video/disclosures/summary", params=query)).json()["lines"] == many, query
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = (
            await operator.get(
                "/video/disclosures", params={"limit": 8 * tickets // 5} | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        seen |= {line["id"] for line in page["items"]}
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == lines
    file = await operator.get("/video/disclosures.csv", params={"case": numbers[3]})
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["접수번호"] for row in rows] == [numbers[3]] * 5
    assert {(row["본 사람"], row["제공·이용"], row["구분"], row["법적 근거"]) for row in rows} == {
        ("fire-07", "제3자 제공", "실시간", "개인정보 보호법 제18조제2항제3호")
    }
    log = (await operator.get("/video/disclosures", params={"since": "2026-12-05T12:00:00"})).status_code
    assert log == 422, "a time without its zone is none"


async def _kept(city: Database, app: FastAPI, tickets: int) -> None:
    """Three years, but for what an investigation holds."""
    assert {one.rule(date(2026, 12, 5)).days for one in (LINES, TICKETS)} == {1096}
    for kind, many in ((LINES, 5 * tickets), (TICKETS, tickets + -(-tickets // 6))):
        assert kind.find_due is not None
        assert kind.destroy is not None
        async with city.transaction() as tx:
            assert await kind.find_due(tx, tx.now() - timedelta(days=2), None, 500) == []
            things = await kind.find_due(tx, tx.now(), None, 500)
            assert len(things) == many
            hold = Hold("incident", min(things[0].incidents), tx.now() + timedelta(days=1))
            going, held = divide(things, [hold], tx.now())
            assert held
            await kind.destroy(app.state.context, tx, going)
            assert len(await kind.find_due(tx, tx.now(), None, 500)) == len(held)
