"""How a simulated camera checks who asks: Basic (RFC 7617), Digest with MD5 or SHA-256 (RFC 2617, RFC 7616)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection

REALM = "camera"
_PAIR = re.compile(r'(\w+)="?([^",]*)"?')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def challenges(schemes: Collection[str], nonce: str) -> list[str]:
    """The values of `WWW-Authenticate`."""
    found = [
        f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm={scheme}'
        for scheme in _HASHES
        if scheme in schemes
    ]
    return found + ([f'Basic realm="{REALM}"'] if "Basic" in schemes else [])


def admits(said: str, method: str, login: str, schemes: Collection[str], nonce: str) -> bool:
    """Whether an `Authorization` proves the login ("name:password")."""
    kind, _, rest = said.partition(" ")
    if kind == "Basic" and "Basic" in schemes:
        return hmac.compare_digest(rest.encode(), base64.b64encode(login.encode()))
    told = dict(_PAIR.findall(rest))
    algorithm = told.get("algorithm", "MD5")
    if kind != "Digest" or algorithm not in schemes or told.get("nonce") != nonce:
        return False

    def hashed(*parts: str) -> str:
        return hashlib.new(_HASHES[algorithm], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    name, _, password = login.partition(":")
    who, what = hashed(name, REALM, password), hashed(method, told.get("uri", ""))
    proof = hashed(who, nonce, told.get("nc", ""), told.get("cnonce", ""), "auth", what)
    return told.get("username") == name and hmac.compare_digest(proof.encode(), told.get("response", "").encode())
