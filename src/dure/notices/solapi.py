"""A gateway over HTTP: SOLAPI's public REST interface, version 4 (also CoolSMS): SMS, LMS and spoken calls.

Each request carries `Authorization: HMAC-SHA256 apiKey=…, date=…, salt=…, signature=…`, where the signature is the
hexadecimal HMAC-SHA-256 of date and salt under the secret. `POST /messages/v4/send-many/detail` takes many messages
and names those that it refuses; `GET /messages/v4/list` lists what it took. Our reference travels in `customFields`.
A message of type `VOICE` is read out by the provider; `voiceOptions.replyRange` says up to which key may be pressed.
The sender number is one that is registered for the city (전기통신사업법 제84조의2).
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from dure.notices.gateway import Asked, Away, Message
from dure.notices.model import Absent, Accepted, Channel, Declined, Found, Lookup, NotNow, Outcome, Report, Unheard

REFERENCE = "dure"
MOST_KEYS = 9
"""Where only key 1 may be pressed, that says "heard", and the list of messages says `voiceReplied`. Where several may,
the number that it says there is the key.
"""
_TYPE = {Channel.SMS: "SMS", Channel.LMS: "LMS", Channel.VOICE: "VOICE"}
_TIMEOUT = httpx.Timeout(8.0, connect=3.0)
_LIMITS = httpx.Limits(keepalive_expiry=3.0)
"""A connection that the provider has closed meanwhile would look like an unheard answer."""
_LATER = frozenset({401, 402, 403, 404, 408, 429})
"""Nothing was taken, and that is not the messages' fault: a key, the balance, too many at once."""
_PAGES = 20


class Solapi:
    """One account at the provider, or at what speaks as it does."""

    name = "solapi"
    most = 100

    def __init__(
        self, url: str, key: str, secret: str, sender: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._key, self._secret, self._sender, self._now = key, secret.encode(), sender, now
        self._client = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Outcome]:
        """As the port says."""
        body = {
            "messages": [self._written(one) for one in messages],
            "allowDuplicates": True,  # one phone may get two texts in a second; that no text goes twice is ours to hold
            "showMessageList": True,
        }

        def all_(outcome: Outcome) -> Mapping[UUID, Outcome]:
            return {one.reference: outcome for one in messages}

        try:
            answer = await self._client.post("/messages/v4/send-many/detail", json=body, headers=self._signed())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
            return all_(NotNow("gateway_away"))
        except httpx.HTTPError as error:
            return all_(Unheard(type(error).__name__))
        if answer.status_code in _LATER:
            return all_(NotNow(f"http_{answer.status_code}"))
        if answer.status_code >= 500:
            return all_(Unheard(f"http_{answer.status_code}"))
        found = _object(answer)
        if answer.status_code >= 400:
            return all_(Declined(str(found.get("errorCode") or f"http_{answer.status_code}")))
        return _outcomes(messages, found)

    async def lookup(self, asked: Sequence[Asked]) -> Mapping[UUID, Lookup]:
        """As the port says. A number's messages since the attempt began are listed; ours is there, or was not taken."""
        found: dict[UUID, Lookup] = {}
        for one in asked:
            listed = await self._list(
                {
                    "to": _digits(one.to),
                    "startDate": (one.started_at - timedelta(minutes=5)).isoformat(),
                    "limit": "500",
                }
            )
            if listed is None:
                found[one.reference] = Absent.CANNOT_SAY
                continue
            ours = [each for each in listed if _reference(each) == str(one.reference)]
            found[one.reference] = found_of(ours[0]) if ours else Absent.SURELY
        return found

    async def reports(self, gateway_ids: Sequence[str]) -> Sequence[Found]:
        """As the port says."""
        listed = await self._list({"messageIds[]": list(gateway_ids), "limit": "500"})
        return [found_of(each) for each in listed or ()]

    async def _list(self, query: Mapping[str, str | list[str]]) -> list[dict[str, Any]] | None:
        """All pages of a list; None where the provider refuses to list. Raises Away."""
        rows: list[dict[str, Any]] = []
        start: str | None = None
        for _ in range(_PAGES):
            page = {**query, "startKey": start} if start else dict(query)
            try:
                answer = await self._client.get("/messages/v4/list", params=page, headers=self._signed())
            except httpx.HTTPError as error:
                raise Away(type(error).__name__) from error
            if answer.status_code in {400, 404, 405, 410, 501}:
                return None
            if answer.status_code != 200:
                raise Away(f"http_{answer.status_code}")
            found = _object(answer)
            listed = found.get("messageList")
            values = listed.values() if isinstance(listed, dict) else listed or ()
            rows += [each for each in values if isinstance(each, dict)]
            start = found.get("nextKey")
            if not start:
                return rows
        return rows

    def _written(self, message: Message) -> dict[str, Any]:
        written: dict[str, Any] = {
            "to": _digits(message.to),
            "from": self._sender,
            "type": _TYPE[message.channel],
            "text": message.text,
            "autoTypeDetect": False,
            "customFields": {REFERENCE: str(message.reference)},
        }
        if message.channel is Channel.LMS and message.subject:
            written["subject"] = message.subject
        if message.channel is Channel.VOICE:
            written["voiceOptions"] = {"voiceType": "FEMALE", "replyRange": min(message.keys, MOST_KEYS)}
        return written

    def _signed(self) -> dict[str, str]:
        date, salt = self._now().isoformat(timespec="milliseconds"), secrets.token_hex(16)
        return {"Authorization": authorization(self._key, self._secret, date, salt)}


