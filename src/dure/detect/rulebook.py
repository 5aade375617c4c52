"""The rules in force: those that come with the city, overlaid by what officials wrote on screen, with every version.

A built-in rule has version 0 until somebody changes or switches it; undoing all changes brings it back to the text it
came with.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, text

from dure.detect import events
from dure.detect.contributed import built_in
from dure.detect.model import Rule
from dure.detect.record import mark
from dure.detect.rulefile import Refusal, WrongRules, parse
from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.roles import Role

CITY: Final = "city"
_PUT = text(
    "insert into rule (id, toml, enabled, version, created_at, updated_at, updated_by) "
    "values (:id, :toml, :enabled, :version, :now, :now, :by) on conflict (id) do update set "
    "toml = :toml, enabled = :enabled, version = :version, updated_at = :now, updated_by = :by"
)
_KEEP = text(
    "insert into rule_version (rule_id, version, toml, enabled, at, by) "
    "values (:id, :version, :toml, :enabled, :now, :by)"
)
_NEXT = text("select coalesce(max(version), 0) + 1 from rule_version where rule_id = :id")


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule in force. `owner` is the room or service that brought it, or "city"; `overridden` says that the city
    changed a built-in one."""

    rule: Rule
    owner: str
    version: int = 0
    overridden: bool = False
    updated_at: datetime | None = None
    updated_by: str | None = None


async def effective(tx: Tx) -> dict[str, Entry]:
    """All rules by id, those switched off included."""
    found = {name: Entry(rule, owner) for name, (owner, rule) in built_in().items()}
    for row in await tx.rows(text("select * from rule order by id")):
        entry = _overlaid(row, found.get(row["id"]))
        if entry is not None:
            found[row["id"]] = entry
    return found


async def in_force(tx: Tx) -> list[Rule]:
    """The rules that the core is to watch by."""
    return [entry.rule for entry in (await effective(tx)).values() if entry.rule.enabled]


