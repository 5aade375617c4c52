"""Who could see or do this, and why: the policy's own decision for every account and token, in the table's words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.trust.policy import Ask, Decision, Grants, Resource, Situation, Standing, Subject, asks_of, decide, desk
from dure.trust.roles import Role

BATCH = 500
_NEEDED = "-" * 8
"""Stands for a purpose that would be said: the answer names it under `needs`."""

# An account that has left may nothing and is nobody's colleague any more; one that is suspended may come back.
_ASKERS = text(
    "select * from ("
    "  select 'account' as kind, c.id, c.label as name, c.agency_id, a.name as agency_name, "
    "    a.name_en as agency_name_en, "
    "    array(select distinct h.role from held_roles(c.id, :now) h order by 1) as roles, "
    "    case when c.state <> 'active' then 'suspended' when c.shared_suspected_at is not null then 'shared' "
    "      else 'active' end as standing, "
    "    null::timestamptz as expires_at, coalesce(cardinality(a.networks), 0) > 0 as has_networks "
    "  from account c left join agency a on a.id = c.agency_id where c.state <> 'left' "
    "  union all "
    "  select 'token', t.id, coalesce(m.name, t.name), coalesce(m.agency_id, t.agency_id), a.name, a.name_en, "
    "    array[t.role], case when t.expires_at <= :now then 'expired' when coalesce(m.state, 'active') <> 'active' "
    "      then 'suspended' else 'active' end, t.expires_at, "
    "    cardinality(t.networks) > 0 or coalesce(cardinality(m.networks), 0) > 0 "
    "      or coalesce(cardinality(a.networks), 0) > 0 "
    "  from token t left join service_account m on m.id = t.service_account_id "
    "  left join agency a on a.id = coalesce(m.agency_id, t.agency_id) where t.revoked_at is null"
    ") asker where cast(:after_kind as text) is null or (kind, name, id) > (:after_kind, :after_name, :after_id) "
    "order by kind, name, id limit :limit"
)

Key = tuple[str, str, UUID]


@dataclass(frozen=True, slots=True)
class Asker:
    """An account or a token with the answer for it."""

    kind: str
    id: UUID
    name: str
    roles: tuple[str, ...]
    agency_id: str | None
    agency_name: str | None
    agency_name_en: str | None
    standing: Standing
    expires_at: datetime | None
    decision: Decision


def subject_of(row: RowMapping) -> Subject:
    """The one who would ask. Police, fire and disaster without an agency act for the agency of that name."""
    roles = frozenset(Role(role) for role in row["roles"])
    return Subject(roles, desk(roles, row["agency_id"]), Standing(row["standing"]), row["kind"] == "account")


def answer(row: RowMapping, action: str, resource: Resource, table: Grants) -> Decision:
    """What the policy would answer from where they are allowed to be, with a purpose, just proven to be there."""
    situation = Situation(True if row["has_networks"] else None, _NEEDED, proved=True)
    return decide(subject_of(row), action, resource, situation, table)


def by_role(action: str, resource: Resource, table: Grants) -> dict[str, Decision]:
    """The same for each role in itself, of an agency to which the thing belongs."""
    ours = next(iter(sorted(one for one in resource.agencies or () if one is not None)), None)
    asks = asks_of(action, table)
    situation = Situation(True, _NEEDED, proved=True)
    return {
        role.value: decide(
            Subject(frozenset({role}), ours, account=Ask.ACCOUNT in asks), action, resource, situation, table
        )
        for role in Role
    }


async def page(
    tx: Tx, action: str, resource: Resource, table: Grants, *, may: bool | None, after: Key | None, limit: int
) -> list[Asker]:
    """Accounts, then tokens, by name: those who may, those who may not, or all; `limit` + 1 of them."""
    found: list[Asker] = []
    while True:
        rows = await _batch(tx, after)
        found += [one for one in _answered(rows, action, resource, table) if may in (None, one.decision.allowed)]
        if len(rows) < BATCH or len(found) > limit:
            return found[: limit + 1]
        last = rows[-1]
        after = (last["kind"], last["name"], last["id"])


async def _batch(tx: Tx, after: Key | None) -> Sequence[RowMapping]:
    kind, name, id_ = after or (None, None, None)
    values = {"after_kind": kind, "after_name": name, "after_id": id_, "now": tx.now(), "limit": BATCH}
    return await tx.rows(_ASKERS, values)


def _answered(rows: Iterable[RowMapping], action: str, resource: Resource, table: Grants) -> list[Asker]:
    return [
        Asker(
            row["kind"],
            row["id"],
            row["name"],
            tuple(row["roles"]),
            row["agency_id"],
            row["agency_name"],
            row["agency_name_en"],
            Standing(row["standing"]),
            row["expires_at"],
            answer(row, action, resource, table),
        )
        for row in rows
    ]
