"""Payloads to readings: what RFC 8428 asks, what is refused and why, and that nothing ever raises."""

import json
import math
import struct
import tracemalloc

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.kernel.units import PROPERTIES
from dure.sense.formats import decode_body, decode_message, sniffed
from dure.sense.gateways import decode_chirpstack, decode_zigbee
from dure.sense.readings import Readings, Reason
from dure.sense.senml import decode_json
from dure.sense.senml_cbor import decode_cbor

NOW = 1_800_000_000.0


def rows(found: Readings) -> list[tuple[str, str, float | bool, float]]:
    """Readings as tuples; no payload of these tests fails whole."""
    assert found.whole is None
    return list(zip(found.device, found.property, found.value, found.at, strict=True))


def reasons(found: Readings) -> list[tuple[int, str]]:
    """What was refused, by place."""
    return [(one.row, str(one.reason)) for one in found.refused]


def senml(*records: object, own: str | None = None) -> Readings:
    """Records as a device would send them."""
    return decode_json(json.dumps(records).encode(), now=NOW, own=own)


# --- SenML ---


def test_base_fields_hold_until_named_anew() -> None:
    found = senml(
        {"bn": "a/", "bt": 1_750_000_000, "bu": "K", "bver": 10, "n": "heat", "v": 300},
        {"n": "temperature", "v": 273.15, "t": -5},
        {"bn": "b/", "bu": "Cel", "n": "heat", "v": 20, "t": 1.5},
        {"bn": "b/heat", "v": 21},
        {"bn": "c/smoke", "vb": True},
    )
    assert [(d, p, round(float(v), 6), t) for d, p, v, t in rows(found)] == [
        ("a", "heat", 26.85, 1_750_000_000),
        ("a", "temperature", 0.0, 1_749_999_995),
        ("b", "heat", 20, 1_750_000_001.5),
        ("b", "heat", 21, 1_750_000_000),
        ("c", "smoke", 1.0, 1_750_000_000),
    ]
    assert found.refused == []


def test_base_value_is_added_and_base_only_records_measure_nothing() -> None:
    found = senml({"bn": "a/", "bv": 20}, {"n": "heat", "v": 1.5}, {"n": "heat", "v": 2, "bv": 0})
    assert [value for _, _, value, _ in rows(found)] == [21.5, 2]


@pytest.mark.parametrize(
    ("fields", "at", "estimated"),
    [
        ({}, NOW, True),
        ({"t": 0}, NOW, True),
        ({"t": -30}, NOW - 30, True),
        ({"t": 2**28 - 1}, NOW + 2**28 - 1, True),
        ({"t": 2**28}, 2**28, False),
        ({"t": 1_799_999_999.5}, 1_799_999_999.5, False),
        ({"bt": 1_799_999_000, "t": 10}, 1_799_999_010, False),
        ({"bt": -100, "t": 10}, NOW - 90, True),
    ],
)
def test_times_below_2_to_the_28_count_from_now(fields: dict[str, float], at: float, estimated: bool) -> None:
    found = senml({"n": "a/heat", "v": 1, **fields})
    assert (found.at, found.estimated) == ([at], [estimated])


@pytest.mark.parametrize("time", [1_800_000_000_000, 1e300, -1e300])
def test_a_time_that_cannot_be_meant_does_not_hide_the_reading(time: float) -> None:
    found = senml({"n": "a/heat", "v": 90, "t": time})
    assert (found.value, found.at, found.estimated) == ([90], [NOW], [True])
    assert [one.reason for one in found.noted] == [Reason.TIME]


