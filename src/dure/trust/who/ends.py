"""What ends when a person is suspended, moves or leaves: everything by which they, or what they made, could act."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust import audit, sessions
from dure.trust.principal import Principal

# The tokens that a person made, and those made by these tokens. A service account's key that they made is one of them:
# they have seen it.
_MADE = """
    with recursive made as (
        select id from token where created_by = 'account:' || cast(:id as text)
        union
        select t.id from token t join made m on t.created_by = 'token:' || m.id
    )
"""
_TOKENS = text(
    _MADE + "update token set revoked_at = :now where id in (select id from made) and revoked_at is null "
    "and expires_at > :now returning id, service_account_id"
)
_TOKENS_THERE = text(
    _MADE + "select t.id, coalesce(s.name, t.name) as name, t.service_account_id, t.used_at from token t "
    "left join service_account s on s.id = t.service_account_id "
    "where t.id in (select id from made) and t.revoked_at is null and t.expires_at > :now order by name, t.id"
)
_INVITATIONS = text(
    _MADE + "update invitation set revoked_at = :now where used_at is null and revoked_at is null "
    "and created_by in (select 'token:' || id from made union all select 'account:' || cast(:id as text)) returning id"
)
_DELEGATIONS = text(
    "update delegation set revoked_at = :now, revoked_by = :by, version = version + 1, updated_at = :now "
    "where (from_account = :id or to_account = :id) and revoked_at is null and ends_at > :now returning id"
)
_DUTIES = text(
    "update duty set cancelled_at = :now, version = version + 1, updated_at = :now "
    "where account_id = :id and cancelled_at is null and ends_at > :now returning id"
)
_LINKS = text(
    "update one_time_link set expires_at = :now where account_id = :id and used_at is null and expires_at > :now"
)
_HALF_WAY = text("delete from second_step where account_id = :id")
_FACTORS = tuple(
    text(f"delete from {table} where account_id = :id")
    for table in ("passkey", "totp", "recovery_code", "known_browser", "identity")
)
_PASSWORD = text("update account set password_hash = null where id = :id")
_COUNTS = text(
    "select (select count(*) from session where account_id = :id and revoked_at is null and expires_at > :now) "
    "as sessions, "
    "(select count(*) from delegation where (from_account = :id or to_account = :id) and revoked_at is null "
    "and ends_at > :now) as delegations, "
    "(select count(*) from duty where account_id = :id and cancelled_at is null and ends_at > :now) as duties"
)
_OWNS = text("select id, name from service_account where owner_id = :id and state = 'active' order by name")


@dataclass(frozen=True, slots=True)
class Named:
    """Something by id, with its name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What would end now: numbers, the tokens and service keys by name, and the service accounts that lose an owner."""

    sessions: int
    delegations: int
    duties: int
    tokens: tuple[Named, ...]
    keys: tuple[Named, ...]
    owns: tuple[Named, ...]


async def standing(tx: Tx, account_id: UUID) -> Standing:
    """What would end if the account left now."""
    counts = await tx.row(_COUNTS, {"id": account_id, "now": tx.now()})
    assert counts is not None
    rows = await tx.rows(_TOKENS_THERE, {"id": account_id, "now": tx.now()})
    return Standing(
        **counts,
        tokens=tuple(Named(row["id"], row["name"]) for row in rows if row["service_account_id"] is None),
        keys=tuple(Named(row["id"], row["name"]) for row in rows if row["service_account_id"] is not None),
        owns=tuple(Named(row["id"], row["name"]) for row in await tx.rows(_OWNS, {"id": account_id})),
    )


async def end_all(tx: Tx, principal: Principal, account_id: UUID) -> None:
    """End sessions, half-done sign-ins, links, tokens and what those made, invitations, delegations and duties, each
    with its line. Counts for the very next request; streams end within a second.
    """
    values = {"id": account_id, "now": tx.now()}
    await sessions.revoke_all(tx, account_id)
    await tx.execute(_HALF_WAY, {"id": account_id})
    await tx.execute(_LINKS, values)
    await end_made(tx, principal, account_id)
    for row in (await tx.execute(_DELEGATIONS, {**values, "by": principal.actor})).mappings().all():
        await audit.record(tx, principal, "delegation.end", "delegation", row["id"])
    for row in (await tx.execute(_DUTIES, values)).mappings().all():
        await audit.record(tx, principal, "duty.cancel", "duty", row["id"])


async def end_made(tx: Tx, principal: Principal | None, account_id: UUID) -> None:
    """End the tokens, service keys and invitations that somebody made while they could."""
    values = {"id": account_id, "now": tx.now()}
    for row in (await tx.execute(_TOKENS, values)).mappings().all():
        await audit.record(tx, principal, "token.revoke", "token", row["id"])
    for row in (await tx.execute(_INVITATIONS, values)).mappings().all():
        await audit.record(tx, principal, "invitation.revoke", "invitation", row["id"])


async def forget_factors(tx: Tx, account_id: UUID) -> None:
    """Delete everything by which a person who has left could sign in: password, passkeys, codes, linked identities."""
    await tx.execute(_PASSWORD, {"id": account_id})
    for statement in _FACTORS:
        await tx.execute(statement, {"id": account_id})
