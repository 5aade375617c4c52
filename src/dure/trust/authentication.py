"""From a secret to a principal: one indexed read, nothing cached, so that a revocation counts at once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden, Unauthenticated
from dure.kernel.messages import Language
from dure.trust import address as addresses
from dure.trust import policy, secret
from dure.trust.address import Address
from dure.trust.principal import SEEN_EVERY, Principal, seen
from dure.trust.roles import Role

_TOKEN = text(
    "select t.id, t.name, t.role, t.agency_id, t.device_id, t.networks, t.used_at, a.networks as agency_networks "
    "from token t left join agency a on a.id = t.agency_id "
    "where t.secret_hash = :digest and t.revoked_at is null and t.expires_at > :now"
)
_SESSION = text(
    "select s.id as session_id, s.seen_at, c.id, c.label as name, c.agency_id, c.language, "
    "a.networks as agency_networks, "
    "array(select role from grant_role g where g.account_id = c.id) as roles "
    "from session s join account c on c.id = s.account_id left join agency a on a.id = c.agency_id "
    "where s.secret_hash = :digest and s.revoked_at is null and s.expires_at > :now and s.seen_at > :idle "
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
    network = approved(address, row["networks"], row["agency_networks"])
    if row["used_at"] is None or tx.now() - row["used_at"] > SEEN_EVERY:
        await tx.execute(_TOKEN_USED, {"id": row["id"], "now": tx.now()})
    roles = frozenset({Role(row["role"])})
    return _principal("token", row, roles, address, network, grants)


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
    if now - row["seen_at"] > SEEN_EVERY:
        await seen(tx, row["session_id"])
    return _principal("account", row, frozenset(Role(role) for role in row["roles"]), address, network, grants)


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


def _principal(
    kind: str,
    row: RowMapping,
    roles: frozenset[Role],
    address: Address | None,
    network: str | None,
    grants: policy.Grants,
) -> Principal:
    return Principal(
        kind="token" if kind == "token" else "account",
        id=row["id"],
        name=row["name"],
        roles=roles,
        permissions=policy.permissions_of(roles, grants),
        agency_id=row["agency_id"],
        session_id=row.get("session_id"),
        device_id=row.get("device_id"),
        address=str(address) if address else None,
        network=network,
        language=cast("Language", row.get("language", "ko")),
    )
