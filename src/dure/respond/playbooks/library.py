"""Every manual that the city has or had, and which version is in force for a kind of incident.

A version holds the texts of one or both languages, which say the same. It is published once and kept for ever; running
incidents stay on the plan that they began with.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.kernel.events import Event
from dure.kernel.messages import LANGUAGES, Language
from dure.respond.automations import setup as machines
from dure.respond.playbooks import named
from dure.respond.playbooks.check import Known, check, twins
from dure.respond.playbooks.contributed import shipped
from dure.respond.playbooks.faults import Fault
from dure.respond.playbooks.model import Party, PartyKind, Playbook
from dure.respond.playbooks.parse import parse
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.principal import Principal, system

CITY: Final = "city"
PUBLISHED: Final = "PlaybookPublished.v1"
"""Another version is in force for a kind of incident (entity `playbook`, by kind; data: number)."""
_TOLD: Final = 50
_PUT = text(
    "insert into playbook_version (kind, number, ko, en, source, note, digest, published_at, published_by) "
    "values (:kind, :number, :ko, :en, :source, :note, :digest, :now, :by)"
)
_IN_FORCE = text(
    "insert into playbook (kind, in_force, updated_at, updated_by) values (:kind, :number, :now, :by) "
    "on conflict (kind) do update set in_force = :number, version = playbook.version + 1, updated_at = :now, "
    "updated_by = :by returning version"
)
_NEXT = text("select coalesce(max(number), 0) + 1 from playbook_version where kind = :kind")
_STANDING = text(
    "select v.*, p.version, p.in_force from playbook p join playbook_version v "
    "on v.kind = p.kind and v.number = p.in_force where p.kind = :kind"
)
_ALL = text(
    "select v.*, p.version, p.in_force, (select max(n.number) from playbook_version n where n.kind = p.kind) as newest "
    "from playbook p join playbook_version v on v.kind = p.kind and v.number = p.in_force order by p.kind"
)
_AGENCIES = text("select id, name, name_en from agency order by id")
_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.playbook.' || :kind))")

Texts = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a kind's manual, with its plan by language. `entity_version` is the ETag's: it grows whenever
    another version comes into force.
    """

    kind: str
    number: int
    texts: Texts
    plans: Mapping[Language, Playbook]
    source: str
    note: str
    published_at: datetime
    published_by: str
    in_force: bool
    entity_version: int

    def plan(self, language: Language) -> Playbook:
        """The plan in `language`, else in the other one."""
        return self.plans.get(language) or next(iter(self.plans.values()))


async def known(tx: Tx) -> Known:
    """What a manual can name in this city: its kinds of incidents, its agencies, texts of notices, automations."""
    return Known(
        kinds=frozenset(kind.id for kind in TYPES),
        agencies=await _agencies(tx),
        templates=await named.texts(tx),
        automations=named.automations() | await machines.names(tx),
    )


async def _agencies(tx: Tx) -> Mapping[str, Party]:
    return _named(await tx.rows(_AGENCIES))


def _named(rows: Sequence[RowMapping]) -> Mapping[str, Party]:
    return {
        name: Party(PartyKind.AGENCY, row["id"], name) for row in rows for name in (row["name"], row["name_en"]) if name
    }


def judged(body: str, language: Language, city: Known) -> tuple[Playbook | None, tuple[Fault, ...]]:
    """The plan of a text, or why it is none: read first, then understood."""
    parsed = parse(body, language, city.agencies)
    if parsed.playbook is None:
        return None, parsed.faults
    faults = check(parsed.playbook, city)
    return (None if faults else parsed.playbook), faults


async def standing(tx: Tx, kind: str) -> Version | None:
    """The version in force for a kind of incident, or None where no manual is about it."""
    rows, agencies = await tx.look((_STANDING, {"kind": kind}), _AGENCIES)
    return _version(rows[0], _named(agencies)) if rows else None


async def get(tx: Tx, kind: str) -> Version:
    """The same. Raises NotFound."""
    found = await standing(tx, kind)
    if found is None:
        raise NotFound("respond.playbook.unknown", kind=kind)
    return found


async def version(tx: Tx, kind: str, number: int) -> Version:
    """One version. Raises NotFound."""
    row = await tx.row(
        text(
            "select v.*, p.version, p.in_force from playbook_version v join playbook p on p.kind = v.kind "
            "where v.kind = :kind and v.number = :number"
        ),
        {"kind": kind, "number": number},
    )
    if row is None:
        raise NotFound("respond.playbook.version_unknown", kind=kind, number=number)
    return _version(row, await _agencies(tx))


async def listed(tx: Tx) -> list[tuple[Version, int]]:
    """What is in force for each kind, with the number of its newest version."""
    agencies = await _agencies(tx)
    return [(_version(row, agencies), row["newest"]) for row in await tx.rows(_ALL)]


async def versions(tx: Tx, kind: str) -> Sequence[RowMapping]:
    """Every version of a kind, the newest first, without its texts. Raises NotFound."""
    rows = await tx.rows(
        text(
            "select v.number, v.source, v.note, v.published_at, v.published_by, v.number = p.in_force as in_force, "
            "array_remove(array[case when v.ko is not null then 'ko' end, case when v.en is not null then 'en' end], "
            "null) as languages from playbook_version v join playbook p on p.kind = v.kind where v.kind = :kind "
            "order by v.number desc"
        ),
        {"kind": kind},
    )
    if not rows:
        raise NotFound("respond.playbook.unknown", kind=kind)
    return rows


