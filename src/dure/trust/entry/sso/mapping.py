"""Roles from the city's single sign-on: only those that the city mapped, and only these are taken away again."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust import accounts, audit
from dure.trust.entry.sso import links
from dure.trust.entry.sso.provider import Vouched
from dure.trust.entry.sso.settings import Sso
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.who import granting
from dure.trust.who.granting import Grant

SELF = system("sso")
_GIVEN = text("select role from grant_role where account_id = :account and granted_by = :by")


def mapped(sso: Sso, claims: Mapping[str, Any]) -> frozenset[Role]:
    """The roles that the claims give by the city's mapping; what it does not name gives nothing."""
    told = claims.get(sso.roles_claim) if sso.roles_claim else None
    values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return frozenset(sso.roles[one] for one in values if isinstance(one, str) and one in sso.roles)


async def created(tx: Tx, sso: Sso, vouched: Vouched) -> UUID | None:
    """A new account for somebody with at least one mapped role, where the city wants that.

    Its name is made of issuer and subject: names that the provider tells may be somebody's here already.
    """
    roles = mapped(sso, vouched.claims)
    if not sso.create or not roles:
        return None
    name = "sso-" + hashlib.sha256(f"{sso.issuer}\0{vouched.subject}".encode()).hexdigest()[:12]
    made = await accounts.create(
        tx, SELF, accounts.NewAccount(name, label=name, roles=roles, agency_id=sso.agency, password_hash=None)
    )
    account_id = made["id"]
    assert isinstance(account_id, UUID)
    link = await links.link(tx, account_id, sso.issuer, vouched.subject)
    await audit.record(tx, SELF, "sso.link", "identity", link)
    return account_id


async def follow(tx: Tx, sso: Sso, account_id: UUID, vouched: Vouched) -> None:
    """Give the mapped roles, take away those that it gave before and no longer gives. Roles that people gave stay, and
    so does the last administrator.
    """
    if not sso.roles:
        return
    wanted = mapped(sso, vouched.claims)
    before = await granting.grants_of(tx, account_id)
    ours = {Role(row["role"]) for row in await tx.rows(_GIVEN, {"account": account_id, "by": SELF.actor})}
    gone = ours - wanted
    if Role.ADMIN in gone and await granting.admins(tx) <= {account_id}:
        gone -= {Role.ADMIN}
    after = {role: one for role, one in before.items() if role not in gone}
    after |= {role: Grant(role) for role in wanted - before.keys()}
    if await granting.regrant(tx, SELF, account_id, after):
        await audit.record(tx, SELF, "sso.roles", "account", account_id)
