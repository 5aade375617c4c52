"""Figures as of a moment: any past one again, whatever came later."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.epidemic.situation import LONGEST, QUIET, USUAL, filled, reproduction
from dure.trust.roles import Role
from tests.city.conftest import Client, Import

KST = timedelta(hours=9)


def listed(*rows: tuple[int, str, str]) -> str:
    """A line list: number, day of report, district."""
    return "확진번호,신고일,거주지,결과,사망일\n" + "\n".join(f"{n},{day},{where},," for n, day, where in rows)


async def asked(http: httpx.AsyncClient, as_of: str) -> dict[str, object]:
    answer = await http.get("/epidemic/situation", params={"as_of": as_of})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_past_night_can_be_asked_again_after_corrections(bring: Import, client: Client) -> None:
    http = await client(Role.EPIDEMIC)
    await bring("cases", listed((1, "2020-02-18", "중구"), (2, "2020-02-28", "북구"), (3, "2020-02-29", "북구")))
    night = await asked(http, "2020-02-29T22:00:00+09:00")
    assert night["totals"]["cases"] == 2  # type: ignore[index]  # the third was known by the end of that day
    midnight = await asked(http, "2020-03-01T00:00:00+09:00")
    assert (midnight["totals"]["cases"], midnight["totals"]["fresh"], midnight["before"]["cases"]) == (3, 1, 2)  # type: ignore[index]
    await bring("cases", listed((3, "2020-02-29", "중구")))
    assert await asked(http, "2020-03-01T00:00:00+09:00") == midnight
    now = (await http.get("/epidemic/situation")).json()
    assert [(one["district"], one["cases"]) for one in now["districts"]] == [("중구", 2), ("북구", 1)]
    assert now["days"][0] == {"day": "2020-02-18", "reported": 1, "imported": 0, "begun": 0, "died": 0}
    assert now["reproduction"] == []  # three cases say nothing


async def test_a_moment_needs_its_zone_and_only_health_sees_the_list(bring: Import, client: Client) -> None:
    await bring("cases", listed((1, "2020-02-18", "중구")))
    http = await client(Role.EPIDEMIC)
    assert (await http.get("/epidemic/situation", params={"as_of": "2020-02-29T22:00:00"})).status_code == 422
    (one,) = (await http.get("/epidemic/cases")).json()["items"]
    assert (one["code"], one["district"], "person_id" in one) == ("1", "중구", False)
    disaster = await client(Role.DISASTER)
    assert (await disaster.get("/epidemic/situation")).status_code == 200
    assert (await disaster.get("/epidemic/cases")).status_code == 403
    assert (await (await client(Role.FIRE)).get("/epidemic/situation")).status_code == 403


async def test_chains_over_http_and_the_list_pages(bring: Import, client: Client) -> None:
    await bring("cases", listed(*((n, "2020-02-20", "중구") for n in range(1, 6))))
    await bring("contacts", "infector,case_id\n1,2\n1,3\n3,4\n9,5\n")
    http = await client(Role.EPIDEMIC)
    found = (await http.get("/epidemic/chains")).json()
    assert found["clusters"] == [4, 2]
    assert found["faults"]["strangers"] == ["9"]
    infected = {node["code"]: node["infected"] for node in found["nodes"] if node["infected"]}
    assert infected == {"1": 2, "3": 1, "9": 1}
    seen: list[str] = []
    cursor = None
    while True:
        page = (await http.get("/epidemic/cases", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["code"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == ["1", "2", "3", "4", "5"]
    assert (await http.get("/epidemic/diseases")).json()["items"][0]["cases"] == 5


@given(st.dictionaries(st.dates(date(2020, 1, 1), date(2020, 6, 1)), st.integers(0, 9), min_size=1))
def test_a_curve_has_every_day_once(counts: dict[date, int]) -> None:
    last = min(date(2020, 6, 1), max(counts) + QUIET)
    days = filled(
        [{"day": day, "reported": n, "imported": 0, "begun": 0, "died": 0} for day, n in counts.items()],
        date(2020, 6, 1),
    )
    assert [one["day"] for one in days] == [min(counts) + timedelta(days=n) for n in range(len(days))]
    assert days[-1]["day"] == last
    assert sum(one["reported"] for one in days) == sum(counts.values())


def test_a_curve_ends_with_the_latest_days_and_has_none_from_tomorrow() -> None:
    row = {"reported": 1, "imported": 0, "begun": 0, "died": 0}
    long = filled([{"day": date(1999, 1, 1), **row}, {"day": date(2020, 2, 1), **row}], date(2020, 2, 1))
    assert (len(long), long[-1]["reported"]) == (LONGEST, 1)
    assert filled([{"day": date(2020, 2, 2), **row}], date(2020, 2, 1)) == []


@pytest.mark.parametrize("by", ["reported", "begun"])
def test_a_steady_epidemic_has_an_rt_of_one(by: str) -> None:
    days = [
        {"day": date(2020, 1, 1) + timedelta(days=n), "reported": 100, "imported": 0, "begun": 100, "died": 0}
        for n in range(60)
    ]
    last = reproduction(days, by, USUAL)[-1]  # type: ignore[arg-type]
    assert last["mean"] == pytest.approx(1.0, abs=0.01)
    assert last["low"] < 1 < last["high"]
    assert datetime.combine(last["day"], datetime.min.time(), UTC) == datetime(2020, 2, 29, tzinfo=UTC)
