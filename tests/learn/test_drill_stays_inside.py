"""A drill reaches nobody but those who take part, and says so in front; its agencies' screens know nothing of it."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Database
from dure.notices import sending
from dure.notices.model import Channel, To, Wanted
from dure.respond import presence
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault
from tests.learn.test_loop import city, sent
from tests.respond.conftest import MARKET, Desk


async def _wanted(database: Database, incident: str, key: str, to: To) -> tuple[str, str | None, str]:
    async with database.transaction() as tx:
        wanted = Wanted(
            Channel.SMS, to, "plain", key, {"text": "불이 났습니다", "subject": ""}, life_safety=True,
            incident_id=UUID(incident),
        )  # fmt: skip
        notice = await sending.send(tx, wanted)
        row = await tx.row(text("select * from notice where id = :id"), {"id": notice})
        assert row is not None
        words = sending.opened(tx, notice, UUID(incident), bytes(row["sealed"]))
        assert words is not None
        assert row["life_safety"] is False
        assert (row["next_at"] is None) == (row["status"] == "refused")
        return row["status"], row["reason"], words.text


async def test_a_drill_stays_among_those_who_take_part(desk: Desk, database: Database, tmp_path: object) -> None:
    await city(database)
    lead = await desk(Role.SHIFT_LEAD)
    form = {"kind": "flood", "lon": MARKET.lon, "lat": MARKET.lat, "title": "훈련", "agencies": ["police"]}
    drill = await sent(lead, "POST", "/drills", 201, **form)
    incident = drill["incident_id"]
    async with database.transaction() as tx:
        person, _ = await Vault.put(_vault(tx), tx, Person(name="홍길동", phone="010-1234-5678"))
    marked = "[훈련] 불이 났습니다"
    assert await _wanted(database, incident, "a", To(agency_id="police")) == ("queued", None, marked)
    assert await _wanted(database, incident, "b", To(agency_id="fire")) == ("refused", "drill", marked)
    assert await _wanted(database, incident, "c", To(person_id=person)) == ("refused", "drill", marked)

    police, fire = await desk(Role.POLICE, "police"), await desk(Role.DISASTER, "disaster")
    assert (await lead.get(f"/incidents/{incident}")).json()["mode"] == "drill"
    handed = {"agency": "police", "kind": "joint", "note": ""}
    await sent(lead, "POST", f"/incidents/{incident}/handoffs", 201, **handed)
    await sent(lead, "POST", f"/incidents/{incident}/handoffs", 201, **{**handed, "agency": "disaster"})
    assert (await police.get(f"/incidents/{incident}")).status_code == 200
    assert (await fire.get(f"/incidents/{incident}")).status_code == 404  # handed to it, but no part of it
    assert (await fire.get("/incidents")).json()["items"] == []
    assert (await fire.get("/drills")).json()["items"] == []
    async with database.transaction() as tx:
        room = (await presence.load(tx, [incident]))[incident]
    eyes = [Principal("account", UUID(int=1), "x", frozenset({role}), agency_id=desk_)
            for role, desk_ in ((Role.POLICE, "police"), (Role.DISASTER, "disaster"))]  # fmt: skip
    assert [presence.visible(one, room) for one in eyes] == [True, False]
    near = await sent(lead, "POST", "/drills", 201, **{**form, "agencies": ["disaster"]})
    await sent(lead, "POST", f"/incidents/{near['incident_id']}/handoffs", 201, **handed)
    seen = {one["id"] for one in (await lead.get(f"/incidents/{incident}")).json()["duplicates"]}
    assert seen == {near["incident_id"]}
    assert (await police.get(f"/incidents/{incident}")).json()["duplicates"] == []
    assert (await fire.post(f"/incidents/{incident}/notes", json={"text": "x"})).status_code == 404
    wrong = {**form, "agencies": ["nobody"], "injects": [{"after_s": 1.0, "act": "moment", "value": "rain"}]}
    refused = await lead.post("/drills", json=wrong)
    assert [one["field"] for one in refused.json()["errors"]] == ["agencies", "injects.0.value"]
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from drill")) == 2


def _vault(tx: object) -> Vault:
    from dure.trust import vault

    return vault.of(tx)  # type: ignore[arg-type]
