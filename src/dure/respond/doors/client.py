"""The one place that speaks to an agency's system: a request to a judged number, no redirection followed, answers cut
short.
"""

import asyncio
import json
import os
import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from dure.respond.doors import guard
from dure.respond.doors.claiming import Parcel
from dure.respond.doors.model import Lookup, NotNow, Outcome, Refused, Unheard, outcome_of
from dure.trust.address import Network

LARGEST = 65_536
LONGEST_RETRY = timedelta(minutes=10)
LONGEST_S = 15.0
"""A whole exchange, so that an answer which trickles in holds nobody; below `model.LOST_AFTER`."""
_TIMEOUT = httpx.Timeout(8.0, connect=3.0)
_NOBODY = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Nothing was sent."""


class Client:
    """Speaks to all doors of a city."""

    def __init__(self, allowed: list[Network], authorities: str | None = None) -> None:
        self._allowed = allowed
        context = ssl.create_default_context(cafile=authorities) if authorities else ssl.create_default_context()
        self._client = httpx.AsyncClient(
            verify=context, timeout=_TIMEOUT, trust_env=False, follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand a letter over."""
        try:
            async with asyncio.timeout(LONGEST_S):
                status, headers, body = await self._request(parcel)
        except guard.NotPermitted:
            return Refused("not_permitted")
        except guard.NotFound:
            return NotNow("name_unknown")
        except _NOBODY:
            return NotNow("away")
        except (httpx.HTTPError, TimeoutError) as error:
            return Unheard(type(error).__name__)
        return outcome_of(status, _number(body), _after(headers))

    async def look_up(self, parcel: Parcel) -> Lookup:
        """Ask whether a letter arrived."""
        try:
            async with asyncio.timeout(LONGEST_S):
                status, _, _ = await self._request(parcel)
        except guard.NotPermitted:
            return Lookup.CANNOT_SAY
        except (guard.NotFound, httpx.HTTPError, TimeoutError):
            return Lookup.AWAY
        if status == 200:
            return Lookup.THERE
        if status == 404:
            return Lookup.ABSENT
        return Lookup.AWAY if (status >= 500 and status != 501) or status in {408, 425, 429} else Lookup.CANNOT_SAY

    async def _request(self, parcel: Parcel) -> tuple[int, Mapping[str, str], bytes]:
        target = await guard.located(parcel.url, self._allowed)
        request = self._client.build_request(
            parcel.method, target.url, content=parcel.body or None, headers={**parcel.headers, "Host": target.host},
            extensions={"sni_hostname": target.name},
        )  # fmt: skip
        answer = await self._client.send(request, stream=True)
        try:
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) > LARGEST:  # what they say beyond it does not matter: the status has come
                    body = b""
                    break
        finally:
            await answer.aclose()
        return answer.status_code, answer.headers, body


def of_environment(environment: Mapping[str, str] = os.environ) -> Client:
    """By what the machine's keeper says: `DURE_DOOR_NETWORKS` and `DURE_DOOR_CA`, a file of authorities of closed
    networks. Raises ValueError, OSError.
    """
    return Client(guard.allowed_networks(environment), environment.get("DURE_DOOR_CA") or None)


def _number(body: bytes) -> str | None:
    """The other side's own number of it, where its answer says one."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    number = found.get("reference") if isinstance(found, dict) else None
    return number[:100] if isinstance(number, str) and number.isprintable() and number else None


def _after(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` in seconds; the form with a date is not used among machines."""
    told = headers.get("retry-after", "")
    if not (told.isascii() and told.isdigit() and len(told) < 9):
        return None
    return min(timedelta(seconds=int(told)), LONGEST_RETRY)
