"""The sample city is whole, made, and the same each time."""

import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict

import msgspec
import pytest
import shapely
from shapely.geometry import shape

from dure.city.sample.make import make_city
from dure.city.sample.model import MapFeature, SampleCity
from dure.kernel.ids import is_device_id


def _bytes(city: SampleCity) -> bytes:
    return msgspec.json.encode(asdict(city))


def test_the_same_seed_gives_the_same_bytes(city: SampleCity) -> None:
    assert _bytes(make_city()) == _bytes(city)


@pytest.mark.long
def test_another_seed_gives_another_city(city: SampleCity) -> None:
    other = make_city(11)
    assert _bytes(other) != _bytes(city)
    assert len(other.cameras) == 1_000
    assert sum(asset.kind == "stall" for asset in other.assets) == 600


def test_it_has_what_a_city_has(city: SampleCity) -> None:
    kinds = Counter(asset.kind for asset in city.assets)
    assert kinds["market"] == 2
    assert kinds["stall"] == 600
    assert kinds["hydrant"] > 300
    assert kinds["gate"] == kinds["shutoff"] == 16
    for kind in (
        "fire_station",
        "police_station",
        "school",
        "clinic",
        "hospital",
        "bus_stop",
        "office",
        "health_centre",
    ):
        assert kinds[kind] > 0, kind
    assert len(city.cameras) == 1_000
    assert len(city.sites) == 600
    assert len(city.care) == 200
    assert 20_000 < sum(feature.layer == "building" for feature in city.features) < 32_000
    assert {"police", "fire", "disaster", "health", "welfare", "school", "hospital", "gas", "power", "merchants"} == {
        agency.kind for agency in city.agencies
    }


def test_codes_are_used_once(city: SampleCity) -> None:
    for codes in (
        [(asset.kind, asset.code) for asset in city.assets],
        [(place.kind, place.code) for place in city.places],
        [camera.id for camera in city.cameras],
        [site.id for site in city.sites],
        [device.id for device in city.devices],
        [person.code for person in city.care],
    ):
        assert len(codes) == len(set(codes))


def test_each_stall_has_its_detector_in_a_gateways_group(city: SampleCity) -> None:
    detectors = {device.asset: device for device in city.devices if device.kind == "fire_detector"}
    gateways = {device.id for device in city.devices if device.kind == "gateway"}
    stalls = [asset for asset in city.assets if asset.kind == "stall"]
    assert len(gateways) == 8
    for stall in stalls:
        detector = detectors["stall", stall.code]
        assert detector.group in gateways
        assert detector.id == stall.attrs["detector_id"]
        assert stall.owner is not None
        assert is_device_id(detector.id)
    assert Counter(detectors[k].group for k in detectors) == dict.fromkeys(gateways, 75)


def test_parents_and_assets_named_are_there(city: SampleCity) -> None:
    keys = {(asset.kind, asset.code) for asset in city.assets}
    assert {asset.parent for asset in city.assets if asset.parent} <= keys
    assert {device.asset for device in city.devices if device.asset} <= keys


def test_dongs_tile_the_city_without_gap_or_overlap(city: SampleCity) -> None:
    whole = shape(city.boundaries[0].geometry)
    dongs = [shape(boundary.geometry) for boundary in city.boundaries[1:]]
    assert len(dongs) == 12
    assert all(dong.is_valid for dong in dongs)
    assert shapely.coverage_is_valid(dongs)
    assert math.isclose(sum(dong.area for dong in dongs), whole.area, rel_tol=1e-9)
    assert shapely.union_all(dongs).symmetric_difference(whole).area < whole.area * 1e-9


def test_everything_lies_in_the_city(city: SampleCity) -> None:
    whole = shape(city.boundaries[0].geometry).buffer(1e-5)
    shapely.prepare(whole)
    things = [*city.assets, *city.cameras, *city.places]
    lons, lats = [one.lon for one in things], [one.lat for one in things]
    outside = [one for one, held in zip(things, shapely.contains_xy(whole, lons, lats), strict=True) if not held]
    assert outside == []


