"""The notice of quarantine (자가격리 통지서) that somebody gets in their hand, in their own language beside Korean."""

import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID

from dure.engine.database import Tx
from dure.services.epidemic.care.dated import in_force, rows
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.quarantine import queries
from dure.trust import audit, vault
from dure.trust.principal import Principal

_FILE = Path(__file__).with_name("notices.toml")
PENALTIES = rows(_FILE, "penalty")
_TEXTS = tomllib.loads(_FILE.read_text(encoding="utf-8"))
WORDS: dict[str, dict[str, Any]] = _TEXTS["words"]
CHECK: dict[str, dict[str, str]] = _TEXTS["check"]
"""The words of the self-check's page, by language."""


async def notice(tx: Tx, who: Principal, quarantine_id: UUID, purpose: str) -> dict[str, Any]:
    """What is printed: who, where, from when until when, what to do, the penalty of these days; Korean first, then
    their own language. The line in the audit log comes before. Raises NotFound.
    """
    row = await queries.one(tx, quarantine_id)
    await audit.record(tx, who, "epidemic.quarantine_notice", "epidemic_quarantine", quarantine_id, purpose=purpose,
                       person_id=row["person_id"])  # fmt: skip
    person = vault.Person()
    if row["person_id"] is not None:
        fields = ("name", "phone", "address", "birth_date")
        person = (await vault.of(tx).opened(tx, [row["person_id"]], fields)).get(row["person_id"], person)
    penalty = in_force(PENALTIES, today(tx))
    languages = dict.fromkeys(("ko", row["language"]))
    return {
        "name": person.name,
        "birth_date": person.birth_date,
        "address": person.address,
        "phone": person.phone,
        "reason": row["reason"],
        "from_at": row["from_at"],
        "until_at": row["until_at"],
        "code": row["code"],
        "officer": row["officer"],
        "parts": [{"language": one, "words": WORDS[one], "penalty": penalty["text"][one]} for one in languages],
    }
