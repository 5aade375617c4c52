"""The report of a night: of any past one again, on paper too; nowcast and forecast."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.services.epidemic.reports import making, paper
from dure.services.epidemic.reports.figures import OUTSIDE, UNTOLD, Asked, cut_off, figures
from dure.services.epidemic.reports.forecast import expected
from dure.services.epidemic.reports.nowcast import nowcast, reported_within
from dure.trust.roles import Role
from tests.city.conftest import Client, Import

SEOUL = ZoneInfo("Asia/Seoul")
HEAD = "확진번호,신고일,증상발현일,거주지,나이,결과,사망일,감염경로,집단\n"


def kst(day: int, hour: int, month: int = 2) -> datetime:
    return datetime(2020, month, day, hour, tzinfo=SEOUL)


def row(reported: datetime, **more: object) -> dict[str, object]:
    names = ("onset_on", "died_on", "released_on", "outcome", "age", "district", "source", "cluster")
    values = {"reported_at": reported, "reported_on": reported.astimezone(SEOUL).date(), "imported": False}
    return {**dict.fromkeys(names), **values, **more}


def test_counts_what_was_reported_by_the_cut_off_and_sorts_it() -> None:
    rows = [
        row(kst(28, 10), district="중구", age=34, cluster="가", outcome="died"),
        row(kst(29, 10), district="서울", age=85, cluster="가"),
        row(kst(29, 18), district=None, age=None, source="해외", imported=True),
    ]
    found = figures(rows, rows[:1], [], Asked(kst(29, 22), "none", SEOUL, frozenset({"중구", "북구"})))
    assert found["totals"] == {"cases": 3, "fresh": 2, "imported": 1, "died": 1, "recovered": 0, "under_care": 2}
    assert found["before"]["cases"] == 1
    assert [(one["name"], one["cases"], one["fresh"], one["change"]) for one in found["districts"]] == [
        ("중구", 1, 0, 0), (OUTSIDE, 1, 1, 1), (UNTOLD, 1, 1, 1),
    ]  # fmt: skip
    assert [one["name"] for one in found["ages"]] == ["30", "80", UNTOLD]
    cut = figures(rows, rows[:1], [], Asked(kst(29, 22), "national", SEOUL))
    assert (cut["cut_off"], cut["totals"]["cases"]) == (kst(29, 16), 2)


@pytest.mark.parametrize(
    ("as_of", "expected_"),
    [
        (kst(29, 22), kst(29, 16)),
        (kst(29, 10), kst(28, 16)),
        (kst(1, 22, 3), kst(1, 16, 3)),
        (kst(2, 22, 3), kst(2, 0, 3)),
    ],
)
def test_the_national_cut_off_is_that_of_its_day(as_of: datetime, expected_: datetime) -> None:
    assert cut_off(Asked(as_of, "national", SEOUL)) == expected_


async def test_the_report_of_29_february_is_made_again_for_any_moment(
    bring: Import, client: Client, database: Database, settings: Settings
) -> None:
    http = await client(Role.EPIDEMIC)
    lines = [f"{n},2020-02-{18 + n % 12},2020-02-{14 + n % 12},중구,{n % 90},,,모임,집단 {n % 20}" for n in range(240)]
    await bring("cases", HEAD + "\n".join(lines) + "\n")
    for day, positive in (("2020-02-28", 10), ("2020-02-28", 20), ("2020-02-29", 21)):
        told = {"day": day, "tested": 100, "positive": positive}
        assert (await http.post("/epidemic/tests", json=told)).status_code == 201
    assert (
        await http.post("/epidemic/tests", json={"day": "2020-02-29", "tested": 1, "positive": 2})
    ).status_code == 422
    moment = {"as_of": "2020-03-01T00:00:00+09:00"}
    night = (await http.get("/epidemic/report", params=moment)).json()
    assert (night["totals"]["cases"], night["totals"]["fresh"], night["before"]["cases"]) == (240, 20, 220)
    assert [one["name"] for one in night["clusters"]][-1] == "*others"
    assert night["tests"]["all"]["tested"] == 0  # told today: nobody knew them that night
    today = (await http.get("/epidemic/report")).json()
    assert today["tests"]["all"] == {
        "tested": 200,
        "positive": 41,
        "positivity": 0.205,
    }  # of 28 February the later word
    kept = (await http.post("/epidemic/reports", json=moment)).json()
    await bring("cases", HEAD + "1,2020-02-19,2020-02-15,북구,1,사망,2020-02-20,모임,집단 1\n")
    assert (await http.get("/epidemic/report", params=moment)).json() == night
    again = (await http.get(f"/epidemic/reports/{kept['id']}")).json()
    assert (again["same"], again["content"]["totals"]) == (True, night["totals"])
    assert (await http.get("/epidemic/report")).json()["totals"]["died"] == 1
    assert (await http.get("/epidemic/report", params={"as_of": "2020-03-01T00:00:00"})).status_code == 422
    pdf = (await http.get("/epidemic/report.pdf", params=moment)).content
    words = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    assert "2020-03-01 00:00" in words
    assert "240" in words
    hwpx = (await http.get("/epidemic/report.hwpx", params=moment)).content
    assert hwpx == (await http.get("/epidemic/report.hwpx", params=moment)).content
    with zipfile.ZipFile(io.BytesIO(hwpx)) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, archive.read(first)) == ("mimetype", 0, b"application/hwp+zip")
        section = ET.fromstring(archive.read("Contents/section0.xml"))
    words_ = [one.text or "" for one in section.iter("{http://www.hancom.co.kr/hwpml/2011/paragraph}t")]
    assert {"총괄", "타지역", "240"} - set(words_) == {
        "타지역"
    }  # the city has no boundaries: every district is its own


async def test_a_night_has_one_report_of_its_own(
    bring: Import, client: Client, database: Database, settings: Settings
) -> None:
    today = datetime.now(UTC).astimezone(SEOUL).date() - timedelta(days=2)
    await bring("cases", HEAD + f"1,{today},,중구,30,,,,\n")
    context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    for _ in range(2):
        await making.nightly(context)
    (one,) = (await (await client(Role.DISASTER)).get("/epidemic/reports")).json()["items"]
    assert (one["scheduled"], one["cases"], one["made_by"]) == (True, 1, "epidemic")
    assert making.night_before(kst(29, 21), SEOUL) == kst(28, 22)
    assert making.night_before(kst(29, 22), SEOUL) == kst(29, 22)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_words_make_a_readable_paper(words: list[str]) -> None:
    from dure.documents.hwpx import Grid, Text, written

    made = written("제목", [*(Text(one) for one in words), Grid(words, [words])])
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".hpf")):
                ET.fromstring(archive.read(name))


def test_a_nowcast_fills_what_is_not_reported_yet() -> None:
    """Fifty fall ill a day, reported evenly over ten days: half of those of five days ago are known."""
    today = date(2020, 3, 31)
    pairs = [
        (today - timedelta(days=ago), today - timedelta(days=ago) + timedelta(days=delay))
        for ago in range(40)
        for n in range(50)
        if (delay := n % 10) <= ago
    ]
    found = {(today - one.day).days: one for one in nowcast(pairs, today)}
    assert found[12].known == found[12].high == 50
    assert (found[4].known, round(found[4].expected)) == (25, 50)
    assert found[4].low < 50 < found[4].high
    assert min(found) == 0
    assert nowcast([], today) == []
    assert nowcast([(today, today - timedelta(days=1))], today) == []  # before its onset: nothing is learnt


delays = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 25)), max_size=60)


@given(delays)
def test_shares_of_delays_rise_to_one(told: list[tuple[int, int]]) -> None:
    fair = [(max(age, delay), min(delay, 21)) for age, delay in told]
    shares = reported_within([age for age, _ in fair], [delay for _, delay in fair])
    assert shares[-1] == 1
    assert (np.diff(shares) >= -1e-12).all()
    assert (shares >= 0).all()


def test_a_forecast_follows_a_steady_epidemic_and_is_the_same_again() -> None:
    steady = expected([100] * 40, date(2020, 3, 31), (4.7, 2.9))
    assert [one.day for one in steady] == [date(2020, 4, 1) + timedelta(days=n) for n in range(7)]
    assert all(85 < one.median < 115 and one.low < one.median < one.high for one in steady)
    assert steady[-1].high - steady[-1].low > steady[0].high - steady[0].low
    assert expected([100] * 40, date(2020, 3, 31), (4.7, 2.9)) == steady
    assert expected([0] * 40, date(2020, 3, 31), (4.7, 2.9)) == []


def test_a_paper_says_its_times_in_both_languages() -> None:
    rows = [row(kst(n, 10), onset_on=date(2020, 2, n - 2), age=n, district="중구") for n in range(5, 29)]
    report = {"disease": "", "cut": "none", **figures(rows, rows[:-1], [], Asked(kst(29, 22), "none", SEOUL))}
    for language in ("ko", "en"):
        named = paper.blocks(report, catalogue(), language, SEOUL)
        assert "2020-02-29 22:00" in named[1].words  # type: ignore[union-attr]
        assert paper.as_pdf(named, None) == paper.as_pdf(named, None)
