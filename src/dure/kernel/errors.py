"""Errors that people can act on.

Each carries a key of the message catalogue and its parameters; the web edge renders it as problem+json (RFC 9457) in
the
reader's language, and the command line prints it. Nobody sees a stack trace.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Param = str | int | float | None


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: where (`incident.lon`, or a column's name), and why as a catalogue key."""

    field: str
    key: str
    params: dict[str, Param] = dataclasses.field(default_factory=dict)


class DureError(Exception):
    """A refusal with a reason. `key` names the message, `params` fill it."""

    status: ClassVar[int] = 500

    def __init__(self, key: str, *, fields: Sequence[FieldError] = (), **params: Param) -> None:
        super().__init__(key)
        self.key = key
        self.params = params
        self.fields = tuple(fields)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.key}({shown})" if shown else self.key


class BadRequest(DureError):
    """The request cannot be read at all."""

    status = 400


class Unauthenticated(DureError):
    """Nobody known is asking."""

    status = 401


class Forbidden(DureError):
    """Known, but not allowed."""

    status = 403


class NotFound(DureError):
    """No such thing, or none that the asker may know of."""

    status = 404


class Conflict(DureError):
    """It contradicts what is already so."""

    status = 409


class PreconditionFailed(DureError):
    """Somebody changed it since the asker last read it."""

    status = 412


class TooLarge(DureError):
    """Beyond a limit of size, depth or number."""

    status = 413


class Invalid(DureError):
    """Readable, but wrong; `fields` say where."""

    status = 422


class TooMany(DureError):
    """Too often; `retry_after_s` in params says when to come back."""

    status = 429


class Unavailable(DureError):
    """An engine is away for the moment; trying again is right."""

    status = 503
