"""Signing in at a camera: Basic (RFC 7617) and Digest (RFC 2617, RFC 7616) as RTSP has them. Pure but for the chance in
the client's own number.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

_PAIR = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass
class Login:
    """A name and a password, and what the camera asked for last."""

    name: str
    password: str
    _asked: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def hear(self, challenges: Sequence[str]) -> bool:
        """What a 401 asks for; whether it can be answered. Digest goes before Basic, SHA-256 before MD5."""
        best: dict[str, str] = {}
        for one in challenges:
            kind, _, rest = one.strip().partition(" ")
            asked = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(rest)}
            asked["kind"] = kind.lower()
            if _rank(asked) > _rank(best):
                best = asked
        if not best or (best.get("nonce") and best.get("nonce") == self._asked.get("nonce")):
            return False
        again = self._asked
        self._asked, self._count = best, 0
        return not again or best.get("stale", "").lower() == "true"

    def answer(self, method: str, address: str) -> str | None:
        """The header `Authorization` for a request; None where nothing was asked for."""
        asked = self._asked
        if not asked:
            return None
        if asked["kind"] == "basic":
            return "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()
        return self._digest(method, address, asked)

    def _digest(self, method: str, address: str, asked: dict[str, str]) -> str:
        algorithm = asked.get("algorithm", "MD5").upper()
        kind = _HASHES[algorithm]

        def hashed(*parts: str) -> str:
            return hashlib.new(kind, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        who, what = hashed(self.name, realm, self.password), hashed(method, address)
        said = {"username": self.name, "realm": realm, "nonce": nonce, "uri": address}
        bare = {}
        if "auth" in [word.strip() for word in asked.get("qop", "").split(",")]:
            self._count += 1
            number, ours = f"{self._count:08x}", secrets.token_hex(8)
            said["response"] = hashed(who, nonce, number, ours, "auth", what)
            said["cnonce"] = ours
            bare = {"qop": "auth", "nc": number}
        else:
            said["response"] = hashed(who, nonce, what)
        if "opaque" in asked:
            said["opaque"] = asked["opaque"]
        if "algorithm" in asked:
            bare["algorithm"] = algorithm
        words = [f'{name}="{value}"' for name, value in said.items()] + [f"{k}={v}" for k, v in bare.items()]
        return "Digest " + ", ".join(words)


def _rank(asked: dict[str, str]) -> int:
    """How good a challenge is; 0: none that we can answer."""
    if asked.get("kind") == "basic":
        return 1
    if asked.get("kind") != "digest" or "nonce" not in asked:
        return 0
    return {"MD5": 2, "SHA-256": 3}.get(asked.get("algorithm", "MD5").upper(), 0)
