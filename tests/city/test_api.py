# ruff: noqa: E501 rows as they are
"""Cameras, devices, places, search and the base map over HTTP."""

import gzip
import json
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from dure.city import queries
from dure.city.tables import asset, boundary, camera, map_feature, place
from dure.engine.database import Database
from dure.trust import secret
from dure.trust.roles import Role
from tests.city.conftest import Client, Import


def camera_row(n: int, **more: object) -> dict[str, object]:
    return {
        "id": f"C-{n}", "site_id": f"S-{n // 3}", "number": n % 3 + 1, "name": f"중앙시장 {n}", "lon": 127.42 + n / 10_000,
        "lat": 36.63, "state": "ok", **more,
    }  # fmt: skip


async def test_nearest_as_the_contract_says(client: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [camera_row(n) for n in range(12)])
    http = await client(Role.OPERATOR)
    answer = await http.get("/cameras/nearest", params={"lon": 127.42, "lat": 36.63, "n": 5})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [one["id"] for one in items] == ["C-0", "C-1", "C-3", "C-4", "C-6"]
    assert {"id", "site_id", "distance_m", "reason", "state"} <= set(items[0])
    assert items[0]["reason"] == "이 곳을 보고 있습니다"
    english = await http.get(
        "/cameras/nearest", params={"lon": 127.42, "lat": 36.63}, headers={"accept-language": "en"}
    )
    assert english.json()["items"][1]["reason"] == "Near; its direction is not known"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lon": "x", "lat": "1"},
        {"lon": "nan", "lat": "1"},
        {"lon": "181", "lat": "1"},
        {"lon": "1", "lat": "1", "n": "0"},
    ],
)
async def test_nearest_refuses_what_is_no_place(client: Client, params: dict[str, str]) -> None:
    http = await client(Role.OPERATOR)
    assert (await http.get("/cameras/nearest", params=params)).status_code == 422


