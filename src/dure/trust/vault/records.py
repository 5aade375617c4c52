"""The records of people: each field sealed under its person's own key, found by blind index, masked by default."""

import asyncio
import hashlib
import hmac
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound, Unavailable
from dure.kernel.ids import new_id
from dure.trust.vault import cipher, envelope, first_form, tables  # noqa: F401  # the room's tables are known
from dure.trust.vault.envelope import DataKey
from dure.trust.vault.ledger import Ledger
from dure.trust.vault.masters import Masters, derived
from dure.trust.vault.person import INDEXED, Person, folded, indexed, kind_of, of_fields
from dure.trust.vault.store import KeyStore

_FORM = b"\x02"
_INDEX = UUID(int=1)
_WAITING = UUID(int=2)
"""The city's own keys: the root of blind indexes, and the key of rows that wait in an import."""


class Vault:
    """The vault of one city."""

    def __init__(self, data: Path) -> None:
        self.masters = Masters(data)
        self.keys = KeyStore(data / "secrets" / "keys", self.masters)
        self.ledger = Ledger(data)
        self.suite = cipher.chosen()
        self._city: dict[UUID, DataKey] = {}
        self._roots: dict[str, bytes] = {}  # of blind indexes, by kind of field

    # --- people ---

    async def put(self, tx: Tx, person: Person, person_id: UUID | None = None) -> tuple[UUID, bool]:
        """Keep a record; with `person_id` in the place of the one that is there. The id, and whether anything
        changed.
        """
        return (await self.put_all(tx, [(person_id, person)]))[0]

    async def put_all(self, tx: Tx, people: Sequence[tuple[UUID | None, Person]]) -> list[tuple[UUID, bool]]:
        """Keep many records in a few statements. Raises NotFound for an id that is not there."""
        known = await self._records(tx, [one for one, _ in people if one is not None])
        if any(asked is not None and asked not in known for asked, _ in people):
            raise NotFound("trust.person.unknown")
        done = [(asked or new_id(), asked is None or known[asked] != person) for asked, person in people]
        wanted = {id_: person for (id_, differs), (_, person) in zip(done, people, strict=True) if differs}
        # Durable before the record is: a key without a record hides nothing, a record without its key is lost.
        keys = await asyncio.to_thread(self.ensure, "person", list(wanted))
        rows = [
            {"id": id_, "sealed": self.sealed(keys[id_], person), "now": tx.now()} for id_, person in wanted.items()
        ]
        fresh = [row for row in rows if row["id"] not in known]
        changed = [row for row in rows if row["id"] in known]
        if fresh:
            ids, parts = [row["id"] for row in fresh], [row["sealed"] for row in fresh]
            await tx.execute(_INSERT, {"ids": ids, "sealed": parts, "now": tx.now()})
        if changed:
            await tx.execute(_UPDATE, changed)
            await tx.execute(_UNINDEX, {"ids": [row["id"] for row in changed]})
        await self.index(tx, wanted)
        return done

    async def masked(self, tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
        """The masked form of those that are there. Where their keys are missing, nothing but that somebody is there: a
        city that was restored without its keys still works.
        """
        wanted = list(ids)
        try:
            return {id_: person.masked() for id_, person in (await self._records(tx, wanted)).items()}
        except Unavailable:
            if len(wanted) == 1:
                return {wanted[0]: Person(name="***")}
            return {id_: person for one in wanted for id_, person in (await self.masked(tx, [one])).items()}

    async def find(self, tx: Tx, field: str, value: str) -> list[UUID]:
        """Whose `field` (name, phone, resident_no, devices) is exactly `value`, however it was written; by blind index,
        nothing is opened. Of records that were found to be one person, the one that was kept.
        """
        kind = kind_of(field)
        if field not in INDEXED or not folded(field, value):
            return []
        digests = [self.digest(kind, folded(field, value)), *self._first_digest(kind, folded(field, value))]
        rows = await tx.rows(_FIND, {"fields": _NAMES[kind], "digests": digests})
        return [row["id"] for row in rows]

    async def opened(self, tx: Tx, ids: Iterable[UUID], fields: Collection[str] | None = None) -> dict[UUID, Person]:
        """The records as they are, or only these fields of them. Only for who has left a line in the audit log first,
        and for sending a notice. Raises Unavailable where keys are missing that nobody destroyed.
        """
        return await self._records(tx, ids, fields)

    async def apart(self, tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
        """The masked form of each record as it was before it was found to be another's, too."""
        return {id_: person.masked() for id_, person in (await self._records(tx, ids, read=_READ_APART)).items()}

    async def index(self, tx: Tx, people: dict[UUID, Person]) -> None:
        """Let people be found."""
        rows = {
            (id_, kind, self.digest(kind, plain)): None
            for id_, person in people.items()
            for kind, plain in indexed(person)
        }
        if rows:
            ids, fields, digests = (list(column) for column in zip(*rows, strict=True))
            await tx.execute(_INDEX_ROWS, {"ids": ids, "fields": fields, "digests": digests})

    # --- bytes ---

    def seal(self, about: str, plain: bytes) -> bytes:
        """Bytes that only this vault reads again, and only as `about` the same thing (rows that wait in an import)."""
        return envelope.seal(self._own(_WAITING), about, plain, self.suite)

    def unseal(self, about: str, sealed: bytes) -> bytes:
        """What `seal` hid. Raises Unavailable where the key or `about` is another."""
        with readable():
            if sealed[:1] == first_form.FORM:
                return first_form.unsealed(self.masters, about.encode(), sealed)
            return envelope.unseal(self._own(_WAITING), about, sealed)

    def digest(self, kind: str, plain: str) -> bytes:
        """The blind index of a folded value: HMAC-SHA-256 under a key of this kind of field alone."""
        key = self._roots.get(kind)
        if key is None:
            key = self._roots[kind] = derived(self._own(_INDEX).secret, b"index " + kind.encode())
        return hmac.digest(key, plain.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def ensure(self, kind: str, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of these things, made where there was none. Blocking: one fsync where any was made."""
        with readable():
            return self.keys.ensure(kind, ids)

    def key(self, kind: str, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys that there are."""
        with readable():
            return self.keys.get(kind, ids)

    def sealed(self, key: DataKey, person: Person) -> bytes:
        """A record as its row keeps it."""
        parts = {name: envelope.seal(key, f"person.{name}", plain, self.suite) for name, plain in person.fields()}
        return _FORM + msgspec.msgpack.encode(parts)

    # --- taking out ---

    async def remove(self, tx: Tx, ids: Iterable[UUID], reason: str = "removed") -> int:
        """Take records out: their keys are destroyed once this has committed; how many there were."""
        from dure.trust.vault import erasing

        return await erasing.order(tx, self, "person", list(ids), reason, "system")

    # --- within ---

    async def _records(
        self, tx: Tx, ids: Iterable[UUID], fields: Collection[str] | None = None, read: TextClause | None = None
    ) -> dict[UUID, Person]:
        wanted = list(ids)
        if not wanted:
            return {}
        rows = await tx.rows(_READ if read is None else read, {"ids": wanted})
        with readable():
            keys = self.keys.get("person", {row["id"] for row in rows})
            return {
                row["asked"]: self._unsealed(row["id"], bytes(row["sealed"]), keys.get(row["id"]), fields)
                for row in rows
                if row["id"] in keys or not self.keys.is_destroyed("person", row["id"])
            }

    def _unsealed(self, id_: UUID, sealed: bytes, key: DataKey | None, fields: Collection[str] | None) -> Person:
        if sealed[:1] == first_form.FORM:
            return msgspec.msgpack.decode(first_form.unsealed(self.masters, id_.bytes, sealed), type=Person)
        if key is None or sealed[:1] != _FORM:
            raise cipher.Unreadable
        parts = msgspec.msgpack.decode(sealed[1:], type=dict[str, bytes])
        return of_fields(
            {
                name: envelope.unseal(key, f"person.{name}", part)
                for name, part in parts.items()
                if fields is None or name in fields
            }
        )

    def _own(self, id_: UUID) -> DataKey:
        """A key of the city itself; rotation wraps it anew and leaves it as it is."""
        if id_ not in self._city:
            self._city[id_] = self.ensure("city", [id_])[id_]
        return self._city[id_]

    def _first_digest(self, kind: str, plain: str) -> list[bytes]:
        if kind not in {"name", "phone"} or 1 not in self.masters.all():
            return []
        return [first_form.digest(self.masters, kind, plain)]


@contextmanager
def readable() -> Iterator[None]:
    """What cannot be read because its key or its context is another becomes an error that says so."""
    try:
        yield
    except (cipher.Unreadable, msgspec.DecodeError) as error:
        raise Unavailable("trust.vault.unreadable") from error


@lru_cache(maxsize=8)
def at(data: Path) -> Vault:
    """The vault of the city in `data`; its keys are made at the first use. Raises Unavailable where they are not
    fit.
    """
    return Vault(data)


def of(tx: Tx) -> Vault:
    """The vault of the city whose records `tx` changes. Raises Unavailable where nobody said which that is."""
    told = tx.folder or os.environ.get("DURE_DATA")
    if not told:
        raise Unavailable("trust.vault.nowhere")
    return at(Path(told))


_NAMES = {"phone": ["phone", "second_phone"], "name": ["name"], "resident_no": ["resident_no"], "device": ["device"]}
"""Field names in the index; `second_phone` stands in rows of the first form only."""

_INSERT = text(
    "insert into person (id, sealed, created_at, updated_at) select id, sealed, :now, :now "
    "from unnest(cast(:ids as uuid[]), cast(:sealed as bytea[])) as fresh (id, sealed)"
)
_UPDATE = text("update person set sealed = :sealed, version = version + 1, updated_at = :now where id = :id")
_INDEX_ROWS = text(
    "insert into person_index (person_id, field, digest) "
    "select * from unnest(cast(:ids as uuid[]), cast(:fields as text[]), cast(:digests as bytea[]))"
)
_UNINDEX = text("delete from person_index where person_id = any(:ids)")
_FIND = text(
    "select distinct coalesce(p.merged_into, p.id) as id from person_index i join person p on p.id = i.person_id "
    "where i.field = any(:fields) and i.digest = any(:digests) order by 1"
)
_READ = text(
    "select p.id as asked, kept.id, kept.sealed from person p "
    "join person kept on kept.id = coalesce(p.merged_into, p.id) where p.id = any(:ids)"
)
_READ_APART = text("select id as asked, id, sealed from person where id = any(:ids)")
