# ruff: noqa: E501 lines of files as they come
"""Markets, stalls, hydrants, devices, facilities, people, boundaries."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from dure.city.imports.things import KINDS
from dure.city.projection import to_plane
from dure.city.region import Region
from dure.documents.limits import UnreadableFile
from dure.engine.database import Database
from dure.trust.vault import Person, Vault
from tests.city.conftest import Import
from tests.city.pure import outcomes

BOUNDARY, FACILITIES = KINDS["boundary"], KINDS["facilities"]

MARKETS = """시장명,시장유형,소재지도로명주소,소재지지번주소,시장개설주기,위도,경도,점포수,취급품목,사용가능상품권,홈페이지주소,\
공중화장실보유여부,주차장보유여부,개설연도,전화번호,데이터기준일자
한빛중앙시장,상설장,한빛시 중구 시장3길 24,,매일,36.62911,127.42617,300,의류+식품,온누리상품권,,Y,N,1972,043-200-1111,2026-03-01
동문시장,상설장,한빛시 동구 동문로 61,,매일,36.63077,127.43012,300,,,,Y,Y,1968,,2026-03-01
"""
STALLS = """시장명,점포번호,구역,층,상호,업종,점주,연락처,영업시간,화기,감지기ID,감지기종류,감지기설치일,위도,경도
한빛중앙시장,16,나동,1,한솔포목,C2 직물,김한솔,010-2345-2214,09-19,없음,HB-FD-0216,열·연기,2025-06-01,36.62911,127.42617
한빛중앙시장,17,나동,1,다온이불,C3 침구,이다온,010-2345-4471,09-19,가스,,,,,
한빛중앙시장,17,나동,1,은하커튼,C3 침구,박은하,010-2345-7725,,,,,,,
한빛중앙시쟝,18,나동,1,새봄,C1,최새봄,010-2345-0001,,,,,,,
한빛중앙시장,19,나동,1,전화틀림,C1,정전화,010-23,,,,,,,
,20,나동,1,시장없음,C1,정없음,,,,,,,,
"""


async def rows(database: Database, query: str) -> list[dict[str, object]]:
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text(query))]


async def test_markets_and_their_stalls_whose_owners_go_to_the_vault(
    database: Database, bring: Import, held: Vault
) -> None:
    assert (await bring("markets", MARKETS)).imported == 2
    assert (await bring("markets", MARKETS)).unchanged == 2
    device = "장치ID,종류,이름\nHB-FD-0216,화재감지기,나동 16호\n"
    assert (await bring("devices", device)).imported == 1
    result = await bring("stalls", STALLS)
    assert (result.read, result.imported) == (6, 2)
    assert [(one.row, one.field, one.key.rsplit(".", 1)[-1]) for one in result.rejected] == [
        (4, "점포번호", "duplicate"),
        (5, "시장명", "market_near"),
        (6, "연락처", "phone"),
        (7, "시장명", "market_missing"),
    ]
    stalls = await rows(database, "select * from asset where kind = 'stall' order by code")
    assert [one["code"] for one in stalls] == ["중구-한빛중앙시장/나동/1/16", "중구-한빛중앙시장/나동/1/17"]
    assert stalls[0]["attrs"]["shop"] == "한솔포목"  # type: ignore[index]
    async with database.transaction() as tx:
        opened = await held.opened(tx, [stalls[0]["person_id"]])  # type: ignore[list-item]
        assert await held.find(tx, "devices", "HB-FD-0216") == list(opened), "whom to call when the detector speaks"
    assert list(opened.values()) == [Person(name="김한솔", phone="010-2345-2214", devices=("HB-FD-0216",))]
    linked = await rows(database, "select asset_id, version from device")
    assert (linked[0]["asset_id"], linked[0]["version"]) == (stalls[0]["id"], 2)
    again = await bring("stalls", STALLS)
    assert (again.unchanged, again.imported, again.updated) == (2, 0, 0)
    moved = await bring("stalls", STALLS.replace("010-2345-2214", "010-9999-2214"))
    assert (moved.updated, moved.unchanged) == (1, 1)
    everything = json.dumps(
        await rows(database, "select * from import_row") + await rows(database, "select * from asset"), default=str
    )
    for canary in ("김한솔", "010-2345-2214", "이다온", "정전화"):
        assert canary not in everything
    outbox = json.dumps(await rows(database, "select data from outbox"), default=str)
    assert "김한솔" not in outbox


async def test_a_stall_without_a_market_is_refused_until_the_market_is_there(bring: Import) -> None:
    result = await bring("stalls", STALLS)
    assert {one.key for one in result.rejected} >= {"city.import.stall.market_unknown"}
    assert result.imported == 0


async def test_the_market_may_be_an_option(bring: Import) -> None:
    await bring("markets", MARKETS)
    file = "점포번호,상호\n1,가게\n2,다른 가게\n"
    assert (await bring("stalls", file)).imported == 0
    assert (await bring("stalls", file, options={"market": "동문시장"})).imported == 2


async def test_the_file_may_be_named_after_the_market(database: Database, bring: Import, tmp_path: Path) -> None:
    await bring("markets", MARKETS)
    path = tmp_path / "동문시장_점포 2026.csv"
    path.write_text("점포번호,상호\n1,가게\n", "utf-8")
    assert (await bring("stalls", path)).imported == 1
    assert (await rows(database, "select code from asset where kind = 'stall'"))[0]["code"] == "동구-동문시장/1"


async def test_stalls_of_a_city_without_any_market_stay_apart_by_file(
    database: Database, bring: Import, tmp_path: Path
) -> None:
    for name in ("첫째.csv", "둘째.csv"):
        (tmp_path / name).write_text("점포번호,상호\n1,가게\n", "utf-8")
        result = await bring("stalls", tmp_path / name)
        assert (result.imported, result.notes) == (1, {"city.import.stall.market_none": 1})
        assert (await bring("stalls", tmp_path / name)).unchanged == 1
    assert len(await rows(database, "select id from asset")) == 2


async def test_hydrants(database: Database, bring: Import) -> None:
    header = (
        "시설번호,시설유형코드,시도명,시군구명,시군구코드,소재지도로명주소,소재지지번주소,위도,경도,상세위치,안전센터명,보호틀유무,"
        "사용가능여부,설치연도,배관깊이,출수압력,배관지름,관할기관명,관할기관전화번호,데이터기준일자"
    )
    good = "H-1,지상식,한빛도,한빛시,43111,한빛시 중구 시장길 1,,36.629,127.426,시장 입구,중앙,Y,Y,2011,1.2,3.5,100,한빛소방서,043-119,2026-03-01"
    file = "\n".join(
        [header, good, good.replace("H-1", "H-2").replace(",Y,Y,", ",Y,N,"), good, good.replace("43111", "43112")]
    )
    result = await bring("hydrants", file)
    assert (result.imported, [one.row for one in result.rejected]) == (3, [4])
    found = await rows(database, "select code, state, attrs from asset order by code")
    assert [(one["code"], one["state"]) for one in found] == [
        ("43111-H-1", "ok"),
        ("43111-H-2", "broken"),
        ("43112-H-1", "ok"),
    ]
    assert found[0]["attrs"]["bore_mm"] == 100.0  # type: ignore[index]


async def test_devices(database: Database, bring: Import) -> None:
    file = """장치ID,종류,이름,그룹,보고주기,위도,경도,상태
