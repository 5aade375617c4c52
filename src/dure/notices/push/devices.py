"""The browsers in which somebody wants to be told: contacts of their account, sealed as all contacts are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import FieldError, Invalid, NotFound, Unavailable
from dure.kernel.ids import new_id
from dure.notices.push.hosts import allowed
from dure.notices.push.message import Keys, decoded
from dure.trust import audit, vault
from dure.trust.principal import Principal, system

MOST = 10
"""Browsers of one account."""
_OF = text("select id, sealed from notice_contact where owner = :owner and medium = 'push' order by made_at, id")
_LIST = text(
    "select id, masked as label, made_at, digest from notice_contact where owner = :owner and medium = 'push' "
    "order by made_at, id"
)
_PUT = text(
    "insert into notice_contact (id, owner, medium, sealed, masked, digest, made_at) "
    "values (:id, :owner, 'push', :sealed, :label, :digest, :now) on conflict (owner, medium, digest) "
    "do update set sealed = excluded.sealed, masked = excluded.masked"
)
_DROP = text("delete from notice_contact where id = :id and owner = :owner and medium = 'push'")
_OTHERS = text("delete from notice_contact where medium = 'push' and digest = :digest and owner <> :owner")
_GONE = text("delete from notice_contact where id = any(:ids) and medium = 'push' returning owner")


class Device(msgspec.Struct, frozen=True):
    """One browser's subscription, as it is sealed: where, and its keys as base64url."""

    endpoint: str
    p256dh: str
    auth: str

    def keys(self) -> Keys:
        """Its keys. Raises ValueError."""
        return Keys(decoded(self.p256dh), decoded(self.auth))


class Browsers(msgspec.Struct, frozen=True):
    """All browsers of one account, by id: the address of a push."""

    devices: dict[UUID, Device]


def owner_of(principal: Principal) -> str:
    """As whom somebody owns browsers."""
    return f"account:{principal.id}"


async def add(tx: Tx, who: Principal, device: Device, label: str, own_hosts: Sequence[str]) -> None:
    """Tell `who` in this browser from now on. A browser is one person's: who had it before is told there no more.
    Raises Invalid for an address that is no push service's, keys that are none, and one browser too many.
    """
    if not allowed(device.endpoint, own_hosts):
        raise Invalid("engine.fields.wrong", fields=[FieldError("endpoint", "notices.push.host")])
    try:
        device.keys()
    except ValueError as error:
        raise Invalid("engine.fields.wrong", fields=[FieldError("keys", "notices.push.keys")]) from error
    owner, digest = owner_of(who), vault.of(tx).digest("address", device.endpoint)
    known = await tx.rows(_LIST, {"owner": owner})
    if len(known) >= MOST and all(bytes(one["digest"]) != digest for one in known):
        raise Invalid("notices.push.many", most=MOST)
    await audit.record(tx, who, "notice.device", "notice_contact", owner)
    await tx.execute(_OTHERS, {"digest": digest, "owner": owner})
    sealed = vault.of(tx).seal(f"contact {owner} push", msgspec.json.encode(device))
    values = {"id": new_id(), "owner": owner, "sealed": sealed, "label": label, "digest": digest, "now": tx.now()}
    await tx.execute(_PUT, values)


async def drop(tx: Tx, who: Principal, device_id: UUID) -> None:
    """Tell somebody in one of their browsers no more. Raises NotFound, also for another's."""
    await audit.record(tx, who, "notice.device_drop", "notice_contact", device_id)
    done = await tx.execute(_DROP, {"id": device_id, "owner": owner_of(who)})
    if done.rowcount == 0:
        raise NotFound("notices.push.unknown")


async def listing(tx: Tx, who: Principal, endpoint: str | None) -> list[dict[str, Any]]:
    """Somebody's own browsers, the oldest first; `this` says which is the one of `endpoint`."""
    digest = vault.of(tx).digest("address", endpoint) if endpoint else None
    return [
        {"id": str(row["id"]), "label": row["label"], "made_at": row["made_at"], "this": bytes(row["digest"]) == digest}
        for row in await tx.rows(_LIST, {"owner": owner_of(who)})
    ]


async def of_owner(tx: Tx, owner: str) -> dict[UUID, Device]:
    """All browsers of an account. Raises Unavailable where keys are missing."""
    found: dict[UUID, Device] = {}
    for row in await tx.rows(_OF, {"owner": owner}):
        plain = vault.of(tx).unseal(f"contact {owner} push", bytes(row["sealed"]))
        try:
            found[row["id"]] = msgspec.json.decode(plain, type=Device)
        except msgspec.DecodeError as error:
            raise Unavailable("notices.push.unreadable") from error
    return found


async def forget(tx: Tx, device_ids: Sequence[UUID]) -> None:
    """The push service says that these browsers are no more."""
    for row in await tx.rows(_GONE, {"ids": list(device_ids)}):
        await audit.record(tx, system("notices"), "notice.device_gone", "notice_contact", row["owner"])
