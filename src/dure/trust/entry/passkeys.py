"""Passkeys (WebAuthn level 3): discoverable, with the person verified by the authenticator: one act is two factors."""

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import cbor2
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy import RowMapping, text
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from dure.kernel.ids import new_id
from dure.trust.entry.relying import Relying

Purpose = Literal["add", "sign_in", "second", "prove"]
MOST = 20
_LASTS = timedelta(minutes=5)
_REQUIRED = UserVerificationRequirement.REQUIRED
_UNREADABLE = (
    *(WebAuthnException, UnsupportedAlgorithm, cbor2.CBORError, struct.error),
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError),
)
"""What the library raises for an answer that no authenticator gives."""

_CHALLENGE = text(
    "insert into passkey_challenge (id, purpose, holder, challenge, expires_at) "
    "values (:id, :purpose, :holder, :challenge, :until)"
)
_TAKE = text(
    "delete from passkey_challenge where id = :id and purpose = :purpose and holder is not distinct from :holder "
    "and expires_at > :now returning challenge"
)
_FORGET = text("delete from passkey_challenge where expires_at < :now")
_OF = text(
    "select id, credential_id, name, backed_up, transports, created_at, used_at from passkey "
    "where account_id = :account order by created_at, id"
)
_ADD = text(
    "insert into passkey (id, account_id, credential_id, public_key, sign_count, name, aaguid, backed_up, transports, "
    "created_at) values (:id, :account, :credential, :key, :count, :name, :aaguid, :backed_up, :transports, :now) "
    "on conflict (credential_id) do nothing"
)
_BY_CREDENTIAL = text(
    "select id, account_id, public_key, sign_count from passkey where credential_id = :credential for update"
)
_USED = text("update passkey set sign_count = :count, backed_up = :backed_up, used_at = :now where id = :id")
_RENAME = text("update passkey set name = :name where id = :id and account_id = :account")
_REMOVE = text("delete from passkey where id = :id and account_id = :account")
_REMOVE_ALL = text("delete from passkey where account_id = :account")
_LOCK = text("select 1 from account where id = :account for update")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is asked: options for `navigator.credentials`, and the id of the challenge in them."""

    id: UUID
    options: dict[str, Any]


async def of(tx: Tx, account_id: UUID) -> Sequence[RowMapping]:
    """An account's passkeys, the oldest first, without their keys."""
    return await tx.rows(_OF, {"account": account_id})


async def ask_to_add(
    tx: Tx, rp: Relying, city: str, account_id: UUID, username: str, label: str, session_id: UUID
) -> Asked:
    """Options to make a passkey. Raises Conflict where an account has as many as it may."""
    held = await of(tx, account_id)
    if len(held) >= MOST:
        raise Conflict("trust.passkey.too_many", most=MOST)
    id_, challenge = await _challenge(tx, "add", session_id)
    options = webauthn.generate_registration_options(
        rp_id=rp.id,
        rp_name=city,
        user_id=account_id.bytes,
        user_name=username,
        user_display_name=label,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=[_descriptor(row) for row in held],
    )
    return Asked(id_, options_to_json_dict(options))


async def add(
    tx: Tx,
    rp: Relying,
    challenge_id: UUID,
    credential: Mapping[str, Any],
    *,
    account_id: UUID,
    session_id: UUID,
    name: str,
) -> UUID:
    """Keep the passkey that an authenticator made. Raises Forbidden for a challenge that is over, Invalid for an answer
    that does not hold, Conflict for a passkey that is known or one too many.
    """
    challenge = await _taken(tx, "add", session_id, challenge_id)
    await tx.execute(_LOCK, {"account": account_id})
    if len(await of(tx, account_id)) >= MOST:
        raise Conflict("trust.passkey.too_many", most=MOST)
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=rp.id,
            expected_origin=rp.origin,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise Invalid("trust.passkey.refused") from error
    id_ = new_id()
    values = {
        "id": id_,
        "account": account_id,
        "credential": made.credential_id,
        "key": made.credential_public_key,
        "count": made.sign_count,
        "name": name,
        "aaguid": made.aaguid,
        "backed_up": made.credential_backed_up,
        "transports": _transports(credential),
        "now": tx.now(),
    }
    if (await tx.execute(_ADD, values)).rowcount == 0:
        raise Conflict("trust.passkey.known")
    return id_


