"""Garbage at the city's doors: never a fault of ours."""

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.trust.roles import Role
from tests.city.conftest import Client

PATHS = (
    "/cameras",
    "/cameras/nearest",
    "/cameras/{id}",
    "/devices",
    "/devices/{id}",
    "/assets",
    "/assets/{id}",
    "/boundaries",
    "/search",
    "/map/base",
    "/map/points",
    "/imports",
    "/imports/{id}",
    "/imports/{id}/rows",
    "/imports/{id}/rejected.csv",
)
NAMES = (
    "q",
    "lon",
    "lat",
    "n",
    "bbox",
    "cursor",
    "limit",
    "kind",
    "state",
    "layer",
    "parent_id",
    "fault",
    "only",
    "level",
)
word = st.one_of(
    st.text(max_size=20).filter(lambda text: text.isprintable()),
    st.sampled_from(
        ["-1", "1e400", "nan", "%", "_", "\\", "gqFhoWI", "1,2,3,4", "cameras", "127.4", "\x00", "'", "9" * 30]
    ),
)
json_value = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "id",
    "kind",
    "name",
    "lon",
    "lat",
    "group",
    "asset_id",
    "interval_s",
    "state",
    "azimuth_deg",
    "purposes",
    "reason",
    "row",
    "field",
    "value",
    "ids",
)
body = json_value | st.dictionaries(st.sampled_from(FIELDS), json_value, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), id_=word, query=st.dictionaries(st.sampled_from(NAMES), word, max_size=4))
async def test_reading(client: Client, path: str, id_: str, query: dict[str, str]) -> None:
    http = await client(Role.ADMIN)
    asked = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query.items())
    answer = await http.get(f"{path.replace('{id}', quote(id_, safe='', errors='replace') or 'x')}?{asked}")
    assert answer.status_code < 500, answer.text


WRITES = (
    ("POST", "/devices"),
    ("POST", "/devices/keys"),
    ("PATCH", "/devices/FD-1"),
    ("POST", "/devices/FD-1/key"),
    ("PATCH", "/cameras/C-1"),
    ("POST", "/imports/0198f2c0-0000-7000-8000-000000000000/repair"),
    ("POST", "/imports/0198f2c0-0000-7000-8000-000000000000/apply"),
    ("POST", "/imports/x/undo"),
    ("DELETE", "/imports/0198f2c0-0000-7000-8000-000000000000"),
    ("POST", "/imports"),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(to=st.sampled_from(WRITES), told=body | st.binary(max_size=50), etag=st.none() | word)
async def test_writing(client: Client, to: tuple[str, str], told: object, etag: str | None) -> None:
    import json

    http = await client(Role.ADMIN)
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    headers = {"content-type": "application/json"}
    if etag is not None and etag.isascii() and etag.isprintable():
        headers["if-match"] = etag.strip()
    answer = await http.request(to[0], to[1], content=raw, headers=headers)
    assert answer.status_code < 500, answer.text