async def test_cameras_page_filter_and_are_corrected(client: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [camera_row(n, stream_url="rtsp://secret/1") for n in range(8)])
        await tx.execute(text("update camera set state = 'broken' where id = 'C-3'"))
    http = await client(Role.ADMIN)
    first = (await http.get("/cameras", params={"limit": 5})).json()
    second = (await http.get("/cameras", params={"limit": 5, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["items"] + second["items"]] == [f"C-{n}" for n in range(8)]
    assert second["next"] is None
    assert [one["id"] for one in (await http.get("/cameras", params={"state": "broken"})).json()["items"]] == ["C-3"]
    boxed = (await http.get("/cameras", params={"bbox": "127.42,36.62,127.4201,36.64"})).json()["items"]
    assert [one["id"] for one in boxed] == ["C-0", "C-1"]
    assert (await http.get("/cameras", params={"bbox": "1,2,3"})).status_code == 422
    found = await http.get("/cameras/C-1")
    assert found.headers["etag"] == 'W/"1"'
    assert "secret" not in found.text
    assert [one["id"] for one in found.json()["others"]] == ["C-0", "C-2"]
    changed = await http.patch(
        "/cameras/C-1", json={"azimuth_deg": 90, "fov_deg": 60, "state": "off"}, headers={"if-match": 'W/"1"'}
    )
    assert (changed.status_code, changed.json()["azimuth_deg"], changed.headers["etag"]) == (200, 90, 'W/"2"')
    late = await http.patch("/cameras/C-1", json={"azimuth_deg": 80}, headers={"if-match": 'W/"1"'})
    assert late.status_code == 412
    wrong = await http.patch("/cameras/C-1", json={"azimuth_deg": 360, "surprise": 1})
    assert wrong.status_code == 422
    assert (await http.get("/cameras/none")).status_code == 404
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from outbox where type = 'CameraChanged.v1'")) == 1
        assert await tx.scalar(text("select count(*) from audit where action = 'camera.change'")) == 1


async def test_a_device_and_its_key(client: Client, database: Database) -> None:
    http = await client(Role.ADMIN)
    body = {"id": "HB-FD-0217", "kind": "fire_detector", "lon": 127.42617, "lat": 36.62911, "name": "나동 17호"}
    made = await http.post("/devices", json=body)
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    key = made.json()["key"]
    assert {name: made.json()[name] for name in body} == body
    assert "key" not in (await http.get("/devices/HB-FD-0217")).json()
    async with database.transaction() as tx:
        (door,) = await queries.devices_for_doors(tx, ["HB-FD-0217"])
        assert door.key_hash == secret.digest(key)
    again = await http.post("/devices", json=body)
    assert (again.status_code, again.json()["key"]) == (409, "city.device.taken")
    rotated = await http.post("/devices/HB-FD-0217/key")
    assert rotated.json()["key"] != key
    async with database.transaction() as tx:
        (door,) = await queries.devices_for_doors(tx, ["HB-FD-0217"])
        assert door.key_hash == secret.digest(rotated.json()["key"])
    off = await http.patch("/devices/HB-FD-0217", json={"state": "off", "group": "GW-1", "interval_s": 10})
    assert (off.json()["state"], off.json()["group"], off.json()["version"]) == ("off", "GW-1", 3)
    assert (await http.delete("/devices/HB-FD-0217", headers={"if-match": 'W/"1"'})).status_code == 412
    assert (await http.delete("/devices/HB-FD-0217")).status_code == 204
    async with database.transaction() as tx:
        rows = await tx.rows(text("select type, entity_version as v from outbox where entity = 'device' order by seq"))
    assert [(row["type"], row["v"]) for row in rows] == [("DeviceChanged.v1", n) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "나동 17호"},
        {"id": ""},
        {"id": "a" * 65},
        {"kind": "Fire Detector"},
        {"lon": 181},
        {"lon": None},
        {"lat": "36"},
        {"lon": 0, "lat": 0},
        {"group": "a b"},
        {"asset_id": str(uuid4())},
        {"interval_s": 0},
        {"surprise": 1},
    ],
)
async def test_what_no_device_may_be(client: Client, wrong: dict[str, object]) -> None:
    http = await client(Role.ADMIN)
    body = {"id": "FD-1", "kind": "fire_detector", "lon": 127.4, "lat": 36.6, "name": "하나", **wrong}
    answer = await http.post("/devices", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_only_administrators_make_devices(client: Client) -> None:
    for role in (Role.OPERATOR, Role.SERVICE, Role.DEVICE, Role.OFFICIAL):
        http = await client(role)
        assert (await http.post("/devices", json={"id": "FD-1", "kind": "bell"})).status_code == 403


async def test_devices_list_filters_and_keys_after_an_import(client: Client, bring: Import, database: Database) -> None:
    await bring(
        "devices",
        "장치ID,종류,그룹,위도,경도\n" + "".join(f"FD-{n},화재감지기,GW-{n % 2},36.6,127.4\n" for n in range(6)),
    )
    async with database.transaction() as tx:
        await queries.mark_device_fault(tx, "FD-3", "clock")
    http = await client(Role.ADMIN)
    only = (await http.get("/devices", params={"group": "GW-1", "fault": "none"})).json()["items"]
    assert [one["id"] for one in only] == ["FD-1", "FD-5"]
    faulty = (await http.get("/devices", params={"fault": "clock"})).json()["items"]
    assert [one["id"] for one in faulty] == ["FD-3"]
    given = (await http.post("/devices/keys", json={"ids": ["FD-1", "FD-2"]})).json()["items"]
    assert [one["id"] for one in given] == ["FD-1", "FD-2"]
    rest = (await http.post("/devices/keys", json={})).json()["items"]
    assert [one["id"] for one in rest] == ["FD-0", "FD-3", "FD-4", "FD-5"]
    assert (await http.post("/devices/keys", json={})).json()["items"] == []
    assert (await http.post("/devices/keys", json={"ids": ["none"]})).status_code == 404


async def a_market(database: Database) -> None:
    market = uuid4()
    async with database.transaction() as tx:
        await tx.execute(
            insert(asset),
            [
                {
                    "id": market,
                    "kind": "market",
                    "code": "M-1",
                    "name": "한빛중앙시장",
                    "road_address": "한빛시 중구 시장3길 24",
                    "lon": 127.426,
                    "lat": 36.629,
                }
            ],
        )
        await tx.execute(
            insert(asset),
            [
                {
                    "id": uuid4(),
                    "kind": "stall",
                    "code": f"M-1/나동/1/{n}",
                    "name": f"나동 1층 {n}호",
                    "parent_id": market,
                    "attrs": {"shop": f"다온이불{n}", "detector_id": f"FD-{n}"},
                }
                for n in (16, 17)
            ],
        )
        await tx.execute(
            insert(place),
            [
                {
                    "id": uuid4(),
                    "kind": "crossing",
                    "code": "X-1",
                    "name": "중앙네거리",
                    "lon": 127.43,
                    "lat": 36.63,
                    "road_address": "한빛시 중구 중앙로 1",
                }
            ],
        )


async def test_search_by_name_address_shop_and_initials(client: Client, database: Database) -> None:
    await a_market(database)
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [camera_row(1)])
    http = await client(Role.OPERATOR)

    async def found(q: str) -> list[str]:
        answer = await http.get("/search", params={"q": q})
        assert answer.status_code == 200
        return [one["title"] for one in answer.json()["items"]]

    assert await found("한빛중앙시장") == ["한빛중앙시장"]
    assert (await found("중앙"))[0] == "중앙네거리"
    assert await found("ㅎㅂㅈㅇ") == ["한빛중앙시장"]
    assert await found("ㅈㅇㄴㄱㄹ") == ["중앙네거리"]
    assert await found("나동 17") == ["한빛중앙시장 나동 1층 17호"]
    assert await found("다온이불16") == ["한빛중앙시장 나동 1층 16호"]
    assert await found("시장3길") == ["한빛중앙시장"]
    assert await found("C-1") == ["중앙시장 1"]
    assert await found("%_\\") == []
    assert await found("없는것") == []
    official = await client(Role.TEACHER)
    hits = (await official.get("/search", params={"q": "중앙"})).json()["items"]
    assert {one["entity"] for one in hits} == {"place", "asset"}


