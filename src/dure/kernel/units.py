"""Units of readings, as SenML names them (RFC 8428 section 12.1, RFC 8798), and what each known property is measured
in."""

from typing import Literal, NamedTuple

Kind = Literal["number", "boolean"]


class Property(NamedTuple):
    """A measured property: its unit (None for a boolean), the kind of its value, and bounds that no sound device
    leaves."""

    unit: str | None
    kind: Kind
    low: float
    high: float


PROPERTIES: dict[str, Property] = {
    "heat": Property("Cel", "number", -60, 1_300),
    "temperature": Property("Cel", "number", -60, 1_300),
    "humidity": Property("%RH", "number", 0, 100),
    "smoke": Property(None, "boolean", 0, 1),
    "smoke_obscuration": Property("%/m", "number", 0, 100),
    "flame": Property(None, "boolean", 0, 1),
    "gas": Property("ppm", "number", 0, 1_000_000),
    "co": Property("ppm", "number", 0, 1_000_000),
    "water_level": Property("m", "number", -50, 1_000),
    "pressure": Property("Pa", "number", 0, 1e9),
    "pm10": Property("ug/m3", "number", 0, 100_000),
    "pm25": Property("ug/m3", "number", 0, 100_000),
    "noise": Property("dB", "number", 0, 200),
    "people": Property("count", "number", 0, 1_000_000),
    "battery": Property("%EL", "number", 0, 100),
    "rssi": Property("dBm", "number", -200, 50),
    "snr": Property("dB", "number", -50, 50),
    "tamper": Property(None, "boolean", 0, 1),
    "contact": Property(None, "boolean", 0, 1),
    "motion": Property(None, "boolean", 0, 1),
    "button": Property(None, "boolean", 0, 1),
    "flow": Property("m3/s", "number", -1_000, 1_000),
    "voltage": Property("V", "number", -1_000, 100_000),
    "flow_sum": Property("m3", "number", -1e15, 1e15),
    "power": Property("W", "number", -1e9, 1e9),
    "power_sum": Property("J", "number", -1e18, 1e18),
    "current": Property("A", "number", -100_000, 100_000),
    "co2": Property("ppm", "number", 0, 1_000_000),
    "illuminance": Property("lx", "number", 0, 1_000_000),
    "wind_speed": Property("m/s", "number", 0, 150),
    "rain_rate": Property("m/s", "number", 0, 1),
    "device_temperature": Property("Cel", "number", -100, 200),
    "linkquality": Property("count", "number", 0, 255),
    "battery_low": Property(None, "boolean", 0, 1),
    "water_leak": Property(None, "boolean", 0, 1),
    "gas_alarm": Property(None, "boolean", 0, 1),
    "co_alarm": Property(None, "boolean", 0, 1),
    "vibration": Property(None, "boolean", 0, 1),
    "self_test": Property(None, "boolean", 0, 1),  # false: the device found itself unfit
    "heartbeat": Property("count", "number", 0, 1e15),
}
"""What the city measures by default; a service's manifest may add to it."""

_SCALES: dict[tuple[str, str], tuple[float, float]] = {
    ("K", "Cel"): (1.0, -273.15),
    ("degF", "Cel"): (5 / 9, -160 / 9),
    ("C", "Cel"): (1.0, 0.0),
    ("%", "%EL"): (1.0, 0.0),
    ("/", "%EL"): (100.0, 0.0),
    ("%", "%RH"): (1.0, 0.0),
    ("/", "%RH"): (100.0, 0.0),
    ("cm", "m"): (0.01, 0.0),
    ("mm", "m"): (0.001, 0.0),
    ("hPa", "Pa"): (100.0, 0.0),
    ("kPa", "Pa"): (1_000.0, 0.0),
    ("MPa", "Pa"): (1e6, 0.0),
    ("bar", "Pa"): (1e5, 0.0),
    ("mV", "V"): (0.001, 0.0),
    ("mA", "A"): (0.001, 0.0),
    ("kW", "W"): (1_000.0, 0.0),
    ("km/h", "m/s"): (1 / 3.6, 0.0),
    ("mm/h", "m/s"): (1 / 3_600_000, 0.0),
    ("ppb", "ppm"): (0.001, 0.0),
    ("dBW", "dBm"): (1.0, 30.0),
}


def converted(value: float, unit: str, wanted: str) -> float | None:
    """`value` of `unit` in `wanted`, or None where the one cannot become the other."""
    if unit == wanted:
        return value
    scale = _SCALES.get((unit, wanted))
    return None if scale is None else value * scale[0] + scale[1]
