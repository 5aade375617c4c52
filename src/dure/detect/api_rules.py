"""Rules over HTTP: read, write, check, switch, undo, try."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from sqlalchemy import text

from dure.detect import rulebook, shapes
from dure.detect.contributed import built_in
from dure.detect.rulebook import CITY, Entry
from dure.detect.rulefile import WrongRules, parse
from dure.detect.trial import tried
from dure.engine.database import Tx
from dure.engine.web import ContextDep, ExpectedVersion, LanguageDep, Router, TxDep, tag
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/rules", tags=["detect"])
Reads = Annotated[Principal, Depends(require("rule.read"))]
Manages = Annotated[Principal, Depends(require("rule.manage"))]
RuleId = Annotated[str, Path(min_length=1, max_length=80)]


def _shown(entry: Entry, open_alarms: int) -> dict[str, Any]:
    rule = entry.rule
    return {
        "id": rule.id,
        "name": {"ko": rule.name_ko, "en": rule.name_en},
        "toml": rule.source,
        "enabled": rule.enabled,
        "kind": rule.pattern_name,
        "kinds": list(rule.kinds),
        "severity": rule.severity.value,
        "category": rule.category,
        "lane": rule.lane,
        "incident": rule.incident,
        "life_safety": rule.life_safety,
        "source": entry.owner,
        "built_in": entry.owner != CITY,
        "overridden": entry.overridden,
        "open_alarms": open_alarms,
        "version": entry.version,
        "updated_at": entry.updated_at,
        "updated_by": entry.updated_by,
    }


async def _open_alarms(tx: Tx) -> dict[str, int]:
    rows = await tx.rows(text("select rule, count(*) as open from alarm where closed_at is null group by rule"))
    return {row["rule"]: row["open"] for row in rows}


async def _answer(tx: Tx, entry: Entry, response: Response) -> dict[str, Any]:
    tag(response, entry.version)
    return _shown(entry, (await _open_alarms(tx)).get(entry.rule.id, 0))


@router.get("", response_model=shapes.Rules)
async def list_rules(tx: TxDep, _by: Reads) -> dict[str, Any]:
    """All rules by id, those switched off included."""
    open_alarms = await _open_alarms(tx)
    entries = sorted((await rulebook.effective(tx)).items())
    return {"items": [_shown(entry, open_alarms.get(name, 0)) for name, entry in entries if not entry.rule.hidden]}


@router.post("", response_model=shapes.Rule, status_code=201)
async def create_rule(tx: TxDep, who: Manages, body: shapes.RuleText, response: Response) -> dict[str, Any]:
    """A rule of the city's own."""
    return await _answer(tx, await rulebook.create(tx, who, body.toml), response)


@router.post("/check", response_model=shapes.RuleCheck)
async def check_rule(_by: Reads, body: shapes.RuleText, context: ContextDep, language: LanguageDep) -> dict[str, Any]:
    """Whether a text is a rule, and what is wrong with it where. Nothing is kept."""
    try:
        parse(body.toml)
    except WrongRules as error:
        say = context.catalogue.text
        errors = [
            {"line": one.line, "field": one.field, "key": one.key, "reason": say(language, one.key, one.params)}
            for one in error.refusals[:100]
        ]
        return {"ok": False, "errors": errors}
    return {"ok": True, "errors": []}


@router.post("/try", response_model=shapes.RuleTried)
async def try_rule(tx: TxDep, _by: Manages, body: shapes.RuleTrial, context: ContextDep) -> dict[str, Any]:
    """What a rule would have raised between two times, at most a day apart. Nothing is raised nor kept."""
    return await tried(context, tx, rulebook.checked(body.toml), body.since, body.until)


@router.get("/{rule_id}", response_model=shapes.Rule)
async def read_rule(tx: TxDep, _by: Reads, rule_id: RuleId, response: Response) -> dict[str, Any]:
    """One rule."""
    return await _answer(tx, await rulebook.get(tx, rule_id), response)


@router.put("/{rule_id}", response_model=shapes.Rule)
async def change_rule(
    tx: TxDep, who: Manages, rule_id: RuleId, body: shapes.RuleText, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Another text for a rule; for one that came with the city this is an override."""
    return await _answer(tx, await rulebook.change(tx, who, rule_id, body.toml, expected), response)


@router.patch("/{rule_id}", response_model=shapes.Rule)
async def switch_rule(
    tx: TxDep, who: Manages, rule_id: RuleId, body: shapes.RuleSwitch, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """On or off. What is open of a rule switched off is cleared."""
    entry = await rulebook.switch(tx, who, rule_id, enabled=body.enabled, expected=expected)
    return await _answer(tx, entry, response)


@router.delete("/{rule_id}", status_code=204)
async def remove_rule(tx: TxDep, who: Manages, rule_id: RuleId, expected: ExpectedVersion) -> None:
    """Take out a rule of the city's own, or all that the city changed of one that came with it."""
    await rulebook.remove(tx, who, rule_id, expected)


@router.get("/{rule_id}/versions", response_model=shapes.RuleVersions)
async def list_versions(tx: TxDep, _by: Reads, rule_id: RuleId) -> dict[str, Any]:
    """What the rule was, the newest first."""
    if rule_id not in built_in():
        await rulebook.get(tx, rule_id)
    return {"items": await rulebook.versions(tx, rule_id)}


@router.post("/{rule_id}/undo", response_model=shapes.Rule)
async def undo_rule(
    tx: TxDep, who: Manages, rule_id: RuleId, body: shapes.RuleUndo, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Bring a former version back, as a new one."""
    return await _answer(tx, await rulebook.undo(tx, who, rule_id, body.version, expected), response)
