"""The gateway of web push (RFC 8030): one request for each browser of whom a notice is for.

A browser shows the same notice once, however often it comes (its tag is the notice's id), and a push service keeps one
message of a topic. So an answer that nobody heard is no reason to ask a person: the push goes again.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from dure.engine.database import Database
from dure.engine.texts import catalogue
from dure.kernel.errors import Unavailable
from dure.notices.gateway import Asked, Message
from dure.notices.model import Absent, Accepted, Declined, Found, Lookup, NotNow, Outcome
from dure.notices.push import devices, keys
from dure.notices.push.devices import Browsers, Device
from dure.notices.push.hosts import allowed
from dure.notices.push.message import CURVE, authorization, encoded, sealed

_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 429})
_LONGEST_TTL_S: Final = 28 * 86_400
"""What the largest services keep at most."""
_TIMEOUT = httpx.Timeout(8.0, connect=3.0)


@dataclass(frozen=True, slots=True)
class City:
    """Who a city is to push services: whom they can write to, and services of its own."""

    contact: str | None = None
    own_hosts: tuple[str, ...] = ()


class Push:
    """The gateway."""

    name = "push"
    most = 50

    def __init__(self, database: Database, city: City, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._database, self._city, self._now = database, city, now
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False)
        self._key: ec.EllipticCurvePrivateKey | None = None

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Outcome]:
        """As the port says. A notice is accepted when one of the browsers' services has taken it; those that are gone
        are forgotten.
        """
        try:
            async with self._database.transaction() as tx:
                self._key = self._key or await keys.private(tx)
        except Unavailable:
            return {one.reference: NotNow("push_key") for one in messages}
        if self._key is None:
            return {one.reference: Declined("no_address") for one in messages}
        outcomes = await asyncio.gather(*(self._one(one, self._key) for one in messages))
        gone = [device for _, lost in outcomes for device in lost]
        if gone:
            async with self._database.transaction() as tx:
                await devices.forget(tx, gone)
        return {message.reference: outcome for message, (outcome, _) in zip(messages, outcomes, strict=True)}

    async def lookup(self, asked: Sequence[Asked]) -> Mapping[UUID, Lookup]:
        """A process died while it sent. Sent again, it replaces itself: it counts as not taken."""
        return {one.reference: Absent.SURELY for one in asked}

    async def reports(self, gateway_ids: Sequence[str]) -> Sequence[Found]:  # noqa: ARG002  # the port's
        """Push services report nothing to us: receipts (RFC 8030, section 6.2) are built by none of them."""
        return ()

    async def _one(self, message: Message, key: ec.EllipticCurvePrivateKey) -> tuple[Outcome, list[UUID]]:
        to = msgspec.json.decode(message.to, type=Browsers).devices
        outcomes = await asyncio.gather(*(self._push(message, one, key) for one in to.values()))
        gone = [id_ for id_, outcome in zip(to, outcomes, strict=True) if outcome == Declined("gone")]
        for kind in (Accepted, NotNow, Declined):
            found = next((one for one in outcomes if isinstance(one, kind)), None)
            if found is not None:
                return (Declined("no_address") if found == Declined("gone") else found), gone
        return Declined("no_address"), gone

    async def _push(self, message: Message, device: Device, key: ec.EllipticCurvePrivateKey) -> Outcome:
        if not allowed(device.endpoint, self._city.own_hosts):
            return Declined("push_host")
        now = self._now()
        body = sealed(payload(message), device.keys(), os.urandom(16), ec.generate_private_key(CURVE()))
        left_s = _LONGEST_TTL_S if message.expires_at is None else (message.expires_at - now).total_seconds()
        headers = {
            "authorization": authorization(device.endpoint, key, self._city.contact, now),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(int(min(max(left_s, 0), _LONGEST_TTL_S))),
            "urgency": "high" if message.life_safety else "normal",
            "topic": encoded(message.notice_id.bytes),
        }
        try:
            answer = await self._client.post(device.endpoint, content=body, headers=headers)
        except httpx.HTTPError as error:
            return NotNow("gateway_away" if isinstance(error, httpx.ConnectError) else type(error).__name__)
        if answer.status_code in {200, 201, 202}:
            return Accepted()
        if answer.status_code in _GONE:
            return Declined("gone")
        if answer.status_code in _LATER or answer.status_code >= 500:
            return NotNow(f"http_{answer.status_code}")
        return Declined(f"http_{answer.status_code}")


def payload(message: Message) -> bytes:
    """What the browser is told: ids, and words that are the same for everybody. Whom and what it is about is read from
    the city once somebody has signed in there.
    """
    texts = catalogue()
    urgency = "urgent" if message.life_safety else "calm"
    told: dict[str, Any] = {
        "notice": str(message.notice_id),
        "title": texts.text(message.language, f"notices.push.{urgency}"),
        "body": texts.text(message.language, "notices.push.body"),
        "urgent": message.life_safety,
    }
    if message.incident_id is not None:
        told["incident"] = str(message.incident_id)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
