"""Taking what is due: receivers are read, the intent and its audit line are committed, and only then is it sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Unavailable
from dure.kernel.ids import new_id
from dure.notices import contacts, rules, timing
from dure.notices.contacts import Receiver
from dure.notices.gateway import Message
from dure.notices.keeping import stand
from dure.notices.model import Channel, Medium, Status
from dure.notices.sending import opened, today
from dure.notices.timing import Rule
from dure.trust import audit
from dure.trust.principal import system

_ONE_AT_A_TIME = 0x6E6F7469
"""The advisory lock ("noti") under which one claims: counts of rates and of phones are right."""
_DUE = text(
    "select * from notice where status = 'queued' and next_at <= :now and channel = any(:channels) "
    "order by life_safety desc, next_at, id limit :most for update skip locked"
)
_ATTEMPT = text(
    "insert into notice_attempt (id, notice_id, started_at, address_digest) values (:id, :notice_id, :now, :digest)"
)
_NUMBER = text(
    "select count(*) from notice_attempt where address_digest = :digest and started_at > :since "
    "and outcome is distinct from 'not_now'"
)
_CITY = text("select count(*) from notice_attempt where started_at > :since and outcome is distinct from 'not_now'")
_TWICE = text(
    "select 1 from notice where key = :key and medium = :medium and address_digest = :digest and id <> :id limit 1"
)
_SENDER = system("notices")


@dataclass(slots=True)
class Share:
    """What the city has sent in this minute, counted on while a claim goes."""

    rule: Rule
    minute: int


async def claim(tx: Tx, channels: Sequence[Channel], most: int) -> list[Message]:
    """At most `most` messages that may be handed over now, as intents of this transaction. What is over, quiet, held
    back or has no address is set so.
    """
    locked = await tx.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    if not locked:
        return []
    now = tx.now()
    rows = await tx.rows(_DUE, {"now": now, "channels": [one.value for one in channels], "most": most})
    if not rows:
        return []
    share = Share(
        timing.rule_of(await rules.kept(tx), today(tx)),
        int(await tx.scalar(_CITY, {"since": now - rules.MINUTE}) or 0),
    )
    return [message for row in rows if (message := await _taken(tx, row, share)) is not None]


async def _taken(tx: Tx, row: RowMapping, share: Share) -> Message | None:
    now, life = tx.now(), bool(row["life_safety"])
    if row["expires_at"] <= now:
        await stand(tx, row["id"], Status.FAILED, reason="expired")
        return None
    waits = timing.quiet_until(share.rule, now, ZoneInfo(city_zone()), life_safety=life)
    if waits is not None:
        await _wait(tx, row, "quiet", waits)
        return None
    # The line stands before the number is read; both are there or neither.
    await audit.record(
        tx, _SENDER, "notice.send", "notice", row["id"], person_id=row["person_id"], case=row["incident_id"],
        purpose=f"notice {row['template']}",
    )  # fmt: skip
    try:
        receiver = await contacts.receiver(tx, row)
        words = opened(tx, row["id"], row["incident_id"], bytes(row["sealed"]))
    except Unavailable:  # a key is missing that nobody destroyed: this one cannot go, and must not keep others back
        await stand(tx, row["id"], Status.REFUSED, reason="unreadable")
        return None
    if receiver is None or words is None:
        await stand(tx, row["id"], Status.REFUSED, reason="no_address" if receiver is None else "destroyed")
        return None
    if await _twice(tx, row, receiver):
        await stand(tx, row["id"], Status.REFUSED, reason="same_phone")
        return None
    number = int(await tx.scalar(_NUMBER, {"digest": receiver.digest, "since": now - rules.HOUR}) or 0)
    held = timing.held_back(share.rule, number, share.minute, life_safety=life)
    if held is not None:
        await _wait(tx, row, "rate", now + held)
        return None
    share.minute += 1
    reference = new_id()
    await tx.execute(_ATTEMPT, {"id": reference, "notice_id": row["id"], "now": now, "digest": receiver.digest})
    await stand(
        tx, row["id"], Status.SENDING, next_at=now + timing.LOST_AFTER, attempt_id=reference,
        tries=row["tries"] + 1, address_digest=receiver.digest,
    )  # fmt: skip
    return Message(
        reference, row["id"], Channel(row["channel"]), receiver.address, words.subject, words.text, row["language"],
        row["incident_id"], life, row["expires_at"],
    )  # fmt: skip


async def _twice(tx: Tx, row: RowMapping, receiver: Receiver) -> bool:
    """Whether another notice of the same key goes to the same phone: two people who share one."""
    if row["medium"] == Medium.PUSH:
        return False
    values = {"key": row["key"], "medium": row["medium"], "digest": receiver.digest, "id": row["id"]}
    return await tx.scalar(_TWICE, values) is not None


async def _wait(tx: Tx, row: RowMapping, reason: str, until: datetime) -> None:
    if row["reason"] == reason:  # screens know already
        await tx.execute(text("update notice set next_at = :at where id = :id"), {"id": row["id"], "at": until})
    else:
        await stand(tx, row["id"], Status.QUEUED, reason=reason, next_at=until)


async def address_of(tx: Tx, row: RowMapping) -> str | None:
    """The number of a notice that is asked for at its gateway, with its own line in the audit log."""
    await audit.record(
        tx, _SENDER, "notice.ask", "notice", row["id"], person_id=row["person_id"], case=row["incident_id"],
        purpose="notice reconcile",
    )  # fmt: skip
    try:
        receiver = await contacts.receiver(tx, row)
    except Unavailable:
        return None
    return None if receiver is None else receiver.address
