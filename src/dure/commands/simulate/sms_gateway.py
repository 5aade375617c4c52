"""A gateway of texts and calls on a socket of its own, speaking SOLAPI's version 4 as far as dure needs it, with the
faults that real ones have. It sends nothing anywhere.
"""

import hashlib
import hmac
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h11

from dure.commands.simulate.answering import Answer, Answering, interrupted

_AUTH = re.compile(r"HMAC-SHA256 apiKey=([^,]+), date=([^,]+), salt=([^,]+), signature=([0-9a-f]{64})")
_SKEW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Chances are 0 to 1: `lost` answers are never heard although the texts were taken, `unread`
    requests are dropped before anything is taken, `undelivered` texts fail at the carrier, `doubled` rows are listed
    twice. `slow_s` before every answer; reports come after `late_s`. `blind`: it does not list what it took. Of those
    who take a call, `pressed` press the key that they are asked for. `key` is the one that is pressed where several may
    be; 0: none.
    """

    slow_s: float = 0.0
    lost: float = 0.0
    unread: float = 0.0
    undelivered: float = 0.0
    doubled: float = 0.0
    pressed: float = 1.0
    key: int = 0
    late_s: float = 1.0
    blind: bool = False


@dataclass(slots=True)
class SmsGateway:
    """One account. `taken` is every message that it accepted, in order."""

    key: str = "SIMULATED"
    secret: str = "simulated-secret"  # noqa: S105  # of a simulator
    senders: frozenset[str] = frozenset({"0421234567"})
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    told: Callable[[str, Mapping[str, Any]], None] = lambda _event, _row: None
    taken: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    _door: Answering | None = None
    _random: random.Random | None = None

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen; on the same port again after `stop`."""
        self._random = self._random or random.Random(self.seed)
        self._door = Answering(self._answer, lambda: self.faults.slow_s)
        self.port = await self._door.start(host, self.port)

    async def stop(self) -> None:
        """Be down: nothing listens, and open lines break."""
        assert self._door is not None
        await self._door.stop()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def _answer(self, request: h11.Request, body: bytes) -> Answer:
        """Status and JSON; None where the line breaks instead."""
        assert self._random is not None
        headers = {name.decode().lower(): value.decode() for name, value in request.headers}
        if not self._known(headers.get("authorization", "")):
            return 401, {"errorCode": "SignatureDoesNotMatch", "errorMessage": "signature"}
        where = urlsplit(request.target.decode())
        if request.method == b"GET" and where.path == "/messages/v4/list":
            return (404, {"errorCode": "ResourceNotFound"}) if self.faults.blind else (200, self._list(where.query))
        if request.method != b"POST" or where.path != "/messages/v4/send-many/detail":
            return 404, {"errorCode": "ResourceNotFound"}
        if self._random.random() < self.faults.unread:
            return None
        try:
            messages = json.loads(body)["messages"]
        except (ValueError, KeyError, TypeError):
            return 400, {"errorCode": "ValidationError", "errorMessage": "messages"}
        answer = self._take(messages)
        return None if self._random.random() < self.faults.lost else (200, answer)

    def _known(self, header: str) -> bool:
        found = _AUTH.fullmatch(header)
        if found is None or found[1] != self.key:
            return False
        right = hmac.digest(self.secret.encode(), (found[2] + found[3]).encode(), hashlib.sha256).hex()
        try:
            skew = abs(datetime.fromisoformat(found[2]) - self.now())
        except (ValueError, TypeError):
            return False
        return hmac.compare_digest(right, found[4]) and skew <= _SKEW

    def _take(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        failed: list[dict[str, Any]] = []
        listed: list[dict[str, Any]] = []
        for one in messages:
            wrong = self._wrong(one)
            row = {
                **one,
                "messageId": f"M4V{len(self.taken) + len(failed):012d}",
                "statusCode": wrong or "2000",
                "dateCreated": self.now().isoformat(),
            }
            if wrong:
                failed.append(row)
                continue
            assert self._random is not None
            row["fails"] = self._random.random() < self.faults.undelivered
            row["pressed"] = one.get("type") == "VOICE" and self._random.random() < self.faults.pressed
            self.taken.append(row)
            listed.append({name: row[name] for name in ("messageId", "statusCode", "customFields")})
            self.told("taken", row)
        group = {"groupId": f"G4V{len(self.taken):012d}", "count": {"total": len(messages)}, "status": "SENDING"}
        return {"failedMessageList": failed, "groupInfo": group, "messageList": listed}

    def _wrong(self, message: Mapping[str, Any]) -> str | None:
        """The code of a refusal: an unregistered sender, a wrong number, a call without its options, a text that is
        too long or empty.
        """
        if message.get("from") not in self.senders:
            return "1062"
        if not re.fullmatch(r"0[0-9]{7,11}", str(message.get("to", ""))):
            return "1030"
        if message.get("type") == "VOICE" and not _callable(message.get("voiceOptions")):
            return "1012"
        size = len(str(message.get("text", "")).encode("cp949", "replace"))
        return "1011" if not 0 < size <= {"SMS": 90, "LMS": 2000}.get(str(message.get("type")), 1994) else None

    def _list(self, query: str) -> dict[str, Any]:
        asked = parse_qs(query)
        ids = set(asked.get("messageIds[]", ()))
        to = asked.get("to", [None])[0]
        since = datetime.fromisoformat(asked["startDate"][0]) if "startDate" in asked else None
        found = [
            self._shown(one)
            for one in self.taken
            if (not ids or one["messageId"] in ids)
            and to in (None, one["to"])
            and (since is None or datetime.fromisoformat(one["dateCreated"]) >= since)
        ]
        assert self._random is not None
        doubled = [each for each in found if self._random.random() < self.faults.doubled]
        return {"startKey": None, "nextKey": None, "limit": 500, "messageList": [*found, *doubled]}

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        arrived = datetime.fromisoformat(row["dateCreated"]) + timedelta(seconds=self.faults.late_s)
        code = "2000" if self.now() < arrived else "3059" if row["fails"] else "4000"
        shown = {name: row.get(name) for name in ("messageId", "to", "from", "type", "customFields", "dateCreated")}
        if row.get("type") == "VOICE" and code == "4000":
            keys = row["voiceOptions"].get("replyRange") or 0
            several = self.faults.key if self.faults.key <= keys else 0
            shown |= {"voiceReplied": several if keys > 1 else bool(row["pressed"] and keys), "voiceDuration": 12}
        return {**shown, "statusCode": code, "dateReceived": arrived.isoformat() if code == "4000" else None}


def _callable(options: Any) -> bool:
    """Whether a call's options are what the interface asks for: a voice, and keys or a counsellor but not both."""
    if not isinstance(options, dict) or options.get("voiceType") not in {"FEMALE", "MALE"}:
        return False
    keys = options.get("replyRange")
    return (keys is None or keys in range(1, 10)) and not (keys is not None and "counselorNumber" in options)


async def play(port: int, faults: Faults, seed: int | None, told: Callable[..., None]) -> int:
    """Be the gateway until interrupted; what it takes is told without its words or numbers."""
    gateway = SmsGateway(faults=faults, seed=seed or 1, port=port)
    gateway.told = lambda _event, row: told(
        "sms_taken", id=row["messageId"], type=row["type"], bytes=len(row["text"].encode("cp949", "replace"))
    )
    await gateway.start()
    told(
        "sms_ready",
        DURE_SMS_URL=gateway.url,
        DURE_SMS_KEY=gateway.key,
        DURE_SMS_SECRET=gateway.secret,
        DURE_SMS_SENDER=min(gateway.senders),
    )
    await interrupted()
    await gateway.stop()
    return 0
