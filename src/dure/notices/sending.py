"""`send`: a notice is wanted. It is a row of the caller's transaction; the work process sends it once that commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.engine.texts import catalogue
from dure.kernel.errors import Invalid
from dure.kernel.events import Event
from dure.kernel.ids import new_id
from dure.kernel.messages import Language
from dure.notices import practice, tables, templates  # noqa: F401  # the room's tables are known
from dure.notices.model import MEDIUM, Channel, Medium, To, Wanted
from dure.notices.sms import fitted
from dure.trust import vault
from dure.trust.vault import texts

CHANGED = "NoticeChanged.v1"
CHANNEL = "dure_notice"
"""What PostgreSQL tells the sender when a transaction that wants a notice has committed."""
LONGEST_KEY = 200
_COLUMN = "notice.text"
_SPOKEN_MOST = 1_000
"""Characters of a call that somebody still listens to, some three minutes; the provider's own limit is 1,994 bytes."""

_INSERT = text(
    "insert into notice (id, key, channel, medium, to_key, person_id, account_id, agency_id, template, language, "
    "sealed, bytes, life_safety, incident_id, wanted_by, status, reason, next_at, ended_at, expires_at, call_at, keys, "
    "created_at, updated_at) values (:id, :key, :channel, :medium, :to_key, :person_id, :account_id, :agency_id, "
    ":template, :language, :sealed, :bytes, :life_safety, :incident_id, :by, :status, :reason, :next_at, :ended_at, "
    ":expires_at, :call_at, :keys, :now, :now) "
    "on conflict do nothing returning id"
)
_KNOWN = text("select id, key, to_key, medium from notice where key = any(:keys)")
_LANGUAGES = text("select id, language from account where id = any(:ids)")


class Words(msgspec.Struct, frozen=True):
    """What goes out, as it is sealed."""

    subject: str
    text: str


async def send(tx: Tx, wanted: Wanted) -> UUID:
    """Have a notice sent once this transaction has committed; its id. The same key, medium and receiver again: the id
    that there is, and nothing more goes out. In a drill it goes out to those who take part and is only written down
    for everybody else.

    Raises Invalid for a template that nobody has, a text that fits no LMS, and a key that is empty or too long;
    Conflict where the incident's words were destroyed.
    """
    return (await send_all(tx, [wanted]))[0]


async def send_all(tx: Tx, wanted: Sequence[Wanted], otherwise: str | None = None) -> list[UUID]:
    """The same for many at once, in few round trips; their ids in the same order. A text that cannot be made goes out
    by the template `otherwise`, where one is given.
    """
    if any(not 1 <= len(one.key) <= LONGEST_KEY for one in wanted):
        raise Invalid("notices.key.wrong")
    if not wanted:
        return []
    templates_of = {one.template for one in wanted} | ({otherwise} if otherwise else set())
    known, own, speak = await tx.look(
        (_KNOWN, {"keys": [one.key for one in wanted]}),
        (templates.SOME, {"ids": sorted(templates_of)}),
        (_LANGUAGES, {"ids": [one.to.account_id for one in wanted if one.to.account_id is not None]}),
    )
    there = {(row["key"], row["to_key"], row["medium"]): row["id"] for row in known}
    shop = _Shop(
        {(row["id"], row["language"]): row for row in own},
        {row["id"]: "en" if row["language"] == "en" else "ko" for row in speak},
        {one: await practice.of(tx, one) for one in {each.incident_id for each in wanted}},
    )
    rows = {_which(one): await _row(tx, one, shop, otherwise) for one in wanted if _which(one) not in there}
    made = await tx.look(*((_INSERT, row) for row in rows.values()))
    for row, done in zip(rows.values(), made, strict=True):
        if done:
            there[row["key"], row["to_key"], row["medium"]] = row["id"]
            await tell(tx, row["id"], 1, row["incident_id"])
    if any(made):
        tx.ring(CHANNEL)
    # Without one: somebody else's transaction wanted the same at this moment and has committed first.
    return [there[_which(one)] if _which(one) in there else await send(tx, one) for one in wanted]


def _which(wanted: Wanted) -> tuple[str, str, str]:
    """What one notice is, whatever was wanted twice. A text that grew into an LMS is the same wish as the SMS."""
    return wanted.key, key_of(wanted.to), MEDIUM[wanted.channel].value


@dataclass(frozen=True, slots=True)
class _Shop:
    """What words are made of: the city's own texts, who reads which language, and which incidents are drills."""

    own: Mapping[tuple[str, str], RowMapping]
    speak: Mapping[UUID, Language]
    drills: Mapping[UUID | None, practice.Practice | None]


