"""Where somebody is reached: people by the vault, staff and desks by sealed contacts of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import FieldError, Invalid, NotFound, Unavailable
from dure.kernel.ids import new_id
from dure.notices.model import TO_PHONE, Medium
from dure.notices.push import devices
from dure.notices.push.devices import Browsers
from dure.trust import audit, masks, vault
from dure.trust.principal import Principal
from dure.trust.vault import Person, folded

_OWN = text("select id, sealed, digest from notice_contact where owner = :owner and medium = :medium order by made_at")
_LIST = text("select id, owner, medium, masked, made_at from notice_contact where owner = :owner order by made_at")
_PUT = text(
    "insert into notice_contact (id, owner, medium, sealed, masked, digest, made_at) "
    "values (:id, :owner, :medium, :sealed, :masked, :digest, :now) on conflict do nothing"
)
_PHONE = text("select phone from agency where id = :id")


@dataclass(frozen=True, slots=True, repr=False)
class Receiver:
    """An address, open, and the digest by which it is known again."""

    address: str
    digest: bytes


_FIELDS = {True: ("phone", "second_phone"), False: ("email",)}
"""What is read of a person, by whether a telephone is meant."""


async def people(tx: Tx, rows: Sequence[RowMapping]) -> dict[UUID, Person]:
    """The people whom notices go to, read together, as far as that can be. The caller has left a line for each in the
    audit log.
    """
    found: dict[UUID, Person] = {}
    for phone, fields in _FIELDS.items():
        wanted = {row["person_id"] for row in rows if row["person_id"] and (Medium(row["medium"]) in TO_PHONE) is phone}
        if len(wanted - found.keys()) > 1:
            try:
                found |= await vault.of(tx).opened(tx, wanted - found.keys(), fields)
            except Unavailable:  # somebody's key is missing: each is read by itself
                continue
    return found


async def receiver(tx: Tx, row: RowMapping, known: Mapping[UUID, Person] | None = None) -> Receiver | None:
    """Where a notice goes; None where nobody knows. `known`: people who were read already. The caller has left a line
    in the audit log. Raises Unavailable where keys are missing.
    """
    medium = Medium(row["medium"])
    if medium is Medium.PUSH:
        return await _browsers(tx, row["to_key"])
    phone = medium in TO_PHONE
    address = ""
    if row["person_id"] is not None:
        found = (known or {}).get(row["person_id"])
        if found is None or not (found.email or phone):
            found = (await vault.of(tx).opened(tx, [row["person_id"]], _FIELDS[phone])).get(row["person_id"])
        if found is not None:
            address = (found.phone or found.second_phone) if phone else found.email
    if not address:
        address = await _own(tx, row["to_key"], Medium.TEXT if phone else medium)
    if not address and phone and row["agency_id"] is not None:
        address = await tx.scalar(_PHONE, {"id": row["agency_id"]}) or ""
    if not address:
        return None
    return Receiver(address, digest(tx, medium, address))


async def _browsers(tx: Tx, owner: str) -> Receiver | None:
    found = await devices.of_owner(tx, owner)
    if not found:
        return None
    return Receiver(msgspec.json.encode(Browsers(found)).decode(), digest(tx, Medium.PUSH, owner))


def digest(tx: Tx, medium: Medium, address: str) -> bytes:
    """The blind index of an address."""
    kind = "phone" if medium in TO_PHONE else "address"
    plain = folded("phone", address) if kind == "phone" else address.strip().casefold()
    return vault.of(tx).digest(kind, plain)


async def add(tx: Tx, principal: Principal, owner: str, medium: Medium, address: str) -> None:
    """Keep an address of a staff account or a desk. Raises Invalid."""
    if medium is Medium.VOICE:
        medium = Medium.TEXT
    if medium is Medium.TEXT and not 8 <= len(folded("phone", address)) <= 15:
        raise Invalid("engine.fields.wrong", fields=[FieldError("address", "notices.contact.phone")])
    if medium is Medium.EMAIL and not is_mail(address):
        raise Invalid("engine.fields.wrong", fields=[FieldError("address", "notices.contact.email")])
    await audit.record(tx, principal, "notice.contact", "notice_contact", owner)
    masked = {Medium.TEXT: masks.phone, Medium.EMAIL: masks.email}.get(medium, masks.anything)(address)
    id_ = new_id()
    await tx.execute(
        _PUT,
        {
            "id": id_,
            "owner": owner,
            "medium": medium.value,
            "sealed": vault.of(tx).seal(f"contact {owner} {medium.value}", address.strip().encode()),
            "masked": masked,
            "digest": digest(tx, medium, address),
            "now": tx.now(),
        },
    )


async def drop(tx: Tx, principal: Principal, contact_id: UUID) -> None:
    """Forget an address. Raises NotFound."""
    await audit.record(tx, principal, "notice.contact_drop", "notice_contact", contact_id)
    done = await tx.execute(text("delete from notice_contact where id = :id"), {"id": contact_id})
    if done.rowcount == 0:
        raise NotFound("notices.contact.unknown")


async def listing(tx: Tx, owner: str) -> Sequence[dict[str, Any]]:
    """An owner's addresses, masked."""
    return [{**row, "id": str(row["id"])} for row in await tx.rows(_LIST, {"owner": owner})]


def is_mail(address: str) -> bool:
    """Whether it may be an address: one @, a name before, a domain after, nothing that ends a header."""
    name, at, domain = address.strip().partition("@")
    return bool(at and name and "." in domain and "@" not in domain) and not any(
        one.isspace() or one in '<>,;"\\' or ord(one) < 32 for one in address.strip()
    )


async def _own(tx: Tx, owner: str, medium: Medium) -> str:
    row = await tx.row(_OWN, {"owner": owner, "medium": medium.value})
    if row is None:
        return ""
    return vault.of(tx).unseal(f"contact {owner} {medium.value}", bytes(row["sealed"])).decode()
