"""The person vault: nothing readable outside it, masked by default, opened only after the line is written."""

import logging
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.errors import NotFound, Unavailable
from dure.trust import masks, vault
from dure.trust.principal import system
from dure.trust.purposes import ledger
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, folded
from dure.trust.vault.masters import Masters
from tests.trust.conftest import account, signed_in

CANARY = Person(
    name="남궁카나리",
    phone="010-9876-5432",
    second_phone="053-111-2222",
    address="대구광역시 수성구 카나리로 77",
    birth_date="1958-03-04",
    email="canary@example.kr",
    note="카나리아를 키움",
)


@pytest.fixture
def held(settings: Settings) -> Vault:
    return vault.at(settings.data)


async def put(database: Database, held: Vault, person: Person = CANARY, id_: UUID | None = None) -> tuple[UUID, bool]:
    async with database.transaction() as tx:
        return await held.put(tx, person, id_)


@pytest.mark.parametrize(
    ("mask", "plain", "shown"),
    [
        (masks.name, "홍길동", "홍*동"),
        (masks.name, "이산", "이*"),
        (masks.name, "남궁민수", "남**수"),
        (masks.name, "John Smith", "J*** S***"),
        (masks.phone, "010-1234-5678", "010-****-5678"),
        (masks.phone, "01012345678", "010-****-5678"),
        (masks.phone, "02-123-4567", "02-****-4567"),
        (masks.phone, "119", "****"),
        (masks.address, "대구광역시 수성구 달구벌대로 1", "대구광역시 수성구 ***"),
        (masks.address, "somewhere", "***"),
        (masks.birth_date, "1958-03-04", "195*-**-**"),
        (masks.email, "kim@example.kr", "k***@example.kr"),
        (masks.anything, "anything", "***"),
        (masks.resident_no, "9001011234567", "900101-1******"),
        (masks.resident_no, "900101-1234567", "900101-1******"),
        (masks.resident_no, "900101", "******-*******"),
        (masks.tail, "M12345678", "*******78"),
        (masks.tail, "12345", "****45"),
        (masks.tail, "1234", "****"),
    ],
)
def test_masks(mask: object, plain: str, shown: str) -> None:
    assert mask(plain) == shown  # type: ignore[operator]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=60))
def test_masking_takes_anything(name: str, phone: str, address: str) -> None:
    shown = Person(name=name, phone=phone, address=address).masked()
    if len(name.strip()) > 1:
        assert shown.name != name.strip()


def test_a_record_is_a_value() -> None:
    """Whoever holds one cannot change what others hold."""
    with pytest.raises(AttributeError):
        CANARY.name = "홍길동"  # type: ignore[misc]


async def test_what_is_kept_is_given_back(database: Database, held: Vault) -> None:
    id_, changed = await put(database, held)
    assert changed
    assert (await put(database, held, CANARY, id_)) == (id_, False), "the same again changes nothing"
    async with database.transaction() as tx:
        assert (await held.opened(tx, [id_])) == {id_: CANARY}
        assert (await held.masked(tx, [id_]))[id_].name == "남***리"
        assert await held.find(tx, "phone", "+82 10 9876 5432") == [id_]
        assert await held.find(tx, "phone", "0531112222") == [id_]
        assert await held.find(tx, "name", " 남궁 카나리 ") == [id_]
        assert await held.find(tx, "name", "남궁") == []
        assert await held.find(tx, "phone", "") == []
    assert await put(database, held, Person(name="다른이름"), id_) == (id_, True)
    async with database.transaction() as tx:
        assert await held.find(tx, "name", "남궁카나리") == [], "the old name no longer leads there"
        assert await held.remove(tx, [id_]) == 1
        assert await held.opened(tx, [id_]) == {}
    with pytest.raises(NotFound):
        await put(database, held, CANARY, UUID(int=5))


async def ground(database: Database, person_id: UUID) -> str:
    """An entry of the ledger under which this person may be opened."""
    async with database.transaction() as tx:
        until = tx.now() + timedelta(days=1)
        return str(await ledger.begin(tx, system("test"), person_id, "pipa.15.1.3", "점주 연락", until))