def test_sums_are_kept_where_the_city_keeps_them() -> None:
    found = senml(
        {"bn": "a/", "bs": 100, "n": "flow", "u": "m3/s", "v": 0.5, "s": 7},
        {"n": "power", "u": "W", "s": 1, "bs": 0},
        {"n": "heat", "s": 3},
    )
    assert [(name, value) for _, name, value, _ in rows(found)] == [("flow_sum", 107), ("flow", 0.5), ("power_sum", 1)]
    assert reasons(found) == [(2, "sum_unknown")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "heat", "v": 1}, "name"),
        ({"v": 1}, "name"),
        ({"n": "a/b/heat", "v": 1}, "unknown_property"),
        ({"n": "a b/heat", "v": 1}, "name"),
        ({"n": "/heat", "v": 1}, "name"),
        ({"n": "가/heat", "v": 1}, "name"),
        ({"n": "x" * 65 + "/heat", "v": 1}, "name"),
        ({"n": "a/odd", "v": 1}, "unknown_property"),
        ({"n": "a/heat", "v": 1, "u": "%RH"}, "wrong_unit"),
        ({"n": "a/heat", "v": 1, "u": ""}, "wrong_unit"),
        ({"n": "a/heat", "v": True}, "wrong_kind"),
        ({"n": "a/heat", "v": "1"}, "wrong_kind"),
        ({"n": "a/heat", "v": None}, "wrong_kind"),
        ({"n": "a/heat", "vb": True}, "wrong_kind"),
        ({"n": "a/heat", "vs": "hot"}, "wrong_kind"),
        ({"n": "a/heat", "vd": "aGk"}, "wrong_kind"),
        ({"n": "a/smoke", "v": 1}, "wrong_kind"),
        ({"n": "a/smoke", "vb": 1}, "wrong_kind"),
        ({"n": "a/smoke", "vb": True, "v": 1}, "field"),
        ({"n": "a/heat", "v": 1, "vb": True}, "field"),
        ({"n": "a/heat"}, "no_value"),
        ({"n": "a/heat", "v": -61}, "out_of_bounds"),
        ({"n": "a/heat", "v": 1e308}, "out_of_bounds"),
        ({"n": "a/battery", "v": 100.1, "u": "%EL"}, "out_of_bounds"),
        ({"n": "a/heat", "v": math.nan}, "not_finite"),
        ({"n": "a/heat", "v": math.inf}, "not_finite"),
        ({"n": "a/heat", "v": 10**400}, "not_finite"),
        ({"n": "a/heat", "v": 1, "t": "now"}, "field"),
        ({"n": "a/heat", "v": 1, "t": True}, "field"),
        ({"n": 5, "v": 1}, "field"),
        ("text", "field"),
        (None, "field"),
        ([], "field"),
    ],
)
def test_each_wrong_record_has_its_reason_and_costs_no_other(record: object, reason: str) -> None:
    found = senml({"n": "a/heat", "v": 1}, record, {"n": "a/heat", "v": 2})
    assert reasons(found) == [(1, reason)]
    assert found.value == [1, 2]
    assert found.index == [0, 2]


def test_doubled_keys_are_seen_in_plain_and_in_escaped_text() -> None:
    for text in (
        '[{"n":"a/heat","v":1,"v":2}]',
        '[{"n":"a/heat","v":1,"\\u0076":2}]',
        '[{"n":"a/heat","v":1,"v" :2}]',
        '[{"n":"a/heat","v":1,"x":"\\":","v":2}]',
        '[{"n":"a/heat","v":1,"x":{"y":1,"y":2},"v":3}]',
    ):
        assert reasons(decode_json(text.encode(), now=NOW)) == [(0, "duplicate_key")], text


def test_unknown_fields_are_passed_over_unless_they_must_be_understood() -> None:
    assert senml({"n": "a/heat", "v": 1, "colour": "red"}).value == [1]
    assert senml({"n": "a/heat", "v": 1, "colour_": "red"}).whole is Reason.MUST_UNDERSTAND


def test_a_wrong_base_field_leaves_the_rest_unresolved() -> None:
    found = senml({"n": "a/heat", "v": 1}, {"bn": 5, "n": "heat", "v": 2}, {"n": "heat", "v": 3})
    assert found.value == [1]
    assert reasons(found) == [(1, "field"), (2, "base")]


