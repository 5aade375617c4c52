"""Hanging up on clients of the stream's engine that may no longer be there."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import nats
import nats.errors
from nats.aio.client import Client

log = logging.getLogger(__name__)
GATHER_S = 0.3
"""How long servers of a cluster are waited for."""


async def hang_up(url: str, users: Iterable[str], *, keep: Mapping[str, int] | None = None) -> int:
    """Close all connections of these users but those to `keep` (by user, the engine's number); tells how many.

    Done as the engine's system user, which has the same password as dure's own on one machine. An engine of the city's
    own without that user is left alone: there a connection ends by itself.
    """
    client = Client()
    try:
        await client.connect(_as_system(url), allow_reconnect=False, connect_timeout=2)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        log.warning("nobody can be hung up on: %s", error)
        return 0
    try:
        return sum([await _hang_up(client, user, (keep or {}).get(user)) for user in users])
    except (nats.errors.Error, TimeoutError, OSError, msgspec.DecodeError) as error:
        log.warning("hanging up failed: %s", error)
        return 0
    finally:
        await client.close()


async def _hang_up(client: Client, user: str, kept: int | None) -> int:
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    asked = msgspec.json.encode({"user": user, "auth": True, "limit": 1_000})
    await client.publish("$SYS.REQ.SERVER.PING.CONNZ", asked, reply=inbox)
    closed = 0
    try:
        while True:
            answer: Any = msgspec.json.decode((await subscription.next_msg(timeout=GATHER_S)).data)
            for one in (answer.get("data") or {}).get("connections") or ():
                if one["cid"] == kept:
                    continue
                kick = msgspec.json.encode({"cid": one["cid"]})
                await client.request(f"$SYS.REQ.SERVER.{answer['server']['id']}.KICK", kick, timeout=2)
                closed += 1
    except (TimeoutError, nats.errors.TimeoutError):
        return closed
    finally:
        await subscription.unsubscribe()


def _as_system(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"sys:{parts.password or ''}@{host}"))
