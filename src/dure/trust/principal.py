"""Who is asking: an account by its session, or a token. Never a person's name, only the label of the desk."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.trust.roles import Role

SEEN_EVERY = timedelta(seconds=30)
"""How exact "last seen" and "last used" are: a write for each request would cost more than the request."""

_TOKEN_VALID = text("select 1 from token where id = :id and revoked_at is null and expires_at > :now")
_SESSION_VALID = text(
    "select s.seen_at, array(select role from grant_role g where g.account_id = c.id) as roles "
    "from session s join account c on c.id = s.account_id "
    "where s.id = :id and s.revoked_at is null and s.expires_at > :now and c.state = 'active'"
)
# Whoever else marks the same row at this moment marks it for us: nobody waits.
_SESSION_SEEN = text(
    "update session set seen_at = :now where id = (select id from session where id = :id for update skip locked)"
)

Kind = Literal["account", "token", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody known, for the length of one request.

    `id` is the account's or the token's; `name` is what may stand in timelines ("oper-07"); `agency_id` is the
    agency's slug; `device_id` binds a device's token to its device; `network` is the approved CIDR that the address
    was found in, if any.
    """

    kind: Kind
    id: UUID
    name: str
    roles: frozenset[Role]
    permissions: frozenset[str] = frozenset()
    agency_id: str | None = None
    session_id: UUID | None = None
    device_id: str | None = None
    address: str | None = None
    network: str | None = None
    language: Language = "ko"

    @property
    def account_id(self) -> UUID | None:
        """The account, where a person has signed in."""
        return self.id if self.kind == "account" else None

    @property
    def token_id(self) -> UUID | None:
        """The token, where a machine or a script asks."""
        return self.id if self.kind == "token" else None

    @property
    def actor(self) -> str:
        """For timelines and the audit log: `account:<uuid>`, `token:<uuid>` or `system:<name>`."""
        return f"{self.kind}:{self.name if self.kind == 'system' else self.id}"

    def may(self, permission: str) -> bool:
        """Whether the policy grants `permission`; unknown permissions are nobody's."""
        return permission in self.permissions


def system(name: str) -> Principal:
    """dure itself acting, as a consumer or a rule: it holds no permission, it only leaves its name."""
    return Principal("system", UUID(int=0), name, frozenset())


async def still_valid(tx: Tx, principal: Principal) -> bool:
    """Whether `principal` may go on with what it began: not revoked, suspended or ended, and its roles as they were.

    For long streams, which ask every few seconds. A screen that hears the city is in use: its session does not go idle
    and ends at its absolute limit.
    """
    if principal.kind == "token":
        return await tx.scalar(_TOKEN_VALID, {"id": principal.id, "now": tx.now()}) is not None
    if principal.session_id is None:
        return principal.kind == "system"
    row = await tx.row(_SESSION_VALID, {"id": principal.session_id, "now": tx.now()})
    if row is None or frozenset(row["roles"]) != principal.roles:
        return False
    if tx.now() - row["seen_at"] > SEEN_EVERY:
        await seen(tx, principal.session_id)
    return True


async def seen(tx: Tx, session_id: UUID) -> None:
    """Note that a session is in use."""
    await tx.execute(_SESSION_SEEN, {"id": session_id, "now": tx.now()})
