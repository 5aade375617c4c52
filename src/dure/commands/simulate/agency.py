"""An agency's own system on a socket: it takes hand-offs of a city by the documented protocol, verifies them, and
answers by the webhook; with the faults that real ones have.
"""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import h11
import httpx

from dure.commands.simulate.answering import Answer, Answering, interrupted
from dure.respond.doors import signing
from dure.respond.doors.signing import Unsigned


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Chances are 0 to 1: `lost` answers are never heard although the letter was taken, `unread`
    requests are dropped before anything is taken, `busy` is answered 503, `refused` 422, `declined` hand-offs are
    declined. `slow_s` before every answer, `answer_s` before what it says by the webhook. `blind`: it cannot be asked
    what it took. `lies`: it also sends every event again, forged, and out of order.
    """

    slow_s: float = 0.0
    answer_s: float = 0.5
    lost: float = 0.0
    unread: float = 0.0
    busy: float = 0.0
    refused: float = 0.0
    declined: float = 0.0
    blind: bool = False
    lies: bool = False


@dataclass(slots=True)
class AgencySystem:
    """One agency's system. `taken` are letters by reference, in the order in which they came; `times` says how often
    each was handed over; `refusals` are requests that did not show a good signature.
    """

    agency: str = "fire"
    secret: str = ""
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    answers: bool = True
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    told: Callable[..., None] = lambda *_args, **_more: None
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    port: int = 0
    _nonces: set[str] = field(default_factory=set)
    _door: Answering | None = None
    _random: random.Random = field(default_factory=random.Random)
    _speaking: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen; on the same port again after `stop`."""
        self._random.seed(self.seed)
        self._door = Answering(self._answer, lambda: self.faults.slow_s)
        self.port = await self._door.start(host, self.port)

    async def stop(self) -> None:
        """Be down: nothing listens, open lines break, nothing is said any more."""
        assert self._door is not None
        for task in self._speaking:
            task.cancel()
        await self._door.stop()

    @property
    def listening(self) -> bool:
        """Whether it is up."""
        return self._door is not None and self._door.listening

    @property
    def url(self) -> str:
        """Where letters go."""
        return f"http://127.0.0.1:{self.port}/dure"

    def _answer(self, request: h11.Request, body: bytes) -> Answer:
        """Status and JSON; None where the line breaks instead."""
        headers = {name.decode().lower(): value.decode() for name, value in request.headers}
        method = request.method.decode()
        try:
            signed = signing.verified([self.secret.encode()], signing.US, method, headers, body, self.now())
        except Unsigned as error:
            self.refusals.append(error.fault.value)
            return 401, {"error": error.fault.value}
        if signed.nonce in self._nonces:
            self.refusals.append("replayed")
            return 401, {"error": "replayed"}
        self._nonces.add(signed.nonce)
        where = urlsplit(request.target.decode()).path
        if method == "GET":
            if self.faults.blind:
                return 501, {}
            known = where.rpartition("/")[2] in self.taken
            return (200, {"reference": self._number(signed.reference)}) if known else (404, {})
        return self._letter(signed.reference, headers.get("content-type", ""), body)

    def _letter(self, reference: str, kind: str, body: bytes) -> tuple[int, Any] | None:
        if self._random.random() < self.faults.unread:
            return None
        if self._random.random() < self.faults.busy:
            return 503, {}
        if self._random.random() < self.faults.refused:
            return 422, {"error": "refused"}
        self.times[reference] = self.times.get(reference, 0) + 1
        if reference not in self.taken:
            letter = letter_of(kind, body)
            self.taken[reference] = letter
            self.bodies[reference] = body
            self.told("agency_taken", reference=reference, what=letter.get("type", ""), receipt_no=_receipt(letter))
            if self.answers and letter.get("type") == "handoff":
                task = asyncio.create_task(self._speak(letter))
                self._speaking.add(task)
                task.add_done_callback(self._speaking.discard)
        if self._random.random() < self.faults.lost:
            return None
        return 202, {"reference": self._number(reference)}

    def _number(self, reference: str) -> str:
        return f"{self.agency.upper()}-{list(self.taken).index(reference) + 1:05d}" if reference in self.taken else ""

    async def _speak(self, letter: Mapping[str, Any]) -> None:
        """Answer a hand-off: acknowledged, then accepted and done, or declined."""
        about = letter["handoff"]["id"]
        declines = self._random.random() < self.faults.declined
        said = ("acknowledged", "declined") if declines else ("acknowledged", "accepted", "done")
        if self.faults.lies:
            said = (*reversed(said), *said)
        for kind in said:
            await asyncio.sleep(self.faults.answer_s)
            status = await self.say(letter["reply_to"], about, kind)
            self.told("agency_said", kind=kind, handoff=about, status=status)
            if self.faults.lies:
                forged = await self.say(letter["reply_to"], about, "done", secret=b"guessed")
                self.told("agency_lied", handoff=about, status=forged)

    async def say(
        self, url: str, handoff: str, kind: str, *, words: str = "", secret: bytes | None = None, **more: Any
    ) -> int:
        """Tell the city something; the status that it answers with, 0 where nobody does."""
        event = {
            "id": uuid4().hex,
            "handoff": handoff,
            "kind": kind,
            "at": self.now().isoformat(),
            "text": words,
            **more,
        }
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = self.headers(event["id"], body, secret=secret)
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                return (await client.post(url, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0

    def headers(
        self, reference: str, body: bytes, *, secret: bytes | None = None, off: timedelta = timedelta(0)
    ) -> dict[str, str]:
        """The headers of an event, signed as the agency's."""
        key = self.secret.encode() if secret is None else secret
        nonce = signing.new_nonce()
        made = signing.headers([key], self.agency, "POST", reference, self.now() + off, nonce, body)
        return {"Content-Type": "application/json", **made}


def letter_of(kind: str, body: bytes) -> dict[str, Any]:
    """The letter in a body, JSON or an EDXL-DE envelope."""
    from dure.respond.doors import envelope

    value: Any = envelope.read(body).event if "xml" in kind else json.loads(body)
    return dict(value) if isinstance(value, Mapping) else {}


def _receipt(letter: Mapping[str, Any]) -> str:
    incident = letter.get("incident")
    return str(incident.get("receipt_no", "")) if isinstance(incident, Mapping) else ""


async def play(port: int, agency: str, secret: str, faults: Faults, seed: int | None, told: Callable[..., None]) -> int:
    """Be the agency until interrupted. What it takes is told by reference and receipt number alone."""
    system = AgencySystem(agency=agency, secret=secret, faults=faults, seed=seed or 1, port=port, told=told)
    await system.start()
    told("agency_ready", agency=agency, url=system.url, DURE_DOOR_NETWORKS="127.0.0.0/8")
    await interrupted()
    await system.stop()
    return 0
