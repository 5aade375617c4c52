"""The texts of notices: a city's own before those that rooms bring.

A room's template is two messages of the catalogue, `notices.template.<id>` and (for e-mail, push and LMS)
`notices.template.<id>.subject`, or, from another room, whatever keys `bring` was told. A city's own stands in
`notice_template` and is written in the same small ICU grammar.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.texts import catalogue
from dure.engine.web import check_version
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.kernel.messages import LANGUAGES, Language, Value, formatted
from dure.trust import audit
from dure.trust.principal import Principal

ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
LONGEST_SUBJECT = 80
LONGEST_BODY = 4_000
_NAMES = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_]*)")
_ONE = text("select * from notice_template where id = :id and language = :language")
_ALL = text("select * from notice_template order by id, language")
SOME = text("select * from notice_template where id = any(:ids)")
"""The city's own texts of these names."""
_PUT = text(
    "insert into notice_template (id, language, subject, body, changed_by, changed_at) "
    "values (:id, :language, :subject, :body, :by, :now) on conflict (id, language) do update set "
    "subject = excluded.subject, body = excluded.body, changed_by = excluded.changed_by, "
    "changed_at = excluded.changed_at, version = notice_template.version + 1"
)
_brought: dict[str, str] = {
    name: f"notices.template.{name}"
    for name in ("plain", "test", "owner_fire", "task", "handoff", "missing", "system", "glass", "glass_due")
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a notice says. A subject is for e-mail, push and LMS; an SMS has none."""

    subject: str
    text: str


def bring(name: str, key: str) -> None:
    """A higher room's template: `key` is its message, `<key>.subject` its subject. Raises ValueError for a name that is
    none, or taken.
    """
    if ID.fullmatch(name) is None or _brought.get(name, key) != key:
        raise ValueError(f"template {name!r}")
    _brought[name] = key


def brought() -> Mapping[str, str]:
    """The rooms' templates: name to key."""
    return _brought


async def said(tx: Tx, template: str, language: Language, values: Mapping[str, Value]) -> Said:
    """The text in `language`. Raises Invalid for a template that nobody has."""
    return filled(await tx.row(_ONE, {"id": template, "language": language}), template, language, values)


def filled(row: RowMapping | None, template: str, language: Language, values: Mapping[str, Value]) -> Said:
    """The text by the city's own row of it, where there is one. Raises Invalid for a template that nobody has."""
    if row is not None:
        return Said(formatted(row["subject"], language, values).strip(), formatted(row["body"], language, values))
    key = _brought.get(template)
    if key is None:
        raise Invalid("notices.template.unknown", template=template[:80])
    texts = catalogue()
    subject = f"{key}.subject"
    told = texts.text(language, subject, values) if subject in texts.keys(language) else ""
    return Said(told, texts.text(language, key, values))


def check(language: Language, subject: str, body: str) -> None:
    """Whether a text can be filled. Raises Invalid, naming the field."""
    wrong = []
    for field, message, longest in (("subject", subject, LONGEST_SUBJECT), ("body", body, LONGEST_BODY)):
        try:
            formatted(message, language, dict.fromkeys(_NAMES.findall(message), 1))
        except (ValueError, RecursionError):
            wrong.append(FieldError(field, "notices.template.wrong"))
            continue
        if len(message) > longest:
            wrong.append(FieldError(field, "notices.template.long", {"most": longest}))
    if not body.strip():
        wrong.append(FieldError("body", "notices.template.empty"))
    if wrong:
        raise Invalid("engine.fields.wrong", fields=wrong)


def names_of(message: str) -> list[str]:
    """The values that a text asks for, in their order."""
    return list(dict.fromkeys(_NAMES.findall(message)))


async def listing(tx: Tx) -> list[dict[str, Any]]:
    """Every template in both languages: the city's own, and the rooms' where the city has none."""
    own = {(row["id"], row["language"]): row for row in await tx.rows(_ALL)}
    texts = catalogue()
    found: list[dict[str, Any]] = []
    for name in sorted({*_brought, *(id_ for id_, _ in own)}):
        for language in LANGUAGES:
            row = own.get((name, language))
            if row is not None:
                found.append(shown(row))
            elif name in _brought:
                key = _brought[name]
                subject = f"{key}.subject"
                body = texts.raw(language, key)
                found.append(
                    {
                        "id": name,
                        "language": language,
                        "subject": texts.raw(language, subject) if subject in texts.keys(language) else "",
                        "body": body,
                        "values": names_of(body),
                        "own": False,
                        "version": 0,
                        "changed_by": None,
                        "changed_at": None,
                    }
                )
    return found


async def put(
    tx: Tx, principal: Principal, template: str, language: Language, subject: str, body: str, expected: int | None
) -> dict[str, Any]:
    """Set the city's own text. Raises Invalid, PreconditionFailed."""
    if ID.fullmatch(template) is None or len(template) > LONGEST_SUBJECT:
        raise Invalid("notices.template.name", fields=[FieldError("template_id", "notices.template.name")])
    check(language, subject, body)
    row = await tx.row(_ONE, {"id": template, "language": language})
    check_version(expected, 0 if row is None else row["version"])
    await audit.record(tx, principal, "notice.template", "notice_template", f"{template}/{language}")
    values = {"id": template, "language": language, "subject": subject.strip(), "body": body, "by": principal.name}
    await tx.execute(_PUT, {**values, "now": tx.now()})
    row = await tx.row(_ONE, {"id": template, "language": language})
    assert row is not None
    return shown(row)


async def drop(tx: Tx, principal: Principal, template: str, language: Language) -> None:
    """Go back to the rooms' text. Raises NotFound where the city has none of its own."""
    await audit.record(tx, principal, "notice.template_drop", "notice_template", f"{template[:80]}/{language}")
    done = await tx.execute(
        text("delete from notice_template where id = :id and language = :language"),
        {"id": template, "language": language},
    )
    if done.rowcount == 0:
        raise NotFound("notices.template.unknown", template=template[:80])


def shown(row: RowMapping) -> dict[str, Any]:
    """A city's own text as the API shows it."""
    return {
        "id": row["id"],
        "language": row["language"],
        "subject": row["subject"],
        "body": row["body"],
        "values": names_of(row["body"]),
        "own": True,
        "version": row["version"],
        "changed_by": row["changed_by"],
        "changed_at": row["changed_at"],
    }


def missing(message: str, values: Mapping[str, Value]) -> Sequence[str]:
    """The values that a text asks for and does not get."""
    return [name for name in names_of(message) if name not in values]


async def written(tx: Tx, template: str, language: Language) -> str:
    """A template's text as it is written, its values not filled."""
    row = await tx.row(_ONE, {"id": template, "language": language})
    return row["body"] if row is not None else catalogue().raw(language, _brought.get(template, template))