async def _row(tx: Tx, wanted: Wanted, shop: _Shop, otherwise: str | None) -> dict[str, Any]:
    """The row. Raises Invalid for a text that cannot be made."""
    language: Language = wanted.language or (
        "ko" if wanted.to.account_id is None else shop.speak.get(wanted.to.account_id, "ko")
    )
    drill = shop.drills[wanted.incident_id]
    try:
        words = _words(wanted, language, shop, drill=drill is not None)
        channel, words, size = _made(wanted.channel, words, today(tx))
    except Invalid:
        if otherwise is None or wanted.template == otherwise:
            raise
        return await _row(tx, replace(wanted, template=otherwise), shop, None)
    id_, now = new_id(), tx.now()
    goes_out = drill is None or drill.reaches(wanted.to)
    return {
        "id": id_,
        "key": wanted.key,
        "channel": channel.value,
        "medium": MEDIUM[channel].value,
        "to_key": key_of(wanted.to),
        "person_id": wanted.to.person_id,
        "account_id": wanted.to.account_id,
        "agency_id": wanted.to.agency_id,
        "template": wanted.template,
        "language": language,
        "sealed": await _sealed(tx, id_, wanted.incident_id, words),
        "bytes": size,
        "life_safety": wanted.life_safety and drill is None,
        "incident_id": wanted.incident_id,
        "by": wanted.by[:200],
        "status": "queued" if goes_out else "refused",
        "reason": None if goes_out else practice.REASON,
        "next_at": now if goes_out else None,
        "ended_at": None if goes_out else now,
        "now": now,
        "expires_at": now + wanted.good_for,
        "call_at": now + wanted.call_after if wanted.call_after is not None and goes_out else None,
        "keys": max(1, len(wanted.answers)) if channel is Channel.VOICE else 1,
    }


async def call(tx: Tx, row: RowMapping, words: Words) -> None:
    """Call about a notice that nobody has acknowledged: its own words, under its own key. Once."""
    channel, spoken, size = _made(Channel.VOICE, _spoken(words, row["language"]), today(tx))
    id_, now = new_id(), tx.now()
    same = ("key", "to_key", "person_id", "account_id", "agency_id", "template", "language", "life_safety")
    values = {name: row[name] for name in (*same, "incident_id", "expires_at")} | {
        "id": id_,
        "channel": channel.value,
        "medium": MEDIUM[channel].value,
        "sealed": await _sealed(tx, id_, row["incident_id"], spoken),
        "bytes": size,
        "by": row["wanted_by"],
        "status": "queued",
        "reason": None,
        "next_at": now,
        "ended_at": None,
        "now": now,
        "call_at": None,
        "keys": 1,
    }
    if await tx.scalar(_INSERT, values) is not None:
        await tell(tx, id_, 1, row["incident_id"])
        tx.ring(CHANNEL)


def _spoken(words: Words, language: Language, answers: Sequence[str] = ()) -> Words:
    """What a call says: the text, and which key says "heard", or what each key says."""
    keys = [
        catalogue().text(language, "notices.voice.key", {"key": key, "words": one})
        for key, one in enumerate(answers, start=1)
    ]
    told = " ".join(keys) or catalogue().text(language, "notices.voice.press")
    return Words(words.subject, f"{words.text}\n{told}")


def _words(wanted: Wanted, language: Language, shop: _Shop, *, drill: bool) -> Words:
    told = templates.filled(shop.own.get((wanted.template, language)), wanted.template, language, wanted.values)
    words = Words(told.subject, f"{told.text}\n{wanted.link}" if wanted.link else told.text)
    if drill:
        words = Words(told.subject and practice.marked(told.subject, language), practice.marked(words.text, language))
    return _spoken(words, language, wanted.answers) if wanted.channel is Channel.VOICE else words


async def tell(tx: Tx, notice_id: UUID, version: int, incident_id: UUID | None) -> None:
    """Screens and the rooms above hear of it: which notice, and of which incident."""
    incident = None if incident_id is None else str(incident_id)
    await tx.emit(Event(CHANGED, "notice", str(notice_id), version, {"incident_id": incident}))


def key_of(to: To) -> str:
    """A receiver as one word."""
    if to.person_id is not None:
        return f"person:{to.person_id}"
    return f"account:{to.account_id}" if to.account_id is not None else f"agency:{to.agency_id}"


def today(tx: Tx) -> date:
    """The day in the city."""
    return tx.now().astimezone(ZoneInfo(city_zone())).date()


def opened(tx: Tx, notice_id: UUID, incident_id: UUID | None, sealed: bytes) -> Words | None:
    """What a notice says; None where the incident's words were destroyed. Raises Unavailable without the key."""
    about = vault.of(tx)
    if incident_id is None:
        plain = about.unseal(f"notice {notice_id}", sealed)
    else:
        plain = texts.opened_bytes(about, incident_id, _COLUMN, sealed)
    return msgspec.json.decode(plain, type=Words) if plain else None


async def _sealed(tx: Tx, notice_id: UUID, incident_id: UUID | None, words: Words) -> bytes:
    plain = msgspec.json.encode(words)
    if incident_id is None:
        return vault.of(tx).seal(f"notice {notice_id}", plain)
    return await texts.sealed_bytes(tx, incident_id, _COLUMN, plain)


def _made(channel: Channel, words: Words, day: date) -> tuple[Channel, Words, int]:
    """The channel that it takes in the end, the words as they go out, and their length in bytes."""
    if MEDIUM[channel] is Medium.TEXT:
        fit = fitted(words.text, day, channel)
        if not fit.fits:
            raise Invalid("notices.text.long", bytes=fit.bytes, most=fit.most)
        return fit.channel, Words(fitted(words.subject, day, Channel.LMS).text, fit.text), fit.bytes
    size = len(words.text.encode())
    if not words.text.strip() or (channel is Channel.VOICE and len(words.text) > _SPOKEN_MOST):
        raise Invalid("notices.text.long", bytes=size, most=_SPOKEN_MOST)
    return channel, words, size
