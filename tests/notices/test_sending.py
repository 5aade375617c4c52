"""Wanting a notice: a row of the caller's transaction, once for each key and receiver, its words sealed."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from dure import notices
from dure.engine.database import Database
from dure.kernel.errors import Invalid
from dure.notices import Channel, To, Wanted
from dure.trust.roles import Role
from tests.notices.conftest import Desk, Someone


async def test_a_wanted_notice_is_queued_with_its_transaction_and_masked(
    database: Database, someone: Someone, desk: Desk
) -> None:
    person = await someone()
    incident = uuid4()
    async with database.transaction() as tx:
        wanted = Wanted(Channel.SMS, To(person), "plain", "k1", {"text": "불이야 " * 20}, True, incident)
        first = await notices.send(tx, wanted)
        assert await notices.send(tx, wanted) == first
    client = await desk()
    (found,) = (await client.get("/notices", params={"status": "queued"})).json()["items"]
    assert (found["id"], found["channel"], found["to"]) == (str(first), "lms", "010-****-5678")
    assert found["incident_id"] == str(incident)
    async with database.transaction() as tx:
        raw = await tx.scalar(text("select string_agg(n::text, '') from notice n"))
        events = await tx.scalar(text("select count(*) from outbox where type = 'NoticeChanged.v1'"))
    assert "불이야" not in raw
    assert "1234" not in raw.replace(str(person), "").replace(str(first), "").replace(str(incident), "")
    assert events == 1


async def test_what_is_rolled_back_was_never_wanted(database: Database, someone: Someone) -> None:
    person = await someone()

    async def broken() -> None:
        async with database.transaction() as tx:
            await notices.send(tx, Wanted(Channel.SMS, To(person), "plain", "k", {"text": "a"}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from notice")) == 0


@pytest.mark.parametrize(
    ("named", "words", "key"), [("nobody_has_it", "a", "k"), ("plain", "가" * 1001, "k"), ("plain", "a", "")]
)
async def test_what_cannot_be_sent_is_refused_at_once(
    database: Database, someone: Someone, named: str, words: str, key: str
) -> None:
    person = await someone()
    with pytest.raises(Invalid):
        async with database.transaction() as tx:
            await notices.send(tx, Wanted(Channel.SMS, To(person), named, key, {"text": words}))


async def test_preview_counts_bytes_and_names_what_is_missing(desk: Desk) -> None:
    client = await desk()
    body = {"body": "{place}에 불 “확인”", "values": {}}
    answer = (await client.post("/notices/preview", json=body)).json()
    assert (answer["missing"], answer["text"], answer["bytes"]) == (["place"], '에 불 "확인"', 12)
    wrong = await client.post("/notices/preview", json={"body": "{place"})
    assert wrong.status_code == 422


async def test_a_city_s_own_text_stands_before_the_rooms(desk: Desk) -> None:
    admin = await desk(Role.ADMIN)
    operator = await desk()
    form = {"body": "{city}: {place} 불"}
    assert (await operator.put("/notices/templates/owner_fire/ko", json=form)).status_code == 403
    made = await admin.put("/notices/templates/owner_fire/ko", json=form)
    assert made.status_code == 200, made.text
    assert await _told(admin) == "한빛: 시장 불"
    again = await admin.put("/notices/templates/owner_fire/ko", json=form, headers={"if-match": '"0"'})
    assert again.status_code == 412
    assert (await admin.delete("/notices/templates/owner_fire/ko")).status_code == 204
    assert (await _told(admin)).startswith("[한빛] 시장에서 화재")


async def _told(client: httpx.AsyncClient) -> str:
    values = {"city": "한빛", "place": "시장", "stall": ""}
    answer = await client.post("/notices/preview", json={"template": "owner_fire", "values": values})
    return str(answer.json()["text"])
