"""Web push: the RFC's own example, a push service on a socket, and addresses that a browser must not talk us into."""

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure import notices
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.notices import Channel, To, Wanted
from dure.notices.push import message
from dure.notices.push.hosts import allowed
from dure.notices.push.message import Keys, decoded, encoded, raw_point, sealed, unsealed
from dure.notices.push.service import City, Push
from dure.notices.sender import Sender, Way
from dure.trust.roles import Role
from tests.notices.conftest import Desk
from tests.notices.push_service import PushService


def test_the_example_of_rfc_8291_comes_out_byte_for_byte() -> None:
    own = ec.derive_private_key(
        int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    browser = Keys(
        decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        decoded("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = sealed(b"When I grow up, I want to be a watermelon", browser, decoded("DGv6ra1nlYgDCS1FRnbzlw"), own)
    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3j"
        "l7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=message.MOST), st.integers(0, 400))
def test_only_the_browser_reads_it_and_only_whole(payload: bytes, spoilt: int) -> None:
    key, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    body = sealed(
        payload, Keys(raw_point(key.public_key()), auth), os.urandom(16), ec.generate_private_key(message.CURVE())
    )
    assert len(body) <= message.RECORD
    assert unsealed(body, key, auth) == payload
    with pytest.raises(InvalidTag):
        unsealed(body, key, os.urandom(16))
    at = 86 + spoilt % (len(body) - 86)
    with pytest.raises(InvalidTag):
        unsealed(body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :], key, auth)


def test_keys_that_are_none_are_refused() -> None:
    good = raw_point(ec.generate_private_key(ec.SECP256R1()).public_key())
    for point, auth in (
        (good, b"short"),
        (good[:64], bytes(16)),
        (b"\x04" + bytes(64), bytes(16)),
        (b"\x02" + good[1:], bytes(16)),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  # whatever the library says
            Keys(point, auth)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://localhost/x",
        "https://notify.windows.com/x",
        "http://127.0.0.1:8030/x",
        "http://127.0.0.1:8030@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://fcm.googleapis.com/x\r\nhost: y",
        "https://fcm.googleapis.com/x#y",
        "file:///etc/passwd",
        "https://",
        "https://fcm.googleapis.com:bad/x",
        "https://fcm.googleapis.com/" + "x" * 1000,
    ],
)
def test_a_browser_talks_us_into_no_other_address(endpoint: str) -> None:
    assert not allowed(endpoint, ["http://127.0.0.1:8031"])


def test_the_browsers_own_services_and_the_citys_are_spoken_to() -> None:
    for endpoint in ("https://fcm.googleapis.com/fcm/send/a:b", "https://updates.push.services.mozilla.com/wpush/v2/g",
                     "https://web.push.apple.com/Q", "https://wns2-pn1p.notify.windows.com/w/?token=B"):  # fmt: skip
        assert allowed(endpoint)
    assert allowed("http://127.0.0.1:8030/x", ["http://127.0.0.1:8030"])


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PushService]:
    service = PushService()
    await service.start()
    monkeypatch.setenv("DURE_PUSH_HOSTS", service.origin)
    yield service
    await service.stop()


@pytest.fixture
async def sender(database: Database, clock: HeldClock, service: PushService) -> AsyncIterator[Sender]:
    push = Push(database, City("mailto:ops@city.example", (service.origin,)), now=clock.now)
    yield Sender(database, [Way((Channel.PUSH,), push)])
    await push.close()


@pytest.fixture
async def own(signed_in: Desk) -> httpx.AsyncClient:
    return await signed_in("oper-1")


@pytest.fixture
def account(colleagues: dict[str, UUID]) -> UUID:
    return colleagues["oper-1"]


async def wanted(database: Database, account: UUID, *, life: bool = True, incident: UUID | None = None) -> UUID:
    values = {"text": "홍길동 불이야", "subject": "나동"}
    told = Wanted(Channel.PUSH, To(account_id=account), "plain", uuid4().hex, values, life, incident)
    async with database.transaction() as tx:
        return await notices.send(tx, told)


async def status(database: Database, notice: UUID) -> tuple[str, str | None]:
    async with database.transaction() as tx:
        row = await tx.row(text("select status, reason from notice where id = :id"), {"id": notice})
    assert row is not None
    return row["status"], row["reason"]


