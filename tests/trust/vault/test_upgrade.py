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
from dure.trust import accounts, audit
from dure.trust.accounts import NewAccount
from dure.trust.principal import Principal
from dure.trust.retention import holding
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, at, reasons, texts
from dure.trust.vault.masters import derived
from dure.trust.vault.rotating import rotate
from dure.trust.vault.upgrading import upgrade
from tests.support import tables_with

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


_OLD = """
insert into delegation (id, from_account, to_account, agency_id, roles, reason, starts_at, ends_at)
    values (:id, :lead, :other, 'control', '{operator}', '말, 휴가 대리', :now, :now + interval '1 day');
insert into retention_hold (id, scope, target, reason, created_at, created_by, until_at, released_at, released_by,
    released_why)
    values (:id, 'person', cast(cast(:person as uuid) as text), '말, 수사 협조', :now,
    'account:' || cast(:lead as uuid), :now + interval '1 day', :now, 'system:night', '말, 수사 종결');
insert into retention_hold (id, scope, target, reason, created_at, created_by, until_at)
    values (:lead, 'incident', 'inc-1', '말, 다른 수사', :now, 'token:' || cast(:other as uuid),
    :now + interval '1 day');
insert into glass (id, person_id, account_id, actor_name, reason, opened_at, until_at, review_due_at, reviewed_at,
    reviewed_by, verdict, review_note) values
    (:id, :person, :lead, 'lead', 'life', :now, :now, :now, :now, :other, 'proper', '말, 확인함');
insert into purpose (id, person_id, code, basis, text, kinds, from_at, until_at, withdrawn_at, withdrawn_by,
    withdrawn_why, created_at, created_by) values
    (:id, :person, 'own', 'pipa.15.1.1', '안부 전화', '{contact}', :now, :now + interval '1 day', :now, 'desk',
    '말, 전화로 철회', :now, 'x'),
    (:lead, :person, 'own', 'pipa.15.1.1', '안부 전화', '{contact}', :now, :now + interval '1 day', :now, 'person',
    'deletion', :now, 'x');
insert into audit_review (id, month, due_on, made_at, rules, lines, actors)
    values (:id, '2026-02-01', '2026-03-10', :now, '2026-01-01', 1, 1);
insert into audit_finding (id, review_id, rule, actor, actor_name, first_at, last_at, count, facts, verdict, word,
    judged_by, judged_at)
    values (:id, :id, 'night', 'x', 'x', :now, :now, 1, '{}', 'proper', '말, 야간 업무', 'lead', :now);
update vault_state set form = 2
"""


async def test_reasons_that_were_kept_as_they_were_written_are_sealed(database: Database, tmp_path: Path) -> None:
    held = at(tmp_path)
    async with database.transaction() as tx:
        lead, other = [
            (await accounts.create(tx, None, NewAccount(name, name, [Role.OPERATOR], password_hash="x")))["id"]
            for name in ("lead", "other")
        ]
        person, _ = await held.put(tx, Person(name="홍길동"))
        id_ = uuid4()
        values = {"id": id_, "lead": lead, "other": other, "person": person, "now": tx.now()}
        for statement in _OLD.split(";\n"):
            await tx.execute(
                text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
            )
        judge = Principal("account", lead, "lead", frozenset())
        await audit.record(tx, judge, "audit.review_judge", "audit_finding", id_, purpose="proper")
        (hold, *_) = await holding.listing(tx, standing_only=False, after=None, most=9)
        assert "말" in hold["reason"], "read as it was until it is sealed"
    assert len(await tables_with(database, "말, ")) == 5
    assert await upgrade(database, held) == 7
    assert await tables_with(database, "말, ") == []
    assert await upgrade(database, held) == 0
    async with database.transaction() as tx:
        holds = await holding.listing(tx, standing_only=False, after=None, most=9)
        assert {(one["reason"], one["released_why"]) for one in holds} == {
            ("말, 수사 협조", "말, 수사 종결"),
            ("말, 다른 수사", None),
        }
        kept = {
            "delegation": await tx.scalar(text("select reason from delegation")),
            "glass": await tx.scalar(text("select review_note from glass")),
            "purpose": await tx.scalar(text("select withdrawn_why from purpose where withdrawn_by = 'desk'")),
            "finding": await tx.scalar(text("select word from audit_finding")),
        }
        assert {name: line.split(":")[1:3] for name, line in kept.items()} == {
            "delegation": ["actor", lead.hex],
            "glass": ["person", person.hex],
            "purpose": ["person", person.hex],
            "finding": ["actor", lead.hex],
        }, "under the key of whom they are about, else of who wrote them"
        assert reasons.opened(tx, list(kept.values())) == [
            "말, 휴가 대리",
            "말, 확인함",
            "말, 전화로 철회",
            "말, 야간 업무",
        ]
        assert await tx.scalar(text("select withdrawn_why from purpose where withdrawn_by = 'person'")) == "deletion"
