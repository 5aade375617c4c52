"""Links by which whoever gets a manual's text answers it: 128 random bits, of which only a hash is kept.

They are shorter than other secrets, so that a text stays one that people read; guessing goes over the network, within
what an address may ask, and a link lasts a day.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.engine.settings import public_url

LASTS = timedelta(days=1)
_ADD = text(
    "insert into run_reply (key, run_id, act_id, attempt, party, digest, until, way) "
    "values (:key, :run, :act, :attempt, :party, :digest, :until, :way)"
)


async def link(tx: Tx, key: str, run_id: UUID, act_id: str, attempt: int, party: str, way: str = "link") -> str:
    """A new link for whoever the notice `key` goes to. Who is called (`way` is `key`) answers by the telephone instead,
    and is never told of a link.
    """
    presented = secrets.token_urlsafe(16)
    values = {"key": key, "run": run_id, "act": act_id, "attempt": attempt, "party": party, "way": way}
    tx.later(_ADD, {**values, "digest": digest(presented), "until": tx.now() + LASTS})
    return f"{public_url()}/#/answer/{presented}"


def digest(presented: str) -> bytes:
    """What the database keeps of a link."""
    return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
