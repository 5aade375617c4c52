"""One's own ways to sign in, over HTTP; and, for administrators, which roles must have a second factor."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy import text

from dure.engine.web import ContextDep, Router, TxDep
from dure.kernel.errors import Invalid
from dure.trust import audit, sessions
from dure.trust.entry import edge, passkeys, proving, recovery, second, shapes, totp
from dure.trust.entry.edge import Person
from dure.trust.entry.sso import links as sso_links
from dure.trust.entry.sso import settings as sso
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.web import check_proven, require

router = Router(tags=["trust"])
_NAMES = text("select username, label from account where id = :id")
_HAS_PASSWORD = text("select password_hash is not null from account where id = :id")
Manages = Annotated[Principal, Depends(require("account.manage"))]
GrantsRoles = Annotated[Principal, Depends(require("account.grant"))]


async def proven_person(who: Person, tx: TxDep) -> Principal:
    """Dependency: somebody who has signed in and proved it a moment ago. Raises as `person`, and Forbidden."""
    check_proven(who, tx.now())
    return who


ProvenPerson = Annotated[Principal, Depends(proven_person)]


@router.get("/me/ways")
async def my_ways(tx: TxDep, who: Person, context: ContextDep) -> shapes.MyWays:
    """How one signs in oneself, and what is asked of one's roles."""
    left = await recovery.left(tx, who.id)
    told = sso.offered(context.settings)
    links = await sso_links.of(tx, who.id)
    return shapes.MyWays(
        passkeys=[shapes.PasskeyOut(**row) for row in await passkeys.of(tx, who.id)],
        totp_since=await totp.set_up_at(tx, who.id),
        recovery=shapes.RecoveryOut(left=left.count, made_at=left.made_at),
        identities=[shapes.IdentityOut(**row) for row in links],
        has_password=bool(await tx.scalar(_HAS_PASSWORD, {"id": who.id})),
        demand=await second.demand_of(tx, who.id),
        missing=who.second_missing,
        prove=await proving.ways(tx, who.id, edge.party(context), sso=bool(told and links)),
        offered=edge.offered(context),
        sso=shapes.SsoWays(ko=told.name_ko, en=told.name_en) if told else None,
    )


@router.post("/me/passkeys/challenge")
async def passkey_challenge(tx: TxDep, who: ProvenPerson, context: ContextDep, response: Response) -> shapes.Challenge:
    """Options to make a passkey."""
    response.headers["Cache-Control"] = "no-store"
    rp = edge.needed_party(context)
    names = await tx.row(_NAMES, {"id": who.id})
    assert names is not None
    assert who.session_id is not None
    asked = await passkeys.ask_to_add(tx, rp, "dure", who.id, names["username"], names["label"], who.session_id)
    return shapes.Challenge(challenge=asked.id, options=asked.options)


@router.post("/me/passkeys", status_code=201)
async def add_passkey(
    body: shapes.PasskeyIn, tx: TxDep, who: ProvenPerson, context: ContextDep, response: Response
) -> shapes.PasskeyMade:
    """Keep a passkey. The first second factor brings recovery codes, shown once."""
    assert who.session_id is not None
    response.headers["Cache-Control"] = "no-store"
    made = await passkeys.add(
        tx,
        edge.needed_party(context),
        body.challenge,
        body.credential.plain(),
        account_id=who.id,
        session_id=who.session_id,
        name=body.name,
    )
    await audit.record(tx, who, "passkey.add", "passkey", made)
    return shapes.PasskeyMade(id=made, recovery_codes=await _second_set_up(tx, who))


@router.patch("/me/passkeys/{passkey_id}", status_code=204)
async def rename_passkey(body: shapes.NameIn, tx: TxDep, who: Person, passkey_id: UUID) -> None:
    """Call a passkey otherwise."""
    await passkeys.rename(tx, who.id, passkey_id, body.name)
    await audit.record(tx, who, "passkey.rename", "passkey", passkey_id)


