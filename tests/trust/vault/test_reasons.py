"""What people write as their reasons stands sealed in the log: destroying the key takes the words, and the log stays
whole and proven."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.trust import audit
from dure.trust.audit import checkpoints, keys, lines, merkle, verify
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, at, erasing, reasons
from tests.trust.conftest import bearer, principal, token

SAID = "남궁카나리 씨가 쓰러졌다는 신고"
CODE = "pipa.15.1.5 rescue"


@pytest.fixture
def held(database: Database, tmp_path: Path) -> Vault:
    return at(tmp_path)


async def leave(
    database: Database, who: Principal, incident_id: UUID | None = None, person_id: UUID | None = None
) -> UUID:
    async with database.transaction() as tx:
        why = await reasons.sealed(tx, who, SAID, code=CODE, incident_id=incident_id, person_id=person_id)
        return await audit.record(
            tx, who, "person.open", "person", "x", purpose=why, case=incident_id, person_id=person_id
        )


async def kept(database: Database, line: UUID) -> str:
    async with database.transaction() as tx:
        return str(await tx.scalar(text("select purpose from audit where id = :id"), {"id": line}))


async def read(database: Database, line: UUID) -> str | None:
    purpose = await kept(database, line)
    async with database.transaction() as tx:
        return reasons.opened(tx, [purpose])[0]


async def destroy(database: Database, held: Vault, kind: str, id_: UUID) -> None:
    async with database.transaction() as tx:
        await erasing.order(tx, held, kind, [id_], "test", "system")


async def whole(database: Database, data: Path) -> bool:
    """A fresh checkpoint over a log that holds, every line proven by what the table has now."""
    async with database.transaction() as tx:
        await checkpoints.make(tx, keys.signer(data))
        rows = await tx.rows(text("select a.*, s.leaf from audit a join audit_seal s on s.audit_id = a.id"))
        assert all(merkle.leaf_hash(lines.canonical(row)) == bytes(row["leaf"]) for row in rows)
        return (await verify.verify(tx, keys.signer(data).verifier())).whole


async def test_codes_stay_plain_and_words_are_sealed(database: Database, held: Vault) -> None:
    line = await leave(database, principal(Role.OPERATOR), uuid4())
    assert (await kept(database, line)).startswith(CODE + " sealed:incident:")
    assert "남궁" not in await kept(database, line)
    assert await read(database, line) == f"{CODE} {SAID}"


async def test_destroying_the_incidents_key_takes_the_words_and_leaves_the_log_whole(
    database: Database, held: Vault, tmp_path: Path
) -> None:
    incident, other = uuid4(), uuid4()
    gone, stays = [await leave(database, principal(Role.OPERATOR), one) for one in (incident, other)]
    assert await whole(database, tmp_path)
    before = await kept(database, gone)
    await destroy(database, held, "incident", incident)
    assert await read(database, gone) == f"{CODE} {reasons.GONE}"
    assert await read(database, stays) == f"{CODE} {SAID}"
    assert await kept(database, gone) == before
    assert await whole(database, tmp_path)


async def test_words_about_a_person_go_with_the_person(database: Database, held: Vault, tmp_path: Path) -> None:
    async with database.transaction() as tx:
        person, _ = await held.put(tx, Person(name="남궁카나리"))
    line = await leave(database, principal(Role.OPERATOR), person_id=person)
    assert f"sealed:person:{person.hex}:" in await kept(database, line)
    async with database.transaction() as tx:
        await erasing.erase(tx, principal(Role.OPERATOR), person, "정보주체의 요청")
    assert await read(database, line) == f"{CODE} {reasons.GONE}"
    async with database.transaction() as tx:
        assert (await erasing.proof(tx, held, "person", person))["reason"] == "정보주체의 요청", "why is not lost"
    assert await whole(database, tmp_path)


async def test_words_of_no_case_go_with_whoever_said_them(database: Database, held: Vault, tmp_path: Path) -> None:
    who, other = replace(principal(Role.OPERATOR), id=uuid4()), principal(Role.AUDITOR)
    mine, theirs = await leave(database, who), await leave(database, other)
    assert f"sealed:actor:{who.id.hex}:" in await kept(database, mine)
    await destroy(database, held, "actor", who.id)
    assert await read(database, mine) == f"{CODE} {reasons.GONE}"
    assert await read(database, theirs) == f"{CODE} {SAID}"
    assert await whole(database, tmp_path)


async def test_a_destroyed_incident_or_person_keeps_nobody_from_leaving_a_line(database: Database, held: Vault) -> None:
    incident, who = uuid4(), principal(Role.OPERATOR)
    await leave(database, who, incident)
    await destroy(database, held, "incident", incident)
    for line in (await leave(database, who, incident), await leave(database, who, person_id=uuid4())):
        assert f"sealed:actor:{who.id.hex}:" in await kept(database, line)
        assert await read(database, line) == f"{CODE} {SAID}"


async def test_what_another_key_or_another_hand_made_is_no_words(database: Database, held: Vault) -> None:
    who = principal(Role.OPERATOR)
    purpose = await kept(database, await leave(database, who))
    other = await kept(database, await leave(database, replace(who, id=uuid4())))
    moved = purpose.rpartition(":")[0] + ":" + other.rpartition(":")[2]
    async with database.transaction() as tx:
        assert reasons.opened(tx, [moved, purpose[:-9], None, "", "pipa.36", "sealed: by nobody"]) == [
            f"{CODE} {reasons.GONE}",
            f"{CODE} {reasons.GONE}",
            None,
            "",
            "pipa.36",
            "sealed: by nobody",
        ]
        assert await reasons.sealed(tx, who, "", code="own") == "own"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    words=st.text(st.characters(blacklist_categories=["Cs"]), min_size=1),
    code=st.from_regex(r"[a-z.]{0,9}", fullmatch=True),
)
async def test_any_words_come_back(database: Database, held: Vault, words: str, code: str) -> None:
    async with database.transaction() as tx:
        told = await reasons.sealed(tx, principal(Role.OPERATOR), words, code=code)
        assert reasons.opened(tx, [told, code]) == [f"{code} {words}".strip() if code else words.strip(), code]


async def test_an_auditor_reads_and_finds_the_words_and_proves_the_line(
    database: Database, client: httpx.AsyncClient, settings: Settings, held: Vault
) -> None:
    auditor = bearer(await token(database, Role.AUDITOR))
    incident = uuid4()
    line = await leave(database, principal(Role.OPERATOR), incident)
    async with database.transaction() as tx:
        await audit.record(tx, principal(Role.OPERATOR), "incident.split", "incident", "i-1", purpose="rescue of i-2")
        await checkpoints.make(tx, keys.signer(settings.data))
    (found,) = (await client.get("/audit", params={"purpose": "카나리"}, headers=auditor)).json()["items"]
    assert (found["id"], found["purpose"]) == (str(line), f"{CODE} {SAID}")
    assert found["purpose_kept"] == await kept(database, line)
    both = (await client.get("/audit", params={"purpose": "RESCUE", "action": "", "limit": 1}, headers=auditor)).json()
    assert [(one["purpose"], one["purpose_kept"]) for one in both["items"]] == [("rescue of i-2", None)]
    more = await client.get("/audit", params={"purpose": "RESCUE", "limit": 1, "cursor": both["next"]}, headers=auditor)
    assert [one["id"] for one in more.json()["items"]] == [str(line)]
    proven = (await client.get(f"/audit/lines/{found['seq']}", headers=auditor)).json()
    assert (proven["line"]["purpose"], proven["line"]["purpose_kept"]) == (found["purpose"], found["purpose_kept"])
    async with database.transaction() as tx:
        looked = await tx.rows(text("select entity_id, purpose from audit where action = 'audit.read'"))
    assert all("카나리" not in f"{row['entity_id']} {row['purpose']}" for row in looked), "what is looked for is sealed"