async def ask(
    tx: Tx, rp: Relying, purpose: Purpose, *, holder: UUID | None = None, account_id: UUID | None = None
) -> Asked:
    """Options to use a passkey: any that the browser has for this city, or one of an account's."""
    id_, challenge = await _challenge(tx, purpose, holder)
    held = await of(tx, account_id) if account_id else []
    options = webauthn.generate_authentication_options(
        rp_id=rp.id,
        challenge=challenge,
        allow_credentials=[_descriptor(row) for row in held],
        user_verification=_REQUIRED,
    )
    return Asked(id_, options_to_json_dict(options))


async def proven(
    tx: Tx, rp: Relying, purpose: Purpose, challenge_id: UUID, credential: Mapping[str, Any], *, holder: UUID | None
) -> UUID:
    """Whose passkey answered: the account's id. The caller checks that the account may be used.

    Raises Forbidden for a challenge that is over, Unauthenticated for an answer that does not hold, one without the
    person verified, and one whose counter went back (a copied authenticator, WebAuthn section 6.1.1).
    """
    challenge = await _taken(tx, purpose, holder, challenge_id)
    try:
        row = await tx.row(_BY_CREDENTIAL, {"credential": webauthn.base64url_to_bytes(str(credential["id"]))})
        if row is None:
            raise Unauthenticated("trust.passkey.unknown")
        answered = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=rp.id,
            expected_origin=rp.origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
        told = credential["response"].get("userHandle")
        if told and webauthn.base64url_to_bytes(told) != row["account_id"].bytes:
            raise Unauthenticated("trust.passkey.wrong")
    except _UNREADABLE as error:
        raise Unauthenticated("trust.passkey.wrong") from error
    used = {"id": row["id"], "count": answered.new_sign_count, "backed_up": answered.credential_backed_up}
    await tx.execute(_USED, {**used, "now": tx.now()})
    account_id = row["account_id"]
    assert isinstance(account_id, UUID)
    return account_id


async def rename(tx: Tx, account_id: UUID, passkey_id: UUID, name: str) -> None:
    """Call a passkey otherwise. Raises NotFound."""
    if (await tx.execute(_RENAME, {"id": passkey_id, "account": account_id, "name": name})).rowcount == 0:
        raise NotFound("trust.passkey.none_such")


async def remove(tx: Tx, account_id: UUID, passkey_id: UUID) -> None:
    """Forget a passkey. Raises NotFound."""
    if (await tx.execute(_REMOVE, {"id": passkey_id, "account": account_id})).rowcount == 0:
        raise NotFound("trust.passkey.none_such")


async def remove_all(tx: Tx, account_id: UUID) -> int:
    """Forget all of an account's passkeys; how many there were."""
    return (await tx.execute(_REMOVE_ALL, {"account": account_id})).rowcount


async def forget_old(tx: Tx) -> None:
    """Delete challenges that are over."""
    await tx.execute(_FORGET, {"now": tx.now()})


async def _challenge(tx: Tx, purpose: Purpose, holder: UUID | None) -> tuple[UUID, bytes]:
    id_, challenge = new_id(), os.urandom(32)
    values = {"id": id_, "purpose": purpose, "holder": holder, "challenge": challenge}
    await tx.execute(_CHALLENGE, {**values, "until": tx.now() + _LASTS})
    return id_, challenge


async def _taken(tx: Tx, purpose: Purpose, holder: UUID | None, challenge_id: UUID) -> bytes:
    values = {"id": challenge_id, "purpose": purpose, "holder": holder, "now": tx.now()}
    found = (await tx.execute(_TAKE, values)).scalar()
    if found is None:
        raise Forbidden("trust.passkey.challenge_over")
    return bytes(found)


def _descriptor(row: RowMapping) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(one) for one in row["transports"]]
    return PublicKeyCredentialDescriptor(id=row["credential_id"], transports=transports or None)


def _transports(credential: Mapping[str, Any]) -> list[str]:
    known = {one.value for one in AuthenticatorTransport}
    told = credential.get("response", {}).get("transports") or []
    return sorted({one for one in told if one in known})
