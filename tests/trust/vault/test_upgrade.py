"""A city of the vault's first form: read at once, upgraded by itself, and able to rotate afterwards."""

import hashlib
import hmac
import os
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from dure.engine.database import Database
from dure.trust.vault import Person, Vault, texts
from dure.trust.vault.masters import derived
from dure.trust.vault.rotating import rotate
from dure.trust.vault.upgrading import upgrade

MASTER = bytes(range(32))


@pytest.fixture
def held(tmp_path: Path) -> Vault:
    """The vault of a city whose key file has the first form."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    file = tmp_path / "secrets" / "vault.key"
    file.touch(mode=0o600)
    file.write_bytes(MASTER)
    return Vault(tmp_path)


def first_form(about: bytes, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(derived(MASTER, b"records")).encrypt(nonce, plain, b"\x01" + about)


async def kept(database: Database, name: str, phone: str) -> UUID:
    """A record as the first form kept it."""
    id_, sealed = uuid4(), None
    sealed = first_form(id_.bytes, msgspec.msgpack.encode({"name": name, "second_phone": phone}))
    index = derived(MASTER, b"index")
    async with database.transaction() as tx:
        await tx.execute(text("insert into person (id, sealed) values (:id, :sealed)"), {"id": id_, "sealed": sealed})
        for field, kind, value in (("name", "name", name), ("second_phone", "phone", phone)):
            digest = hmac.digest(index, f"{kind}\0{value}".encode(), hashlib.sha256)
            await tx.execute(
                text("insert into person_index (person_id, field, digest) values (:id, :field, :digest)"),
                {"id": id_, "field": field, "digest": digest},
            )
    return id_


async def test_people_and_words_are_upgraded_and_then_rotate(database: Database, held: Vault) -> None:
    ids = [await kept(database, f"사람{n}", f"0101111000{n}") for n in range(3)]
    incident = uuid4()
    async with database.transaction() as tx:
        await tx.execute(text("insert into vault_link_waiting values (:id, '{WATCH-1}')"), {"id": ids[1]})
        await tx.execute(
            text(
                "insert into incident (id, receipt_no, type, merge_group, severity, severity_by_signals, status, mode, "
                "source, located, opened_at, signal_at, last_signal_at, acknowledge_by, created_at, updated_at, "
                "description, outcome_reason) values (:id, 'HB-1', 'fire', 'fire', 'watch', 'watch', 'open', 'real', "
                "'112', false, now(), now(), now(), now(), now(), now(), '\\x00' || convert_to('할머니가', 'UTF8'), '')"
            ),
            {"id": incident},
        )
        assert (await held.opened(tx, ids))[ids[0]] == Person(name="사람0", second_phone="01011110000")
        assert await held.find(tx, "phone", "010-1111-0002") == [ids[2]], "found before it is upgraded"
        row = await tx.row(text("select * from incident"))
        assert texts.opened(tx, "incident", [row], "description", by="id")[0]["description"] == "할머니가"  # type: ignore[list-item]
    assert held.unseal("import_row/1", first_form(b"import_row/1", b"row")) == b"row"
    assert await upgrade(database, held) == 5
    assert await upgrade(database, held) == 0
    async with database.transaction() as tx:
        rows = await tx.rows(text("select sealed from person"))
        assert {bytes(row["sealed"])[:1] for row in rows} == {b"\x02"}
        row = await tx.row(text("select description, outcome_reason, id from incident"))
        assert row is not None
        assert bytes(row["description"])[:1] == b"\x02"
    await rotate(database, held)
    async with database.transaction() as tx:
        assert (await held.opened(tx, ids))[ids[1]] == Person("사람1", second_phone="01011110001", devices=("WATCH-1",))
        assert await held.find(tx, "phone", "010-1111-0002") == [ids[2]]
        assert await held.find(tx, "devices", "WATCH-1") == [ids[1]]
        opened = texts.opened(tx, "incident", [row], "description", "outcome_reason", by="id")[0]
    assert (opened["description"], opened["outcome_reason"]) == ("할머니가", "")
