"""Taking what is due: receivers are read, the intent and its audit line are committed, and only then is it sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Unavailable
from dure.kernel.ids import new_id
from dure.notices import contacts, rules, timing
from dure.notices.contacts import Receiver
from dure.notices.gateway import Message
from dure.notices.keeping import stands
from dure.notices.model import Channel, Medium, Status
from dure.notices.sending import Words, opened, today
from dure.notices.timing import Rule
from dure.trust import audit
from dure.trust.principal import system
from dure.trust.vault import Person

_ONE_AT_A_TIME = 0x6E6F7469
"""The advisory lock ("noti") under which one claims: counts of rates and of phones are right."""
_DUE = text(
    "select * from notice where status = 'queued' and next_at <= :now and channel = any(:channels) "
    "order by life_safety desc, next_at, id limit :most for update skip locked"
)
_ATTEMPT = text(
    "insert into notice_attempt (id, notice_id, started_at, address_digest) values (:id, :notice_id, :now, :digest)"
)
_NUMBERS = text(
    "select address_digest as digest, count(*) as n from notice_attempt where address_digest = any(:digests) "
    "and started_at > :since and outcome is distinct from 'not_now' group by address_digest"
)
_CITY = text(
    "select count(*) as n from notice_attempt where started_at > :since and outcome is distinct from 'not_now'"
)
_SAME = text("select id, key, medium, address_digest as digest from notice where key = any(:keys) "
             "and address_digest is not null")  # fmt: skip
_SENDER = system("notices")


@dataclass(slots=True)
class Share:
    """What was sent, counted on while a claim goes: by the city in this minute, to each number in this hour, and what
    went to which phone.
    """

    rule: Rule
    minute: int
    numbers: Counter[bytes]
    phones: dict[tuple[str, str, bytes], UUID]


@dataclass(frozen=True, slots=True)
class Open:
    """A notice that may go out, with its receiver and words."""

    row: RowMapping
    receiver: Receiver
    words: Words


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
    rule = timing.rule_of(await rules.kept(tx), today(tx))
    ready = [row for row in rows if await _ready(tx, row, rule)]
    people = await contacts.people(tx, ready)
    found = [one for row in ready if (one := await _opened(tx, row, people)) is not None]
    if not found:
        return []
    city, numbers, same = await tx.look(
        (_CITY, {"since": now - rules.MINUTE}),
        (_NUMBERS, {"digests": [one.receiver.digest for one in found], "since": now - rules.HOUR}),
        (_SAME, {"keys": [one.row["key"] for one in found]}),
    )
    share = Share(
        rule,
        city[0]["n"],
        Counter({bytes(row["digest"]): row["n"] for row in numbers}),
        {(row["key"], row["medium"], bytes(row["digest"])): row["id"] for row in same},
    )
    return [message for one in found if (message := await _taken(tx, one, share)) is not None]


async def _ready(tx: Tx, row: RowMapping, rule: Rule) -> bool:
    """Whether it may go at this moment; then its line stands in the audit log."""
    now, life = tx.now(), bool(row["life_safety"])
    if row["expires_at"] <= now:
        await stands(tx, row, Status.FAILED, reason="expired")
        return False
    waits = timing.quiet_until(rule, now, ZoneInfo(city_zone()), life_safety=life)
    if waits is not None:
        await _wait(tx, row, "quiet", waits)
        return False
    # The line stands before the number is read; both are there or neither.
    await audit.record(
        tx, _SENDER, "notice.send", "notice", row["id"], person_id=row["person_id"], case=row["incident_id"],
        purpose=f"notice {row['template']}",
    )  # fmt: skip
    return True


async def _opened(tx: Tx, row: RowMapping, people: Mapping[UUID, Person]) -> Open | None:
    try:
        receiver = await contacts.receiver(tx, row, people)
        words = opened(tx, row["id"], row["incident_id"], bytes(row["sealed"]))
    except Unavailable:  # a key is missing that nobody destroyed: this one cannot go, and must not keep others back
        await stands(tx, row, Status.REFUSED, reason="unreadable")
        return None
    if receiver is None or words is None:
        await stands(tx, row, Status.REFUSED, reason="no_address" if receiver is None else "destroyed")
        return None
    return Open(row, receiver, words)


async def _taken(tx: Tx, one: Open, share: Share) -> Message | None:
    row, receiver, now, life = one.row, one.receiver, tx.now(), bool(one.row["life_safety"])
    phone = (row["key"], row["medium"], receiver.digest)
    if row["medium"] != Medium.PUSH and share.phones.get(phone, row["id"]) != row["id"]:
        # Another notice of the same key goes to the same phone: two people who share one.
        await stands(tx, row, Status.REFUSED, reason="same_phone")
        return None
    held = timing.held_back(share.rule, share.numbers[receiver.digest], share.minute, life_safety=life)
    if held is not None:
        await _wait(tx, row, "rate", now + held)
        return None
    share.minute += 1
    share.numbers[receiver.digest] += 1
    share.phones[phone] = row["id"]
    reference = new_id()
    tx.later(_ATTEMPT, {"id": reference, "notice_id": row["id"], "now": now, "digest": receiver.digest})
    await stands(
        tx, row, Status.SENDING, next_at=now + timing.LOST_AFTER, attempt_id=reference,
        tries=row["tries"] + 1, address_digest=receiver.digest,
    )  # fmt: skip
    return Message(
        reference, row["id"], Channel(row["channel"]), receiver.address, one.words.subject, one.words.text,
        row["language"], row["incident_id"], life, row["expires_at"], row["keys"],
    )  # fmt: skip


async def _wait(tx: Tx, row: RowMapping, reason: str, until: datetime) -> None:
    if row["reason"] == reason:  # screens know already
        tx.later(text("update notice set next_at = :at where id = :id"), {"id": row["id"], "at": until})
    else:
        await stands(tx, row, Status.QUEUED, reason=reason, next_at=until)


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
