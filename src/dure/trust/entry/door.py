"""Where every way in ends: a session, or the wait for a second factor."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Database, Tx
from dure.kernel.errors import Unauthenticated
from dure.trust import address as addresses
from dure.trust import audit, sessions, sign_in
from dure.trust.authentication import approved
from dure.trust.entry import guard, known, passkeys, recovery, second, totp
from dure.trust.entry.relying import Relying
from dure.trust.entry.shapes import PasskeyAnswer, SecondIn
from dure.trust.entry.sso import ending
from dure.trust.principal import Principal
from dure.trust.sessions import Way

_ACCOUNT = text(
    "select c.id, c.label, c.agency_id, a.networks from account c left join agency a on a.id = c.agency_id "
    "where c.id = :id and c.state = 'active' for share of c"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Where somebody stands at the door: address, browser, how long a session lasts, and the cookies that the browser
    had from before (a session's, and that of a known browser).
    """

    address: str | None
    browser: str | None
    lasts: timedelta
    before: str | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Entered:
    """A session's secret and the known browser's; or the second step's secret, and how the second may be shown."""

    session: str | None = None
    known: str | None = None
    step: str | None = None
    ways: tuple[str, ...] = ()


async def by_password(database: Database, username: str, password: str, visit: Visit) -> Entered:
    """Come in with a password. Raises as `sign_in.proven`, and Forbidden where the agency is not to be reached from
    here.
    """
    async with database.transaction() as tx:
        browser = await known.of(tx, visit.known, username)
    account = await sign_in.proven(database, username, password, address=visit.address, known=browser)
    async with database.transaction() as tx:
        return await after_first(tx, account["id"], Way("password", proven_at=tx.now()), visit)


async def by_passkey(database: Database, rp: Relying, answer: PasskeyAnswer, visit: Visit) -> Entered:
    """Come in with a passkey, which is two factors. Nobody's failures make a passkey wait."""
    async with database.transaction() as tx:
        try:
            account_id = await passkeys.proven(
                tx, rp, "sign_in", answer.challenge, answer.credential.plain(), holder=None
            )
        except Unauthenticated:
            account_id = None
            await audit.record(tx, None, "session.open", "passkey", "-", outcome="failed", address=visit.address)
    if account_id is None:
        raise Unauthenticated("trust.passkey.wrong")
    async with database.transaction() as tx:
        return await opened(tx, account_id, Way("passkey", second=True, proven_at=tx.now()), visit)


async def after_first(tx: Tx, account_id: UUID, way: Way, visit: Visit) -> Entered:
    """The first factor was right: a session, or the second factor is awaited."""
    await _account(tx, account_id, visit)
    has = await second.held(tx, account_id)
    if way.second or not second.asked(await second.demand_of(tx, account_id), has):
        return await opened(tx, account_id, way, visit)
    step = await second.begin(tx, account_id, way.method, way.proven_at)
    return Entered(step=step, ways=tuple(has.ways()))


async def by_second(
    database: Database, data: Path, rp: Relying | None, step: str | None, given: SecondIn, visit: Visit
) -> Entered:
    """Show the second factor. Raises Unauthenticated for a wrong one and after too many tries, TooMany while codes must
    wait.
    """
    guesses: tuple[guard.Guess, ...] = ()
    async with database.transaction() as tx:
        row = await second.awaited(tx, step)
        await second.tried(tx, row["id"])
        if given.passkey is None:
            guesses = guard.of_code(row["account_id"], visit.address)
            await guard.charge(tx, *guesses)
    async with database.transaction() as tx:
        method = await _shown(tx, data, rp, row, given)
        if method is None:
            account = row["account_id"]
            await audit.record(tx, None, "session.second", "account", account, outcome="failed", address=visit.address)
        else:
            await second.done(tx, row["id"])
            await guard.forgive(tx, *guesses)
            way = Way(f"{row['method']}+{method}", second=True, proven_at=row["proven_at"])
            entered = await opened(tx, row["account_id"], way, visit)
            if row["method"] == "sso" and entered.session is not None:
                await ending.entered(tx, row["id"], entered.session)
            return entered
    raise Unauthenticated("trust.second.wrong")


async def _shown(tx: Tx, data: Path, rp: Relying | None, row: RowMapping, given: SecondIn) -> str | None:
    """The method's name, where what was given is right."""
    account_id: UUID = row["account_id"]
    if given.code is not None:
        return "totp" if await totp.taken(tx, data, account_id, given.code) else None
    if given.recovery_code is not None:
        return "recovery" if await recovery.use(tx, account_id, given.recovery_code) else None
    if given.passkey is None or rp is None:
        return None
    answer = given.passkey
    try:
        whose = await passkeys.proven(tx, rp, "second", answer.challenge, answer.credential.plain(), holder=row["id"])
    except Unauthenticated:
        return None
    return "passkey" if whose == account_id else None


async def opened(tx: Tx, account_id: UUID, way: Way, visit: Visit) -> Entered:
    """A session for an account that has shown what it must. Raises Unauthenticated for one that is suspended, Forbidden
    where its agency is not to be reached from here.
    """
    account = await _account(tx, account_id, visit)
    id_, presented = await sessions.open_session(
        tx,
        account_id,
        address=visit.address,
        browser=visit.browser,
        lasts=visit.lasts,
        way=way,
        before=visit.before,
    )
    who = Principal(
        "account", account_id, account["label"], frozenset(), agency_id=account["agency_id"], address=visit.address
    )
    await audit.record(tx, who, "session.open", "session", id_)
    if way.method.endswith("+recovery"):
        await audit.record(tx, who, "recovery.use", "account", account_id)
    return Entered(session=presented, known=await known.note(tx, visit.known, account_id))


async def _account(tx: Tx, account_id: UUID, visit: Visit) -> Any:
    account = await tx.row(_ACCOUNT, {"id": account_id})
    if account is None:
        raise Unauthenticated("trust.sign_in.wrong")
    approved(addresses.parsed(visit.address or ""), account["networks"])
    return account
