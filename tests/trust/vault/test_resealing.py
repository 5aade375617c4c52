"""A city that has changed its cipher suite seals anew what it had: cut off and asked again, all of it, once."""

import base64
import re
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from dure.city import streams
from dure.engine.database import Database, Tx
from dure.kernel.ids import new_id
from dure.notices import contacts
from dure.notices.model import Medium
from dure.notices.push import keys as push_keys
from dure.respond.doors import setup
from dure.respond.doors.model import Way
from dure.trust import accounts
from dure.trust.accounts import NewAccount
from dure.trust.entry import sealing
from dure.trust.roles import Role
from dure.trust.vault import Person, at, erasing, texts
from dure.trust.vault.resealing import _OF_CITY, reseal
from tests.trust.conftest import principal

ADA, HONG = Person(name="남궁카나리", phone="010-9876-5432"), Person(name="홍길동", devices=("D-1",))
WORDS = "2층에서 연기가 보인다"
SOURCE = Path(__file__).parents[3] / "src" / "dure"
OTHER = 2
"""ChaCha20-Poly1305; the city began with AES-256-GCM."""

_INCIDENT = text(
    "insert into incident (id, receipt_no, type, merge_group, severity, severity_by_signals, status, mode, source, "
    "description, located, opened_at, signal_at, last_signal_at, acknowledge_by, created_at, updated_at) "
    "values (:id, :no, 'fire', 'fire', 'notice', 'notice', 'open', 'real', 'operator', :words, false, "
    "now(), now(), now(), now(), now(), now())"
)
_SHELF = text(
    "insert into alarm_shelf (id, rule, subject, reason, words, until, shelved_at, shelved_by) "
    "values (:id, 'r', 'd', 'works', :words, now(), now(), 'x')"
)
_NOTICE = text(
    "insert into notice (id, key, channel, medium, to_key, agency_id, template, language, sealed, bytes, life_safety, "
    "incident_id, wanted_by, status, expires_at, created_at, updated_at) values (:id, 'k', 'sms', 'text', "
    "'agency:fire', 'fire', 'x', 'ko', :sealed, 9, false, :incident, 'test', 'sent', now(), now(), now())"
)
_CAMERA = text(
    "insert into camera (id, site_id, number, name, lon, lat, stream_url, stream_login) "
    "values ('cam-1', 'cam-1', 1, 'cam-1', 127.4, 36.6, :stream_url, :stream_login)"
)
_SESSION = text(
    "insert into session (id, secret_hash, account_id, browser, created_at, seen_at, expires_at) "
    "values (:id, :hash, :who, '', now(), now(), now())"
)


async def incident(tx: Tx, no: int) -> UUID:
    """An incident with words in it."""
    id_ = new_id()
    words = await texts.sealed(tx, id_, "incident.description", WORDS)
    await tx.execute(_INCIDENT, {"id": id_, "words": words, "no": f"R-{no}"})
    return id_


async def shelf(tx: Tx) -> UUID:
    """A line of text that is sealed."""
    id_ = new_id()
    await tx.execute(_SHELF, {"id": id_, "words": await texts.sealed_line(tx, id_, "alarm_shelf.words", WORDS)})
    return id_


async def suites(database: Database) -> dict[str, set[int]]:
    """The suites that each kind of thing was sealed by."""
    async with database.transaction() as tx:
        incidents = await tx.rows(text("select description from incident"))
        people = await tx.rows(text("select sealed from person"))
        shelves = await tx.rows(text("select words from alarm_shelf"))
        ends = await tx.rows(text("select reason from destruction where reason like 'sealed:%'"))
    parts = [msgspec.msgpack.decode(bytes(row["sealed"])[1:], type=dict[str, bytes]) for row in people]
    lines = [base64.urlsafe_b64decode(row["reason"].rpartition(":")[2]) for row in ends]
    words = [base64.b64decode(row["words"].removeprefix("sealed:")) for row in shelves]
    return {
        "incident": {bytes(row["description"])[1] for row in incidents},
        "person": {part[1] for one in parts for part in one.values()},
        "destruction": {one[1] for one in lines},
        "shelf": {one[1] for one in words},
    }