async def test_a_device_is_tied_to_the_stall_that_names_it(client: Client, database: Database) -> None:
    await a_market(database)
    http = await client(Role.ADMIN)
    made = (await http.post("/devices", json={"id": "FD-17", "kind": "fire_detector", "name": "감지기"})).json()
    assert made["asset_id"] is not None
    async with database.transaction() as tx:
        (watched,) = await queries.devices_for_detection(tx, ["FD-17"])
        assert (watched.lon, watched.lat, watched.place) == (127.426, 36.629, "한빛중앙시장 나동 1층 17호")
        assert watched.address == "한빛시 중구 시장3길 24"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("한빛시 중구 시장3길 24", "한빛중앙시장"),
        ("시장3길24", "한빛중앙시장"),
        ("중앙네거리", "중앙네거리"),
        ("한빛중앙시장 나동 1층 17호", "한빛중앙시장 나동 1층 17호"),
        ("한빛중앙시장 앞에서 연기가", "한빛중앙시장"),
        ("한빛중앙시장 나동 1층 16호에서 불이", "한빛중앙시장 나동 1층 16호"),
        ("모르는 곳", None),
        ("", None),
        ("%", None),
    ],
)
async def test_an_address_is_located(database: Database, asked: str, name: str | None) -> None:
    await a_market(database)
    async with database.transaction() as tx:
        found = await queries.located(tx, asked)
    assert (None if found is None else found.name) == name


async def test_assets_and_boundaries(client: Client, database: Database) -> None:
    await a_market(database)
    http = await client(Role.OPERATOR)
    stalls = (await http.get("/assets", params={"kind": "stall"})).json()["items"]
    assert [one["code"] for one in stalls] == ["M-1/나동/1/16", "M-1/나동/1/17"]
    assert "person_id" not in stalls[0]
    one = await http.get(f"/assets/{stalls[0]['id']}")
    assert (one.status_code, one.headers["etag"]) == (200, 'W/"1"')
    assert (await http.get(f"/assets/{uuid4()}")).status_code == 404
    paged = (await http.get("/assets", params={"limit": 1})).json()
    following = (await http.get("/assets", params={"limit": 5, "cursor": paged["next"]})).json()
    assert len(following["items"]) == 2
    assert (await http.get("/boundaries")).json() == {"items": [], "next": None}