def _overlaid(row: RowMapping, below: Entry | None) -> Entry | None:
    try:
        [rule] = parse(row["toml"])
    except (WrongRules, ValueError):
        # Written for another version of dure. What came with this one watches on; a rule of the city's own rests.
        return below
    return Entry(
        rule=replace(rule, enabled=row["enabled"]),
        owner=CITY if below is None else below.owner,
        version=row["version"],
        overridden=below is not None and rule.source.strip() != below.rule.source.strip(),
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


def checked(toml: str) -> Rule:
    """The one rule in `toml`. Raises Invalid that names lines, fields and reasons."""
    try:
        rules = parse(toml)
    except WrongRules as error:
        raise Invalid("detect.rule.wrong", fields=[_field(one) for one in error.refusals[:50]]) from error
    if len(rules) != 1:
        raise Invalid("detect.rule.one_each", fields=[FieldError("toml", "detect.rule.one_each")])
    return rules[0]


def _field(one: Refusal) -> FieldError:
    return FieldError(f"toml:{one.line}:{one.field}", one.key, {**one.params, "line": one.line, "field": one.field})


async def get(tx: Tx, rule_id: str) -> Entry:
    """One rule. Raises NotFound."""
    entry = (await effective(tx)).get(rule_id)
    if entry is None or entry.rule.hidden:
        raise NotFound("detect.rule.unknown", id=rule_id)
    return entry


async def create(tx: Tx, who: Principal, toml: str) -> Entry:
    """A rule of the city's own. Raises Invalid, and Conflict where the id is taken."""
    rule = checked(toml)
    if rule.id in await effective(tx):
        raise Conflict("detect.rule.taken", id=rule.id)
    _same_way(rule, beside=False)
    await audit.record(tx, who, "rule.create", "rule", rule.id)
    return await _put(tx, who, rule.id, toml, enabled=rule.enabled)


async def change(tx: Tx, who: Principal, rule_id: str, toml: str, expected: int | None) -> Entry:
    """Another text for a rule. Raises Invalid, NotFound, PreconditionFailed."""
    entry = await _taken(tx, rule_id, expected)
    rule = checked(toml)
    if rule.id != rule_id:
        raise Invalid("detect.rule.other_id", fields=[FieldError("toml", "detect.rule.other_id")], id=rule_id)
    _same_way(rule, beside=entry.rule.beside)
    _may_weaken(who, entry.rule, life_safety=rule.life_safety, enabled=rule.enabled)
    await audit.record(tx, who, "rule.change", "rule", rule_id)
    return await _put(tx, who, rule_id, toml, enabled=rule.enabled)


def _same_way(rule: Rule, *, beside: bool) -> None:
    """What makes alarms goes on making them: only who brings a rule listens to what is beside. Raises Invalid."""
    if rule.beside is not beside:
        raise Invalid("detect.rule.beside", fields=[FieldError("toml", "detect.rule.beside")])


async def switch(tx: Tx, who: Principal, rule_id: str, *, enabled: bool, expected: int | None) -> Entry:
    """Switch a rule on or off; what is open of a rule switched off is cleared."""
    entry = await _taken(tx, rule_id, expected)
    if entry.rule.enabled == enabled:
        return entry
    _may_weaken(who, entry.rule, life_safety=True, enabled=enabled)
    await audit.record(tx, who, "rule.on" if enabled else "rule.off", "rule", rule_id)
    return await _put(tx, who, rule_id, entry.rule.source, enabled=enabled)


async def undo(tx: Tx, who: Principal, rule_id: str, to: int, expected: int | None) -> Entry:
    """Bring a rule back to a former version (0: as it came with the city); that is a new version."""
    entry = await _taken(tx, rule_id, expected)
    if to == 0 and rule_id in built_in():
        rule = built_in()[rule_id][1]
        toml, enabled = rule.source, rule.enabled
    else:
        row = await tx.row(
            text("select toml, enabled from rule_version where rule_id = :id and version = :to and toml is not null"),
            {"id": rule_id, "to": to},
        )
        if row is None:
            raise NotFound("detect.rule.version_unknown", version=to)
        toml, enabled = row["toml"], row["enabled"]
        rule = checked(toml)
    _may_weaken(who, entry.rule, life_safety=rule.life_safety, enabled=enabled)
    await audit.record(tx, who, "rule.undo", "rule", rule_id, purpose=f"version {to}")
    return await _put(tx, who, rule_id, toml, enabled=enabled)


async def remove(tx: Tx, who: Principal, rule_id: str, expected: int | None) -> None:
    """Take out a rule of the city's own, or what the city changed of a built-in one."""
    entry = await _taken(tx, rule_id, expected)
    if entry.version == 0:
        raise Conflict("detect.rule.built_in", id=rule_id)
    if entry.owner == CITY:
        _may_weaken(who, entry.rule, life_safety=False, enabled=False)
        await _clear_open(tx, entry.rule)
    version = await tx.scalar(_NEXT, {"id": rule_id})
    await tx.execute(text("delete from rule where id = :id"), {"id": rule_id})
    kept = {"id": rule_id, "version": version, "toml": None, "enabled": False, "now": tx.now(), "by": who.name}
    await tx.execute(_KEEP, kept)
    await audit.record(tx, who, "rule.remove", "rule", rule_id)
    await events.rule_changed(tx, rule_id, version)


async def versions(tx: Tx, rule_id: str) -> list[dict[str, Any]]:
    """What the rule was, the newest first; version 0 is the text that came with the city."""
    rows = await tx.rows(
        text("select version, toml, enabled, at, by from rule_version where rule_id = :id order by version desc"),
        {"id": rule_id},
    )
    listed: list[dict[str, Any]] = [dict(row) for row in rows]
    if rule_id in built_in():
        owner, rule = built_in()[rule_id]
        listed.append({"version": 0, "toml": rule.source, "enabled": rule.enabled, "at": None, "by": owner})
    return listed


def _may_weaken(who: Principal, before: Rule, *, life_safety: bool, enabled: bool) -> None:
    """Only an administrator switches off what watches over life, or says that it no longer does."""
    weaker = before.life_safety and not (enabled and life_safety)
    if weaker and Role.ADMIN not in who.roles:
        raise Forbidden("detect.rule.life_safety_off", name_ko=before.name_ko, name_en=before.name_en)


async def _taken(tx: Tx, rule_id: str, expected: int | None) -> Entry:
    await tx.execute(text("select pg_advisory_xact_lock(hashtext('dure.rule.' || :id))"), {"id": rule_id})
    entry = await get(tx, rule_id)
    check_version(expected, entry.version)
    return entry


async def _put(tx: Tx, who: Principal, rule_id: str, toml: str, *, enabled: bool) -> Entry:
    version = await tx.scalar(_NEXT, {"id": rule_id})
    row = {"id": rule_id, "toml": toml, "enabled": enabled, "version": version, "now": tx.now(), "by": who.name}
    await tx.execute(_PUT, row)
    await tx.execute(_KEEP, row)
    if not enabled:
        await _clear_open(tx, checked(toml))
    await events.rule_changed(tx, rule_id, version)
    return await get(tx, rule_id)


async def _clear_open(tx: Tx, rule: Rule) -> None:
    rows = await tx.rows(
        text(
            "update alarm set stage = 'cleared', cleared_at = coalesce(cleared_at, :now), closed_at = :now, "
            "version = version + 1, updated_at = :now where rule = :rule and closed_at is null returning *"
        ),
        {"rule": rule.id, "now": tx.now()},
    )
    if rule.category == "fault":
        await mark(tx, rule, rows, there=False)
    await events.tell(tx, events.CLEARED, rows)
