"""Identifiers: UUIDv7 for what dure makes, short codes for what the field already names."""

import os
import re
import threading
import time
from uuid import UUID

DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a device may be called: it is also an MQTT topic level and a SenML base name."""

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, a 12-bit sequence, 62 random bits.

    Ids of one process grow strictly until 4,096 in one millisecond, and borrow the next millisecond after that.
    """
    global _last_ms, _sequence
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _sequence = now_ms, int.from_bytes(os.urandom(2)) & 0x3FF
        else:
            _sequence += 1
            if _sequence > 0xFFF:
                _last_ms, _sequence = _last_ms + 1, 0
        milliseconds, sequence = _last_ms, _sequence
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (sequence << 64) | (0b10 << 62) | random)


def is_device_id(text: str) -> bool:
    """Whether `text` may name a device."""
    return DEVICE_ID.fullmatch(text) is not None