async def test_the_base_map_is_packed_once_and_known_by_its_etag(client: Client, database: Database) -> None:
    square = {"type": "Polygon", "coordinates": [[[127.4, 36.6], [127.5, 36.6], [127.5, 36.7], [127.4, 36.6]]]}
    box = {"min_lon": 127.4, "min_lat": 36.6, "max_lon": 127.5, "max_lat": 36.7}
    async with database.transaction() as tx:
        await tx.execute(
            insert(map_feature),
            [
                {
                    "id": uuid4(),
                    "layer": "road",
                    "class": "main",
                    "name": "중앙로",
                    "geometry": square,
                    "attrs": {"width_m": 20},
                    **box,
                }
            ],
        )
        await tx.execute(
            insert(boundary),
            [
                {"id": uuid4(), "level": "dong", "code": "1", "name": "중앙동", "full_name": "한빛시 중앙동", "geometry": square,
                 "label_lon": 127.45, "label_lat": 36.65, "area_m2": 1.0, **box}
            ],
        )  # fmt: skip
    http = await client(Role.OPERATOR)
    first = await http.get("/map/base", headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    told = first.json()
    assert told["bounds"] == [127.4, 36.6, 127.5, 36.7]
    assert set(told["layers"]) == {"road", "boundary", "label"}
    assert told["layers"]["road"]["features"][0]["properties"] == {"name": "중앙로", "class": "main", "width_m": 20}
    assert told["layers"]["label"]["features"][0]["properties"] == {"name": "중앙동", "class": "dong"}
    plain = await http.get("/map/base", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == told
    ground, buildings = [
        (await http.get("/map/base", params={"part": part})).json() for part in ("ground", "buildings")
    ]
    assert ground == told, "this city has no buildings"
    assert buildings["layers"] == {}, "and what comes later takes nothing away"
    same = await http.get("/map/base", headers={"if-none-match": first.headers["etag"]})
    assert same.status_code == 304
    async with database.transaction() as tx:
        await tx.execute(text("update boundary set name = '새이름', updated_at = now() + interval '1 s'"))
    changed = await http.get("/map/base", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_points_of_each_layer(client: Client, database: Database) -> None:
    await a_market(database)
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [camera_row(1, azimuth_deg=90.0), camera_row(2, azimuth_deg=None)])
    http = await client(Role.ADMIN)
    await http.post("/devices", json={"id": "FD-17", "kind": "fire_detector", "name": "감지기"})
    cameras = (await http.get("/map/points", params={"layer": "cameras"})).json()["features"]
    assert cameras[0]["properties"] == {"id": "C-1", "state": "ok", "az": 90.0}
    assert cameras[1]["properties"] == {"id": "C-2", "state": "ok"}
    devices = (await http.get("/map/points", params={"layer": "devices"})).json()["features"]
    assert devices[0]["geometry"]["coordinates"] == [127.426, 36.629]
    markets = (await http.get("/map/points", params={"layer": "markets"})).json()["features"]
    assert markets[0]["properties"]["name"] == "한빛중앙시장"
    assert (await http.get("/map/points", params={"layer": "persons"})).status_code == 422
    teacher = await client(Role.TEACHER)
    assert (await teacher.get("/map/points", params={"layer": "cameras"})).status_code == 403
    async with database.transaction() as tx:
        await tx.execute(text("update camera set state = 'broken', version = 2, updated_at = now()"))
    again = (await http.get("/map/points", params={"layer": "cameras"})).json()["features"]
    assert again[0]["properties"]["state"] == "broken"


async def test_nobody_in_particular_sees_nothing(app: object, client: Client) -> None:
    http = await client(Role.ADMIN)
    for path in ("/cameras", "/devices", "/assets", "/map/base", "/search?q=a", "/imports", "/boundaries"):
        answer = await http.get(path, headers={"authorization": ""})
        assert answer.status_code == 401, path


def test_packing_is_the_same_each_time() -> None:
    from dure.city.base_map import _pack

    body = json.dumps({"a": [1] * 1000}).encode()
    one, other = _pack(lambda: body), _pack(lambda: body)
    assert one == other
    assert gzip.decompress(one.gzipped) == body
