"""What rows are checked against, read from the city and found out from the file itself."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from sqlalchemy import text

from dure.city.imports.addresses import Addresses
from dure.city.imports.coordinates import Pair, guess_plane, mostly_inside, pair_of
from dure.city.imports.draft import drafted
from dure.city.imports.model import AssetRef, Kind, Setting
from dure.city.imports.source import Sheet
from dure.city.projection import PLANES, WGS84, looks_like_degrees, to_wgs84
from dure.city.region import region_of
from dure.documents.limits import UnreadableFile
from dure.engine.database import Tx

_SURVEYED = 2_000


async def setting_of(tx: Tx, kind: Kind, options: Mapping[str, str], file_name: str) -> Setting:
    """The city as it is, as far as this kind needs it."""
    setting = Setting(options=options, file_name=file_name, now=tx.now())
    if kind.place != "none" and kind.source == "table":
        setting.region = await region_of(tx)
    if kind.name == "cameras":
        setting.sites = frozenset([row["id"] for row in await tx.rows(text("select id from camera_site"))])
    if kind.name == "devices" or "market" in kind.synonyms:
        rows = await tx.rows(text("select id, code, name from asset where kind = 'market' order by name"))
        setting.markets = [AssetRef(row["id"], row["code"], row["name"]) for row in rows]
    if kind.name == "stalls":
        setting.device_ids = frozenset([row["id"] for row in await tx.rows(text("select id from device"))])
    if kind.name == "devices":
        rows = await tx.rows(
            text(
                "select id, kind, code, attrs->>'detector_id' as detector from asset where kind = 'stall' "
                "or id in (select asset_id from device)"
            )
        )
        setting.asset_ids = {(row["kind"], row["code"]): row["id"] for row in rows}
        setting.stalls_of_devices = {row["detector"]: row["id"] for row in rows if row["detector"]}
    return setting


_KNOWN = text(
    """
    select distinct field, address, lon, lat from (
        select 'road_address' as field, road_address as address, lon, lat from place
        union all select 'lot_address', lot_address, lon, lat from place
        union all select 'road_address', road_address, lon, lat from asset
        union all select 'lot_address', lot_address, lon, lat from asset
        union all select 'road_address', road_address, lon, lat from camera_site
        union all select 'lot_address', lot_address, lon, lat from camera_site
    ) known where address is not null order by field, address, lon, lat limit :most
    """
)
MOST_ADDRESSES = 500_000


async def addresses_of(tx: Tx, kind: Kind) -> Addresses | None:
    """The city's registry of addresses, for a file that has addresses and is being read (in a child of its own)."""
    if kind.place == "none" or kind.source != "table" or not {"road_address", "lot_address"} & kind.synonyms.keys():
        return None
    rows = await tx.rows(_KNOWN, {"most": MOST_ADDRESSES})
    return Addresses((row["field"], row["address"], row["lon"], row["lat"]) for row in rows)


def survey(kind: Kind, setting: Setting, sheet: Sheet) -> dict[str, Any]:
    """Find out the file's plane and whether it is of this city, from its first rows; written into `setting`.

    Returns what was found, for the run's record. Raises UnreadableFile for an `epsg` option that dure does not know.
    """
    asked = setting.options.get("epsg")
    if asked is not None and asked not in {str(one) for one in (*PLANES, WGS84)}:
        raise UnreadableFile("city.import.epsg_unknown", epsg=asked[:20], known=", ".join(map(str, PLANES)))
    setting.epsg = int(asked) if asked else sheet.epsg or WGS84
    if kind.place != "none" and kind.source == "table":
        _survey_places(kind, setting, sheet, asked is not None)
    if kind.survey is not None:
        setting.found = kind.survey(sheet.header, islice(sheet.rows(), _SURVEYED))
    return {
        "epsg": setting.epsg,
        "swapped_plane": setting.swapped_plane,
        "outside": setting.outside,
        "found": dict(setting.found),
    }


def _survey_places(kind: Kind, setting: Setting, sheet: Sheet, asked: bool) -> None:
    pairs: list[Pair] = []
    for row in islice(sheet.rows(), _SURVEYED):
        pair = pair_of(drafted(kind, sheet.header, row))
        if pair is not None and pair.x and pair.y:
            pairs.append(pair)
    metric = [pair for pair in pairs if not looks_like_degrees(pair.x, pair.y)]
    if metric and not asked:
        hinted = _hinted(sheet)
        guess = (hinted, False) if hinted else guess_plane(metric, setting.region)
        if guess is not None:
            setting.epsg, setting.swapped_plane = guess
    if setting.region is None:
        return
    degrees = [(pair.x, pair.y) for pair in pairs if looks_like_degrees(pair.x, pair.y)]
    if setting.epsg in PLANES:
        turned = [(p.y, p.x) if setting.swapped_plane else (p.x, p.y) for p in metric]
        degrees += [(place.lon, place.lat) for place in to_wgs84(setting.epsg, turned)]
    setting.outside = "reject" if mostly_inside(degrees, setting.region) else "note"


def _hinted(sheet: Sheet) -> int | None:
    """The plane that the columns' names say: 좌표정보X(EPSG5174)."""
    names = " ".join(sheet.header.names)
    return next((epsg for epsg in PLANES if str(epsg) in names), None)


def restored(setting: Setting, reading: Mapping[str, Any]) -> None:
    """Put what the survey of a run found back into a fresh setting."""
    setting.epsg = int(reading.get("epsg", WGS84))
    setting.swapped_plane = bool(reading.get("swapped_plane"))
    setting.outside = "reject" if reading.get("outside") == "reject" else "note"
    setting.found = reading.get("found", {})