@pytest.mark.parametrize("version", [11, 0, -1])
def test_another_version_is_refused_whole(version: int) -> None:
    assert senml({"bver": version, "n": "a/heat", "v": 1}).whole is Reason.VERSION


def test_by_its_own_door_a_device_may_leave_its_name_out() -> None:
    found = senml({"n": "heat", "v": 1}, {"bn": "a/", "n": "heat", "v": 2}, {"bn": "b/", "n": "heat", "v": 3}, own="a")
    assert found.device == ["a", "a"]
    assert reasons(found) == [(2, "other_device")]


def test_cbor_says_the_same_as_json() -> None:
    records = [
        {-1: 10, -2: "a/", -3: 1_750_000_000, -4: "Cel", 0: "heat", 2: 20.5},
        {0: "smoke", 4: True, 6: 5},
        {0: "flow", 1: "m3/s", 2: 1, 5: 3},
        {0: "odd", 2: 1},
        {0: "heat", 2: True},
    ]
    found = decode_cbor(cbor2.dumps(records), now=NOW)
    assert [(p, v, t - 1_750_000_000) for _, p, v, t in rows(found)] == [
        ("heat", 20.5, 0),
        ("smoke", True, 5),
        ("flow_sum", 3, 0),
        ("flow", 1, 0),
    ]
    assert reasons(found) == [(3, "unknown_property"), (4, "wrong_kind")]
    half = b"\x81\xa2\x00\x66a/heat\x02\xf9" + struct.pack(">e", 36.5)
    assert decode_cbor(half, now=NOW).value == [36.5]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x81\xa2\x00\x66a/heat\x02\x01\x00", Reason.MALFORMED),  # a byte too many
        (b"\x81\xa3\x00\x66a/heat\x02\x01\x02\x02", Reason.DUPLICATE_KEY),
        (b"\x81" * 100 + b"\x00", Reason.TOO_DEEP),
        (b"\x9b" + b"\xff" * 8, Reason.MALFORMED),
        (b"\x81\xc1\x1a\x00\x00\x00\x00", Reason.MALFORMED),  # a tag
        (b"\xa0", Reason.MALFORMED),
        (b"", Reason.MALFORMED),
        (b"\x80" * 1_000_001, Reason.TOO_LARGE),
    ],
)
def test_broken_cbor_has_its_reason(payload: bytes, reason: Reason) -> None:
    assert decode_cbor(payload, now=NOW).whole is reason


# --- gateways ---


def test_zigbee2mqtt() -> None:
    payload = {
        "temperature": 21.5,
        "humidity": 40,
        "smoke": True,
        "contact": False,
        "battery": 97,
        "voltage": 3000,
        "linkquality": 120,
        "pressure": 1013,
        "occupancy": True,
        "last_seen": "2026-07-18T09:34:15+09:00",
        "update": {"state": "idle"},
        "action": "single",
    }
    found = decode_zigbee(json.dumps(payload).encode(), now=NOW, own="z1")
    assert {name: value for _, name, value, _ in rows(found)} == {
        "temperature": 21.5,
        "humidity": 40,
        "smoke": True,
        "contact": False,
        "battery": 97,
        "voltage": 3,
        "linkquality": 120,
        "pressure": 101_300,
        "motion": True,
    }
    assert found.refused == []
    assert set(found.estimated) == {False}
    assert decode_zigbee(b'{"temperature":"21","odd":1}', now=NOW, own="z1").refused[0].reason is Reason.WRONG_KIND
    assert decode_zigbee(b'{"temperature":1,"temperature":2}', now=NOW, own="z1").whole is Reason.DUPLICATE_KEY
    assert reasons(decode_zigbee(b"{}", now=NOW, own="z1")) == [(0, "no_value")]