async def publish(tx: Tx, who: Principal, kind: str, texts: Texts, note: str, expected: int | None) -> Version:
    """A new version, in force from now on. Raises Invalid with every fault, PreconditionFailed where somebody else
    published meanwhile.
    """
    await tx.execute(_LOCK, {"kind": kind})
    row = await tx.row(_STANDING, {"kind": kind})
    check_version(expected, 0 if row is None else row["version"])
    _accepted(kind, texts, await known(tx))
    if row is not None and row["digest"] == digest(texts):
        raise Invalid("respond.playbook.same", fields=[FieldError("ko", "respond.playbook.same")])
    number = await _put(tx, kind, texts, CITY, note, who.name)
    await _into_force(tx, kind, number, who.name)
    await audit.record(tx, who, "playbook.publish", "playbook", f"{kind}/{number}")
    return await get(tx, kind)


async def reinstate(tx: Tx, who: Principal, kind: str, number: int, expected: int | None) -> Version:
    """Bring a former version back into force. Raises NotFound, PreconditionFailed, and Invalid where the city no longer
    has what it names.
    """
    await tx.execute(_LOCK, {"kind": kind})
    check_version(expected, (await get(tx, kind)).entity_version)
    wanted = await version(tx, kind, number)
    _accepted(kind, wanted.texts, await known(tx))
    await _into_force(tx, kind, number, who.name)
    await audit.record(tx, who, "playbook.reinstate", "playbook", f"{kind}/{number}")
    return await get(tx, kind)


def faults_of(kind: str, texts: Texts, city: Known) -> dict[Language, tuple[Fault, ...]]:
    """What is wrong with each text of a version, and with the two beside each other."""
    found: dict[Language, tuple[Fault, ...]] = {}
    plans: dict[Language, Playbook] = {}
    for language in LANGUAGES:
        if language not in texts:
            continue
        plan, found[language] = judged(texts[language], language, city)
        if plan is not None:
            plans[language] = plan
            if plan.kind != kind:
                found[language] = (Fault(2, 1, 0, "respond.playbook.fault.other_kind", {"kind": kind}),)
    if len(plans) == len(LANGUAGES):
        found["en"] = (*found["en"], *twins(plans["ko"], plans["en"]))
    return {language: faults for language, faults in found.items() if faults}


def _accepted(kind: str, texts: Texts, city: Known) -> None:
    if not texts:
        raise Invalid("respond.playbook.no_text", fields=[FieldError("ko", "respond.playbook.no_text")])
    wrong = faults_of(kind, texts, city)
    if wrong:
        fields = [
            FieldError(f"{language}:{one.line}:{one.column}", one.key, one.params)
            for language, faults in wrong.items()
            for one in faults[:_TOLD]
        ]
        raise Invalid("respond.playbook.wrong", fields=fields, count=sum(len(faults) for faults in wrong.values()))


async def load_shipped(tx: Tx) -> None:
    """Take in the manuals that came with this release. One that the city has changed stays as the city wants it; what
    came with the release is then a version that may be put into force. Without the city's hand it is in force at once.
    """
    for kind, (owner, texts) in sorted(shipped().items()):
        await tx.execute(_LOCK, {"kind": kind})
        rows = await tx.rows(
            text("select number, source, digest from playbook_version where kind = :kind"), {"kind": kind}
        )
        if any(row["digest"] == digest(texts) for row in rows):
            continue
        number = await _put(tx, kind, texts, owner, "", owner)
        in_force = await tx.scalar(text("select in_force from playbook where kind = :kind"), {"kind": kind})
        by_city = any(row["number"] == in_force and row["source"] == CITY for row in rows)
        if not by_city:
            await _into_force(tx, kind, number, owner)
            await audit.record(tx, system("playbooks"), "playbook.load", "playbook", f"{kind}/{number}")


async def load(context: Context) -> None:
    """`load_shipped` as the work process does it, at its start and then now and then."""
    async with context.database.transaction() as tx:
        await load_shipped(tx)


def digest(texts: Texts) -> str:
    """What two versions of the same texts have in common."""
    parts = [texts.get(language, "").replace("\r\n", "\n").strip() for language in LANGUAGES]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


async def _put(tx: Tx, kind: str, texts: Texts, source: str, note: str, by: str) -> int:
    number: int = await tx.scalar(_NEXT, {"kind": kind})
    row: dict[str, Any] = {"kind": kind, "number": number, "source": source, "note": note, "by": by, "now": tx.now()}
    row |= {"ko": texts.get("ko"), "en": texts.get("en"), "digest": digest(texts)}
    await tx.execute(_PUT, row)
    return number


async def _into_force(tx: Tx, kind: str, number: int, by: str) -> None:
    at = await tx.scalar(_IN_FORCE, {"kind": kind, "number": number, "now": tx.now(), "by": by})
    await tx.emit(Event(PUBLISHED, "playbook", kind, at, {"number": number}))


_PARSED_MOST: Final = 100
_plans: dict[tuple[str, Language, tuple[str, ...]], Playbook | None] = {}
"""Texts that were read last: the same words in a city of the same agencies are the same plan."""


def _parsed(body: str, language: Language, agencies: Mapping[str, Party]) -> Playbook | None:
    key = (body, language, tuple(f"{name}={party.id}" for name, party in agencies.items()))
    if key not in _plans:
        if len(_plans) >= _PARSED_MOST:
            del _plans[next(iter(_plans))]
        _plans[key] = parse(body, language, agencies).playbook
    return _plans[key]


def _version(row: RowMapping, agencies: Mapping[str, Party]) -> Version:
    texts: dict[Language, str] = {language: row[language] for language in LANGUAGES if row[language] is not None}
    parsed = {language: _parsed(body, language, agencies) for language, body in texts.items()}
    return Version(
        row["kind"],
        row["number"],
        texts,
        {language: plan for language, plan in parsed.items() if plan is not None},
        row["source"],
        row["note"],
        row["published_at"],
        row["published_by"],
        row["number"] == row["in_force"],
        row["version"],
    )
