"""Which push services a city speaks to. A browser names the address, so it is never taken on trust (SSRF): only the
services of the browsers that there are, and what the city itself names. Pure.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

LONGEST: Final = 1_000
"""Characters of an endpoint; the browsers' own stay below 600."""
KNOWN: Final = (
    "fcm.googleapis.com",  # Chrome, Edge on Android, Samsung Internet
    "jmt17.google.com",  # Chrome's newer name
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "*.push.apple.com",
    "*.notify.windows.com",  # Edge
)
_SAYABLE = re.compile(r"[!-~]+")


def allowed(endpoint: str, own: Iterable[str] = ()) -> bool:
    """Whether messages may go to `endpoint`: https to one of the known services on their own port, or to an origin
    (`https://push.city.kr`, `http://127.0.0.1:8030`) that the city names in `own`.
    """
    if len(endpoint) > LONGEST or _SAYABLE.fullmatch(endpoint) is None or "\\" in endpoint:
        return False
    try:
        where = urlsplit(endpoint)
        host, port = where.hostname, where.port
    except ValueError:
        return False
    if not host or where.username is not None or where.password is not None or where.fragment:
        return False
    origin = f"{where.scheme}://{host}" + (f":{port}" if port is not None else "")
    if origin in set(own):
        return True
    return where.scheme == "https" and port in {None, 443} and any(_fits(host, one) for one in KNOWN)


def _fits(host: str, known: str) -> bool:
    return host.endswith(known[1:]) if known.startswith("*") else host == known