async def test_all_that_was_sealed_is_sealed_anew_and_reads_as_before(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = at(tmp_path)
    async with database.transaction() as tx:
        people = [(await held.put(tx, one))[0] for one in (ADA, HONG, HONG)]
        incidents = [await incident(tx, n) for n in range(3)]
        shelved = await shelf(tx)
        await erasing.erase(tx, principal(Role.OPERATOR), people[2], "정보주체의 요청")
        await erasing.order(tx, held, "incident", [incidents[2]], "retention", "system")
    assert await suites(database) == {key: {1} for key in ("incident", "person", "destruction", "shelf")}
    monkeypatch.setattr(held, "suite", OTHER)
    said: list[int] = []
    found = await reseal(database, held, said.append)
    assert (found.done, dict(found.left)) == (2 + 2 + 1 + 1, {}), "incidents, people, a reason, a line"
    assert said[-1] == found.done
    now = {OTHER}
    assert await suites(database) == {"incident": {1, OTHER}, "person": now, "destruction": now, "shelf": now}
    async with database.transaction() as tx:
        assert await held.opened(tx, people) == {people[0]: ADA, people[1]: HONG}
        rows = await tx.rows(text("select id, description from incident order by receipt_no"))
        read = [row["description"] for row in texts.opened(tx, "incident", rows, "description", by="id")]
        assert read == [WORDS, WORDS, ""], "what was destroyed stays so"
        line = await tx.scalar(text("select words from alarm_shelf"))
        assert texts.opened_lines(tx, "alarm_shelf.words", {shelved: line}) == {shelved: WORDS}
        assert (await erasing.proof(tx, held, "person", people[2]))["reason"] == "정보주체의 요청"
    assert (await reseal(database, held)).done == 0, "asked again there is nothing to do"


async def test_what_a_notice_says_is_sealed_anew_bound_to_its_text(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = at(tmp_path)
    async with database.transaction() as tx:
        about, id_ = await incident(tx, 1), new_id()
        sealed = await texts.sealed_bytes(tx, about, "notice.text", WORDS.encode())
        await tx.execute(_NOTICE, {"id": id_, "sealed": sealed, "incident": about})
    monkeypatch.setattr(held, "suite", OTHER)
    found = await reseal(database, held)
    assert (found.done, dict(found.left)) == (2, {}), "the incident's own words, and the notice's"
    async with database.transaction() as tx:
        kept = bytes(await tx.scalar(text("select sealed from notice")))
        assert kept[1] == OTHER
        assert texts.opened_bytes(held, about, "notice.text", kept) == WORDS.encode()


async def test_what_the_citys_own_key_seals_is_sealed_anew_too(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = at(tmp_path)
    address, code = "rtsp://cam:secret@10.0.0.7/live", b"12345678901234567890"
    async with database.transaction() as tx:
        who = (await accounts.create(tx, None, NewAccount("lead", "lead", [Role.ADMIN], password_hash="x")))["id"]
        owner = f"account:{who}"
        await tx.execute(_CAMERA, streams.columns(held, "cam-1", address))
        await tx.execute(
            text("insert into totp (account_id, sealed) values (:who, :sealed)"),
            {"who": who, "sealed": sealing.seal(tmp_path, who, code)},
        )
        await contacts.add(tx, principal(Role.ADMIN), owner, Medium.EMAIL, "kim@example.kr")
        await push_keys.public(tx)
        await setup.put(tx, principal(Role.ADMIN), "fire", setup.Door(Way.REST, "https://93.184.216.34/in"))
        await tx.execute(_SESSION, {"id": new_id(), "who": who, "hash": bytes((2, 1)) + bytes(30)})
        before = await push_keys.private(tx)
    monkeypatch.setattr(held, "suite", OTHER)
    found = await reseal(database, held)
    assert (found.done, dict(found.left)) == (5, {}), "and the digest of a session is nothing that was sealed"
    async with database.transaction() as tx:
        kept = {
            "camera": await tx.scalar(text("select stream_login from camera")),
            "totp": await tx.scalar(text("select sealed from totp")),
            "contact": await tx.scalar(text("select sealed from notice_contact")),
            "push": await tx.scalar(text("select sealed from push_key")),
            "door": await tx.scalar(text("select sealed from handoff_door")),
        }
        assert {name: bytes(one)[1] for name, one in kept.items()} == dict.fromkeys(kept, OTHER)
        assert await streams.address_of(tx, held, "cam-1") == address
        assert sealing.unseal(tmp_path, who, bytes(kept["totp"])) == code
        assert await contacts._own(tx, owner, Medium.EMAIL) == "kim@example.kr"
        after = await push_keys.private(tx)
        assert before is not None
        assert after is not None
        assert after.private_numbers() == before.private_numbers()
        door = await setup.of(tx, "fire")
        assert door is not None
        assert len(setup.keys(tx, door, tx.now())) == 1


def test_all_that_rooms_seal_under_the_citys_key_is_known() -> None:
    """A room that begins to seal by `Vault.seal` adds its column here, else its city could not change its suite."""
    sealing_files = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if file.parent.name != "vault" and re.search(r"\.seal\(", file.read_text(encoding="utf-8"))
    }
    assert sealing_files == {
        *("city/imports/stage.py", "city/streams.py", "engine/web.py"),
        *("notices/contacts.py", "notices/push/devices.py", "notices/push/keys.py", "notices/sending.py"),
        *("respond/automations/setup.py", "respond/doors/setup.py", "respond/shifts/logs.py"),
        *("trust/entry/sealing.py", "trust/entry/sso/ending.py", "trust/entry/totp.py", "trust/purposes/rights.py"),
        *("video/onvif/api.py", "video/recorders/store.py"),
    }
    assert {place.partition(".")[0] for place in _OF_CITY} == {
        *(
            "automation",
            "camera",
            "handoff_door",
            "notice",
            "notice_contact",
            "push_key",
            "rights_request",
            "shift_handover",
        ),
        *("shift_remark", "sso_session", "totp", "video_control", "video_recorder"),
    }


async def test_cut_off_it_goes_on_where_it_was_and_says_what_it_could_not_open(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = at(tmp_path)
    async with database.transaction() as tx:
        people = [(await held.put(tx, Person(name=f"홍길동{n}")))[0] for n in range(5)]
        await tx.execute(
            text("update person set sealed = (select sealed from person where id = :a) where id = :b"),
            {"a": people[0], "b": people[4]},
        )
    monkeypatch.setattr(held, "suite", OTHER)
    monkeypatch.setattr("dure.trust.vault.resealing._MANY", 2)

    def cut(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reseal(database, held, cut)
    found = await reseal(database, held)
    assert (found.done, dict(found.left)) == (2, {"person": 1}), "two were done before; one is not that person's"
    async with database.transaction() as tx:
        line = await tx.row(text("select * from audit where action = 'vault.reseal'"))
    assert line is not None
    assert (line["entity_id"], line["purpose"]) == (str(OTHER), "2")
