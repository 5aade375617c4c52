"""Spans of time that people ask for."""

from datetime import datetime

from dure.kernel.errors import FieldError, Invalid


def checked_span(now: datetime, starts_at: datetime, ends_at: datetime, *, days: int, back_days: int = 0) -> None:
    """A span that begins at most `back_days` ago, ends in the future and is at most `days` long. Raises Invalid."""
    key = "trust.span.wrong"
    length = (ends_at - starts_at).total_seconds()
    if not 0 < length <= days * 86_400 or ends_at <= now or (ends_at - now).total_seconds() > 3_660 * 86_400:
        raise Invalid(key, fields=[FieldError("ends_at", key)])
    if (now - starts_at).total_seconds() > back_days * 86_400 + 300:
        raise Invalid(key, fields=[FieldError("starts_at", key)])
