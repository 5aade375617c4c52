"""Who is asking: an account by its session, or a token. Never a person's name, only the label of the desk."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from dure.kernel.messages import Language
from dure.trust.roles import Role

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