async def test_a_push_says_ids_and_goes_to_every_browser_of_its_owner(
    own: httpx.AsyncClient, account: UUID, database: Database, service: PushService, sender: Sender, clock: HeldClock
) -> None:
    first, second = service.subscribed(), service.subscribed()
    key = (await own.get("/notices-devices")).json()["key"]
    for browser, label in ((first, "Chrome"), (second, "Firefox"), (first, "Chrome · Linux")):
        answer = await own.post("/notices-devices", json=browser.form(label))
        assert answer.status_code == 201, answer.text
    assert [(one["label"], one["this"]) for one in answer.json()["items"]] == [
        ("Chrome · Linux", True),
        ("Firefox", False),
    ]
    incident = uuid4()
    notice = await wanted(database, account, incident=incident)
    await sender.step()
    assert await status(database, notice) == ("sent", None)
    assert sorted(one["path"] for one in service.heard) == ["/push/0", "/push/1"]
    one = service.heard[0]
    assert one["said"] == {"notice": str(notice), "incident": str(incident), "urgent": True,
                           "title": "두레: 긴급 알림", "body": one["said"]["body"]}  # fmt: skip
    assert "불이야" not in one["said"]["body"]
    assert one["claims"] == {"aud": service.origin, "sub": "mailto:ops@city.example", "key": key,
                             "exp": int(clock.now().timestamp()) + 12 * 3600}  # fmt: skip
    headers = one["headers"]
    assert (headers["ttl"], headers["urgency"], headers["content-encoding"]) == ("86400", "high", "aes128gcm")
    assert headers["topic"] == encoded(notice.bytes)
    async with database.transaction() as tx:
        rows = await tx.rows(text("select sealed from notice_contact union all select sealed from push_key"))
    assert all(b"127.0.0.1" not in bytes(row["sealed"]) for row in rows)


async def test_a_browser_that_is_gone_is_forgotten_and_a_service_that_is_away_is_asked_again(
    own: httpx.AsyncClient, account: UUID, database: Database, service: PushService, sender: Sender, clock: HeldClock
) -> None:
    browsers = [service.subscribed() for _ in range(3)]
    for browser in browsers:
        await own.post("/notices-devices", json=browser.form())
    service.answers = {"/push/0": 410, "/push/1": 404, "/push/2": 503}
    notice = await wanted(database, account, life=False)
    await sender.step()
    assert await status(database, notice) == ("queued", "http_503")
    assert len((await own.get("/notices-devices")).json()["items"]) == 1
    service.answers = {}
    clock.advance(5)
    await sender.step()
    assert await status(database, notice) == ("sent", None)
    assert service.heard[-1]["headers"]["urgency"] == "normal"
    service.answers = {"/push/2": 410}
    last = await wanted(database, account)
    await sender.step()
    assert await status(database, last) == ("refused", "no_address")
    nobody = await wanted(database, account)
    await sender.step()
    assert await status(database, nobody) == ("refused", "no_address")


async def test_devices_are_ones_own_and_a_browser_is_one_persons(
    own: httpx.AsyncClient, signed_in: Desk, service: PushService
) -> None:
    other = await signed_in("oper-2")
    browser = service.subscribed()
    (mine,) = (await own.post("/notices-devices", json=browser.form())).json()["items"]
    assert (await other.get("/notices-devices")).json()["items"] == []
    assert (await other.delete(f"/notices-devices/{mine['id']}")).status_code == 404
    assert (await other.post("/notices-devices", json=browser.form())).status_code == 201
    assert (await own.get("/notices-devices")).json()["items"] == []  # somebody else sits before it now
    wrong: list[dict[str, Any]] = [
        browser.form() | {"endpoint": "https://169.254.169.254/latest"},
        browser.form() | {"keys": {"p256dh": "A" * 87, "auth": "A" * 22}},
    ]
    assert [(await own.post("/notices-devices", json=one)).status_code for one in wrong] == [422, 422]
    for _ in range(10):
        (await own.post("/notices-devices", json=service.subscribed().form())).raise_for_status()
    assert (await own.post("/notices-devices", json=service.subscribed().form())).status_code == 422


async def test_a_token_has_no_browser(desk: Desk) -> None:
    assert (await (await desk(Role.OPERATOR)).get("/notices-devices")).status_code == 403
