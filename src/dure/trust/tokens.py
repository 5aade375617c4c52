"""API tokens for machines and scripts: one role, perhaps an agency, networks and a device; shown once, ended at
once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import address as addresses
from dure.trust import agencies, audit, secret
from dure.trust.principal import Principal
from dure.trust.roles import Role

LASTS = "90d"
LONGEST = timedelta(days=3660)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhdw])")

_COLUMNS = (
    "id, name, role, agency_id, device_id, networks, created_by, created_at, expires_at, used_at, revoked_at, "
    "service_account_id"
)
_MAKE = text(
    "insert into token "
    "(id, secret_hash, name, role, agency_id, device_id, networks, created_by, created_at, expires_at, "
    "service_account_id) "
    "values (:id, :digest, :name, :role, :agency_id, :device_id, :networks, :created_by, :now, :until, :machine)"
)
_ONE = text(f"select {_COLUMNS} from token where id = :id")
_BY_SECRET = text("select id from token where secret_hash = :digest")
_LIST = text(
    f"select {_COLUMNS} from token where service_account_id is null "
    "and (cast(:at as timestamptz) is null or (created_at, id) < (:at, :id)) "
    "order by created_at desc, id desc limit :limit"
)
_REVOKE = text("update token set revoked_at = :now where id = :id and revoked_at is null")
_ADMIN_UNTIL = text("select until from grant_role where account_id = :id and role = 'admin'")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token is to be. `expires` is a whole number and s, m, h, d or w."""

    role: Role
    name: str
    agency_id: str | None = None
    device_id: str | None = None
    networks: Sequence[str] = field(default_factory=tuple)
    expires: str = LASTS
    service_account_id: UUID | None = None


def duration(text_: str, field_: str = "expires") -> timedelta:
    """`90d` as a time span. Raises Invalid for any other form and beyond ten years."""
    found = _DURATION.fullmatch(text_.strip())
    if found is not None:
        span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if int(found[1]) < 10**8 else LONGEST * 2
        if span <= LONGEST:
            return span
    raise Invalid("trust.token.expires_wrong", fields=[FieldError(field_, "trust.token.expires_wrong")])


async def make(tx: Tx, principal: Principal, wanted: Wanted) -> tuple[RowMapping, str]:
    """A token and its secret, which nobody can read again. Raises Invalid.

    It ends no later than the right to make it does. What a token makes as administrator is bound as that token is.
    """
    await agencies.require_known(tx, wanted.agency_id)
    if wanted.device_id is not None and wanted.role is not Role.DEVICE:
        key = "trust.token.device_needs_role"
        raise Invalid(key, fields=[FieldError("device_id", key)])
    id_, presented, now = new_id(), secret.new(secret.TOKEN), tx.now()
    networks, until = await _within_own(tx, principal, wanted, agencies.checked_networks(wanted.networks))
    await tx.execute(
        _MAKE,
        {
            "id": id_,
            "digest": secret.digest(presented),
            "name": wanted.name,
            "role": wanted.role.value,
            "agency_id": wanted.agency_id,
            "device_id": wanted.device_id,
            "networks": networks,
            "created_by": principal.actor,
            "now": now,
            "until": until,
            "machine": wanted.service_account_id,
        },
    )
    await audit.record(tx, principal, "token.create", "token", id_)
    return await get(tx, id_), presented


async def _within_own(tx: Tx, principal: Principal, wanted: Wanted, networks: list[str]) -> tuple[list[str], datetime]:
    """The networks and the end that the maker may give: nobody makes themself a stronger or longer right.

    Raises Invalid for networks beyond those of the token that makes an administrator's token.
    """
    until = tx.now() + duration(wanted.expires)
    if principal.kind == "account":
        ends = await tx.scalar(_ADMIN_UNTIL, {"id": principal.id})
        return networks, min(until, ends) if ends else until
    if principal.kind != "token" or wanted.role is not Role.ADMIN:
        return networks, until
    maker = await get(tx, principal.id)
    allowed = addresses.networks(maker["networks"])
    for index, one in enumerate(networks if allowed else ()):
        if not any(addresses.inside(addresses.network(one), whole) for whole in allowed):
            key = "trust.token.beyond"
            raise Invalid(key, fields=[FieldError(f"networks.{index}", key)])
    return networks or list(maker["networks"]), min(until, maker["expires_at"])


async def get(tx: Tx, token_id: UUID) -> RowMapping:
    """One token, without its secret. Raises NotFound."""
    row = await tx.row(_ONE, {"id": token_id})
    if row is None:
        raise NotFound("trust.token.none_such")
    return row


async def id_of(tx: Tx, presented: str) -> UUID | None:
    """The id of the token whose secret this is."""
    found = await tx.scalar(_BY_SECRET, {"digest": secret.digest(presented)})
    return found if isinstance(found, UUID) else None


async def listing(tx: Tx, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """Tokens, the newest first, one more than `limit`; ended ones too."""
    at, id_ = after or (None, None)
    return await tx.rows(_LIST, {"at": at, "id": id_, "limit": limit + 1})


async def revoke(tx: Tx, principal: Principal, token_id: UUID) -> RowMapping:
    """End a token at once; ending it twice is once. Raises NotFound."""
    await get(tx, token_id)
    if (await tx.execute(_REVOKE, {"id": token_id, "now": tx.now()})).rowcount:
        await audit.record(tx, principal, "token.revoke", "token", token_id)
    return await get(tx, token_id)
