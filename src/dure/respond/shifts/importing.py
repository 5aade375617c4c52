"""A month's roster from a file: the good rows go in, each bad one comes back with its reason."""

import asyncio
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.documents.table import Row, open_table
from dure.engine.database import Tx
from dure.kernel.errors import Invalid
from dure.kernel.messages import Catalogue, Language
from dure.respond.shifts import keeping, planning, roster, sheet
from dure.respond.shifts.sheet import Duty, Known, Refused
from dure.trust import audit
from dure.trust.principal import Principal

MOST_BYTES = 900_000
_PEOPLE = text(
    "select id, label, username from account where state = 'active' "
    "and (cast(:agency as text) is null or agency_id = :agency)"
)
_STANDING = text(
    "select day, shift, account_id, post from roster_assignment where roster_id = :id and day between :first and :last"
)
_CLEAR = text("delete from roster_assignment where roster_id = :id and day = :day and shift = :shift")
_PUT = text(
    "insert into roster_assignment (roster_id, day, shift, account_id, post, rank) "
    "values (:id, :day, :shift, :account, :post, :rank)"
)
_TOUCH = text("update roster set version = version + 1, updated_at = :now where id = :id")


async def take_in(
    tx: Tx, who: Principal, roster_id: UUID, body: bytes, month: date | None, *, dry: bool
) -> tuple[dict[str, Any], list[Refused]]:
    """Read a file and, unless `dry`, put people into the shifts that it names: those shifts then have exactly who the
    file says; shifts that it does not name keep their turn. Raises Invalid for a file that is no roster, Forbidden.
    """
    row = await planning.taken(tx, who, roster_id)
    today = tx.now().astimezone(keeping.zone()).date()
    first, last = today - timedelta(days=1), today + planning.LONGEST_AHEAD
    kept = await keeping.load(tx, row, first, last)
    plan = roster.plan_of(kept.roster, month or today) or kept.roster.plans[-1]
    people = await tx.rows(_PEOPLE, {"agency": row["agency_id"]})
    names = {str(one[by]).lower(): one["id"] for by in ("label", "username") for one in people}
    found = sheet.read(await asyncio.to_thread(_rows, body), Known(names, plan.pattern, first, last, month))
    if found is None:
        raise Invalid("respond.shifts.sheet.no_roster")
    refused = list(found.refused)
    await planning.check_not_own(tx, who, {one.account_id for one in found.duties}, roster_id)
    before = {
        (one["day"], one["shift"], one["account_id"]): one["post"]
        for one in await tx.rows(_STANDING, {"id": roster_id, "first": first, "last": last})
    }
    if not dry and found.duties:
        await _put(tx, roster_id, found.duties)
        await tx.execute(_TOUCH, {"id": roster_id, "now": tx.now()})
        await audit.record(tx, who, "roster.import", "roster", roster_id, purpose=str(len(found.duties)))
    return _counts(found.rows, found.duties, before, {one.row for one in refused}), refused


def _counts(
    rows: int, duties: tuple[Duty, ...], before: dict[tuple[date, str, UUID], str], refused: set[int]
) -> dict[str, Any]:
    """By rows of the file, as imports count: a row is new where any of its duties is, else updated or unchanged."""
    kinds: dict[int, int] = {}
    for one in duties:
        standing = before.get((one.day, one.shift, one.account_id))
        kind = 2 if standing is None else 1 if standing != one.post.value else 0
        kinds[one.row] = max(kind, kinds.get(one.row, 0))
    of = list(kinds.values())
    return {
        "read": rows,
        "imported": of.count(2),
        "updated": of.count(1),
        "unchanged": rows - len(refused) - of.count(2) - of.count(1),
        "duties": len(duties),
    }


async def _put(tx: Tx, roster_id: UUID, duties: tuple[Duty, ...]) -> None:
    for day, shift in sorted({(one.day, one.shift) for one in duties}):
        await tx.execute(_CLEAR, {"id": roster_id, "day": day, "shift": shift})
    await tx.execute(
        _PUT,
        [
            {"id": roster_id, "day": one.day, "shift": one.shift, "account": one.account_id,
             "post": one.post.value, "rank": rank}
            for rank, one in enumerate(duties)
        ],
    )  # fmt: skip


def _rows(body: bytes) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="dure-roster-") as folder:
        path = Path(folder) / "roster"
        path.write_bytes(body)
        table = open_table(path)
        try:
            found = []
            for row in table.rows():
                found.append(row)
                if len(found) > sheet.LONGEST + 40:
                    break
            return found
        finally:
            table.close()


def said(refused: list[Refused], catalogue: Catalogue, language: Language) -> list[dict[str, Any]]:
    """Refused rows with their reasons in words."""
    return [
        {"row": one.row, "field": one.field, "reason": catalogue.text(language, one.reason, {"value": one.value[:80]})}
        for one in refused
    ]