def test_buildings_stand_apart_from_water_and_hills(city: SampleCity) -> None:
    green = [shape(f.geometry) for f in city.features if f.layer == "water" or f.kind == "riverside"]
    wet = shapely.union_all([shapely.make_valid(one) for one in green])
    houses = [shape(f.geometry) for f in city.features if f.layer == "building"]
    assert all(house.is_valid for house in houses)
    tree = shapely.STRtree(houses)
    assert len(tree.query(wet, predicate="intersects")) == 0


def test_stalls_do_not_overlap(city: SampleCity) -> None:
    stalls = [shape(f.geometry) for f in city.features if f.kind == "stall"]
    assert len(stalls) == 600
    left, right = shapely.STRtree(stalls).query(stalls, predicate="overlaps")
    assert len(left) == len(right) == 0


def test_road_names_follow_their_rank(city: SampleCity) -> None:
    for road in (feature for feature in city.features if feature.layer == "road"):
        assert road.name is not None
        assert road.name.endswith({"lane": ("길", "로"), "street": ("로", "길")}.get(road.kind, ("로",))), road
        assert road.attrs["width_m"] > 3


def test_addresses_have_both_forms_and_codes(city: SampleCity) -> None:
    for place in (one for one in city.places if one.kind == "address"):
        assert place.road_address is not None
        assert place.road_address.startswith("한빛시 ")
        assert place.road_address.endswith("동)")
        assert place.lot_address is not None
        assert place.legal_dong != place.admin_dong
        assert len(place.legal_dong or "") == len(place.admin_dong or "") == 10


def test_cameras_look_somewhere(city: SampleCity) -> None:
    states = Counter(camera.state for camera in city.cameras)
    assert states["ok"] > 900
    assert set(states) == {"ok", "broken", "unknown", "off"}
    by_site: dict[str, list[int]] = defaultdict(list)
    for camera in city.cameras:
        assert 0 <= camera.azimuth_deg < 360
        assert 0 < camera.fov_deg <= 120
        assert camera.range_m > 0
        assert camera.purposes
        by_site[camera.site_id].append(camera.number)
    assert {site.id: site.camera_count for site in city.sites} == {site: len(found) for site, found in by_site.items()}


def test_who_people_are_stands_in_person_records_only(city: SampleCity) -> None:
    names = {one.person.name for one in city.care} | {a.owner.name for a in city.assets if a.owner}
    phones = {one.person.phone for one in city.care} | {a.owner.phone for a in city.assets if a.owner}
    homes = {one.person.address for one in city.care}
    care_devices = [device for device in city.devices if device.kind == "care_sensor"]
    assert len(care_devices) == 200
    assert all(device.lon is None and device.lat is None and device.asset is None for device in care_devices)
    assert all(phone.startswith("010-0") for phone in phones)
    shown = msgspec.json.encode([[a.name, a.attrs, a.phone] for a in city.assets]).decode()
    devices = msgspec.json.encode([asdict(device) for device in city.devices]).decode()
    shown += devices
    assert not [phone for phone in phones if phone in shown]
    assert not [name for name in names if f'"{name}"' in shown]
    assert not [home for home in homes if home in devices]


def _layers(features: list[MapFeature]) -> Iterator[tuple[str, bytes]]:
    layers: dict[str, list[MapFeature]] = defaultdict(list)
    for feature in features:
        layers[feature.layer].append(feature)
    for layer, found in layers.items():
        yield layer, gzip.compress(msgspec.json.encode([asdict(one) for one in found]), 6)


def test_the_base_map_is_small(city: SampleCity) -> None:
    sizes = {layer: len(packed) for layer, packed in _layers(city.features)}
    assert sum(sizes.values()) < 1_500_000
    assert sum(size for layer, size in sizes.items() if layer != "building") < 250_000


def test_coordinates_have_six_decimals(city: SampleCity) -> None:
    for feature in city.features[::97]:
        flat = shapely.get_coordinates(shape(feature.geometry)).ravel()
        assert all(round(value, 6) == value for value in flat)
