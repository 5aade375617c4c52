"""What goes to a push service: the payload as only the browser reads it (RFC 8291), and the city's word that it is the
city (VAPID, RFC 8292). Pure, given keys and a salt.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE: Final = ec.SECP256R1
RECORD: Final = 4096
"""The record size that the header names; a payload is one record (RFC 8291, section 4)."""
MOST: Final = RECORD - 17 - 86
"""Bytes of a payload: what is left of 4,096 after header, delimiter and tag."""
TOKEN_LASTS: Final = timedelta(hours=12)
"""RFC 8292 allows 24 hours at most; clocks differ."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """A browser's own: its public point (65 bytes) and its secret for authentication (16 bytes)."""

    p256dh: bytes
    auth: bytes

    def __post_init__(self) -> None:
        if len(self.auth) != 16:
            raise ValueError("auth is 16 bytes")
        point(self.p256dh)


def point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """An uncompressed point of P-256. Raises ValueError for what is none, or lies off the curve."""
    if len(raw) != 65:
        raise ValueError("a point is 65 bytes")
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE(), raw)


def raw_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed form."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def sealed(payload: bytes, to: Keys, salt: bytes, own: ec.EllipticCurvePrivateKey) -> bytes:
    """The body of a push: `aes128gcm` (RFC 8188) under a key that only `to` can derive. `salt` is 16 fresh bytes and
    `own` a fresh key. Raises ValueError for a payload beyond `MOST`.
    """
    if len(payload) > MOST:
        raise ValueError(f"{len(payload)} bytes")
    public = raw_point(own.public_key())
    shared = own.exchange(ec.ECDH(), point(to.p256dh))
    secret = _derived(to.auth, shared, b"WebPush: info\0" + to.p256dh + public, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4, "big") + bytes((len(public),)) + public
    return header + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def unsealed(body: bytes, own: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser reads. Raises ValueError or InvalidTag."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, box = body[21 : 21 + length], body[21 + length :]
    if len(box) > size:
        raise ValueError("more than one record")
    public = raw_point(own.public_key())
    secret = _derived(auth, own.exchange(ec.ECDH(), point(theirs)), b"WebPush: info\0" + public + theirs, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    plain = AESGCM(key).decrypt(nonce, box, None).rstrip(b"\0")
    if not plain.endswith(b"\x02"):
        raise ValueError("not the last record")
    return plain[:-1]


def authorization(endpoint: str, key: ec.EllipticCurvePrivateKey, contact: str | None, now: datetime) -> str:
    """The header's value: a token (JWS ES256) for the endpoint's origin, and the public key that checks it."""
    where = urlsplit(endpoint)
    claims: dict[str, object] = {"aud": f"{where.scheme}://{where.netloc}", "exp": int((now + TOKEN_LASTS).timestamp())}
    if contact:
        claims["sub"] = contact
    signing = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signing.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"vapid t={signing}.{encoded(signature)}, k={encoded(raw_point(key.public_key()))}"


def encoded(raw: bytes) -> str:
    """Base64url without padding, as browsers write keys."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of base64url, padded or not. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _json(value: dict[str, object]) -> str:
    return encoded(json.dumps(value, separators=(",", ":")).encode())


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
