"""Anything at all as a file of every kind: nothing breaks, every row is accounted for, good rows go in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.city.imports.things import KINDS
from dure.documents.limits import UnreadableFile
from dure.engine.database import Database
from dure.services.epidemic import kinds  # noqa: F401  # a service's files are read here, too
from tests.city.conftest import Import
from tests.city.pure import outcomes

TABLES = sorted(name for name, kind in KINDS.items() if kind.source == "table")

GOOD = {
    "cctv": ("관리번호,관리기관명,카메라대수,위도,경도", "G-{n},한빛시청,2,36.629,127.426"),
    "cameras": ("지점번호,카메라번호,방위각,위도,경도", "G,{n1},90,36.629,127.426"),
    "markets": ("시장명,점포수,위도,경도", "시장{n},300,36.629,127.426"),
    "stalls": ("점포번호,구역,상호,점주,연락처", "{n},가동,가게,김아무,010-1234-5678"),
    "hydrants": ("시설번호,사용가능여부,위도,경도", "H-{n},Y,36.629,127.426"),
    "devices": ("장치ID,종류,이름,위도,경도", "FD-{n},화재감지기,이름,36.629,127.426"),
    "facilities": ("시설번호,종류,시설명,위도,경도", "F-{n},학교,이름,36.629,127.426"),
    "people": ("관리번호,성명,연락처", "C-{n},김아무,010-1234-5678"),
    "cases": ("확진번호,성명,신고일,나이,성별", "B-{n},김아무,2020-02-18,30,남"),
    "contacts": ("선행확진자,접촉자번호,접촉장소", "B-{n},C-{n},응급실"),
}


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(content=st.binary(min_size=1, max_size=1_500))
def test_no_bytes_break_any_kind(name: str, content: bytes) -> None:
    try:
        rows = outcomes(KINDS[name], content)
    except UnreadableFile as error:
        assert error.key  # noqa: PT017
        return
    assert all(bool(row.reasons) != bool(row.entities) for row in rows)


odd_cell = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e999",
            "NaN",
            "١٢",
            "=1+1",
            "127.4",
            "36.6",
            "\x00",
            "한" * 300,
            '"',
            "2026-02-30",
            "9" * 40,
            "G-1",
        ]
    ),
)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=60, deadline=None)
@given(odd=st.lists(st.lists(odd_cell, min_size=1, max_size=8), max_size=12), at=st.integers(0, 6))
def test_odd_rows_never_cost_a_good_one(name: str, odd: list[list[str]], at: int) -> None:
    header, form = GOOD[name]
    good = [form.format(n=f"good{n}", n1=9_000 + n) for n in range(6)]
    lines = [",".join(map(quoted, row)) for row in odd]
    content = "\n".join([header, *good[:at], *lines, *good[at:]])
    rows = outcomes(KINDS[name], content.encode("utf-8", "replace"))
    assert all(bool(row.reasons) != bool(row.entities) for row in rows)
    keys = {row.key for row in rows if row.entities}
    wanted = {row.key for row in outcomes(KINDS[name], "\n".join([header, *good]).encode())}
    assert len(wanted) == 6
    assert keys >= wanted


json_value = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(-(10**20), 10**20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
odd_feature = json_value | st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "properties": st.dictionaries(st.sampled_from(["adm_nm", "adm_cd", "x"]), json_value, max_size=3),
        "geometry": json_value
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["Polygon", "MultiPolygon", "Point", "x"]), "coordinates": json_value}
        )
        | st.fixed_dictionaries(
            {
                "type": st.just("Polygon"),
                "coordinates": st.lists(
                    st.lists(st.lists(st.floats(), min_size=2, max_size=3), min_size=0, max_size=6), max_size=2
                ),
            }
        ),
    }
)


@settings(max_examples=200, deadline=None)
@given(odd=st.lists(odd_feature, max_size=5))
def test_odd_features_never_cost_a_good_one(odd: list[object]) -> None:
    import json

    square = [[127.4, 36.6], [127.5, 36.6], [127.5, 36.7], [127.4, 36.6]]
    good = {
        "type": "Feature",
        "properties": {"adm_nm": "좋은동", "adm_cd": "3011059999"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    content = json.dumps({"type": "FeatureCollection", "features": [*odd, good]})
    try:
        rows = outcomes(KINDS["boundary"], content.encode())
    except UnreadableFile:
        assert "NaN" in content or "Infinity" in content or "\\ud" in content  # no JSON then
        return
    assert len(rows) == len(odd) + 1
    assert rows[-1].entities
    assert all(bool(row.reasons) != bool(row.entities) for row in rows)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=st.lists(st.lists(odd_cell, min_size=1, max_size=6), max_size=8))
async def test_counts_add_up_in_the_database(database: Database, bring: Import, odd: list[list[str]]) -> None:
    for name in TABLES:
        header, form = GOOD[name]
        good = [form.format(n=f"good{n}", n1=9_000 + n) for n in range(3)]
        content = "\n".join([header, *good, *(",".join(map(quoted, row)) for row in odd)])
        first = await bring(name, content.encode("utf-8", "replace"))
        assert first.read == first.imported + first.updated + first.unchanged + len(first.rejected)
        again = await bring(name, content.encode("utf-8", "replace"))
        assert (again.imported, again.updated) == (0, 0)
        assert again.unchanged == first.imported + first.updated + first.unchanged
        assert again.read == first.read
