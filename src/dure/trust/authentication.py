"""From a secret to a principal: one indexed read, nothing cached, so that a revocation counts at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden, Unauthenticated
from dure.kernel.messages import Language
from dure.trust import address as addresses
from dure.trust import policy, secret
from dure.trust.address import Address
from dure.trust.principal import SEEN_EVERY, Principal, seen
from dure.trust.roles import Role
from dure.trust.who import shared

_TOKEN = text(
    "select t.id, coalesce(m.name, t.name) as name, t.role, coalesce(m.agency_id, t.agency_id) as agency_id, "
    "t.device_id, t.networks, t.used_at, t.expires_at, a.networks as agency_networks, m.networks as machine_networks "
    "from token t left join service_account m on m.id = t.service_account_id "
    "left join agency a on a.id = coalesce(m.agency_id, t.agency_id) "
    "where t.secret_hash = :digest and t.revoked_at is null and t.expires_at > :now "
    "and coalesce(m.state, 'active') = 'active'"
)
_SESSION = text(
    "select s.id as session_id, s.seen_at, s.expires_at, c.id, c.label as name, c.agency_id, c.language, "
    "c.shared_suspected_at, a.networks as agency_networks, "
    "s.second, case when s.secret_hash = :digest then s.proven_at end as proven_at, "
    "exists (select from held_roles(c.id, :now) g join second_factor_rule r on r.role = g.role "
    "and r.demand = 'required') as second_required, "
    "array(select row_to_json(h) from held_roles(c.id, :now) h) as held, "
    "array(select post from duty d where d.account_id = c.id and d.cancelled_at is null and d.starts_at <= :now "
    "and d.ends_at > :now order by d.starts_at) as duties "
    "from session s join account c on c.id = s.account_id left join agency a on a.id = c.agency_id "
    "where (s.secret_hash = :digest or (s.former_hash = :digest and s.former_until > :now)) "
    "and s.revoked_at is null and s.expires_at > :now and s.seen_at > :idle "
    "and c.state = 'active'"
)
# Whoever else is marking the same row at this moment marks it for us: nobody waits.
_TOKEN_USED = text(
    "update token set used_at = :now where id = (select id from token where id = :id for update skip locked)"
)


async def by_token(tx: Tx, presented: str, address: Address | None, grants: policy.Grants) -> Principal:
    """Who holds this token. Raises Unauthenticated for an unknown, expired or revoked one, Forbidden from a wrong
    network.
    """
    row = await tx.row(_TOKEN, {"digest": secret.digest(presented), "now": tx.now()})
    if row is None:
        raise Unauthenticated("trust.token.unknown")
    network = approved(address, row["networks"], row["machine_networks"], row["agency_networks"])
    if row["used_at"] is None or tx.now() - row["used_at"] > SEEN_EVERY:
        await tx.execute(_TOKEN_USED, {"id": row["id"], "now": tx.now()})
    roles = frozenset({Role(row["role"])})
    return Principal(
        kind="token",
        id=row["id"],
        name=row["name"],
        roles=roles,
        permissions=policy.held(policy.Subject(roles, row["agency_id"]), True if network else None, grants),
        agency_id=row["agency_id"],
        device_id=row["device_id"],
        address=str(address) if address else None,
        network=network,
        expires_at=row["expires_at"],
    )


async def by_session(
    tx: Tx, presented: str, address: Address | None, grants: policy.Grants, *, idle: timedelta
) -> Principal:
    """Whose session this is. Raises Unauthenticated for an unknown, idle or ended one, Forbidden from a wrong
    network.
    """
    now = tx.now()
    row = await tx.row(_SESSION, {"digest": secret.digest(presented), "now": now, "idle": now - idle})
    if row is None:
        raise Unauthenticated("trust.session.over")
    network = approved(address, row["agency_networks"])
    suspected = row["shared_suspected_at"] is not None
    if now - row["seen_at"] > SEEN_EVERY:
        await seen(tx, row["session_id"], str(address) if address else None)
        suspected = suspected or await shared.noticed(tx, row["id"], row["session_id"], address)
    return _account(row, address, network, grants, suspected=suspected)


def approved(address: Address | None, *lists: Sequence[str] | None) -> str | None:
    """The approved network that holds `address`; each list that names any must hold it. Raises Forbidden."""
    found = None
    for one in lists:
        if not one:
            continue
        held = addresses.within(address, addresses.networks(one))
        if held is None:
            raise Forbidden("trust.network.not_approved", address=str(address) if address else None)
        found = found or str(held)
    return found


def _account(
    row: RowMapping, address: Address | None, network: str | None, grants: policy.Grants, *, suspected: bool
) -> Principal:
    held: Sequence[dict[str, Any]] = row["held"]
    own = {one["role"] for one in held if one["delegator"] is None}
    roles = frozenset(Role(one["role"]) for one in held)
    ends = [datetime.fromisoformat(one["until"]) for one in held if one["until"]]
    second_missing = row["second_required"] and not row["second"]
    standing = policy.Standing.SHARED if suspected else policy.Standing.ACTIVE
    subject = policy.Subject(roles, row["agency_id"], standing, account=True)
    permissions = frozenset[str]() if second_missing else policy.held(subject, True if network else None, grants)
    return Principal(
        kind="account",
        id=row["id"],
        name=row["name"],
        roles=roles,
        permissions=permissions,
        proven_at=row["proven_at"],
        second_missing=second_missing,
        agency_id=row["agency_id"],
        session_id=row["session_id"],
        address=str(address) if address else None,
        network=network,
        language=cast("Language", row["language"]),
        duties=tuple(row["duties"]),
        expires_at=min([row["expires_at"], *ends]),
        delegated=tuple((Role(one["role"]), one["delegator_label"]) for one in held if one["role"] not in own),
        shared=suspected,
    )