FD-1,화재감지기,가동 1호,GW-1,10,36.629,127.426,사용
FD 2,화재감지기,가동 2호,GW-1,10,36.629,127.426,사용
FD-3,알 수 없는 것,가동 3호,GW-1,10,36.629,127.426,사용
FD-4,fire_detector,,,,,,
FD-1,화재감지기,가동 1호,GW-1,10,36.629,127.426,사용
"""
    result = await bring("devices", file)
    assert result.imported == 2
    assert [(one.row, one.key.rsplit(".", 1)[-1]) for one in result.rejected] == [
        (3, "id"),
        (4, "unknown"),
        (6, "duplicate"),
    ]
    found = await rows(database, "select id, kind, name, group_id, interval_s, key_hash from device order by id")
    assert found[0] == {
        "id": "FD-1",
        "kind": "fire_detector",
        "name": "가동 1호",
        "group_id": "GW-1",
        "interval_s": 10.0,
        "key_hash": None,
    }
    assert (found[1]["name"], found[1]["group_id"]) == ("FD-4", None)
    told = await rows(database, "select entity_id from outbox where type = 'DeviceChanged.v1' order by 1")
    assert [one["entity_id"] for one in told] == ["FD-1", "FD-4"]


async def test_facilities(database: Database, bring: Import) -> None:
    file = "시설종류,시설명,도로명주소,위도,경도\n소방서,한빛소방서,한빛시 중구 1,36.629,127.426\n우주정거장,무엇,한빛시 2,36.63,127.43\n시장,시장,한빛시 3,36.63,127.43\n"
    result = await bring("facilities", file)
    assert result.imported == 3
    assert result.notes == {"city.import.facility.own_kind": 1, "city.import.word.unknown": 1}
    kinds = await rows(database, "select kind from asset order by kind")
    assert [one["kind"] for one in kinds] == ["facility", "facility", "fire_station"]
    assert (await bring("facilities", file)).unchanged == 3


async def test_people_in_care_are_a_number_and_a_district_in_the_city(
    database: Database, bring: Import, held: Vault
) -> None:
    file = """관리번호,성명,구분,생년월일,주소,행정동,연락처,보호자,보호자연락처,특이사항,장치ID
