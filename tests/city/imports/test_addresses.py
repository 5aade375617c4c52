"""Addresses against the city's own registry: slips of the pen, and places of rows that have none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.city.imports.addresses import Address, Addresses, parts_of
from dure.engine.database import Database
from dure.trust.roles import Role
from tests.city.conftest import Client, Import
from tests.city.imports.test_runs import act, count, upload

STREETS = [
    f"{name}{kind}"
    for name in ("중앙", "시장", "은행", "역전", "문화", "한밭", "빛내", "송림")
    for kind in ("대로", "로", "로3번길")
]


def registry() -> Addresses:
    return Addresses(
        ("road_address", f"한빛시 중구 {street} {n}", 127.4 + i / 1000, 36.6)
        for i, street in enumerate(STREETS)
        for n in (1, 2)
    )


@pytest.mark.parametrize(
    ("field", "written", "parts"),
    [
        ("road_address", "대전광역시 중구 중앙로 12", ("중앙로", "12")),
        ("road_address", "대전광역시 중구 중앙로12 (은행동)", ("중앙로", "12")),
        ("road_address", "중구 중앙로12번길 3-4, 2층", ("중앙로12번길", "3-4")),
        ("road_address", "시장3길 24", ("시장3길", "24")),
        ("road_address", "중앙대로 지하 101", ("중앙대로", "101")),
        ("road_address", "중앙로", None),
        ("road_address", "", None),
        ("lot_address", "한빛시 중구 역전동 123-4번지", ("역전동", "123-4")),
        ("lot_address", "삼성면 대사리 산 5", ("대사리", "산5")),
        ("lot_address", "은행동", None),
    ],
)
def test_streets_and_numbers_are_found(field: str, written: str, parts: tuple[str, str] | None) -> None:
    assert parts_of(field, written) == (None if parts is None else Address(*parts))


def test_a_slip_of_the_pen_names_the_nearest_streets() -> None:
    known = registry()
    assert known.slip("road_address", "중구 중앙로 1") is None
    slip = known.slip("road_address", "중구 즁앙로 7")
    assert slip is not None
    assert (slip[0], slip[1][0]) == ("즁앙로", "중앙로")
    assert known.slip("road_address", "중구 중앙로4번길 7") is None, "another number is another street, not a slip"
    assert known.slip("road_address", "엉뚱한길 7") is None
    assert Addresses([("road_address", "중앙로 1", None, None)]).slip("road_address", "즁앙로 1") is None, (
        "knows nothing"
    )


def test_a_place_is_offered_only_where_it_is_one() -> None:
    known = Addresses(
        [
            ("road_address", "중앙로 1", 127.4, 36.6),
            ("road_address", "한빛시 중앙로 1 (은행동)", 127.4001, 36.6),
            ("road_address", "중앙로 2", 127.4, 36.6),
            ("road_address", "중앙로 2", 127.5, 36.6),
            ("road_address", "중앙로 3", None, None),
        ]
    )
    assert known.place_of("road_address", "중구 중앙로1") == (127.4, 36.6)
    assert known.place_of("road_address", "중앙로 2") is None
    assert known.place_of("road_address", "중앙로 3") is None
    assert known.place_of("lot_address", "중앙로 1") is None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["road_address", "lot_address"]))
def test_whatever_is_written_is_read(written: str, field: str) -> None:
    known = registry()
    parts_of(field, written)
    known.place_of(field, written)
    slip = known.slip(field, written)
    assert slip is None or slip[1]


def test_a_file_of_strange_names_is_read_in_time() -> None:
    known = Addresses(("road_address", f"가{chr(0xAC00 + n)}{chr(0xB000 + n)}로 1", None, None) for n in range(3_000))
    begun = time.perf_counter()
    for n in range(20_000):
        known.slip("road_address", f"나{chr(0xAC00 + n % 9_000)}{chr(0xB100 + n % 7_919)}로 1")
    assert time.perf_counter() - begun < 15
    assert parts_of("road_address", "가" * 20_000) is None


@pytest.mark.usefixtures("childless")
async def test_rows_without_coordinates_take_the_place_of_their_address(
    client: Client, bring: Import, database: Database
) -> None:
    lines = ["시설번호,시도명,시군구명,소재지도로명주소,위도,경도"]
    lines += [f"H-{n},한빛시,중구,한빛시 중구 {street} 1,36.6291,127.42{n:02d}" for n, street in enumerate(STREETS)]
    await bring("hydrants", "\n".join(lines))
    http = await client(Role.ADMIN)
    content = "\n".join(
        [
            lines[0],
            "N-1,한빛시,중구,한빛시 중구 중앙로 1,,",
            "N-2,한빛시,중구,한빛시 중구 시장로 1,0,0",
            "N-3,한빛시,중구,한빛시 중구 모르는로 1,,",
            "N-4,한빛시,중구,한빛시 중구 즁앙로 9,36.6291,127.4299",
        ]
    )
    run = await upload(http, "hydrants", content)
    rows = (await http.get(f"/imports/{run['id']}/rows")).json()["items"]
    assert [row["status"] for row in rows] == ["rejected", "rejected", "rejected", "added"]
    offers = [row["reasons"][0]["repair"] if row["reasons"] else None for row in rows]
    assert offers[0] is not None
    assert offers[0]["kind"] == "place"
    assert offers[1] is not None
    assert offers[2] is None
    [note] = [note for note in rows[3]["notes"] if note["key"] == "city.import.address.near"]
    assert note["text"] == "즁앙로는 이 도시의 주소에 없습니다. 비슷한 이름: 중앙로, 중앙대로"
    assert note["repair"] == {"kind": "set", "field": "road_address", "value": "한빛시 중구 중앙로 9"}

    cell = await http.post(f"/imports/{run['id']}/repair", json={"row": 2, "field": "시설번호", "value": "N-9"})
    assert cell.json()["mended"] == 0
    mended = await http.post(f"/imports/{run['id']}/repair", json={"reason": "city.import.position.missing"})
    assert mended.json()["mended"] == 1, "also after another cell was set; the unknown one stays refused"
    zero = await http.post(f"/imports/{run['id']}/repair", json={"reason": "city.import.position.zero"})
    assert zero.json()["mended"] == 1
    noted = await http.post(f"/imports/{run['id']}/repair", json={"reason": "city.import.address.near", "rows": [5]})
    assert noted.json()["mended"] == 1
    await act(http, run, "apply")
    assert await count(database, "asset", "kind = 'hydrant' and code = 'N-9' and lon = 127.4201 and lat = 36.6291") == 1
    assert await count(database, "asset", "road_address = '한빛시 중구 중앙로 9'") == 1
