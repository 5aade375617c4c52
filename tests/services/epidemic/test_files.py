# ruff: noqa: DTZ001 dates of workbooks have no zone
"""Line lists and links as they come: real outbreaks, and what people write."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from dure.engine.database import Database
from dure.services.epidemic import tables
from dure.trust.vault import Vault
from tests.city.conftest import Import
from tests.support import differences

LIST = """확진번호,성명,주민등록번호,연락처,성별,나이,거주지,증상발현일,확진일,신고일,결과,사망일,감염경로,해외유입
1,김가나,900101-1234567,010-1111-2222,남,61세,중구,2020.2.7,2020-02-18,2020년 2월 18일,,,집단 관련,N
2,이다라,,010-3333-4444,여,250,중구,2020.2.10,2020-02-19,2020-02-19,,,,N
3,박마바,,,여,33,북구,2020.2.25,2020-02-20,2020-02-20,,,,N
4,최사아,,,남,45,남구,,2020-02-21,2999-01-01,,,,N
5,정자차,,,모름,12개월,타지역,43885,2020-02-25,43886,사망,2020-03-01,,해외유입
1,한카타,,,여,20,동구,,2020-02-25,2020-02-25,,,,N
6,백파하,,,외계,20,동구,,2020-02-25,2020-02-25,,,,N
"""


async def rows(database: Database, query: str) -> list[dict[str, object]]:
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text(query))]


def test_tables_and_migration_agree(database_url: str) -> None:
    ours = {"epidemic_case", "epidemic_case_version", "epidemic_link"}
    assert ours == {name for name in vars(tables) if name.startswith("epidemic_")}
    assert differences(database_url, ours) == []


async def test_a_line_list_keeps_the_good_rows_and_names_the_bad(
    database: Database, bring: Import, held: Vault
) -> None:
    result = await bring("cases", LIST)
    assert (result.read, result.imported) == (7, 2)
    assert [(one.row, one.field, one.key.rsplit(".", 1)[-1]) for one in result.rejected] == [
        (3, "나이", "age"),
        (4, "증상발현일", "onset_on"),
        (5, "신고일", "future"),
        (7, "확진번호", "duplicate"),
        (8, "성별", "unknown"),
    ]
    cases = await rows(database, "select * from epidemic_case order by code")
    assert [(one["code"], one["age"], one["sex"], one["outcome"], one["imported"]) for one in cases] == [
        ("1", 61, "m", None, False),
        ("5", 0, None, "died", True),
    ]
    assert str(cases[1]["onset_on"]) == "2020-02-24"
    async with database.transaction() as tx:
        (person,) = (await held.opened(tx, [cases[0]["person_id"]])).values()  # type: ignore[list-item]
    assert (person.name, person.phone) == ("김가나", "010-1111-2222")
    for table in ("epidemic_case", "epidemic_case_version"):
        assert "김가나" not in str(await rows(database, f"select to_jsonb(t) as t from {table} t"))
    assert (await bring("cases", LIST)).unchanged == 2


async def test_a_correction_is_another_version_and_what_was_known_stays(database: Database, bring: Import) -> None:
    await bring("cases", "확진번호,거주지,신고일\n1,중구,2020-02-18\n")
    assert (await bring("cases", "확진번호,거주지,신고일\n1,서구,2020-02-18\n")).updated == 1
    found = await rows(database, "select number, facts->>'district' as district from epidemic_case_version order by 1")
    assert [(one["number"], one["district"]) for one in found] == [(1, "중구"), (2, "서구")]
    async with database.transaction() as tx:
        await tx.execute(text("delete from epidemic_case"))
    (gone,) = await rows(database, "select facts from epidemic_case_version where number = 3")
    assert gone["facts"] is None


async def test_a_workbook_with_a_title_above_and_dates_as_dates(
    database: Database, bring: Import, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["확진환자 명단 (2. 29. 기준)"])
    sheet.merge_cells("A1:D1")
    sheet.append(["연번", "성별", "연령", "확진일"])
    sheet.append([1, "남", 44, dt.date(2020, 2, 29)])
    sheet.append([2, "여", "30대", dt.datetime(2020, 2, 29, 14, 0)])
    sheet.append([3, "여", "많음", dt.date(2020, 2, 29)])
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    hidden.append(["연번"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    result = await bring("cases", path)
    assert (result.read, result.imported, [one.field for one in result.rejected]) == (3, 2, ["연령"])
    found = await rows(database, "select age, age_band, confirmed_on from epidemic_case order by code")
    assert [(one["age"], one["age_band"], str(one["confirmed_on"])) for one in found] == [
        (44, None, "2020-02-29"),
        (None, "30대", "2020-02-29"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
async def test_korean_in_its_encodings(bring: Import, encoding: str) -> None:
    assert (await bring("cases", LIST.encode(encoding))).imported == 2


async def test_mers_in_korea_2015(database: Database, bring: Import, real_data: Callable[[str], Path | None]) -> None:
    cases, links = (real_data(f"epidemic/mers_korea_2015_{name}.csv") for name in ("linelist", "contacts"))
    if cases is None or links is None:
        await bring("cases", "id,age,sex,dt_onset,dt_report,outcome,dt_death\nSK_1,68,M,2015-05-11,2015-05-19,Alive,\n")
        await bring("contacts", "from,to,exposure\nSK_1,SK_2,Emergency room\n")
        assert (await rows(database, "select outcome from epidemic_case"))[0]["outcome"] is None
        return
    result = await bring("cases", cases)
    assert (result.read, result.imported) == (162, 162)
    assert (await bring("contacts", links)).imported == 98
    (counted,) = await rows(database, "select count(*) filter (where outcome = 'died') as died from epidemic_case")
    assert counted["died"] == 19
    top = await rows(database, "select source, count(*) as n from epidemic_link group by 1 order by 2 desc, 1 limit 3")
    assert [(one["source"], one["n"]) for one in top] == [("SK_14", 38), ("SK_1", 26), ("SK_16", 21)]


@pytest.mark.parametrize(("name", "count"), [("ebola_sim", 5_888), ("ebola_sim_clean", 5_829)])
async def test_the_simulated_outbreak_raw_and_cleaned(
    bring: Import, real_data: Callable[[str], Path | None], name: str, count: int
) -> None:
    path = real_data(f"epidemic/{name}_linelist.csv")
    if path is None:
        made = "case_id,date_of_onset,outcome,gender,hospital,lon,lat\nd1,2014-04-07,Death,f,,-13.2,8.4\n"
        assert (await bring("cases", made)).imported == 1
        return
    result = await bring("cases", path)
    assert (result.read, result.imported) == (count, count)


async def test_links_name_whom_nobody_knows_and_themselves(bring: Import) -> None:
    result = await bring("contacts", "infector,case_id,source\na,b,funeral\nx,b,other\nb,b,other\n,c,other\n")
    assert (result.imported, result.notes) == (3, {"epidemic.import.self": 1})
    assert [one.field for one in result.rejected] == ["infector"]
