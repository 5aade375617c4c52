"""The cipher's face: every suite keeps its promises, another one can be put in, and what was sealed before stays
readable."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import SEED
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st

from dure.engine.database import Database
from dure.trust.vault import Person, Vault, cipher, envelope
from dure.trust.vault.cipher import Unreadable
from dure.trust.vault.envelope import DataKey

KEY = DataKey("person", UUID(int=7), 1, bytes(range(32)))


class SeedCbcHmac:
    """SEED (KS X 1213, RFC 4269) in CBC, encrypt-then-MAC with HMAC-SHA-256: what a Korean module might bring."""

    name = "seed-cbc-hmac-sha256"

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        iv = os.urandom(16)
        pad = padding.PKCS7(128).padder()
        encryptor = Cipher(SEED(key[:16]), modes.CBC(iv)).encryptor()
        body = iv + encryptor.update(pad.update(plain) + pad.finalize()) + encryptor.finalize()
        return body + self._tag(key, body, aad)

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        body, tag = sealed[:-32], sealed[-32:]
        if len(body) < 32 or tag != self._tag(key, body, aad):
            raise Unreadable
        decryptor = Cipher(SEED(key[:16]), modes.CBC(body[:16])).decryptor()
        unpad = padding.PKCS7(128).unpadder()
        return unpad.update(decryptor.update(body[16:]) + decryptor.finalize()) + unpad.finalize()

    def _tag(self, key: bytes, body: bytes, aad: bytes) -> bytes:
        mac = hmac.HMAC(key[16:], hashes.SHA256())
        mac.update(len(aad).to_bytes(8, "big") + aad + body)
        return mac.finalize()


class Other(SeedCbcHmac):
    """The same under another name."""

    name = "other"


@pytest.fixture
def seed(monkeypatch: pytest.MonkeyPatch) -> int:
    """A third suite, registered for this test."""
    monkeypatch.setattr(cipher, "_suites", dict(cipher._suites))
    cipher.register(200, SeedCbcHmac())
    return 200


@pytest.mark.parametrize("number", [1, 2, 200])
def test_every_suite_binds_key_context_and_bytes(number: int, seed: int) -> None:
    sealed = envelope.seal(KEY, "person.name", b"plain", number)
    assert sealed[1] == number
    assert b"plain" not in sealed
    assert sealed != envelope.seal(KEY, "person.name", b"plain", number), "each sealing gives other bytes"
    assert envelope.unseal(KEY, "person.name", sealed) == b"plain"
    others = [
        DataKey("incident", KEY.id, 1, KEY.secret),
        DataKey("person", UUID(int=8), 1, KEY.secret),
        DataKey("person", KEY.id, 2, KEY.secret),
        DataKey("person", KEY.id, 1, bytes(32)),
    ]
    for other in others:
        with pytest.raises(Unreadable):
            envelope.unseal(other, "person.name", sealed)
    with pytest.raises(Unreadable):
        envelope.unseal(KEY, "person.phone", sealed)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(Unreadable):
            envelope.unseal(KEY, "person.name", bytes(changed))
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            envelope.unseal(KEY, "person.name", sealed[:length])


@given(st.binary(max_size=300), st.text(max_size=30))
def test_what_is_sealed_is_unsealed(plain: bytes, context: str) -> None:
    about = context.encode("utf-8", "replace").decode()
    assert envelope.unseal(KEY, about, envelope.seal(KEY, about, plain, 1)) == plain


def test_a_suites_number_and_name_are_its_own(seed: int) -> None:
    assert cipher.chosen({}) == 1
    assert cipher.chosen({"DURE_VAULT_SUITE": "chacha20-poly1305"}) == 2
    with pytest.raises(ValueError, match="rot13"):
        cipher.chosen({"DURE_VAULT_SUITE": "rot13"})
    for number in (0, 1, 2, seed, 256):
        with pytest.raises(ValueError, match="registered"):
            cipher.register(number, Other())
    with pytest.raises(ValueError, match="registered"):
        cipher.register(3, SeedCbcHmac())
    cipher.register(3, Other())
    assert cipher.chosen({"DURE_VAULT_SUITE": "other"}) == 3
    last = Other()
    last.name = "last"
    cipher.register(255, last)
    with pytest.raises(Unreadable):
        cipher.suite(99)


async def test_a_city_that_changes_its_suite_reads_what_it_had(
    database: Database, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as tx:
        first, _ = await Vault(tmp_path).put(tx, Person(name="홍길동"))
    monkeypatch.setenv("DURE_VAULT_SUITE", "seed-cbc-hmac-sha256")
    later = Vault(tmp_path)
    assert later.suite == seed
    async with database.transaction() as tx:
        second, _ = await later.put(tx, Person(name="김철수"))
        opened = await later.opened(tx, [first, second])
    assert [opened[first].name, opened[second].name] == ["홍길동", "김철수"]
