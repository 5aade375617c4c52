"""The sample epidemic: Daegu's published totals to the day, nobody real, the same for a seed; played for real."""

from datetime import date
from itertools import accumulate

import pytest

from dure.engine.database import Database
from dure.services.epidemic import chains
from dure.services.epidemic.simulate import diary, outbreak
from dure.services.epidemic.simulate.play import play
from dure.trust.roles import Role
from dure.trust.vault import Vault
from tests.city.conftest import Client


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