def authorization(key: str, secret: bytes, date: str, salt: str) -> str:
    """The header's value."""
    signature = hmac.digest(secret, (date + salt).encode(), hashlib.sha256).hex()
    return f"HMAC-SHA256 apiKey={key}, date={date}, salt={salt}, signature={signature}"


def _outcomes(messages: Sequence[Message], found: Mapping[str, Any]) -> Mapping[UUID, Outcome]:
    """What it took and what it refused. A message of which it says neither may have gone out."""
    refused = {_reference(one): one for one in found.get("failedMessageList") or () if isinstance(one, dict)}
    taken = {_reference(one): one for one in found.get("messageList") or () if isinstance(one, dict)}
    outcomes: dict[UUID, Outcome] = {}
    for one in messages:
        reference = str(one.reference)
        if reference in refused:
            outcomes[one.reference] = Declined(str(refused[reference].get("statusCode", ""))[:40])
        elif reference in taken:
            outcomes[one.reference] = Accepted(str(taken[reference].get("messageId", ""))[:100] or None)
        else:
            outcomes[one.reference] = Unheard("not_named")
    return outcomes


def found_of(row: Mapping[str, Any]) -> Found:
    """Status codes: 2xxx taken, 3xxx with the carrier (3000) or failed there, 4000 arrived; else refused."""
    code = str(row.get("statusCode", ""))
    if code == "4000":
        report = Report.DELIVERED
    elif code.startswith("2") or code == "3000":
        report = Report.UNDER_WAY
    else:
        report = Report.FAILED
    told = row.get("voiceReplied")
    key = None if isinstance(told, bool) else _key(told)
    at = _time(row.get("dateReceived"))
    return Found(str(row.get("messageId", ""))[:100], report, code[:40], at, told is True or key is not None, key)


def _key(told: object) -> int | None:
    """The key that was pressed; a plain "yes" does not say which."""
    word = str(told)
    return int(word) if len(word) == 1 and word in "123456789" else None


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _reference(row: Mapping[str, Any]) -> str:
    fields = row.get("customFields")
    return str(fields.get(REFERENCE, "")) if isinstance(fields, dict) else ""


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _digits(number: str) -> str:
    return "".join(one for one in number if one.isdigit())
