"""The sample city as plain values, ready to be written into the city's tables or drawn."""

from dataclasses import dataclass, field
from typing import Any

AssetKey = tuple[str, str]
"""Kind and code."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is: goes to trust's vault and nowhere else. All made."""

    name: str
    phone: str
    address: str = ""
    birth_year: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A named spot: an address, a crossing, a bridge."""

    kind: str
    code: str
    name: str
    lon: float
    lat: float
    road_address: str | None = None
    lot_address: str | None = None
    legal_dong: str | None = None
    admin_dong: str | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """Something the city keeps. `owner` is who answers for it."""

    kind: str
    code: str
    name: str
    lon: float
    lat: float
    road_address: str | None = None
    lot_address: str | None = None
    parent: AssetKey | None = None
    agency: str | None = None
    phone: str | None = None
    owner: Person | None = None
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CameraSite:
    """A pole or wall with cameras."""

    id: str
    name: str
    lon: float
    lat: float
    road_address: str
    lot_address: str
    purposes: tuple[str, ...]
    purpose_text: str
    camera_count: int
    pixels: int
    retention_days: int
    installed: str


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera. Angles in degrees, range in metres."""

    id: str
    site_id: str
    number: int
    name: str
    model: str
    lon: float
    lat: float
    azimuth_deg: float
    fov_deg: float
    range_m: float
    ptz: bool
    state: str
    retention_days: int
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """What measures. `interval_s` is how often it reports by itself."""

    id: str
    kind: str
    name: str
    group: str | None = None
    lon: float | None = None
    lat: float | None = None
    asset: AssetKey | None = None
    interval_s: float | None = None
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CarePerson:
    """Somebody whom the city looks after, without a name."""

    code: str
    kind: str
    person: Person
    district: str
    device_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agency:
    """Who answers."""

    id: str
    kind: str
    name: str
    name_en: str
    phone: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """The city or one dong. `geometry` is GeoJSON."""

    level: str
    code: str
    name: str
    full_name: str
    geometry: dict[str, Any]
    label: tuple[float, float]
    area_m2: float


@dataclass(frozen=True, slots=True)
class MapFeature:
    """One thing of the base map. `geometry` is GeoJSON, coordinates in WGS84 degrees, 6 decimals."""

    layer: str
    kind: str
    name: str | None
    geometry: dict[str, Any]
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class SampleCity:
    """All of it."""

    seed: int
    code: str
    name: str
    agencies: list[Agency] = field(default_factory=list)
    boundaries: list[Boundary] = field(default_factory=list)
    features: list[MapFeature] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    sites: list[CameraSite] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    care: list[CarePerson] = field(default_factory=list)
