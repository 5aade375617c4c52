"""Payloads of gateways that many cities already have: ChirpStack v4 (LoRaWAN) and zigbee2mqtt.

Both are one JSON object for one device. What is not a measurement there (texts, nulls, settings, nested objects of the
gateway's own) is passed over; a number or boolean that no property knows is refused and counted.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dure.kernel.ids import is_device_id
from dure.kernel.units import PROPERTIES
from dure.sense.readings import LATEST, MAX_VALUES, RELATIVE, Readings, Reason, Time
from dure.sense.senml import TooDeepError, Twice, parsed_json

Known = Callable[[str], bool]
"""Whether a device of that id is registered."""

_CHIRPSTACK_NAMES: Mapping[str, tuple[str, str | None]] = {
    "temp": ("temperature", "Cel"),
    "temperature_c": ("temperature", "Cel"),
    "temperature_f": ("temperature", "degF"),
    "hum": ("humidity", "%RH"),
    "rh": ("humidity", "%RH"),
    "bat": ("battery", "%EL"),
    "batt": ("battery", "%EL"),
    "battery_level": ("battery", "%EL"),
    "battery_voltage": ("voltage", "V"),
    "batv": ("voltage", "V"),
    "level": ("water_level", "m"),
    "pm2_5": ("pm25", None),
    "pm2.5": ("pm25", None),
    "smoke_alarm": ("smoke", None),
    "door": ("contact", None),
}
"""What decoders of LoRaWAN devices commonly call what the city measures, and in which unit."""

_ZIGBEE_NAMES: Mapping[str, tuple[str, str | None]] = {
    "occupancy": ("motion", None),
    "presence": ("motion", None),
    "pressure": ("pressure", "hPa"),
    "smoke_density": ("smoke_obscuration", "%/m"),
    "carbon_monoxide": ("co_alarm", None),
    "gas": ("gas_alarm", None),
    "water_leak": ("water_leak", None),
    "device_temperature": ("device_temperature", "Cel"),
}
"""zigbee2mqtt's names where they differ from the city's, and its fixed units."""

_ZIGBEE_SETTINGS = frozenset({"test", "smoke_alarm_state", "power_outage_count", "update_available"})


def decode_chirpstack(payload: bytes, *, now: float, own: str | None = None, known: Known = is_device_id) -> Readings:
    """Readings of a ChirpStack v4 uplink event: `object` holds the values, `rxInfo` the best signal.

    The device is the one whose id is `deviceInfo.deviceName`, else its `devEui`. `now` and `own` as for SenML.
    """
    found = _object(payload)
    if isinstance(found, Reason):
        return Readings(found)
    info = found.get("deviceInfo")
    device = _chirpstack_device(info, own, known) if isinstance(info, dict) else Reason.NAME
    out = Readings()
    if isinstance(device, Reason):
        out.refuse(0, device)
        return out
    time = _iso_time(found.get("time"), now)
    values = found.get("object")
    if isinstance(values, dict):
        _measure_all(out, device, values, time, _CHIRPSTACK_NAMES)
    signal = _best_signal(found.get("rxInfo"))
    for name in ("rssi", "snr"):
        if signal.get(name) is not None:
            out.measure(0, device, name, signal[name], None, time)
    if not len(out) and not out.refused:
        out.refuse(0, Reason.NO_VALUE, device)
    return out


def decode_zigbee(payload: bytes, *, now: float, own: str | None = None) -> Readings:
    """Readings of a zigbee2mqtt state message; the device is the one whose door it is.

    A battery's `voltage` comes in millivolts there, a mains plug's in volts.
    """
    found = _object(payload)
    if isinstance(found, Reason):
        return Readings(found)
    out = Readings()
    if own is None:
        out.refuse(0, Reason.NAME)
        return out
    time = _last_seen(found.get("last_seen"), now)
    values = {name: value for name, value in found.items() if name not in _ZIGBEE_SETTINGS and name != "last_seen"}
    names = {**_ZIGBEE_NAMES, "voltage": ("voltage", "mV")} if "battery" in values else _ZIGBEE_NAMES
    _measure_all(out, own, values, time, names)
    if not len(out) and not out.refused:
        out.refuse(0, Reason.NO_VALUE, own)
    return out


def _object(payload: bytes) -> dict[str, Any] | Reason:
    if payload.count(b",") > MAX_VALUES:
        return Reason.TOO_MANY
    try:
        parsed = parsed_json(payload)
    except TooDeepError:
        return Reason.TOO_DEEP
    except ValueError:
        return Reason.MALFORMED
    if isinstance(parsed, Twice):
        return Reason.DUPLICATE_KEY
    return parsed if isinstance(parsed, dict) else Reason.MALFORMED


def _measure_all(
    out: Readings, device: str, values: Mapping[str, Any], time: Time, names: Mapping[str, tuple[str, str | None]]
) -> None:
    """Measure each number and boolean of `values`, those of nested objects too (`alarms: {smoke: true}`)."""
    for key, given in values.items():
        name, unit = names.get(key.lower(), (key.lower(), None))
        if isinstance(given, Twice):
            out.refuse(0, Reason.DUPLICATE_KEY, device)
        elif isinstance(given, dict) and names is _CHIRPSTACK_NAMES:
            _measure_all(out, device, given, time, names)
        elif isinstance(given, bool | int | float) or (isinstance(given, str) and name in PROPERTIES):
            out.measure(0, device, name, given, unit, time)


def _chirpstack_device(info: Mapping[str, Any], own: str | None, known: Known) -> str | Reason:
    claimed = [text for text in (info.get("deviceName"), info.get("devEui")) if isinstance(text, str)]
    if own is not None:
        return own if own.lower() in {text.lower() for text in claimed} else Reason.OTHER_DEVICE
    fitting = [text for text in claimed if is_device_id(text)]
    if not fitting:
        return Reason.NAME
    return next((text for text in fitting if known(text)), fitting[-1])


def _best_signal(received: object) -> Mapping[str, Any]:
    """The gateway that heard it best."""
    if not isinstance(received, list):
        return {}
    heard = [one for one in received if isinstance(one, dict) and type(one.get("rssi")) in {int, float}]
    return max(heard, key=lambda one: one["rssi"], default={})


def _iso_time(given: object, now: float) -> Time:
    """An ISO time with an offset, to nanoseconds as ChirpStack writes it; else the door's."""
    if isinstance(given, str):
        try:
            at = datetime.fromisoformat(given)
        except ValueError:
            return Time(now, True)
        if at.tzinfo is not None and RELATIVE <= at.timestamp() <= LATEST:
            return Time(at.timestamp(), False)
    return Time(now, True)


def _last_seen(given: object, now: float) -> Time:
    """zigbee2mqtt's `last_seen`: an ISO time or Unix milliseconds, as its settings say."""
    if isinstance(given, int) and not isinstance(given, bool) and RELATIVE <= given / 1_000 <= LATEST:
        return Time(given / 1_000, False)
    return _iso_time(given, now)
