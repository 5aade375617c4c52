"""How often somebody may ask: a budget for each account, each token and, for who is not known, each address.

A stranger's failures are held against the stranger's requests alone: whoever shows a good credential from the same
address goes on, so nobody can be locked out by a neighbour.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dure.kernel.errors import TooMany
from dure.trust import address as addresses
from dure.trust.address import Address
from dure.trust.principal import Principal

RETRY_S: Final = 1


class Budget:
    """So many at once, refilled so many a second, for each key; the least recent keys are forgotten.

    `clock` tells monotonic seconds.
    """

    def __init__(
        self, burst: float, per_second: float, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._keys = keys
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Whether one more is within the budget of `key`; it is then used up."""
        now = self._clock()
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return left >= 1


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second, and at once. A screen asks some ten times as it opens; a city's own machines send batches.

    `passwords` are sign-ins by password of one address, whoever they are for: enough for an office behind one address,
    too few to guess. Passkeys cannot be guessed; `passkeys` bounds the work that one address can make. Passwords tried
    there do not count. `logouts` come from the city's single sign-on: all from one address, and everybody may be
    signed out at once.
    """

    account: Budget = field(default_factory=lambda: Budget(400, 40))
    machine: Budget = field(default_factory=lambda: Budget(3_000, 1_000))
    stranger: Budget = field(default_factory=lambda: Budget(600, 30))
    passwords: Budget = field(default_factory=lambda: Budget(60, 2))
    passkeys: Budget = field(default_factory=lambda: Budget(120, 5))
    logouts: Budget = field(default_factory=lambda: Budget(600, 20))

    def check(self, principal: Principal) -> None:
        """Raises TooMany where this account or token asks too often."""
        budget = self.account if principal.kind == "account" else self.machine
        if not budget.take(principal.actor):
            raise TooMany("trust.rate.too_often", retry_after_s=RETRY_S)

    def check_stranger(self, address: Address | None) -> None:
        """Raises TooMany where who is not known asks too often from this address (an IPv6 network of 64 bits counts
        as one).
        """
        if not self.stranger.take(addresses.origin(address)):
            raise TooMany("trust.rate.too_often", retry_after_s=RETRY_S)
