"""The disclosure register as people read it: filtered, totalled, as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.messages import Catalogue, Language
from dure.kernel.sheet import csv_bytes
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes.grounds import TABLE as GROUNDS
from dure.trust.vault import reasons

MOST = 20_000
"""Lines of one file."""
ARTICLES = {one.code: one.article for one in GROUNDS}


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; an empty part asks for nothing. `words` finds cameras, officers and receipt numbers."""

    words: str | None = None
    camera_id: str | None = None
    officer: str | None = None
    receipt_no: str | None = None
    incident_id: UUID | None = None
    agency_id: str | None = None
    kind: Literal["live", "past", "export"] | None = None
    provided: bool | None = None
    ticket: int | None = None
    since: datetime | None = None
    until: datetime | None = None


_PARTS = {
    "words": "(d.camera_id ilike :words or d.camera_name ilike :words or d.officer_name ilike :words "
    "or d.receipt_no ilike :words or d.document ilike :words)",
    "camera_id": "d.camera_id = :camera_id",
    "officer": "d.officer_name = :officer",
    "receipt_no": "d.receipt_no = :receipt_no",
    "incident_id": "d.incident_id = :incident_id",
    "agency_id": "d.agency_id = :agency_id",
    "kind": "d.kind = :kind",
    "provided": "d.provided = :provided",
    "ticket": "d.ticket_number = :ticket",
    "since": "d.at >= :since",
    "until": "d.at < :until",
}


def _where(sought: Sought) -> tuple[str, dict[str, Any]]:
    values = {name: value for name in _PARTS if (value := getattr(sought, name)) is not None}
    if "words" in values:
        escaped = str(values["words"]).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["words"] = f"%{escaped}%"
    return " and ".join(["true", *(_PARTS[name] for name in values)]), values


async def lines(tx: Tx, sought: Sought, after: Key | None, most: int) -> list[dict[str, Any]]:
    """Lines, the newest first, from after the sort key (at, id); with their purposes in words."""
    where, values = _where(sought)
    if after is not None:
        where += " and (d.at, d.id) < (:after_at, :after_id)"
        values |= {"after_at": after[0], "after_id": after[1]}
    rows = await tx.rows(
        text(
            "select d.*, a.name as agency_name, a.name_en as agency_name_en from video_disclosure d "
            f"left join agency a on a.id = d.agency_id where {where} order by d.at desc, d.id desc limit :most"
        ),
        {**values, "most": most},
    )
    return _opened(tx, rows)


def _opened(tx: Tx, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    words = reasons.opened(tx, [row["purpose"] for row in rows]) if rows else []
    return [
        {**row, "purpose": why or "", "article": ARTICLES.get(row["ground"] or "")}
        for row, why in zip(rows, words, strict=True)
    ]


async def totals(tx: Tx, sought: Sought, zone: str) -> dict[str, Any]:
    """Counts of what is found: lines, cameras, cases, officers, tickets; by kind, by agency, and by day of the city."""
    where, values = _where(sought)
    row = await tx.row(
        text(
            "select count(*) as lines, count(distinct d.camera_id) as cameras, "
            "count(distinct d.incident_id) as cases, count(distinct d.officer_id) as officers, "
            "count(distinct d.ticket_id) as tickets, count(*) filter (where d.provided) as provided "
            f"from video_disclosure d where {where}"
        ),
        values,
    )
    assert row is not None
    kinds = await tx.rows(
        text(f"select d.kind as name, count(*) as n from video_disclosure d where {where} group by 1"), values
    )
    agencies = await tx.rows(
        text(
            "select coalesce(d.agency_id, '') as id, coalesce(a.name, '') as name, coalesce(a.name_en, '') as name_en, "
            "count(*) as n from video_disclosure d left join agency a on a.id = d.agency_id "
            f"where {where} group by 1, 2, 3 order by n desc, 1 limit 50"
        ),
        values,
    )
    days = await tx.rows(
        text(
            "select cast(d.at at time zone :zone as date) as day, count(*) as n "
            f"from video_disclosure d where {where} group by 1 order by 1 desc limit 62"
        ),
        {**values, "zone": zone},
    )
    return {
        **row,
        "by_kind": {one["name"]: one["n"] for one in kinds},
        "by_agency": [dict(one) for one in agencies],
        "by_day": [dict(one) for one in days],
    }


_COLUMNS = (
    *("at", "until_at", "kind", "provided", "camera_id", "camera_name", "receipt_no", "officer_name", "agency"),
    *("purpose", "article", "document", "approved_by", "ticket_number", "span_from", "span_until"),
    *("network", "address"),
)


async def csv_of(
    tx: Tx, principal: Principal, sought: Sought, zone: str, catalogue: Catalogue, language: Language
) -> bytes:
    """What is found as a file, the newest first; it leaves a line in the audit log."""
    found = await lines(tx, sought, None, MOST)
    await audit.record(tx, principal, "disclosure.export", "video_disclosure", f"{len(found)} rows")
    where = ZoneInfo(zone)

    def say(key: str, **params: str) -> str:
        return catalogue.text(language, key, params)

    head = [say(f"video.register.csv.{name}") for name in _COLUMNS]
    return csv_bytes([head, *([_cell(one, name, say, where, language) for name in _COLUMNS] for one in found)])


def _cell(line: Mapping[str, Any], name: str, say: Any, zone: ZoneInfo, language: Language) -> object:
    match name:
        case "kind":
            return say(f"video.register.kind.{line['kind']}")
        case "provided":
            return say("video.register.provided" if line["provided"] else "video.register.own")
        case "agency":
            return line["agency_name" if language == "ko" else "agency_name_en"] or line["agency_id"]
        case _:
            value = line[name]
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value
