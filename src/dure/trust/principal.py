"""Who is asking: an account by its session, or a token. Never a person's name, only the label of the desk."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.trust.roles import Role

SEEN_EVERY = timedelta(seconds=30)
"""How exact "last seen" and "last used" are: a write for each request would cost more than the request."""

# Whoever else marks the same row at this moment marks it for us: nobody waits.
_SESSION_SEEN = text(
    "update session set seen_at = :now, seen_address = coalesce(:address, seen_address) "
    "where id = (select id from session where id = :id for update skip locked)"
)

Kind = Literal["account", "token", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody known, for the length of one request.

    `id` is the account's or the token's; `name` is what may stand in timelines ("oper-07"); `agency_id` is the
    agency's slug; `device_id` binds a device's token to its device; `network` is the approved CIDR that the address
    was found in, if any. `duties` are the posts held at this moment; `expires_at` is when the first of its rights ends
    by itself; `delegated` are roles that a colleague gave for a time, with that colleague's label; `acting_for` names
    the colleague whose right the present request uses; `shared` is set while the account is suspected to be used by
    several people.
    `proven_at` is when a session last proved that its person is there; `second_missing`: a role of theirs asks for a
    second factor that this session has not shown, so it may do nothing but show it.
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
    duties: tuple[str, ...] = ()
    expires_at: datetime | None = None
    delegated: tuple[tuple[Role, str], ...] = ()
    acting_for: str | None = None
    shared: bool = False
    proven_at: datetime | None = None
    second_missing: bool = False

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

    @property
    def audited_name(self) -> str:
        """For the audit log: the label, and after an arrow the colleague whose delegated role is used."""
        return f"{self.name} ← {self.acting_for}" if self.acting_for else self.name

    def may(self, permission: str) -> bool:
        """Whether the policy grants `permission`; unknown permissions are nobody's."""
        return permission in self.permissions

    def using(self, granted: frozenset[Role]) -> "Principal":
        """The same, acting for a colleague where only a delegated role is among the `granted` ones."""
        given = dict(self.delegated)
        held = self.roles & granted
        if not given or not held or held - given.keys():
            return self
        return replace(self, acting_for=", ".join(sorted({given[role] for role in held})))


def system(name: str) -> Principal:
    """dure itself acting, as a consumer or a rule: it holds no permission, it only leaves its name."""
    return Principal("system", UUID(int=0), name, frozenset())


async def seen(tx: Tx, session_id: UUID, address: str | None = None) -> None:
    """Note that a session is in use, and from where."""
    await tx.execute(_SESSION_SEEN, {"id": session_id, "now": tx.now(), "address": address})