async def test_no_store_holds_the_canary_in_the_clear(
    database: Database, app: FastAPI, held: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    id_, _ = await put(database, held)
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    key = {"idempotency-key": "k"}
    await client.get(f"/people/{id_}")
    await client.post("/people/find", json={"field": "phone", "value": CANARY.phone}, headers=key)
    reason = {"purpose": "현장 연락", "purpose_id": await ground(database, id_)}
    await client.post(f"/people/{id_}/open", json=reason, headers={"idempotency-key": "l"})
    tables = "select table_name from information_schema.tables where table_schema = 'public'"
    async with database.transaction() as tx:
        for row in await tx.rows(text(tables)):
            whole = await tx.scalar(text(f"select string_agg(t::text, ' ') from {row['table_name']} t"))
            kept = (whole or "") + caplog.text
            for part in ("카나리", "9876-5432", "98765432", "1112222", "1958-03", "canary"):
                assert part not in kept, (row["table_name"], part)
                assert part.encode().hex() not in kept, (row["table_name"], part)
    await client.aclose()


async def test_a_record_cannot_be_moved_to_another_person_or_changed(database: Database, held: Vault) -> None:
    first, second = (await put(database, held))[0], (await put(database, held, Person(name="홍길동")))[0]
    async with database.transaction() as tx:
        move = "update person set sealed = (select sealed from person where id = :a) where id = :b"
        await tx.execute(text(move), {"a": first, "b": second})
        with pytest.raises(Unavailable):
            await held.opened(tx, [second])
        harm = "update person set sealed = set_byte(sealed, octet_length(sealed) - 3, 7) where id = :a"
        await tx.execute(text(harm), {"a": first})
        with pytest.raises(Unavailable):
            await held.opened(tx, [first])
        assert await held.masked(tx, [first]) == {first: Person(name="***")}, "a screen goes on, and shows nothing"


async def test_masked_for_many_and_found_by_whole_values(database: Database, app: FastAPI, held: Vault) -> None:
    id_, _ = await put(database, held)
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    assert (await client.get(f"/people/{id_}")).json()["phone"] == "010-****-5432"
    found = await client.post("/people/find", json={"field": "phone", "value": "01098765432"})
    assert [one["name"] for one in found.json()["items"]] == ["남***리"]
    assert found.headers["cache-control"] == "no-store"
    assert (await client.get(f"/people/{UUID(int=9)}")).status_code == 404
    await client.aclose()


async def test_where_the_line_cannot_be_written_nothing_is_shown(database: Database, app: FastAPI, held: Vault) -> None:
    await put(database, held)
    client = await signed_in(app, await account(database, "kim", Role.OPERATOR))
    async with database.transaction() as tx:
        await tx.execute(text("alter table audit add constraint full_up check (action <> 'person.find') not valid"))
    answer = await client.post("/people/find", json={"field": "phone", "value": "01098765432"})
    assert answer.status_code >= 500
    assert "남" not in answer.text
    await client.aclose()


async def test_doubles_erasing_and_its_proof_over_http(database: Database, app: FastAPI, held: Vault) -> None:
    async with database.transaction() as tx:
        made = await held.put_all(tx, [(None, CANARY), (None, Person(name="남궁카나리", phone="01098765432"))])
    one, other = (id_ for id_, _ in made)
    client = await signed_in(app, await account(database, "lead", Role.SHIFT_LEAD))
    assert (await client.post("/person-pairs/look")).json() == {"found": 1}
    (pair,) = (await client.get("/person-pairs")).json()["items"]
    assert (pair["first"]["name"], pair["why"], pair["state"]) == ("남***리", ["name", "phone"], "open")
    both = {"first": str(one), "second": str(other)}
    assert (await client.post("/person-pairs/merge", json={**both, "kept": str(one)})).status_code == 204
    assert [item["kept_id"] for item in (await client.get("/person-pairs?state=merged")).json()["items"]] == [str(one)]
    assert (await client.post("/person-pairs/undo", json=both)).status_code == 204
    assert (await client.post("/person-pairs/different", json=both)).status_code == 204
    erase = {"purpose": "정보주체의 요청", "confirm": "erase"}
    assert (await client.post(f"/people/{one}/erase", json={"purpose": "정보주체의 요청"})).status_code == 422
    assert (await client.post(f"/people/{one}/erase", json=erase)).status_code == 202
    proof = (await client.get(f"/people/{one}/destruction")).json()
    assert (proof["key_destroyed"], proof["records"], proof["index_rows"], proof["ledger_seq"]) == (True, 0, 0, 1)
    listed = (await client.get("/destructions")).json()["items"]
    assert [(item["subject_id"], item["reason"]) for item in listed] == [(str(one), "정보주체의 요청")]
    assert (await client.get(f"/people/{one}")).status_code == 404
    operator = await signed_in(app, await account(database, "oper", Role.OPERATOR))
    assert (await operator.post(f"/people/{other}/erase", json=erase)).status_code == 403
    assert (await operator.get("/destructions")).status_code == 403
    await client.aclose()
    await operator.aclose()


def test_the_key_file_is_its_owners_and_made_once(tmp_path: Path) -> None:
    first, again = Masters(tmp_path), Masters(tmp_path)
    path = tmp_path / "secrets" / "vault.key"
    assert first.all() == again.all()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    with pytest.raises(Unavailable, match="key_open"):
        first.all()
    path.chmod(0o600)
    for wrong in (b"short", b"dure vault keys 2\n", b"dure vault keys 2\n1 AAAA\n", b"something else\n1 AAAA\n"):
        path.write_bytes(wrong)
        with pytest.raises(Unavailable, match="key_wrong"):
            Masters(tmp_path).all()


async def test_another_citys_key_opens_nothing(database: Database, held: Vault, tmp_path: Path) -> None:
    id_, _ = await put(database, held)
    other = Vault(tmp_path / "other")
    async with database.transaction() as tx:
        assert await other.find(tx, "name", CANARY.name) == []
        with pytest.raises(Unavailable):
            await other.opened(tx, [id_])
        nobody = Person(name="***")
        assert await other.masked(tx, [id_]) == {id_: nobody}, "it still says that somebody is there"
        second, _ = await held.put(tx, Person(name="이영희"))
        assert await other.masked(tx, [id_, second]) == {id_: nobody, second: nobody}
        other.keys.close()
        held.keys.copy_to(tmp_path / "keys.db")
        shutil.copy(tmp_path / "keys.db", tmp_path / "other" / "secrets" / "keys" / "keys.db")
        with pytest.raises(Unavailable):
            await Vault(tmp_path / "other").opened(tx, [id_])


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(value: str) -> None:
    assert folded("name", folded("name", value)) == folded("name", value)
    assert folded("phone", folded("phone", value)) == folded("phone", value)