def test_chirpstack_finds_its_device() -> None:
    uplink = {"deviceInfo": {"deviceName": "Stall 17", "devEui": "70b3d57ed0000001"}, "object": {"smoke": True}}
    payload = json.dumps(uplink).encode()
    assert decode_chirpstack(payload, now=NOW).device == ["70b3d57ed0000001"]
    assert decode_chirpstack(payload, now=NOW, own="70B3D57ED0000001").device == ["70B3D57ED0000001"]
    assert reasons(decode_chirpstack(payload, now=NOW, own="other")) == [(0, "other_device")]
    assert reasons(decode_chirpstack(b'{"deviceInfo":{}}', now=NOW)) == [(0, "name")]


def test_a_payload_tells_what_it_is() -> None:
    assert sniffed(b' \n[{"n":"heat"}]') == "senml"
    assert sniffed(b'{"smoke":true}') == "zigbee2mqtt"
    assert sniffed(b'{"deviceInfo":{}}') == "chirpstack"
    assert sniffed(cbor2.dumps([{0: "heat", 2: 1}])) == "senml_cbor"
    assert sniffed(b"<x/>") is None
    assert decode_message(b'[{"n":"heat","v":1}]', "a", "zigbee2mqtt", NOW).whole is Reason.MALFORMED
    assert decode_message(b"[" + b" " * 64_000 + b"]", "a", None, NOW).whole is Reason.TOO_LARGE


# --- anything at all ---

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_labels = st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x_"])
_names = st.sampled_from(["a/heat", "heat", "a/", "b/smoke", "a/flow", "", "/"])
_records = st.dictionaries(_labels | st.text(max_size=4), _scalars | _names, max_size=6)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def _sound(found: Readings) -> None:
    """Whatever came in, what goes out is believable."""
    columns = (found.property, found.value, found.at, found.estimated, found.index)
    assert all(len(column) == len(found) for column in columns)
    for name, value in zip(found.property, found.value, strict=True):
        spec = PROPERTIES[name]
        assert isinstance(value, bool) == (spec.kind == "boolean")
        assert spec.low <= value <= spec.high
    assert all(math.isfinite(at) for at in found.at)


@given(st.binary(max_size=300))
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise(payload: bytes) -> None:
    for form in (None, "senml", "senml_cbor", "chirpstack", "zigbee2mqtt"):
        _sound(decode_message(payload, "a", form, NOW))
        _sound(decode_body(payload, None, None, NOW, lambda _: True))


@given(st.lists(_records | _scalars, max_size=6))
@settings(max_examples=400, deadline=None)
def test_no_records_raise(records: list[object]) -> None:
    found = senml(*records)
    _sound(found)
    if found.whole is None:
        assert {one.row for one in found.refused} | set(found.index) <= set(range(len(records)))
    _sound(decode_cbor(cbor2.dumps(records), now=NOW))


@given(_values)
@settings(max_examples=300, deadline=None)
def test_no_json_raises(value: object) -> None:
    payload = json.dumps(value).encode()
    for form in ("senml", "chirpstack", "zigbee2mqtt"):
        _sound(decode_message(payload, "a", form, NOW))
    _sound(decode_body(b'{"deviceInfo":%b,"object":%b}' % (payload, payload), None, None, NOW, lambda _: True))


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 4_000_000,
        b'{"a":' * 600_000,
        b"[" + b"{}," * 1_300_000 + b"{}]",
        b"[" + b"[]," * 1_300_000 + b"[]]",
        b'["' + b"x" * 3_999_000 + b'"]',
        b"[" + b"9" * 3_999_000 + b"]",
        b"\x9a\x00\x3d\x00\x00" + b"\xa0" * 3_999_000,
        b"\x9a\x00\x0f\x00\x00" + b"\xa0" * 990_000,
    ],
)
def test_the_worst_bodies_stay_small_in_memory(payload: bytes) -> None:
    tracemalloc.start()
    try:
        assert not len(decode_body(payload, None, None, NOW, lambda _: True))
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
