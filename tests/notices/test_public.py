"""Public warnings are drafted, approved by another, and never sent; CAP alerts are published as signed files."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from lxml import etree

from dure.engine.context import Context
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Conflict, Forbidden, Invalid
from dure.notices import publishing, warnings
from dure.notices.cap import reading, signing
from dure.notices.warnings import Act, Draft
from dure.trust.principal import Principal
from dure.trust.roles import Role
from tests.notices.conftest import NOON, Desk
from tests.notices.test_cap import SCHEMA

WRITER = Principal("account", uuid4(), "oper-07", frozenset({Role.OPERATOR}))
LEAD = Principal("account", uuid4(), "lead-01", frozenset({Role.SHIFT_LEAD}))


@pytest.mark.parametrize(("length", "fits"), [(157, True), (158, False), (0, False)])
def test_the_length_is_counted_in_characters(length: int, fits: bool) -> None:
    assert warnings.counted("가" * length + " \r\n", NOON.date()).fits is fits


async def test_somebody_else_approves_and_who_sent_it_is_written_down(database: Database) -> None:
    async with database.transaction() as tx:
        id_ = await warnings.draft(tx, WRITER, Draft("urgent", ("30200",), "[한빛시] 시장 화재, 대피하십시오"))
        await warnings.act(tx, WRITER, id_, Act.SUBMIT)
        with pytest.raises(Forbidden):
            await warnings.act(tx, WRITER, id_, Act.APPROVE)
        with pytest.raises(Invalid):
            await warnings.act(tx, LEAD, id_, Act.REJECT, reason=" ")
        with pytest.raises(Conflict):
            await warnings.act(tx, WRITER, id_, Act.SENT, authority="시도", sent_at=NOON.isoformat())
        await warnings.act(tx, LEAD, id_, Act.APPROVE)
        await warnings.act(tx, WRITER, id_, Act.SENT, authority="대전광역시", sent_at=NOON.isoformat())
        shown = warnings.shown(await warnings.one(tx, id_), NOON.date())
        assert [(one["act"], one["name"]) for one in shown["steps"]] == [
            ("draft", "oper-07"), ("submit", "oper-07"), ("approve", "lead-01"), ("sent", "oper-07"),
        ]  # fmt: skip
        assert (shown["status"], shown["most"], shown["steps"][-1]["authority"]) == ("sent", 157, "대전광역시")
        with pytest.raises(Conflict):
            await warnings.change(tx, WRITER, id_, Draft("urgent", ("30200",), "다른 말"), None)


async def test_what_was_approved_and_is_changed_begins_again(desk: Desk) -> None:
    client = await desk()
    form = {"kind": "safety", "areas": ["30200"], "text": "가" * 158}
    made = (await client.post("/warnings", json=form)).json()
    assert (made["characters"], made["most"], made["fits"]) == (158, 157, False)
    path = f"/warnings/{made['id']}"
    assert (await client.post(f"{path}/submit")).status_code == 422
    await client.put(path, json={**form, "text": "짧게"})
    assert (await client.post(f"{path}/submit")).json()["status"] == "reviewing"
    assert (await client.put(path, json={**form, "text": "다시"})).json()["status"] == "draft"
    assert (await client.post(f"{path}/approve")).status_code == 403


def form(clock: HeldClock) -> dict[str, Any]:
    area = {"name": "한빛동", "code": "3020011000"}
    told = {"language": "ko-KR", "event": "시장 화재", "headline": "시장에 불, 대피하십시오"}
    english = {"language": "en-US", "event": "Market fire", "headline": "Fire: leave", "area_name": "Hanbit-dong"}
    return {
        "category": "Fire", "urgency": "Immediate", "severity": "Extreme", "certainty": "Observed",
        "expires_at": (clock.now() + timedelta(hours=1)).isoformat(), "infos": [told, english], "areas": [area],
    }  # fmt: skip


async def test_an_alert_is_published_updated_and_cancelled_as_signed_files(
    desk: Desk, context: Context, clock: HeldClock
) -> None:
    client = await desk(Role.ADMIN)
    first = await client.post("/cap/alerts", json={**form(clock), "sender": "dure@hanbit.go.kr"})
    assert first.status_code == 201, first.text
    path = f"/cap/alerts/{first.json()['id']}"
    clock.advance(60)
    second = await client.post(f"{path}/update", json=form(clock))
    clock.advance(60)
    third = await client.post(f"{path}/cancel", json={"note": "꺼졌습니다"})
    assert third.status_code == 201, third.text
    assert (await client.post(f"{path}/cancel", json={})).status_code == 409
    await publishing.lay_out(context)
    place = publishing.folder(context.settings.data)
    certificate = (place / "certificate.pem").read_bytes()
    for answer in (first, second, third):
        root = reading.parsed((place / f"{answer.json()['identifier']}.xml").read_bytes())
        SCHEMA.assertValid(root)
        alert = reading.read(signing.verified(root, certificate))
    assert [one.identifier for one in alert.references] == [first.json()["identifier"], second.json()["identifier"]]
    feed = etree.fromstring((place / "alerts.en.atom").read_bytes())
    assert [one.text for one in feed.findall("{*}entry/{*}title")] == ["Fire: leave"] * 3
    assert await _checked(client, root) == {"good": True, "why": None}


async def _checked(client: httpx.AsyncClient, root: Any) -> dict[str, Any]:
    broken = (await client.post("/cap/check", json={"document": "<alert"})).json()
    assert (broken["good"], broken["why"]) == (False, "notices.cap.broken")
    answer = (await client.post("/cap/check", json={"document": etree.tostring(root).decode()})).json()
    return {name: answer[name] for name in ("good", "why")}


async def test_an_alert_that_is_over_already_is_not_published(desk: Desk, clock: HeldClock) -> None:
    client = await desk(Role.ADMIN)
    late = {**form(clock), "expires_at": clock.now().isoformat(), "sender": "dure@hanbit.go.kr"}
    assert (await client.post("/cap/alerts", json=late)).status_code in {409, 422}
