"""Whoever got a manual's text answers by its link: what counts, what they are shown, and what nobody may."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.notices import sending
from dure.notices.model import To
from dure.respond.playbooks.parse import parse
from dure.respond.runs import parties
from dure.respond.runs.replies import turn
from dure.respond.runs.state import Item, ItemStatus, Say
from dure.trust import vault
from dure.trust.vault import Person
from tests.respond.conftest import acted, opened
from tests.respond.runs.test_run import act, begun, run_of

MANUAL = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
골든타임: 신호 → 경보 확정 60초
---
# 시험 매뉴얼

## 1. 점주 확인
- 알림: 점주에게 문자와 음성 `fire_check`
- 답: 나왔어요 | 도와주세요
- 때: 답이 ‘도와주세요’이면
  - 임무: 상황실 운영자, 119에 다시 알린다
"""
OUT, HELP = "1", "2"
plan = parse(MANUAL, "ko", {}).playbook
assert plan is not None
running = Item(ItemStatus.RUNNING)


def answered(by: str) -> Item:
    return Item(ItemStatus.DONE, answer=by)


@pytest.mark.parametrize(
    ("item", "said", "latest", "then"),
    [
        (running, [OUT, None], OUT, None),  # somebody has not said yet
        (running, [OUT, HELP, None], HELP, (Say.ANSWER, HELP)),  # the manual acts on it: at once
        (running, [OUT, OUT], OUT, (Say.ANSWER, OUT)),
        (answered(OUT), [OUT, HELP], HELP, (Say.OVERRIDE, HELP)),  # later, but they need help
        (answered(HELP), [HELP, HELP], HELP, None),  # it stands already
        (answered(HELP), [OUT, HELP], OUT, None),  # help is not called off by a machine
        (Item(ItemStatus.SKIPPED), [HELP], HELP, None),  # people have decided about it
        (None, [HELP], HELP, None),
    ],
)
def test_what_counts(item: Item | None, said: Sequence[str | None], latest: str, then: tuple[Say, str] | None) -> None:
    assert plan is not None
    assert turn(plan, "1.1", item, said, latest) == then


@pytest.fixture
async def links(
    operator: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], list[str]]:
    """An incident whose manual has asked two owners, and the words of their links."""
    async with database.transaction() as tx:
        owners = [(await vault.of(tx).put(tx, Person(name=f"점주{n}", phone=f"010-1234-567{n}")))[0] for n in (1, 2)]
        for n, owner in enumerate(owners, 1):
            await tx.execute(
                text("insert into asset (id, kind, code, name, person_id) values (:id, 'stall', :name, :name, :owner)"),
                {"id": new_id(), "name": f"가-{n} 건어물", "owner": owner},
            )

    async def those(_tx: Tx, _incident: UUID) -> Sequence[To]:
        return [To(one) for one in owners]

    monkeypatch.setitem(parties._groups, "owner", those)
    incident = await opened(operator)
    await begun(database, incident, {"ko": plan})
    async with database.transaction() as tx:
        notices = await tx.rows(text("select * from notice order by key"))
        said = [sending.opened(tx, row["id"], row["incident_id"], bytes(row["sealed"])) for row in notices]
        kept = await tx.rows(text("select digest from run_reply"))
    words = [re.fullmatch(r"(?s).*\nhttp://localhost/#/answer/([A-Za-z0-9_-]{22})", one.text) for one in said if one]
    assert [row["medium"] for row in notices] == ["text", "voice", "text", "voice"]
    assert [one is not None for one in words] == [True, False, True, False], "no address is read out by a voice"
    links = [one[1] for one in words if one]
    assert all(one.encode() not in bytes(row["digest"]) for one in links for row in kept)
    return incident, links


async def test_owners_answer_without_an_account(
    app: FastAPI, operator: httpx.AsyncClient, database: Database, clock: HeldClock,
    links: tuple[dict[str, Any], list[str]],
) -> None:  # fmt: skip
    incident, (first, second) = links
    phone = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://city/api/v1"
    )
    shown = (await phone.post("/answers/open", json={"link": first})).json()
    assert (shown["title"], shown["answer"], shown["closed"]) == ("점주 확인", None, False)
    assert [one["words"] for one in shown["answers"]] == ["나왔어요", "도와주세요"]
    assert "점주1" not in str(shown)
    run = await run_of(operator, incident)
    assert [(one["seen"], one["answer"]) for one in act(run, "1.1")["replies"]] == [(True, None), (False, None)]

    assert (await phone.post("/answers", json={"link": first, "answer": "9"})).status_code == 422
    assert (await phone.post("/answers", json={"link": first + "x", "answer": OUT})).status_code == 404
    given = await phone.post("/answers", json={"link": first, "answer": OUT})
    assert (given.status_code, given.json()["answer"], given.headers["cache-control"]) == (200, OUT, "no-store")
    run = await run_of(operator, incident)
    assert act(run, "1.1")["status"] == "running"
    assert [(one["places"], one["answer"]) for one in act(run, "1.1")["replies"]] == [
        (["가-1 건어물"], OUT),
        (["가-2 건어물"], None),
    ]
    await phone.post("/answers", json={"link": second, "answer": HELP})
    run = await run_of(operator, incident)
    assert (act(run, "1.1")["answer"], act(run, "1.1")["by"]) == (HELP, "점주 · 가-2 건어물")
    assert act(run, "1.2")["answer"] == "yes"
    lines = [one["key"] for one in (await operator.get(f"/incidents/{incident['id']}")).json()["timeline"]]
    assert lines.count("respond.timeline.run_answered") == 2
    async with database.transaction() as tx:
        heard = await tx.rows(text("select medium from notice where acknowledged_by = 'link' order by medium"))
        assert [row["medium"] for row in heard] == ["text", "text"]

    await acted(operator, incident, "close", outcome="real", reason="꺼짐")
    assert (await phone.post("/answers", json={"link": first, "answer": HELP})).json()["key"] == "respond.reply.closed"
    assert (await phone.post("/answers/open", json={"link": first})).json()["closed"] is True
    clock.advance(86_400)
    assert (await phone.post("/answers/open", json={"link": first})).status_code == 404
    elsewhere = await phone.post("/answers", json={"link": first, "answer": OUT}, headers={"sec-fetch-site": "none"})
    assert elsewhere.status_code == 403
    await phone.aclose()
