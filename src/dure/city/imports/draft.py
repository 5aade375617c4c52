"""From a row of cells to what it becomes. Pure: the same cells and setting give the same outcome."""

from collections.abc import Sequence

from dure.city.imports import addresses
from dure.city.imports.coordinates import locate
from dure.city.imports.model import Draft, Kind, Parsed, Setting
from dure.documents.header import Header
from dure.documents.table import Row


def drafted(kind: Kind, header: Header, row: Row) -> Draft:
    """The cells parsed field by field."""
    draft = Draft(row.number, columns=frozenset(header.fields))
    if row.problem is not None:
        draft.reject("", row.problem)
        return draft
    if any(row.cells[len(header.names) :]):
        draft.reject("", "documents.row.ragged", cells=len(row.cells), columns=len(header.names))
        return draft
    for field in kind.all_fields:
        index = header.fields.get(field.name)
        if index is None:
            draft.values[field.name] = None
            continue
        try:
            value = field.parse(row.cells[index] if index < len(row.cells) else "")
        except ValueError as error:
            draft.values[field.name] = None
            (draft.reject if field.strict else draft.note)(field.name, str(error))
            continue
        draft.values[field.name] = value
        if value is None and field.required:
            draft.reject(field.name, "city.import.required")
    return draft


def parsed(kind: Kind, setting: Setting, header: Header, row: Row) -> tuple[Parsed, bool]:
    """The row's key and findings, not yet its entities, and whether equal keys are different things."""
    draft = drafted(kind, header, row)
    outcome = Parsed(row.number, None, [], draft.reasons, draft.notes)
    if row.problem is not None or (draft.reasons and draft.reasons[0].key == "documents.row.ragged"):
        return outcome, False
    if kind.place != "none" and kind.source == "table":
        locate(draft, setting, required=kind.place == "required")
        if setting.addresses is not None:
            addresses.check(draft, setting.addresses)
    found = kind.key(draft, setting)
    if found is None or draft.reasons:
        return outcome, False
    outcome.key = found[0]
    if draft.position:
        outcome.place = (draft.position["lon"], draft.position["lat"])
    outcome.entities = kind.build(draft, setting, found[0])
    if draft.reasons:
        outcome.entities = []
    return outcome, found[1]


def rebuilt(kind: Kind, setting: Setting, header: Header, row: Row, key: str) -> Parsed:
    """The row with the (numbered) key that it was given."""
    outcome, _ = parsed(kind, setting, header, row)
    if outcome.reasons or outcome.key == key:
        return outcome
    draft = drafted(kind, header, row)
    if kind.place != "none" and kind.source == "table":
        locate(draft, setting, required=kind.place == "required")
    outcome.key = key
    outcome.entities = kind.build(draft, setting, key)
    return outcome


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row says nothing at all."""
    return not any(cells)
