"""The second factor: which accounts are asked for one, and the minutes between the first factor and the second."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, Unauthenticated
from dure.kernel.ids import new_id
from dure.trust import accounts, audit, secret, sessions
from dure.trust.entry import passkeys, recovery, totp
from dure.trust.principal import Principal
from dure.trust.roles import MACHINES, Role

Demand = Literal["offered", "when_set_up", "required"]
DEFAULT: Demand = "offered"
"""`offered`: one-time codes are asked for where they are set up. `when_set_up`: a passkey counts, too, so that the
password alone opens nothing any more. `required`: who has none can do nothing but set one up.
"""
PENDING = timedelta(minutes=5)
MOST_TRIES = 5
PREFIX = "dure2"
PEOPLE = tuple(role for role in Role if role not in MACHINES and role is not Role.CITIZEN)

_RULES = text("select role, demand, updated_at, updated_by from second_factor_rule")
_SET = text(
    "insert into second_factor_rule (role, demand, updated_at, updated_by) values (:role, :demand, :now, :by) "
    "on conflict (role) do update set demand = :demand, updated_at = :now, updated_by = :by"
)
_DEMANDS = text(
    "select r.demand from grant_role g join second_factor_rule r on r.role = g.role where g.account_id = :account"
)
_SESSION_SECOND = text("select second from session where id = :id")
_AWAIT = text(
    "insert into second_step (id, secret_hash, account_id, method, proven_at, expires_at) "
    "values (:id, :digest, :account, :method, :proven_at, :until)"
)
_STEP = text(
    "select s.id, s.account_id, s.method, s.tries, s.proven_at, c.username from second_step s "
    "join account c on c.id = s.account_id and c.state = 'active' where s.secret_hash = :digest "
    "and s.expires_at > :now and s.tries < :most"
)
_TRY = text("update second_step set tries = tries + 1 where id = :id and tries < :most returning tries")
_END = text("delete from second_step where id = :id returning id")
_FORGET = text("delete from second_step where expires_at < :now")


@dataclass(frozen=True, slots=True)
class Held:
    """What an account has set up."""

    passkeys: int
    totp_since: datetime | None
    recovery: recovery.Left

    @property
    def any(self) -> bool:
        """Whether there is a second factor; recovery codes alone are none."""
        return bool(self.passkeys) or self.totp_since is not None

    def ways(self) -> list[str]:
        """How the second factor may be shown."""
        found = ["passkey"] if self.passkeys else []
        if self.totp_since is not None:
            found.append("totp")
        return [*found, "recovery"] if found and self.recovery.count else found


async def held(tx: Tx, account_id: UUID) -> Held:
    """What an account has set up."""
    keys = len(await passkeys.of(tx, account_id))
    return Held(keys, await totp.set_up_at(tx, account_id), await recovery.left(tx, account_id))


def strictest(demands: list[Demand]) -> Demand:
    """What several roles ask for together."""
    order: tuple[Demand, ...] = ("offered", "when_set_up", "required")
    return max([DEFAULT, *demands], key=order.index)


def asked(demand: Demand, has: Held) -> bool:
    """Whether an account that showed its first factor must show a second one."""
    return has.totp_since is not None or (demand != "offered" and has.any)


async def demand_of(tx: Tx, account_id: UUID) -> Demand:
    """What an account's roles ask for."""
    return strictest([row["demand"] for row in await tx.rows(_DEMANDS, {"account": account_id})])


async def rules(tx: Tx) -> list[dict[str, object]]:
    """For each role of people, what is asked for."""
    told = {row["role"]: row for row in await tx.rows(_RULES)}
    return [
        {
            "role": role,
            "demand": told[role]["demand"] if role in told else DEFAULT,
            "updated_at": told[role]["updated_at"] if role in told else None,
        }
        for role in PEOPLE
    ]


async def set_rule(tx: Tx, principal: Principal, role: Role, demand: Demand) -> None:
    """Ask a role for a second factor, or no longer. Raises Conflict where who asks would lock themself out."""
    own = demand == "required" and role in principal.roles and principal.session_id is not None
    if own and not await tx.scalar(_SESSION_SECOND, {"id": principal.session_id}):
        raise Conflict("trust.second.yourself_first")
    await tx.execute(_SET, {"role": role.value, "demand": demand, "now": tx.now(), "by": principal.actor})
    await audit.record(tx, principal, "second.require", "role", f"{role.value}: {demand}")


async def check_may_remove(tx: Tx, account_id: UUID) -> None:
    """Raises Conflict where a role of the account asks for a second factor."""
    if await demand_of(tx, account_id) == "required":
        raise Conflict("trust.second.last")


async def clear(tx: Tx, principal: Principal, account_id: UUID) -> None:
    """Forget all second factors of somebody who lost them; their sessions end, and the password alone lets them in once
    more. Raises NotFound.
    """
    await accounts.get(tx, account_id)
    await passkeys.remove_all(tx, account_id)
    await totp.remove(tx, account_id)
    await recovery.remove(tx, account_id)
    await sessions.revoke_all(tx, account_id, kept=principal.session_id)
    await audit.record(tx, principal, "second.clear", "account", account_id)


async def begin(tx: Tx, account_id: UUID, method: str, proven_at: datetime | None) -> str:
    """The first factor was right: the secret by which the browser shows the second."""
    presented = secret.new(PREFIX)
    values = {"id": new_id(), "digest": secret.digest(presented), "account": account_id, "method": method}
    await tx.execute(_AWAIT, {**values, "proven_at": proven_at, "until": tx.now() + PENDING})
    return presented


async def awaited(tx: Tx, presented: str | None) -> RowMapping:
    """The step that this browser is at: id, account_id, method, proven_at, username. Raises Unauthenticated where it is
    at none, or has tried too often.
    """
    values = {"digest": secret.digest(presented or ""), "now": tx.now(), "most": MOST_TRIES}
    row = await tx.row(_STEP, values)
    if row is None:
        raise Unauthenticated("trust.second.over")
    return row


async def tried(tx: Tx, step_id: UUID) -> None:
    """Count a try, before it is looked at. Raises Unauthenticated after too many."""
    if (await tx.execute(_TRY, {"id": step_id, "most": MOST_TRIES})).scalar() is None:
        raise Unauthenticated("trust.second.over")


async def done(tx: Tx, step_id: UUID) -> None:
    """The second factor was right. Raises Forbidden where somebody else was quicker."""
    if (await tx.execute(_END, {"id": step_id})).scalar() is None:
        raise Forbidden("trust.second.over")


async def forget_old(tx: Tx) -> None:
    """Delete steps that nobody went on with."""
    await tx.execute(_FORGET, {"now": tx.now()})
