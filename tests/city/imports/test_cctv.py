"""The national CCTV standard, in all its forms."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from dure.city.imports.kinds.cctv import azimuth, purposes, views
from dure.engine.database import Database
from tests.city.conftest import Import

NEW = (
    "개방자치단체코드,관리번호,관리기관명,소재지도로명주소,소재지지번주소,설치목적구분,카메라대수,카메라화소수,촬영방면정보,보관일수,"
    "설치연월,관리기관전화번호,WGS84위도,WGS84경도,데이터기준일자,데이터갱신구분,데이터갱신시점,최종수정시점"
)
OLD = (
    "관리기관명,소재지도로명주소,소재지지번주소,설치목적구분,카메라대수,카메라화소수,촬영방면정보,보관일수,설치연월,관리기관전화번호,"
    "WGS84위도,WGS84경도,데이터기준일자"
)


def new_row(
    number: str = "A-1",
    *,
    purpose: str = "생활방범",
    count: str = "2",
    lat: str = "36.62911",
    lon: str = "127.42617",
    **more: str,
) -> str:
    cells = {
        "code": "3640000",
        "agency": "한빛시청",
        "road": '"한빛시 중구 시장3길 24 (중앙동, 시장)"',
        "lot": "한빛시 중구 중앙동 1-1",
        "pixels": "200",
        "direction": "",
        "retention": "30",
        "installed": "201312",
        **more,
    }
    place = [cells["code"], number, cells["agency"], cells["road"], cells["lot"], purpose, count, cells["pixels"]]
    rest = [
        cells["direction"],
        cells["retention"],
        cells["installed"],
        "043-200-1234",
        lat,
        lon,
        "2026-03-01",
        "I",
        "",
        "",
    ]
    return ",".join([*place, *rest])


async def rows(database: Database, query: str) -> list[dict[str, object]]:
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text(query))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
async def test_eighteen_columns_with_the_mistakes_of_real_files(
    database: Database, bring: Import, encoding: str
) -> None:
    file = "\r\n".join(
        [
            NEW,
            new_row("A-1", retention="0", direction='"북,남"', installed="2019-06"),
            new_row("A-2", lat="0", lon="0"),
            new_row("A-1"),
            new_row("A-3", purpose="드론관제"),
            new_row("A-4", lat="127.42617", lon="36.62911"),
            new_row("A-5", lat="40.0", lon="100.0"),
            new_row("A-6", count="여러 대"),
            new_row("A-1", code="3650000"),
            "",
        ]
    ).encode(encoding)
    result = await bring("cctv", file)
    assert (result.read, result.imported, result.updated, result.unchanged) == (8, 3, 0, 0)
    assert [(one.row, one.field, one.key.removeprefix("city.import.")) for one in result.rejected] == [
        (3, "WGS84경도", "position.zero"),
        (4, "관리번호", "duplicate"),
        (6, "WGS84경도", "position.swapped"),
        (7, "WGS84경도", "position.not_korea"),
        (8, "카메라대수", "documents.cell.number"),
    ]
    assert result.notes["city.import.cctv.purpose_unknown"] == 1
    sites = await rows(database, "select * from camera_site order by id")
    assert [site["id"] for site in sites] == ["3640000-A-1", "3640000-A-3", "3650000-A-1"]
    assert sites[0]["name"] == "시장3길 24 (중앙동, 시장)"
    assert (sites[0]["retention_days"], sites[0]["installed"]) == (None, "2019-06")
    assert (sites[1]["retention_days"], sites[1]["installed"]) == (30, "2013-12")
    assert (sites[1]["purposes"], sites[1]["purpose_text"]) == (["드론관제"], "드론관제")
    cameras = await rows(database, "select * from camera order by id")
    assert [(one["id"], one["azimuth_deg"]) for one in cameras][:3] == [
        ("3640000-A-1-1", 0.0),
        ("3640000-A-1-2", 180.0),
        ("3640000-A-3-1", None),
    ]
    assert {one["state"] for one in cameras} == {"unknown"}
    again = await bring("cctv", file)
    assert (again.read, again.imported, again.updated, again.unchanged, len(again.rejected)) == (8, 0, 0, 3, 5)
    versions = await rows(database, "select version from camera union all select version from camera_site")
    assert {one["version"] for one in versions} == {1}


@pytest.mark.parametrize("columns", [12, 13])
async def test_older_files_without_a_number(database: Database, bring: Import, columns: int) -> None:
    row = "한빛시청,한빛시 중구 시장3길 24,한빛시 중구 중앙동 1-1,,3,,,0,,043-200-1234,36.629,127.426,"
    other = row.replace("36.629", "36.63")
    lines = [",".join(line.split(",")[:columns]) for line in (OLD, row, row, other)]
    file = "\n".join(lines)
    result = await bring("cctv", file)
    assert (result.read, result.imported, result.rejected) == (3, 3, [])
    assert result.notes["city.import.equal_row"] == 1
    assert (await rows(database, "select count(*) as n from camera"))[0]["n"] == 9
    again = await bring("cctv", "\n".join([lines[0], lines[3], lines[1], lines[2]]))
    assert (again.unchanged, again.imported, again.updated) == (3, 0, 0)


async def test_the_real_file_of_gangnam(
    database: Database, bring: Import, real_data: Callable[[str], Path | None], tmp_path: Path
) -> None:
    real = real_data("cctv/gangnam_2021.csv")
    sites, cameras = (1_763, 4_742) if real else (300, 600)
    if real is None:
        real = tmp_path / "made.csv"
        made = [
            f"한빛시청,한빛시 중구 시장길 {n},,,2,,,30,,043-200-1234,{36.6 + n / 10_000:.5f},127.4,,"
            for n in range(300)
        ]
        real.write_text("\n".join([OLD, *made]), "utf-8")
    result = await bring("cctv", real)
    assert (result.read, result.imported, result.rejected) == (sites, sites, [])
    found = (await rows(database, "select count(*) as n, count(distinct site_id) as sites from camera"))[0]
    assert (found["n"], found["sites"]) == (cameras, sites)
    again = await bring("cctv", real)
    assert (again.read, again.unchanged, again.imported, again.updated) == (sites, sites, 0, 0)


async def test_a_change_is_an_update_and_touches_nothing_else(database: Database, bring: Import) -> None:
    await bring("cctv", "\n".join([NEW, new_row("A-1"), new_row("A-2")]))
    result = await bring("cctv", "\n".join([NEW, new_row("A-1", count="3", retention="60"), new_row("A-2")]))
    assert (result.updated, result.unchanged, result.imported) == (1, 1, 0)
    cameras = await rows(database, "select id, version, retention_days from camera order by id")
    assert [(one["id"][-3:], one["version"], one["retention_days"]) for one in cameras] == [  # type: ignore[index]
        ("1-1", 2, 60),
        ("1-2", 2, 60),
        ("1-3", 1, 60),
        ("2-1", 1, 30),
        ("2-2", 1, 30),
    ]


async def test_what_people_or_single_cameras_say_is_left_alone(database: Database, bring: Import) -> None:
    await bring("cctv", "\n".join([NEW, new_row("A-1")]))
    single = "지점번호,카메라번호,방위각,화각,유효거리,PTZ,위도,경도\n3640000-A-1,1,북동,90,80,N,36.6292,127.4263\n"
    result = await bring("cameras", single)
    assert (result.updated, result.notes) == (1, {})
    again = await bring("cctv", "\n".join([NEW, new_row("A-1", retention="60", direction='"남,남"')]))
    assert again.updated == 1
    cameras = await rows(database, "select azimuth_deg, lat, retention_days, range_m from camera order by id")
    assert cameras[0] == {"azimuth_deg": 45.0, "lat": 36.6292, "retention_days": 30, "range_m": 80.0}
    assert cameras[1]["azimuth_deg"] == 180.0


async def test_single_cameras(database: Database, bring: Import) -> None:
    lines = (
        "지점번호,카메라번호,모델,방위각,화각,유효거리,PTZ,설치목적,영상주소,상태,위도,경도",
        "중앙-1,1,XNV-8080R,355,88,60,Y,생활방범+어린이보호,rtsp://10.0.0.1/1,정상,36.629,127.426",
        "중앙-1,2,,-90,,,N,,,고장,36.629,127.426",
        "중앙-1,3,,400,88,60,Y,,,정상,36.629,127.426",
        "중앙-1,4,,10,0,60,Y,,,정상,36.629,127.426",
        "중앙-1,5,,10,90,60,Y,,javascript:x,정상,36.629,127.426",
        "중앙-1,1,,10,90,60,Y,,,정상,36.629,127.426",
    )
    result = await bring("cameras", "\n".join(lines))
    assert result.imported == 2
    assert [(one.row, one.field) for one in result.rejected] == [
        (4, "방위각"),
        (5, "화각"),
        (6, "영상주소"),
        (7, "카메라번호"),
    ]
    cameras = await rows(database, "select * from camera order by number")
    assert cameras[0]["purposes"] == ["child_safety", "crime_prevention"]
    assert (cameras[0]["stream_url"], cameras[0]["ptz"], cameras[0]["state"]) == ("rtsp://10.0.0.1/1", True, "ok")
    assert (cameras[1]["azimuth_deg"], cameras[1]["state"]) == (270.0, "broken")


@pytest.mark.parametrize(
    ("word", "degrees"),
    [("북", 0), ("북동측", 45), ("남서방향", 225), ("NW", 315), ("동쪽 방향", 90), ("정문앞", None), ("남문", None)],
)
def test_compass_words(word: str, degrees: float | None) -> None:
    assert azimuth(word) == degrees


def test_directions_of_several_cameras() -> None:
    assert views("동,서", 2) == [{"azimuth_deg": 90.0}, {"azimuth_deg": 270.0}]
    assert views("동,서", 3) is None
    assert views("동", 3) is None
    assert views("360도", 2) == [{"azimuth_deg": 0.0, "fov_deg": 360.0}] * 2
    assert views("시장 입구 방향", 1) is None


def test_purposes_known_and_kept() -> None:
    assert purposes("생활방범, 어린이보호") == (["child_safety", "crime_prevention"], [])
    assert purposes("방범용") == (["crime_prevention"], [])
    assert purposes("드론") == (["드론"], ["드론"])
    assert purposes(None) == ([], [])
