"""The city's own key for push services (VAPID): made at its first use, kept sealed under the city's keys."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from dure.engine.database import Tx
from dure.notices.push.message import CURVE, raw_point
from dure.trust import vault

_ABOUT = "push key"
_OWN = text("select public, sealed from push_key where id = 1")
_PUT = text(
    "insert into push_key (id, public, sealed, made_at) values (1, :public, :sealed, :now) on conflict do nothing"
)


async def public(tx: Tx) -> bytes:
    """The point that browsers subscribe with (65 bytes); the key is made where there is none yet."""
    row = await tx.row(_OWN)
    if row is None:
        made = ec.generate_private_key(CURVE())
        plain = made.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        values = {"public": raw_point(made.public_key()), "sealed": vault.of(tx).seal(_ABOUT, plain), "now": tx.now()}
        await tx.execute(_PUT, values)
        row = await tx.row(_OWN)  # whose was first
        assert row is not None
    return bytes(row["public"])


async def private(tx: Tx) -> ec.EllipticCurvePrivateKey | None:
    """The key itself; None where no browser was ever told of one. Raises Unavailable without the city's keys."""
    row = await tx.row(_OWN)
    if row is None:
        return None
    key = serialization.load_der_private_key(vault.of(tx).unseal(_ABOUT, bytes(row["sealed"])), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
