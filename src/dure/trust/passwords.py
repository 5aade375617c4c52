"""Passwords by NIST SP 800-63B: length and a list of common ones, no rules of composition; kept as argon2id."""

import asyncio
import hashlib
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeVar, TypeVarTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dure.kernel.errors import FieldError, Invalid, Unavailable

SHORTEST = 12
LONGEST = 128

_hasher = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
"""OWASP's 46 MiB with a second pass: some 60 ms on one core, so two at a time leave the city its processor."""
MOST_WAITING = 64
_waiting = 0
Given = TypeVarTuple("Given")
Result = TypeVar("Result")
_threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")
_NOBODY = (  # of 256 random bits that were thrown away; with the parameters above
    "$argon2id$v=19$m=47104,t=2,p=1$B5rNNlGmD8sn1jz1c7PMHg$3/8hQYR9lq9YeieD+Ncm3gogivCUTYSHzTOAthj+nBM"
)


def username_key(username: str) -> str:
    """How a username is kept and compared: NFKC, case folded, without outer blanks."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def username_hash(username: str) -> bytes:
    """What the guard of sign-in keeps: people type passwords into the wrong field."""
    return hashlib.sha256(username_key(username).encode("utf-8", "surrogatepass")).digest()


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def common() -> frozenset[str]:
    """Passwords that everybody tries first."""
    return frozenset((files("dure.trust") / "common_passwords.txt").read_text(encoding="utf-8").split())


def check(password: str, username: str, field: str = "password") -> None:
    """Raises Invalid for a password that is too short, too long, common, one character repeated, or holds the
    username.
    """
    plain = unicodedata.normalize("NFKC", password)
    folded = plain.casefold()
    name = username_key(username)
    if len(plain) < SHORTEST:
        key = "trust.password.too_short"
    elif len(plain) > LONGEST:
        key = "trust.password.too_long"
    elif _stem(folded) in common() or folded in common() or len(set(folded)) < 4 or _is_run(folded):
        key = "trust.password.common"
    elif len(name) >= 4 and name in folded:
        key = "trust.password.has_username"
    else:
        return
    raise Invalid(key, fields=[FieldError(field, key, {"shortest": SHORTEST, "longest": LONGEST})])


def _stem(folded: str) -> str:
    """`password2026!` is still `password`."""
    return folded.rstrip("0123456789!@#$%^&*()_-+=.?~")


def _is_run(folded: str) -> bool:
    """Neighbours of the alphabet or digits all the way, up or down, or a short piece over and over."""
    steps = {ord(b) - ord(a) for a, b in pairwise(folded)}
    repeated = any(len(folded) % n == 0 and folded == folded[:n] * (len(folded) // n) for n in range(1, 5))
    return steps <= {1, -9} or steps <= {-1, 9} or repeated


async def hashed(password: str) -> str:
    """The argon2id hash to keep."""
    return await _computed(hash_now, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether `password` is the one. Where nothing is kept it costs the same and says no."""
    tried = kept if kept is not None else _NOBODY
    found = await _computed(verify, tried, _normal(password))
    return found and kept is not None


async def _computed(compute: Callable[[*Given], Result], *given: *Given) -> Result:
    """In one of the two threads. Raises Unavailable where so many wait that the last would wait for seconds."""
    global _waiting
    if _waiting >= MOST_WAITING:
        raise Unavailable("trust.sign_in.busy")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, compute, *given)
    finally:
        _waiting -= 1


def hash_now(password: str) -> str:
    """One argon2id computation, blocking."""
    return _hasher.hash(_normal(password))


def verify(kept: str, password: bytes) -> bool:
    """One argon2id computation."""
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
