"""Lists of notices, masked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import NotFound
from dure.notices.model import TO_PHONE, Medium, Status
from dure.trust.vault import Person, Vault

_COLUMNS = (
    "n.id, n.key, n.channel, n.medium, n.to_key, n.person_id, n.account_id, n.agency_id, n.template, n.language, "
    "n.bytes, n.life_safety, n.incident_id, n.wanted_by, n.status, n.reason, n.tries, n.doubled, n.next_at, "
    "n.created_at, n.sent_at, n.ended_at, n.acknowledged_at, n.call_at, n.updated_at, n.version, "
    "a.label as account_label, g.name as agency_name"
)
_FROM = "notice n left join account a on a.id = n.account_id left join agency g on g.id = n.agency_id"
_SHOWN_MOST = 200
_DAY = timedelta(days=1)


async def listed(
    tx: Tx,
    *,
    statuses: Sequence[str] = (),
    channels: Sequence[str] = (),
    incident_id: UUID | None = None,
    account_id: UUID | None = None,
    after: Key | None = None,
    limit: int = _SHOWN_MOST,
) -> Sequence[RowMapping]:
    """Notices, newest first."""
    where, values = ["true"], dict[str, Any]()
    if statuses:
        shown = {"sending" if one == "queued" else one for one in statuses} | set(statuses)
        where.append("n.status = any(:statuses)")
        values["statuses"] = sorted(shown)
    if channels:
        where.append("n.channel = any(:channels)")
        values["channels"] = list(channels)
    if incident_id is not None:
        where.append("n.incident_id = :incident_id")
        values["incident_id"] = incident_id
    if account_id is not None:
        where.append("n.account_id = :account_id")
        values["account_id"] = account_id
    if after is not None:
        where.append("(n.created_at, n.id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = f"select {_COLUMNS} from {_FROM} where {' and '.join(where)} order by n.created_at desc, n.id desc "
    return await tx.rows(text(statement + "limit :limit"), {**values, "limit": limit})


async def of_incidents(tx: Tx, incident_ids: Sequence[UUID]) -> Sequence[RowMapping]:
    """The notices of an incident and of those merged into it, newest first."""
    statement = f"select {_COLUMNS} from {_FROM} where n.incident_id = any(:ids) order by n.created_at desc, n.id desc "
    return await tx.rows(text(statement + "limit :most"), {"ids": list(incident_ids), "most": _SHOWN_MOST})


async def by_ids(tx: Tx, ids: Iterable[UUID]) -> Sequence[RowMapping]:
    """Notices by id."""
    return await tx.rows(text(f"select {_COLUMNS} from {_FROM} where n.id = any(:ids)"), {"ids": list(ids)})


async def one(tx: Tx, notice_id: UUID) -> RowMapping:
    """One notice. Raises NotFound."""
    rows = await by_ids(tx, [notice_id])
    if not rows:
        raise NotFound("notices.notice.unknown")
    return rows[0]


async def on_screen(tx: Tx) -> Sequence[RowMapping]:
    """What a screen begins with: all that has not ended, and the newest."""
    statement = f"select {_COLUMNS} from {_FROM} order by n.created_at desc, n.id desc limit :most"
    return await tx.rows(text(statement), {"most": _SHOWN_MOST})


async def counts(tx: Tx) -> dict[str, int]:
    """How many notices of the last day stand how."""
    rows = await tx.rows(
        text("select status, count(*) as n from notice where created_at > :since group by status"),
        {"since": tx.now().replace(microsecond=0) - _DAY},
    )
    found = dict.fromkeys((each.value for each in Status if each is not Status.SENDING), 0)
    for row in rows:
        found[Status(row["status"]).shown.value] += row["n"]
    return found


async def masked(tx: Tx, vault: Vault, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Rows as the API shows them: the receiver masked, nobody's record opened."""
    people = await vault.masked(tx, {row["person_id"] for row in rows if row["person_id"] is not None})
    return [{**shown(row), "to": _to(row, people)} for row in rows]


def shown(row: RowMapping) -> dict[str, Any]:
    """A notice without its receiver."""
    return {
        "id": str(row["id"]),
        "channel": row["channel"],
        "to_kind": row["to_key"].partition(":")[0],
        "template": row["template"],
        "language": row["language"],
        "bytes": row["bytes"],
        "life_safety": row["life_safety"],
        "incident_id": None if row["incident_id"] is None else str(row["incident_id"]),
        "wanted_by": row["wanted_by"],
        "status": Status(row["status"]).shown.value,
        "reason": row["reason"],
        "tries": row["tries"],
        "doubled": row["doubled"],
        "next_at": row["next_at"],
        "created_at": row["created_at"],
        "sent_at": row["sent_at"],
        "ended_at": row["ended_at"],
        "acknowledged_at": row["acknowledged_at"],
        "call_at": row["call_at"],
        "version": row["version"],
    }


def _to(row: RowMapping, people: Mapping[UUID, Person]) -> str:
    if row["person_id"] is None:
        return str(row["account_label"] or row["agency_name"] or row["to_key"])
    person = people.get(row["person_id"], Person())
    if Medium(row["medium"]) in TO_PHONE:
        return person.phone or person.second_phone or "***"
    return person.email or "***"


async def attempts(tx: Tx, notice_id: UUID) -> list[dict[str, Any]]:
    """Each time that a notice was handed over, the latest first."""
    rows = await tx.rows(
        text(
            "select started_at, ended_at, outcome, code from notice_attempt where notice_id = :id "
            "order by started_at desc, id desc limit 50"
        ),
        {"id": notice_id},
    )
    return [dict(row) for row in rows]
