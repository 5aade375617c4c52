"""Citizens: signed in by a link that a desk gives out after it has made sure of who stands there."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden, NotFound
from dure.kernel.ids import new_id
from dure.trust import accounts, audit, secret, sessions
from dure.trust.principal import Principal, system
from dure.trust.purposes import queries
from dure.trust.roles import Role

Checked = Literal["id_card", "mobile_id", "certificate", "proxy"]
"""How the desk made sure (PIPA 38, enforcement decree 46): identity card, mobile identity card, joint certificate,
a representative's power of attorney."""
LINK_LASTS = timedelta(hours=24)
SESSION_LASTS = timedelta(hours=1)


async def issue_link(tx: Tx, principal: Principal, person_id: UUID, checked: Checked) -> str:
    """A link's secret for this person; earlier ones end. The account is made at the first one. Raises NotFound."""
    if not await tx.row(queries.PERSON_LOCKED, {"id": person_id}):
        raise NotFound("trust.person.unknown")
    account = await tx.scalar(queries.ACCOUNT_OF, {"person_id": person_id})
    if account is None:
        account = await _account(tx, person_id)
    now, presented = tx.now(), secret.new(secret.LINK)
    await tx.execute(queries.END_LINKS, {"account": account, "now": now})
    values = {"id": new_id(), "digest": secret.digest(presented), "account": account, "checked": checked}
    await tx.execute(queries.LINK, {**values, "by": principal.actor, "now": now, "until": now + LINK_LASTS})
    await audit.record(tx, principal, "citizen.identify", "account", account, purpose=checked, person_id=person_id)
    return presented


async def _account(tx: Tx, person_id: UUID) -> UUID:
    """An account that says nothing of its person: who it is stands in the vault alone."""
    name = f"citizen-{new_id().hex[-12:]}"
    row = await accounts.create(
        tx, system("purposes"), accounts.NewAccount(name, label=name, roles=frozenset({Role.CITIZEN}))
    )
    account: UUID = row["id"]
    await tx.execute(queries.BIND, {"account": account, "person_id": person_id, "now": tx.now()})
    return account


async def enter(tx: Tx, presented: str, *, address: str | None, browser: str | None) -> str:
    """Use a link up: a session's secret. Raises Forbidden where it is unknown, used or over; nobody is told which."""
    row = await tx.row(queries.USE_LINK, {"digest": secret.digest(presented), "now": tx.now()})
    if row is None:
        raise Forbidden("trust.link.over")
    id_, session = await sessions.open_session(
        tx, row["account_id"], address=address, browser=browser, lasts=SESSION_LASTS
    )
    who = Principal("account", row["account_id"], row["label"], frozenset({Role.CITIZEN}), address=address)
    await audit.record(tx, who, "session.open", "session", id_)
    return session


async def person_of(tx: Tx, principal: Principal) -> UUID:
    """Whose account it is. Raises NotFound for one that is nobody's: a citizen's right is to their own record."""
    found = await tx.scalar(queries.PERSON_OF, {"account": principal.account_id})
    if found is None:
        raise NotFound("trust.citizen.nobody")
    return UUID(str(found))
