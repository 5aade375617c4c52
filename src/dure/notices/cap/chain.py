"""Updating and cancelling: each later alert names all earlier ones that still stand. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dure.kernel.errors import Conflict
from dure.notices.cap.model import Alert, Info, MsgType, Reference


def follow(chain: Sequence[Alert], identifier: str, sent: datetime, infos: tuple[Info, ...] | None, note: str) -> Alert:
    """The next alert of a chain (oldest first): an update with `infos`, a cancellation without, telling again what is
    cancelled. Raises Conflict where the chain has ended or `sent` is not later.
    """
    last = chain[-1]
    if last.msg_type is MsgType.CANCEL:
        raise Conflict("notices.cap.ended")
    if sent <= last.sent:
        raise Conflict("notices.cap.earlier")
    references = tuple(Reference(one.sender, one.identifier, one.sent) for one in chain)
    return replace(
        last,
        identifier=identifier,
        sent=sent,
        msg_type=MsgType.CANCEL if infos is None else MsgType.UPDATE,
        infos=last.infos if infos is None else infos,
        references=references,
        note=note,
    )