@router.delete("/me/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(tx: TxDep, who: ProvenPerson, passkey_id: UUID) -> None:
    """Forget a passkey."""
    await passkeys.remove(tx, who.id, passkey_id)
    await audit.record(tx, who, "passkey.remove", "passkey", passkey_id)
    await _second_removed(tx, who.id)


@router.post("/me/totp", status_code=201)
async def begin_totp(tx: TxDep, who: ProvenPerson, context: ContextDep, response: Response) -> shapes.TotpOffered:
    """A secret for an authenticator app, shown once; in force when a code of it was confirmed."""
    response.headers["Cache-Control"] = "no-store"
    names = await tx.row(_NAMES, {"id": who.id})
    assert names is not None
    rp = edge.party(context)
    issuer = f"dure {rp.id}" if rp is not None and rp.id != "localhost" else "dure"
    offered = await totp.begin(tx, context.settings.data, who.id, names["username"], issuer)
    return shapes.TotpOffered(secret=offered.secret, uri=offered.uri, picture=offered.picture)


@router.post("/me/totp/confirm")
async def confirm_totp(
    body: shapes.CodeIn, tx: TxDep, who: ProvenPerson, context: ContextDep, response: Response
) -> shapes.RecoveryMade:
    """Put the app's codes in force. The first second factor brings recovery codes, shown once."""
    response.headers["Cache-Control"] = "no-store"
    await totp.confirm(tx, context.settings.data, who.id, body.code)
    await audit.record(tx, who, "totp.set", "account", who.id)
    return shapes.RecoveryMade(recovery_codes=await _second_set_up(tx, who))


@router.delete("/me/totp", status_code=204)
async def remove_totp(tx: TxDep, who: ProvenPerson) -> None:
    """One-time codes are no longer asked for."""
    if await totp.remove(tx, who.id):
        await audit.record(tx, who, "totp.remove", "account", who.id)
        await _second_removed(tx, who.id)


@router.post("/me/recovery-codes", status_code=201)
async def make_recovery_codes(tx: TxDep, who: ProvenPerson, response: Response) -> shapes.RecoveryMade:
    """Ten fresh recovery codes, shown once; earlier ones end."""
    response.headers["Cache-Control"] = "no-store"
    if not (await second.held(tx, who.id)).any:
        raise Invalid("trust.recovery.no_second")
    codes = await recovery.make(tx, who.id)
    await audit.record(tx, who, "recovery.make", "account", who.id)
    return shapes.RecoveryMade(recovery_codes=codes)


@router.delete("/me/identities/{identity_id}", status_code=204)
async def unlink(tx: TxDep, who: ProvenPerson, identity_id: UUID) -> None:
    """End the link to an account of the city's single sign-on."""
    await sso_links.remove(tx, who.id, identity_id)
    await audit.record(tx, who, "sso.unlink", "identity", identity_id)


@router.delete("/sessions/others")
async def end_others(tx: TxDep, who: Person) -> shapes.EndedOut:
    """End all of one's own sessions but this one."""
    return shapes.EndedOut(ended=await sessions.revoke_others(tx, who))


@router.get("/second-factor-rules")
async def list_rules(tx: TxDep, _who: Manages) -> shapes.Rules:
    """What each role of people is asked for."""
    return shapes.Rules.model_validate({"items": await second.rules(tx)})


@router.put("/second-factor-rules/{role}")
async def set_rule(body: shapes.RuleIn, tx: TxDep, who: GrantsRoles, role: Role) -> shapes.Rules:
    """Ask a role for a second factor, or no longer. From now on; who has none can then do nothing but set one up."""
    if role not in second.PEOPLE:
        raise Invalid("trust.second.not_people")
    await second.set_rule(tx, who, role, body.demand)
    return shapes.Rules.model_validate({"items": await second.rules(tx)})


@router.delete("/accounts/{account_id}/second-factors", status_code=204)
async def clear(tx: TxDep, who: GrantsRoles, account_id: UUID) -> None:
    """Forget the passkeys, one-time codes and recovery codes of somebody who lost them, and end their sessions."""
    await second.clear(tx, who, account_id)


async def _second_set_up(tx: TxDep, who: Principal) -> list[str] | None:
    """The session has shown a second factor now; recovery codes, where there were none."""
    assert who.session_id is not None
    await sessions.has_second(tx, who.session_id)
    if (await recovery.left(tx, who.id)).made_at is not None:
        return None
    codes = await recovery.make(tx, who.id)
    await audit.record(tx, who, "recovery.make", "account", who.id)
    return codes


async def _second_removed(tx: TxDep, account_id: UUID) -> None:
    """Raises Conflict where the last one went although a role asks for one; recovery codes go with the last."""
    if not (await second.held(tx, account_id)).any:
        await second.check_may_remove(tx, account_id)
        await recovery.remove(tx, account_id)
