"""What a kind of file is made of: fields, drafts of rows, the things they become. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from dure.city.region import Region
from dure.documents import values
from dure.documents.header import Header
from dure.documents.table import Row
from dure.kernel.errors import Param
from dure.trust.vault import Person

if TYPE_CHECKING:
    from dure.city.imports.addresses import Addresses

Parser = Callable[[str], Any]
Repair = dict[str, Any]
"""What one press would mend: `{"kind": "swap", "fields": [a, b]}`, `{"kind": "set", "field": f, "value": v}`, or
`{"kind": "place", "fields": ["lon", "lat"], "lon": x, "lat": y, "address": a}`.
"""


class Remark(NamedTuple):
    """A reason to refuse a row, or a note on one that goes in: about which field, and the catalogue key."""

    field: str
    key: str
    params: Mapping[str, Param] = {}
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a kind knows. `strict`: an unreadable cell refuses its row; else the cell is noted and left out."""

    name: str
    names: tuple[str, ...]
    parse: Parser = values.text
    required: bool = False
    strict: bool = True
    personal: bool = False


@dataclass(slots=True)
class Entity:
    """One row of a table that a row of the file becomes.

    `values` are written where they differ; `defaults` only when it is made; `attrs` are merged into the column of
    that name. `person` goes to the vault; what the file has no column for (`untold`) stays as it is there.
    With `yields`, a row that people or another file have made their own is left as it is.
    """

    table: str
    key: tuple[str, ...]
    values: dict[str, Any]
    defaults: dict[str, Any] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
    person: Person | None = None
    untold: tuple[str, ...] = ()
    yields: bool = False


@dataclass(slots=True)
class Draft:
    """A row being read: parsed values by field, and what was found about it."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    reasons: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def reject(self, field_: str, key: str, repair: Repair | None = None, **params: Param) -> None:
        """Refuse the row."""
        self.reasons.append(Remark(field_, key, params, repair))

    def note(self, field_: str, key: str, repair: Repair | None = None, **params: Param) -> None:
        """Say something about a row that goes in."""
        self.notes.append(Remark(field_, key, params, repair))

    def text(self, name: str) -> str | None:
        """A parsed text."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def given(self, *names: str) -> dict[str, Any]:
        """The values of these fields, of the columns that the file has (an absent column changes nothing)."""
        return {name: self.values.get(name) for name in names if name in self.columns}

    @property
    def position(self) -> dict[str, float]:
        """`lon` and `lat` where the row has a position."""
        return {name: self.values[name] for name in ("lon", "lat") if self.values.get(name) is not None}


class AssetRef(NamedTuple):
    """An asset that rows refer to; `id` is None for one that only the file's name stands for."""

    id: UUID | None
    code: str
    name: str


@dataclass(slots=True)
class Setting:
    """What rows are checked against: the city as it is, and what was found out about the file."""

    options: Mapping[str, str] = field(default_factory=dict)
    file_name: str = ""
    epsg: int = 4326
    swapped_plane: bool = False
    region: Region | None = None
    outside: Literal["reject", "note"] = "note"
    markets: Sequence[AssetRef] = ()
    device_ids: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    stalls_of_devices: Mapping[str, UUID] = field(default_factory=dict)
    asset_ids: Mapping[tuple[str, str], UUID] = field(default_factory=dict)
    addresses: "Addresses | None" = None  # while a file is read; None: nothing is said of addresses
    found: Mapping[str, Any] = field(default_factory=dict)  # what the kind's own survey found
    now: datetime | None = None  # when the file is read


Place = Literal["required", "optional", "none"]
Survey = Callable[[Header, Iterable[Row]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    `groups`: of each at least one must be a column, else the file is another's. `key` tells a row's key before it is
    built and whether equal keys are different things (numbered then); None after a refusal. `build` makes the
    entities, the main one first. `survey` finds out from the first rows what one row alone does not show (JSON values).
    """

    name: str
    fields: tuple[Field, ...]
    groups: tuple[tuple[str, ...], ...]
    key_field: str
    key: Callable[[Draft, Setting], tuple[str, bool] | None]
    build: Callable[[Draft, Setting, str], list[Entity]]
    place: Place = "none"
    source: Literal["table", "geojson"] = "table"
    notes_doubled_place: bool = False
    survey: "Survey | None" = None

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The fields, those of the place last."""
        return self.fields if self.place == "none" or self.source == "geojson" else (*self.fields, *PLACE_FIELDS)

    @property
    def synonyms(self) -> dict[str, tuple[str, ...]]:
        """The names of each field's column."""
        return {one.name: one.names for one in self.all_fields}

    @property
    def personal(self) -> frozenset[str]:
        """Fields that never stand in the open."""
        return frozenset(one.name for one in self.all_fields if one.personal)


PLACE_FIELDS = (
    Field("lon", ("WGS84경도", "경도", "longitude", "lng", "경도(WGS84)", "gps경도", "위치경도")),
    Field("lat", ("WGS84위도", "위도", "latitude", "위도(WGS84)", "gps위도", "위치위도")),
    Field("x", ("좌표정보(x)", "좌표정보x(epsg5174)", "X좌표", "x좌표값", "좌표x", "TM_X", "동서좌표", "utmk_x")),
    Field("y", ("좌표정보(y)", "좌표정보y(epsg5174)", "Y좌표", "y좌표값", "좌표y", "TM_Y", "남북좌표", "utmk_y")),
)


@dataclass(slots=True)
class Parsed:
    """A row's outcome. `key` is None where it was refused before it had one."""

    row: int
    key: str | None
    entities: list[Entity]
    reasons: list[Remark]
    notes: list[Remark]
    place: tuple[float, float] | None = None


def numbered(key: str, n: int) -> str:
    """The key of the n-th of equal rows: the first keeps the key itself."""
    return key if n == 1 else f"{key}~{n}"


def number_of(key: str) -> tuple[str, int]:
    """What `numbered` was made of."""
    base, sign, digits = key.rpartition("~")
    return (base, int(digits)) if sign and digits.isdigit() else (key, 1)


def required_missing(kind: Kind, columns: Iterable[str]) -> list[str]:
    """The first name of each needed column that the file lacks; for a group, that of its first."""
    have = set(columns)
    names = {one.name: one.names[0] if one.names else one.name for one in kind.all_fields}
    missing = [names[one.name] for one in kind.fields if one.required and one.name not in have]
    missing += [names[group[0]] for group in kind.groups if not have.intersection(group)]
    return list(dict.fromkeys(missing))
