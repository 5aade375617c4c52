"""Letters go out by a real socket: signed, once, in order, life safety first; what is refused waits for a person."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from dure.commands.simulate.agency import AgencySystem, Faults
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.doors import setup
from dure.respond.doors.model import Way
from dure.respond.doors.sender import Sender
from dure.trust.principal import system
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, keys, opened
from tests.respond.doors.conftest import Hand


async def read(client: httpx.AsyncClient, incident: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/incidents/{incident['id']}")).json()
    return found


async def test_a_hand_off_arrives_signed_with_what_the_service_allows(
    fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient, database: Database
) -> None:
    incident = await hand(caller={"name": "홍길동", "phone": "010-1234-5678"})
    assert incident["handoffs"][0]["door"]["status"] == "queued"
    assert await sender.step()
    (letter,) = fire.taken.values()
    assert letter["type"] == "handoff"
    assert letter["handoff"]["note"] == "나동 17호"
    assert [one["code"] for one in letter["handoff"]["services"]] == ["119_dispatch"]
    assert letter["incident"]["receipt_no"] == incident["receipt_no"]
    assert letter["incident"]["caller"] == {"name": "홍길동", "phone": "010-1234-5678"}
    assert len(letter["incident"]["cameras"]) == 5
    assert letter["reply_to"] == "http://city/api/v1/doors/fire/events"
    shown = await read(operator, incident)
    assert shown["handoffs"][0]["door"]["status"] == "sent"
    assert shown["handoffs"][0]["reference"] == "FIRE-00001"
    assert keys(shown)[-1] == "handoff_taken"
    async with database.transaction() as tx:
        lines = await tx.rows(text("select action, person_id from audit where actor = 'system:doors' order by action"))
    assert [(line["action"], line["person_id"] is not None) for line in lines] == [
        ("handoff.disclose", True),
        ("handoff.send", False),
    ]


async def test_telling_somebody_carries_no_caller(fire: AgencySystem, sender: Sender, hand: Hand) -> None:
    await hand(kind="tell", caller={"name": "홍길동", "phone": "010-1234-5678"})
    await sender.step()
    (letter,) = fire.taken.values()
    assert letter["handoff"]["services"] == []
    assert {"caller", "description", "cameras", "alarms"}.isdisjoint(letter["incident"])


async def test_down_for_an_hour_nothing_is_lost_and_nothing_comes_twice(
    fire: AgencySystem, sender: Sender, operator: httpx.AsyncClient, clock: HeldClock, database: Database
) -> None:
    await fire.stop()
    incident = await opened(operator)
    handed = await acted(operator, incident, "handoffs", agency="fire", kind="transfer", note="")
    where = f"/incidents/{incident['id']}/handoffs/{handed['handoffs'][0]['id']}/messages"
    for n in range(3):
        assert (await operator.post(where, json={"text": f"{n}번째"})).status_code == 201
    for _ in range(12):  # each time later than any wait
        clock.advance(300)
        await sender.step()
    shown = await read(operator, incident)
    assert shown["handoffs"][0]["door"]["status"] == "queued"
    assert keys(shown).count("handoff_waits") == 1, "said once"
    async with database.transaction() as tx:
        tries = await tx.scalar(text("select tries from handoff_send where what = 'handoff'"))
    assert tries == 12
    await fire.start()
    clock.advance(40)
    while await sender.step():
        pass
    assert [letter["type"] for letter in fire.taken.values()] == ["handoff", "message", "message", "message"]
    assert [letter["message"]["text"] for letter in list(fire.taken.values())[1:]] == ["0번째", "1번째", "2번째"]
    assert set(fire.times.values()) == {1}
    assert fire.refusals == []


@pytest.mark.parametrize("lost", [True, False])
async def test_what_nobody_heard_the_end_of_is_asked_after(
    fire: AgencySystem, sender: Sender, hand: Hand, clock: HeldClock, lost: bool
) -> None:
    fire.faults = Faults(lost=1) if lost else Faults(unread=1)
    await hand()
    await sender.step()
    fire.faults = Faults()
    clock.advance(5)
    await sender.step()
    await sender.step()
    assert list(fire.times.values()) == [1], "asked, and sent again only where it had not come"


async def test_where_it_cannot_say_life_safety_goes_again_under_the_same_reference_and_is_counted(
    fire: AgencySystem, sender: Sender, hand: Hand, clock: HeldClock, operator: httpx.AsyncClient
) -> None:
    fire.faults = Faults(lost=1, blind=True)
    incident = await hand()
    await sender.step()
    fire.faults = Faults(blind=True)
    clock.advance(5)
    await sender.step()
    await sender.step()
    assert list(fire.times.values()) == [2], "the other side has one reference, and takes it once"
    assert (await read(operator, incident))["handoffs"][0]["door"]["doubled"] == 1


async def test_a_refusal_is_a_dead_letter_that_a_person_revives_or_gives_up(
    fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient, desk: Desk
) -> None:
    fire.faults = Faults(refused=1)
    incident = await hand()
    await sender.step()
    (dead,) = (await operator.get("/handoff-letters", params={"status": "open"})).json()["items"]
    assert (dead["status"], dead["reason"], dead["tries"], dead["life_safety"]) == ("dead", "http_422", 1, True)
    assert keys(await read(operator, incident))[-1] == "handoff_dead"
    assert not await sender.step(), "it does not go by itself"
    auditor = await desk(Role.AUDITOR)
    assert (await auditor.post(f"/handoff-letters/{dead['id']}/again")).status_code == 403
    fire.faults = Faults()
    assert (await operator.post(f"/handoff-letters/{dead['id']}/again")).json()["status"] == "queued"
    await sender.step()
    assert list(fire.taken) == [dead["id"]]
    again = await operator.post(f"/handoff-letters/{dead['id']}/give-up", json={"reason": "전화로 알림"})
    assert again.status_code == 409, "it has arrived"


async def test_what_is_given_up_says_why(
    fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient
) -> None:
    fire.faults = Faults(refused=1)
    incident = await hand()
    await sender.step()
    (dead,) = (await operator.get("/handoff-letters", params={"status": "open"})).json()["items"]
    gone = await operator.post(f"/handoff-letters/{dead['id']}/give-up", json={"reason": "전화로 알림"})
    assert gone.json()["status"] == "given_up"
    entry = (await read(operator, incident))["timeline"][-1]
    assert entry["key"].endswith("letter_given_up")
    assert "전화로 알림" in entry["text"]


async def test_life_safety_goes_first(
    fire: AgencySystem, sender: Sender, operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    low = await opened(operator, type="other", severity="notice", lon=127.30, external_ref="a")
    await acted(operator, low, "handoffs", agency="fire", kind="transfer", note="")
    clock.advance(1)
    high = await opened(operator, external_ref="b")
    await acted(operator, high, "handoffs", agency="fire", kind="transfer", note="")
    await sender.step()
    order = [letter["incident"]["receipt_no"] for letter in fire.taken.values()]
    assert order == [high["receipt_no"], low["receipt_no"]]


async def test_a_drill_stays_in_the_house_unless_the_door_says_otherwise(
    fire: AgencySystem, sender: Sender, hand: Hand, database: Database
) -> None:
    incident = await hand(mode="drill")
    assert incident["handoffs"][0]["door"] is None
    assert not await sender.step()
    async with database.transaction() as tx:
        await setup.put(tx, system("test"), "fire", setup.Door(Way.REST, fire.url, drills=True))
    await hand(mode="drill", lon=127.30)
    await sender.step()
    (letter,) = fire.taken.values()
    assert letter["incident"]["mode"] == "drill"


async def test_a_new_secret_counts_beside_the_earlier_one_for_a_day(
    fire: AgencySystem, sender: Sender, hand: Hand, database: Database, clock: HeldClock
) -> None:
    async with database.transaction() as tx:
        new = await setup.rotate(tx, system("test"), "fire")
    await hand()
    await sender.step()
    assert fire.refusals == [], "the agency still has the earlier one"
    fire.secret = new
    await hand(lon=127.30)
    await sender.step()
    assert fire.refusals == []
    clock.advance(86_401)
    await hand(lon=127.20)
    await sender.step()
    assert (len(fire.taken), fire.refusals) == (3, [])


async def test_closing_is_told(fire: AgencySystem, sender: Sender, hand: Hand, operator: httpx.AsyncClient) -> None:
    incident = await hand()
    await sender.step()
    await acted(operator, incident, "close", outcome="real", reason="진화 완료")
    await sender.step()
    *_, last = fire.taken.values()
    assert (last["type"], last["incident"]["outcome"]) == ("closed", "real")
