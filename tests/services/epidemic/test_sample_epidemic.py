"""The sample epidemic: Daegu's published totals to the day, nobody real, the same for a seed; played for real."""

import csv
from collections.abc import Callable
from datetime import date
from itertools import accumulate
from pathlib import Path

import pytest

from dure.engine.database import Database
from dure.services.epidemic import chains, tables_tracing
from dure.services.epidemic.simulate import diary, outbreak
from dure.services.epidemic.simulate.play import play
from dure.trust.roles import Role
from dure.trust.vault import Vault
from tests.city.conftest import Client
from tests.support import differences, tables_of


@pytest.fixture(scope="module")
def whole() -> outbreak.Outbreak:
    return outbreak.made()


def test_totals_are_those_published(whole: outbreak.Outbreak) -> None:
    told = whole.totals
    assert (told.confirmed[-1], max(outbreak.steps(told.confirmed)), told.days) == (6_807, 742, 53)
    assert told.confirmed[-2] == told.confirmed[-1]  # the first day without a case, 10 April
    for day in (0, 8, 11, 19, 20, 21, 52):
        on = date.fromordinal(told.since.toordinal() + day)
        known = [one for one in whole.cases if one.reported_on <= on]
        lines = [diary.line(one, on).split(",") for one in known]
        assert len(known) == told.confirmed[day]
        assert sum(cells[9] == "사망" for cells in lines) == told.died[day], on  # 36 and then 35: a correction
        assert sum(cells[9] == "완치" for cells in lines) == told.released[day], on


def test_it_hangs_together_and_is_the_same_again(whole: outbreak.Outbreak) -> None:
    assert outbreak.made(contacts=6_500).cases == whole.cases
    assert len(whole.contacts) == outbreak.CONTACTS == len({(one.source, one.target) for one in whole.contacts})
    links = [chains.Link(one.source, one.target) for one in whole.contacts if not one.target.startswith("SYN-C")]
    found = chains.joined([one.code for one in whole.cases], links)
    assert (found.faults.strangers, found.faults.selves, found.faults.loops) == ((), (), ())
    assert found.spread.k is not None
    assert 0.1 < found.spread.k < 2
    onset = {one.code: one.onset_on.toordinal() for one in whole.cases}
    told = chains.intervals(links, onset)
    assert told is not None
    assert 3 < told.mean < 7
    assert all(one.onset_on <= one.reported_on for one in whole.cases)


def test_files_tell_each_day_once(whole: outbreak.Outbreak) -> None:
    days = list(diary.days(whole))
    assert list(accumulate(one.positive for one in days)) == list(whole.totals.confirmed)
    assert sum(len((one.contacts or "\n").splitlines()) - 1 for one in days if one.contacts) == outbreak.CONTACTS
    assert all("가상" in one.cases for one in days if one.cases)


async def test_first_days_go_through_the_real_system(
    database: Database, held: Vault, client: Client, whole: outbreak.Outbreak
) -> None:
    played = [one async for one in play(database, held, whole, 4)]
    assert [(one.cases, one.fresh, one.refused) for one in played] == [(1, 1, 0), (28, 27, 0), (40, 12, 0), (84, 44, 0)]
    http = await client(Role.EPIDEMIC)
    asked = {"disease": outbreak.DISEASE}
    kept = (await http.get("/epidemic/reports", params=asked)).json()["items"]
    assert [one["cases"] for one in kept] == [84, 40, 28, 1]
    night = {**asked, "as_of": "2020-02-21T00:00:00+09:00"}
    assert (await http.get("/epidemic/report", params=night)).json()["totals"]["cases"] == 40
    assert (await http.get(f"/epidemic/reports/{kept[1]['id']}")).json()["same"] is True


def test_the_table_is_what_was_published(real_data: Callable[[str], Path | None]) -> None:
    """Where the files lie: Daegu's days are those of the table, and regions add up to the nation to the end of June."""
    told = outbreak.totals()
    published = {date.fromordinal(told.since.toordinal() + day): told.confirmed[day] for day in range(told.days)}
    nation = {date(2020, 3, 18): 8_413}
    files = [real_data(f"epidemic/{name}.csv") for name in ("kr_regional_daily", "kr_daily")]
    if files[0] is not None and files[1] is not None:
        rows = list(csv.DictReader(files[0].read_text("utf-8").splitlines()))
        daegu = {row["date"]: int(row["confirmed"]) for row in rows if row["region"] == "대구"}
        published = {date.fromisoformat(day): count for day, count in daegu.items() if "20200217" < day < "20200411"}
        whole = csv.DictReader(files[1].read_text("utf-8").splitlines())
        nation = {date.fromisoformat(row["date"]): int(row["confirmed"]) for row in whole}
        summed: dict[date, int] = {}
        for row in rows:
            day = date.fromisoformat(row["date"])
            summed[day] = summed.get(day, 0) + int(row["confirmed"])
        assert {day: n for day, n in summed.items() if day <= date(2020, 6, 30)} == {
            day: nation[day] for day in summed if day <= date(2020, 6, 30)
        }
    assert list(published.values()) == list(told.confirmed)
    fresh = dict(zip(published, outbreak.steps(list(published.values())), strict=True))
    assert (min(published), max(fresh, key=lambda day: fresh[day])) == (date(2020, 2, 18), date(2020, 2, 29))
    assert round(published[date(2020, 3, 18)] / nation[date(2020, 3, 18)] * 100, 2) == 73.03
    assert [day for day, n in fresh.items() if n == 0] == [date(2020, 4, 10)]


def test_tables_of_tracing_and_reports_are_those_of_the_migration(database_url: str) -> None:
    assert differences(database_url, tables_of(tables_tracing)) == []
