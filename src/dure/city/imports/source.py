"""A file as a sheet: a header and numbered rows, whether it was a table or GeoJSON."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dure.city.imports.model import Kind, required_missing
from dure.city.projection import PLANES, WGS84
from dure.documents.header import Header, find_header
from dure.documents.limits import DEFAULT, Limits, UnreadableFile
from dure.documents.table import Form, Row, cleaned, open_table


@dataclass(frozen=True, slots=True)
class Sheet:
    """What rows come from. `rows` may be called again; `epsg` is what the file itself says of its coordinates."""

    form: Form
    header: Header
    rows: Callable[[], Iterator[Row]]
    close: Callable[[], None]
    epsg: int | None = None


def open_sheet(kind: Kind, path: Path, columns: Mapping[str, str] | None = None, limits: Limits = DEFAULT) -> Sheet:
    """The sheet in `path`. `columns` (field to column name) overrules what the header's names say.

    Raises UnreadableFile where there is none, or a needed column is missing.
    """
    if kind.source == "geojson" or ("geometry" in kind.synonyms and _is_json(path)):
        return _geojson(kind, path, limits)
    table = open_table(path, limits)
    try:
        header = find_header(table.rows(), kind.synonyms)
        if header is None:
            raise UnreadableFile("documents.file.no_header")
        header = _overruled(header, columns or {})
        missing = required_missing(kind, header.fields)
        if missing:
            raise UnreadableFile("city.import.columns_missing", columns=", ".join(missing))
    except BaseException:
        table.close()
        raise

    def rows() -> Iterator[Row]:
        return (row for row in table.rows() if row.number > header.row and (row.problem or any(row.cells)))

    return Sheet(table.form, header, rows, table.close)


def _is_json(path: Path) -> bool:
    """Whether a file of a kind that comes as a table or as GeoJSON is the latter."""
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _overruled(header: Header, columns: Mapping[str, str]) -> Header:
    fields = {field: index for field, index in header.fields.items() if field not in columns}
    for field, name in columns.items():
        if name in header.names:
            index = header.names.index(name)
            fields = {known: at for known, at in fields.items() if at != index}
            fields[field] = index
    return Header(header.row, header.names, fields)


class _Collection(msgspec.Struct):
    type: str
    features: list[msgspec.Raw] = []
    crs: Any = None


class _Feature(msgspec.Struct):
    type: str
    properties: dict[str, Any] | None = None
    geometry: msgspec.Raw = msgspec.Raw(b"null")


_collection = msgspec.json.Decoder(_Collection)
_feature = msgspec.json.Decoder(_Feature)
_MOST_COLUMNS = 200


def _geojson(kind: Kind, path: Path, limits: Limits) -> Sheet:
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("documents.file.empty")
    if size > limits.file:
        raise UnreadableFile("documents.file.too_large", megabytes=limits.file >> 20)
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    encoding = "utf-8"
    try:
        raw.decode()
    except UnicodeDecodeError:
        encoding = "cp949"
        raw = raw.decode("cp949", errors="replace").encode()
    try:
        whole = _collection.decode(raw)
        features = [msgspec.Raw(raw)] if whole.type == "Feature" else whole.features
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UnreadableFile("city.import.boundary.not_geojson") from error
    if whole.type not in {"FeatureCollection", "Feature"} or not features:
        raise UnreadableFile("city.import.boundary.not_geojson")
    if len(features) > limits.rows:
        raise UnreadableFile("documents.file.too_many_rows", rows=limits.rows)
    names = _property_names(features)
    found = find_header([Row(1, [*names, "geometry"])], kind.synonyms)
    assert found is not None
    header = Header(0, found.names, found.fields)
    missing = required_missing(kind, header.fields)
    if missing:
        raise UnreadableFile("city.import.columns_missing", columns=", ".join(missing))

    def rows() -> Iterator[Row]:
        return (_feature_row(number, one, names) for number, one in enumerate(features, start=1))

    return Sheet(Form("geojson", encoding=encoding), header, rows, lambda: None, _epsg_of(whole.crs))


def _property_names(features: list[msgspec.Raw]) -> list[str]:
    names: dict[str, None] = {}
    for one in features:
        try:
            properties = _feature.decode(one).properties or {}
        except (msgspec.DecodeError, RecursionError, ValueError):
            continue
        names.update(dict.fromkeys(name for name in properties if name != "geometry"))
        if len(names) > _MOST_COLUMNS:
            break
    return list(names)[:_MOST_COLUMNS]


def _feature_row(number: int, raw: msgspec.Raw, names: list[str]) -> Row:
    try:
        feature = _feature.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return Row(number, [""], "city.import.boundary.broken")
    properties = feature.properties or {}
    cells = [_text(properties.get(name)) for name in names]
    geometry = bytes(feature.geometry).decode(errors="replace")
    return Row(number, [*cells, "" if geometry == "null" else geometry])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return cleaned(str(value))[:2_000]


def _epsg_of(crs: Any) -> int | None:
    """The EPSG code in a `crs` member: `urn:ogc:def:crs:EPSG::5179`, `EPSG:5179`, CRS84."""
    name = str(crs.get("properties", {}).get("name", "") if isinstance(crs, dict) else "")
    if re.search(r"CRS:?:?84|CRS84", name):
        return WGS84
    found = re.search(r"EPSG:+(?:[\d.]*:)?(\d{4,5})", name)
    code = int(found.group(1)) if found else None
    return code if code in (*PLANES, WGS84) else None
