"""Who may come in by MQTT: the answers to nats-server's auth callout.

A device signs in with its id and key and may then publish to its own topic and nothing else. Keys are 256 random bits,
so a plain SHA-256 keeps them and guessing is hopeless; the budgets only bound what wrong ones cost. While a key is
exchanged either is good; the old one ends with the first sign-in by the new one.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from dure.city.devices import new_key_seen
from dure.engine.connections import hang_up
from dure.engine.context import Context
from dure.engine.servers.nkeys import BadKey, BadToken, CalloutRequest, KeyPair, allow, from_seed, read_callout, refuse
from dure.engine.stream import Stream
from dure.kernel.errors import Unavailable
from dure.sense.refusals import Refusals, refusals_of
from dure.sense.registry import Registry, registry_of
from dure.sense.streams import prepare
from dure.trust.principal import system

log = logging.getLogger(__name__)
SUBJECT = "$SYS.REQ.USER.AUTH"
ISSUER = Path("secrets") / "nats-issuer.nk"
WRONG_KEYS = (20, 60.0)
"""So many wrong keys for one device from one address in so many seconds; more are not even looked at."""
UNKNOWN_USERS = (200, 60.0)
"""So many unknown users from one address."""


OPEN = "dure.sign_in.open"


async def is_open(stream: Stream) -> bool:
    """Whether devices can sign in now."""
    try:
        return bool(await stream.ask(OPEN, b"", timeout_s=1))
    except Unavailable:
        return False


async def run_auth(context: Context) -> None:
    """Answer for ever. Begins only when the door's consumer is there: whoever is let in earlier could lose readings."""
    registry = registry_of(context)
    while True:
        try:
            await prepare(context)
            break
        except Unavailable as error:
            log.warning("sign-in of devices waits: %s", error)
            await asyncio.sleep(0.2)
    await registry.ready()
    desk = SignIn(registry, refusals_of(context), await asyncio.to_thread(issuer_of, context.settings.data))
    await context.stream.answer(SUBJECT, desk.answer)
    await context.stream.answer(OPEN, _yes)
    registry.revoked = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        group.create_task(_hang_up(context, registry.revoked, desk))
        group.create_task(_end_old_keys(context, desk))


async def _hang_up(context: Context, queue: asyncio.Queue[str], desk: "SignIn") -> None:
    """Close the connections of devices whose key ended, but the one that the present key has just opened."""
    while True:
        revoked = {await queue.get()}
        while not queue.empty():
            revoked.add(queue.get_nowait())
        await hang_up(context.settings.nats_url, revoked, keep=desk.opened_by_new_key(revoked))


async def _end_old_keys(context: Context, desk: "SignIn") -> None:
    """Write down that a new key was seen. What cannot be written now is seen again with the next sign-in."""
    while True:
        device, key_hash = await desk.seen.get()
        try:
            async with context.database.transaction() as tx:
                await new_key_seen(tx, system("MQTT door"), device, key_hash)
        except Unavailable:
            log.warning("the old key of %s stays for now", device)


async def _yes(_question: bytes) -> bytes:
    return b"yes"


def issuer_of(data: Path) -> KeyPair:
    """The key that signs the answers, from DIR/secrets. Raises BadKey, or OSError where there is none."""
    return from_seed((data / ISSUER).read_text(encoding="ascii").strip())


class SignIn:
    """Says yes or no to one sign-in after the other."""

    def __init__(self, registry: Registry, refusals: Refusals, issuer: KeyPair) -> None:
        self._registry = registry
        self._refusals = refusals
        self._issuer = issuer
        self._wrong = Misses(*WRONG_KEYS)
        self._unknown = Misses(*UNKNOWN_USERS)
        self.seen: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._opened: dict[str, tuple[bytes, int]] = {}

    async def answer(self, question: bytes) -> bytes | None:
        """The signed answer, or None for what nobody should answer: the engine then closes after its own time-out."""
        try:
            request = read_callout(question.decode("ascii"))
        except (BadToken, BadKey, UnicodeDecodeError):
            return None
        if self._unknown.too_many(request.host) or self._wrong.too_many(f"{request.host} {request.username}"):
            return None
        reason = await self._reason(request)
        if reason is None:
            return allow(request, self._issuer, publish=[f"city.{request.username}"]).encode()
        self._refusals.count("sign_in", request.username, reason)
        return refuse(request, self._issuer, reason).encode()

    async def _reason(self, request: CalloutRequest) -> str | None:
        """Why not; None where it is the device."""
        if request.client_type != "mqtt":
            return "not_mqtt"
        known = self._registry.get(request.username)
        if known is None:
            try:
                await self._registry.find([request.username])
            except Unavailable:
                log.warning("a device could not be looked up")
            known = self._registry.get(request.username)
        presented = hashlib.sha256(request.password.encode("utf-8", "surrogatepass")).digest()
        if known is None:
            self._unknown.note(request.host)
            return "unknown_device"
        old = known.old_key_hash if known.old_key_until > time.time() else None
        if not any(one is not None and hmac.compare_digest(one, presented) for one in (known.key_hash, old)):
            self._wrong.note(f"{request.host} {request.username}")
            return "wrong_key"
        if not known.on:
            return "switched_off"
        if known.old_key_hash is not None and presented == known.key_hash:
            self._opened[known.id] = (presented, request.client_id)
            self.seen.put_nowait((known.id, presented))
        return None

    def opened_by_new_key(self, devices: Iterable[str]) -> dict[str, int]:
        """The connections (by the engine's number) that present keys have just opened in the place of old ones."""
        kept = {}
        for device in devices:
            key_hash, client = self._opened.pop(device, (b"", 0))
            known = self._registry.get(device)
            if known is not None and key_hash in known.good():
                kept[device] = client
        return kept


class Misses:
    """Counts misses by key within a sliding pair of windows; the least recent keys are forgotten."""

    KEYS = 10_000

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, key: str) -> None:
        """One more miss."""
        now = time.monotonic()
        since, count = self._counts.pop(key, (now, 0))
        self._counts[key] = (now, 1) if now - since > self._window_s else (since, count + 1)
        while len(self._counts) > self.KEYS:
            self._counts.popitem(last=False)

    def too_many(self, key: str) -> bool:
        """Whether the key has used up its misses for now."""
        since, count = self._counts.get(key, (0.0, 0))
        return count >= self._most and time.monotonic() - since <= self._window_s
