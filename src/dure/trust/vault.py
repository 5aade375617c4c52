"""The person vault: the only place that keeps who a person is.

Each record is encrypted with AES-256-GCM under the key of DIR/secrets, bound to its person's id (moved to another
row it cannot be read). Other rooms keep the id. Shown is the masked form; the open one needs a permission, a purpose
and a line in the audit log that is committed first (`people.open_person`).
"""

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound, Unavailable
from dure.kernel.ids import new_id
from dure.trust import keys, masks

_VERSION = b"\x01"
_NONCE = 12


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is. Everything is optional and text; `birth_date` is YYYY-MM-DD, `note` what a desk must know to
    help.
    """

    name: str = ""
    phone: str = ""
    second_phone: str = ""
    address: str = ""
    birth_date: str = ""
    email: str = ""
    note: str = ""

    def masked(self) -> "Person":
        """What may be shown without opening."""
        return Person(**{field: _MASKS[field](value) for field, value in msgspec.to_builtins(self).items()})


_MASKS: Mapping[str, Callable[[str], str]] = {
    "name": masks.name,
    "phone": masks.phone,
    "second_phone": masks.phone,
    "address": masks.address,
    "birth_date": masks.birth_date,
    "email": masks.email,
    "note": masks.anything,
}
INDEXED = ("name", "phone", "second_phone")


def folded(field: str, value: str) -> str:
    """How a value is compared: digits of a phone (+82 as 0), letters of a name without blanks and case."""
    plain = unicodedata.normalize("NFKC", value)
    if field.endswith("phone"):
        digits = re.sub(r"[^0-9+]", "", plain)
        return re.sub(r"[^0-9]", "", re.sub(r"^(\+82|0082)0?", "0", digits))
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", plain).casefold())


class Vault:
    """The vault of one city."""

    def __init__(self, held: keys.VaultKeys) -> None:
        self._cipher = AESGCM(held.records)
        self._index = held.index

    async def put(self, tx: Tx, person: Person, person_id: UUID | None = None) -> tuple[UUID, bool]:
        """Keep a record; with `person_id` in the place of the one that is there. The id, and whether anything
        changed.
        """
        return (await self.put_all(tx, [(person_id, person)]))[0]

    async def put_all(self, tx: Tx, people: Sequence[tuple[UUID | None, Person]]) -> list[tuple[UUID, bool]]:
        """Keep many records in a few statements. Raises NotFound for an id that is not there."""
        known = await self._records(tx, [one for one, _ in people if one is not None])
        done: list[tuple[UUID, bool]] = []
        fresh: list[dict[str, object]] = []
        changed: list[dict[str, object]] = []
        indexed: dict[UUID, Person] = {}
        for asked, person in people:
            if asked is not None and asked not in known:
                raise NotFound("trust.person.unknown")
            id_ = asked or new_id()
            differs = asked is None or known[asked] != person
            done.append((id_, differs))
            if differs:
                row = {"id": id_, "sealed": self._sealed(id_, person), "now": tx.now()}
                (fresh if asked is None else changed).append(row)
                indexed[id_] = person
        if fresh:
            await tx.execute(_INSERT, fresh)
        if changed:
            await tx.execute(_UPDATE, changed)
            await tx.execute(_UNINDEX, {"ids": [row["id"] for row in changed]})
        digests = [
            {"person_id": id_, "field": field, "digest": self._digest(_kind(field), getattr(person, field))}
            for id_, person in indexed.items()
            for field in INDEXED
            if folded(field, getattr(person, field))
        ]
        if digests:
            await tx.execute(_INDEX, digests)
        return done

    async def masked(self, tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
        """The masked form of those that are there."""
        return {id_: person.masked() for id_, person in (await self._records(tx, ids)).items()}

    async def find(self, tx: Tx, field: str, value: str) -> list[UUID]:
        """Whose `field` (name or phone) is exactly `value`, however it was written; by blind index, nothing is
        opened.
        """
        if not folded(field, value):
            return []
        fields = [one for one in INDEXED if _kind(one) == _kind(field)]
        rows = await tx.rows(_FIND, {"fields": fields, "digest": self._digest(_kind(field), value)})
        return [row["person_id"] for row in rows]

    async def opened(self, tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
        """The records as they are. Only for who has left a line in the audit log first, and for sending a notice."""
        return await self._records(tx, ids)

    def seal(self, about: str, plain: bytes) -> bytes:
        """Bytes that only this vault reads again, and only as `about` the same thing (rows that wait in an import)."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + about.encode())

    def unseal(self, about: str, sealed: bytes) -> bytes:
        """What `seal` hid. Raises Unavailable where the key or `about` is another."""
        try:
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], sealed[:1] + about.encode())
        except InvalidTag as error:
            raise Unavailable("trust.vault.unreadable") from error

    async def remove(self, tx: Tx, ids: Iterable[UUID]) -> int:
        """Take records out; how many there were."""
        return (await tx.execute(_REMOVE, {"ids": list(ids)})).rowcount

    async def _records(self, tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
        wanted = list(ids)
        if not wanted:
            return {}
        rows = await tx.rows(_READ, {"ids": wanted})
        return {row["id"]: self._unsealed(row["id"], bytes(row["sealed"])) for row in rows}

    def _sealed(self, id_: UUID, person: Person) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(person), _VERSION + id_.bytes)

    def _unsealed(self, id_: UUID, sealed: bytes) -> Person:
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            plain = self._cipher.decrypt(nonce, body, sealed[:1] + id_.bytes)
        except InvalidTag as error:
            raise Unavailable("trust.vault.unreadable") from error
        return msgspec.msgpack.decode(plain, type=Person)

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._index, f"{kind}\0{folded(kind, value)}".encode(), hashlib.sha256)


def _kind(field: str) -> str:
    return "phone" if field.endswith("phone") else field


@lru_cache(maxsize=8)
def at(data: Path) -> Vault:
    """The vault of the city in `data`; its key is made at the first call. Raises Unavailable where the key is not
    fit.
    """
    return Vault(keys.load(data))


_INSERT = text("insert into person (id, sealed, created_at, updated_at) values (:id, :sealed, :now, :now)")
_UPDATE = text("update person set sealed = :sealed, version = version + 1, updated_at = :now where id = :id")
_INDEX = text("insert into person_index (person_id, field, digest) values (:person_id, :field, :digest)")
_UNINDEX = text("delete from person_index where person_id = any(:ids)")
_FIND = text("select distinct person_id from person_index where field = any(:fields) and digest = :digest order by 1")
_READ = text("select id, sealed from person where id = any(:ids)")
_REMOVE = text("delete from person where id = any(:ids)")