C-1,홍길순,독거노인,1941-03-02,한빛시 중구 시장3길 24,중앙동,010-1111-2222,홍아들,010-3333-4444,보청기,MO-1 DO-1
C-2,김이름,치매,1950.1.1,한빛시 동구 1,동문동,,,,,
C-3,,독거노인,,,,,,,,
C-4,박전화,독거노인,,,,010-1,,,,
"""
    result = await bring("people", file)
    assert (result.imported, [(one.row, one.field) for one in result.rejected]) == (2, [(4, "성명"), (5, "연락처")])
    found = await rows(database, "select * from care_person order by code")
    assert (found[0]["kind"], found[0]["district"]) == ("elderly_alone", "중앙동")
    async with database.transaction() as tx:
        person = (await held.opened(tx, [found[0]["person_id"]])).popitem()[1]  # type: ignore[list-item]
    assert person == Person(
        "홍길순",
        "010-1111-2222",
        "010-3333-4444",
        "한빛시 중구 시장3길 24",
        "1941-03-02",
        note="홍아들 · 보청기",
        devices=("DO-1", "MO-1"),
    )
    async with database.transaction() as tx:
        assert await held.find(tx, "devices", "MO-1") == [found[0]["person_id"]], "whose device it is"
    everything = json.dumps(
        await rows(database, "select * from import_row") + await rows(database, "select * from care_person")
        + await rows(database, "select data from outbox"),
        default=str, ensure_ascii=False,
    )  # fmt: skip
    for canary in ("홍길순", "1941-03-02", "시장3길", "홍아들", "보청기", "박전화", "MO-1"):
        assert canary not in everything
    waiting = await rows(database, "select status from import_row where sealed is not null order by row")
    assert [one["status"] for one in waiting] == ["rejected", "rejected"], "what went in has no second copy"
    assert (await bring("people", file)).unchanged == 2


def feature(name: str, code: str, ring: list[tuple[float, float]]) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"adm_nm": f"한빛시 중구 {name}", "adm_cd2": code},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


SQUARE = [(127.40, 36.60), (127.45, 36.60), (127.45, 36.65), (127.40, 36.65)]


def collection(*features: dict[str, object], crs: str | None = None) -> str:
    body: dict[str, object] = {"type": "FeatureCollection", "features": list(features)}
    if crs is not None:
        body["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(body, ensure_ascii=False)


async def test_the_real_boundaries_of_four_cities(
    database: Database, bring: Import, real_data: Callable[[str], Path | None], tmp_path: Path
) -> None:
    for name, count in (("daejeon", 79), ("daegu", 141), ("incheon", 155), ("chungnam", 207)):
        path = real_data(f"boundary/{name}.geojson")
        if path is None:
            path = tmp_path / f"{name}.geojson"
            made = [feature(f"{name} {n}동", f"{n:010}", SQUARE) for n in range(1, count + 1)]
            path.write_text(collection(*made), "utf-8")
        result = await bring("boundary", path)
        assert (result.read, result.imported + result.updated, result.rejected) == (count, count, [])
        again = await bring("boundary", path)
        assert (again.unchanged, again.updated) == (count, 0)
    levels = await rows(database, "select distinct level from boundary")
    assert [one["level"] for one in levels] == ["dong"]


@pytest.mark.parametrize("epsg", [5174, 5179, 5181, 5185, 5186, 5187, 5188])
@pytest.mark.parametrize("by", ["crs", "option"])
def test_boundaries_in_every_korean_plane(epsg: int, by: str) -> None:
    ring = to_plane(SQUARE, epsg)
    crs = f"urn:ogc:def:crs:EPSG::{epsg}" if by == "crs" else None
    options = {"epsg": str(epsg)} if by == "option" else {}
    (row,) = outcomes(BOUNDARY, collection(feature("중앙동", "4311100001", ring), crs=crs).encode(), options=options)
    found = row.entities[0].values
    assert found["min_lon"] == pytest.approx(127.40, abs=1e-6)
    assert found["max_lat"] == pytest.approx(36.65, abs=1e-6)
    assert found["area_m2"] == pytest.approx(24.8e6, rel=0.01)


async def test_bad_shapes_are_refused_and_good_ones_go_in(database: Database, bring: Import) -> None:
    bow = [(127.40, 36.60), (127.45, 36.65), (127.45, 36.60), (127.40, 36.65)]
    bad: list[object] = [
        {"type": "Feature", "properties": {"adm_nm": "점"}, "geometry": {"type": "Point", "coordinates": [127, 36]}},
        {"type": "Feature", "properties": {"adm_nm": "없음"}, "geometry": None},
        {"type": "Feature", "properties": {"adm_nm": "빈"}, "geometry": {"type": "Polygon", "coordinates": []}},
        {"type": "Feature", "properties": {"adm_nm": "글"}, "geometry": {"type": "Polygon", "coordinates": [["a"]]}},
        {
            "type": "Feature",
            "properties": {"adm_nm": "먼"},
            "geometry": {"type": "Polygon", "coordinates": [[[9e9, 1], [9e9, 2], [8e9, 1], [9e9, 1]]]},
        },
        5,
        {"type": "Feature", "properties": None, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
    ]
    body = {
        "type": "FeatureCollection",
        "features": [*bad, feature("꼬인동", "1", bow), feature("좋은동", "4311100002", SQUARE)],
    }
    result = await bring("boundary", json.dumps(body, ensure_ascii=False))
    assert (result.read, result.imported) == (9, 2)
    assert [one.row for one in result.rejected] == [1, 2, 3, 4, 5, 6, 7]
    assert result.notes == {"city.import.boundary.mended": 1}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"type": "FeatureCollection"}', '{"type": "Point"}', "[" * 100_000, "시장명\n"]
)
def test_what_is_no_geojson_is_refused_whole(content: str) -> None:
    with pytest.raises(UnreadableFile):
        outcomes(BOUNDARY, content.encode())


async def test_places_are_checked_against_the_boundary(bring: Import) -> None:
    await bring("boundary", collection(feature("중앙동", "4311100001", SQUARE)))
    inside = "\n".join(f"시장 {n},36.62,127.42" for n in range(5))
    file = f"시장명,위도,경도\n{inside}\n먼 시장,37.5,127.0\n"
    result = await bring("markets", file)
    assert (result.imported, result.rejected[0].key) == (5, "city.import.position.outside_city")
    assert result.rejected[0].params["kilometres"] == pytest.approx(101.5, abs=2)
    elsewhere = "시장명,위도,경도\n서울 시장,37.5,127.0\n서울 둘째 시장,37.51,127.0\n"
    noted = await bring("markets", elsewhere)
    assert (noted.imported, noted.notes) == (2, {"city.import.position.outside_city": 2})


@pytest.mark.parametrize("epsg", [5174, 5179, 5181, 5185, 5186, 5187, 5188])
def test_planes_of_tables_are_guessed_by_the_boundary(epsg: int) -> None:
    region = Region([{"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]}])
    places = [(127.401 + n * 0.0045, 36.601 + n * 0.0045) for n in range(10)]
    lines = [f"시설 {n},{x:.3f},{y:.3f}" for n, (x, y) in enumerate(to_plane(places, epsg))]
    found = outcomes(FACILITIES, "\n".join(["시설명,좌표정보(X),좌표정보(Y)", *lines]).encode(), region=region)
    # 5174 and 5181 lie some 300 m apart: without a hint in the file the guess may be off by that.
    near = 0.004 if epsg in {5174, 5181} else 1e-6
    assert [row.entities[0].values["lon"] for row in found] == [pytest.approx(lon, abs=near) for lon, _ in places]


async def test_a_column_may_name_the_plane_and_axes_may_be_exchanged(database: Database, bring: Import) -> None:
    ((x, y),) = to_plane([(127.426, 36.629)], 5174)
    await bring("facilities", f"시설명,좌표정보x(epsg5174),좌표정보y(epsg5174)\n하나,{x},{y}\n")
    ((x, y),) = to_plane([(127.426, 36.629)], 5179)
    await bring("facilities", f"시설명,X좌표,Y좌표\n둘,{y},{x}\n")
    for one in await rows(database, "select lon, lat from asset"):
        assert (one["lon"], one["lat"]) == (pytest.approx(127.426, abs=1e-6), pytest.approx(36.629, abs=1e-6))


async def test_a_workbook_reads_as_a_csv_does(bring: Import, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in MARKETS.strip().splitlines():
        sheet.append(line.split(","))
    book.save(tmp_path / "시장.xlsx")
    assert (await bring("markets", tmp_path / "시장.xlsx")).imported == 2
    assert (await bring("markets", MARKETS)).unchanged == 2


@pytest.mark.parametrize("kind", ["", "nothing"])
async def test_kinds_that_are_not_there_say_so(bring: Import, kind: str) -> None:
    with pytest.raises(UnreadableFile, match=r"city\.import\.kind"):
        await bring(kind, "a,b\n1,2\n")


async def test_a_dry_run_changes_nothing(database: Database, bring: Import) -> None:
    result = await bring("markets", MARKETS, dry_run=True)
    assert (result.read, result.imported) == (2, 2)
    for table in ("asset", "import_run", "import_row"):
        assert (await rows(database, f"select count(*) as n from {table}"))[0]["n"] == 0
