"""Anything at all as a file of every kind: nothing breaks, every row is accounted for, good rows go in."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.city.imports.things import KINDS
from dure.documents.limits import UnreadableFile
from dure.engine.database import Database
from tests.city.conftest import Import
from tests.city.garbage import any_bytes, counts_add_up, no_bytes_break, no_good_row_is_lost, odd_rows, tables_of
from tests.city.pure import outcomes

GOOD = {
    "cctv": ("관리번호,관리기관명,카메라대수,위도,경도", "G-{n},한빛시청,2,36.629,127.426"),
    "cameras": ("지점번호,카메라번호,방위각,위도,경도", "G,{n1},90,36.629,127.426"),
    "markets": ("시장명,점포수,위도,경도", "시장{n},300,36.629,127.426"),
    "stalls": ("점포번호,구역,상호,점주,연락처", "{n},가동,가게,김아무,010-1234-5678"),
    "hydrants": ("시설번호,사용가능여부,위도,경도", "H-{n},Y,36.629,127.426"),
    "devices": ("장치ID,종류,이름,위도,경도", "FD-{n},화재감지기,이름,36.629,127.426"),
    "facilities": ("시설번호,종류,시설명,위도,경도", "F-{n},학교,이름,36.629,127.426"),
    "people": ("관리번호,성명,연락처", "C-{n},김아무,010-1234-5678"),
}


def test_every_kind_has_its_good_row() -> None:
    assert tables_of("dure.city") == set(GOOD)


@pytest.mark.parametrize("name", [*sorted(GOOD), "boundary"])
@settings(max_examples=60, deadline=None)
@given(content=any_bytes)
def test_no_bytes_break_any_kind(name: str, content: bytes) -> None:
    no_bytes_break(name, content)


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=60, deadline=None)
@given(odd=odd_rows, at=st.integers(0, 6))
def test_odd_rows_never_cost_a_good_one(name: str, odd: list[list[str]], at: int) -> None:
    no_good_row_is_lost(name, GOOD[name], odd, at)


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
@given(odd=odd_rows)
async def test_counts_add_up_in_the_database(database: Database, bring: Import, odd: list[list[str]]) -> None:
    for name, good in GOOD.items():
        await counts_add_up(bring, name, good, odd)
