"""The port to who carries messages, and what a message is on its way there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from dure.kernel.messages import Language
from dure.notices.model import Channel, Found, Lookup, Outcome


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message, open, for as long as it takes to hand it over; never logged (it has no repr of its parts).

    `reference` is ours (the attempt's id): the gateway gives it back. `notice_id` stays the same over attempts. What
    follows `text` is for gateways that tell others less than a text.
    """

    reference: UUID
    notice_id: UUID
    channel: Channel
    to: str
    subject: str
    text: str
    language: Language = "ko"
    incident_id: UUID | None = None
    life_safety: bool = False
    expires_at: datetime | None = None
    keys: int = 1
    """Up to which key whoever is called may press."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """An attempt that may have gone out, and when it began."""

    reference: UUID
    to: str
    started_at: datetime


class Away(Exception):
    """The gateway was not reached, or has no answer now: ask again later."""


class Gateway(Protocol):
    """One provider. Its answers are facts about messages; what becomes of them is decided in `model`."""

    name: str
    most: int

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Outcome]:
        """Hand over at most `most` messages: what became of each, by reference. Raises nothing: what is not heard is
        `Unheard`, and a reference that is missing counts as that.
        """
        ...

    async def lookup(self, asked: Sequence[Asked]) -> Mapping[UUID, Lookup]:
        """Whether these are there, by our reference. Raises Away."""
        ...

    async def reports(self, gateway_ids: Sequence[str]) -> Sequence[Found]:
        """How these stand. Raises Away."""
        ...
