"""A fresh proof that the person at a session is still there (step-up), before something is disclosed or handed out."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.kernel.errors import Unauthenticated
from dure.trust import audit, sessions, sign_in
from dure.trust.entry import guard, known, passkeys, totp
from dure.trust.entry.relying import Relying
from dure.trust.entry.shapes import PasskeyAnswer, ProofIn
from dure.trust.principal import Principal

_HAS_PASSWORD = text("select password_hash is not null from account where id = :id")


async def ways(tx: Tx, account_id: UUID, rp: Relying | None, *, sso: bool) -> list[str]:
    """With what an account can prove to be there, the strongest first."""
    found = ["passkey"] if rp is not None and await passkeys.of(tx, account_id) else []
    if await totp.set_up_at(tx, account_id) is not None:
        found.append("totp")
    if await tx.scalar(_HAS_PASSWORD, {"id": account_id}):
        found.append("password")
    return [*found, "sso"] if sso else found


async def prove(
    database: Database,
    data: Path,
    rp: Relying | None,
    who: Principal,
    username: str,
    given: ProofIn,
    *,
    browser: str | None,
) -> str:
    """The session's new secret, good for what asks for a fresh proof. Raises Unauthenticated for a wrong proof, TooMany
    while it must wait.
    """
    assert who.session_id is not None
    if given.password is not None:
        async with database.transaction() as tx:
            here = await known.of(tx, browser, username)
        await sign_in.proven(database, username, given.password, address=who.address, known=here)
        right = True
    elif given.code is not None:
        right = await _by_code(database, data, who, given.code)
    else:
        assert given.passkey is not None
        right = rp is not None and await _by_passkey(database, rp, who, given.passkey)
    async with database.transaction() as tx:
        if right:
            presented = await sessions.prove(tx, who.session_id, second=given.password is None)
            await audit.record(tx, who, "session.prove", "session", who.session_id)
            return presented
        await audit.record(tx, who, "session.prove", "session", who.session_id, outcome="failed")
    raise Unauthenticated("trust.step_up.wrong")


async def _by_code(database: Database, data: Path, who: Principal, code: str) -> bool:
    guesses = guard.of_code(who.id, who.address)
    async with database.transaction() as tx:
        await guard.charge(tx, *guesses)
    async with database.transaction() as tx:
        right = await totp.taken(tx, data, who.id, code)
        if right:
            await guard.forgive(tx, *guesses)
    return right


async def _by_passkey(database: Database, rp: Relying, who: Principal, answer: PasskeyAnswer) -> bool:
    async with database.transaction() as tx:
        try:
            whose: UUID = await passkeys.proven(
                tx, rp, "prove", answer.challenge, answer.credential.plain(), holder=who.session_id
            )
        except Unauthenticated:
            return False
    return whose == who.id
