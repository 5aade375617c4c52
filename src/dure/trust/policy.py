"""Who may do what: pure functions over tables of permission -> roles, default deny.

Each room lists its own permissions as `GRANTS` in its policy.py; app.py makes the one table out of them.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

Grants = Mapping[str, frozenset[Role]]

GRANTS: Grants = {
    "account.manage": frozenset({Role.ADMIN}),
    "agency.read": STAFF | {Role.SERVICE},
    "agency.manage": frozenset({Role.ADMIN}),
    "token.manage": frozenset({Role.ADMIN}),
    "audit.read": frozenset({Role.ADMIN, Role.AUDITOR}),
    "person.read": STAFF - {Role.AUDITOR, Role.TEACHER},
    "person.open": CONTROL_ROOM | RESPONDERS | {Role.WELFARE, Role.EPIDEMIC},
    "system.read": STAFF,
    "system.manage": frozenset({Role.ADMIN}),
}
"""The room's own, and the machines' below it. An administrator keeps accounts and does not open people's records."""


def union(tables: Iterable[Mapping[str, frozenset[str]]]) -> Grants:
    """One table out of the rooms' tables. Raises ValueError where two rooms grant one permission, or a role is none."""
    whole: dict[str, frozenset[Role]] = {}
    for table in tables:
        for permission, roles in table.items():
            if permission in whole:
                raise ValueError(f"permission {permission!r} is granted twice")
            whole[permission] = frozenset(Role(role) for role in roles)
    return MappingProxyType(whole)


def allowed(roles: Iterable[Role], permission: str, table: Grants) -> bool:
    """Whether any of `roles` has `permission`; what `table` does not name, nobody has."""
    return not table.get(permission, frozenset()).isdisjoint(roles)


def permissions_of(roles: Iterable[Role], table: Grants) -> frozenset[str]:
    """All that `roles` together may do."""
    held = frozenset(roles)
    return frozenset(permission for permission, granted in table.items() if not granted.isdisjoint(held))
