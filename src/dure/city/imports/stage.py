"""Reading a file into a run: every row checked and compared, nothing changed. A preview is a run that waits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from dure.city.imports.compare import Change, change_of, known_of, status_of
from dure.city.imports.draft import parsed, rebuilt
from dure.city.imports.model import Kind, Parsed, Remark, Setting, numbered
from dure.city.tables import import_row
from dure.documents.header import Header
from dure.documents.table import Row
from dure.engine.bulk import copy_rows
from dure.engine.database import Tx
from dure.trust import masks
from dure.trust.vault import Vault

CHUNK = 500
_json = msgspec.json.Encoder().encode
_MASKS = {
    "name": masks.name,
    "owner": masks.name,
    "guardian": masks.name,
    "phone": masks.phone,
    "guardian_phone": masks.phone,
    "address": masks.address,
    "birth_date": masks.birth_date,
    "resident_no": masks.resident_no,
}


@dataclass(slots=True)
class Outcome:
    """A row after comparing."""

    parsed: Parsed
    status: str
    changes: list[Change]

    @property
    def diff(self) -> dict[str, tuple[Any, Any]] | None:
        """The main entity's changed fields."""
        return self.changes[0].diff if self.status == "changed" and self.changes else None


@dataclass(slots=True)
class Reader:
    """Checks rows one after the other, remembering which keys it has seen."""

    kind: Kind
    setting: Setting
    header: Header
    vault: Vault
    seen: dict[str, int] = field(default_factory=dict)
    tally: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[float, float], int] = field(default_factory=dict)

    def parse(self, row: Row) -> Parsed:
        """A row with its key, refused where an earlier good row has the same."""
        outcome, may_repeat = parsed(self.kind, self.setting, self.header, row)
        key = outcome.key
        if key is None or outcome.reasons:
            return outcome
        if may_repeat:
            self.tally[key] = n = self.tally.get(key, 0) + 1
            if n > 1:
                outcome = rebuilt(self.kind, self.setting, self.header, row, numbered(key, n))
                outcome.notes.append(Remark(self.kind.key_field, "city.import.equal_row", {"row": self.seen[key]}))
        elif key in self.seen:
            duplicate = Remark(self.kind.key_field, "city.import.duplicate", {"row": self.seen[key]})
            outcome.reasons.append(duplicate)
            outcome.entities = []
            return outcome
        self.seen.setdefault(key, row.number)
        self._note_doubled_place(outcome)
        return outcome

    def _note_doubled_place(self, outcome: Parsed) -> None:
        if not self.kind.notes_doubled_place or outcome.place is None:
            return
        spot = (round(outcome.place[0], 5), round(outcome.place[1], 5))
        first = self.places.setdefault(spot, outcome.row)
        if first != outcome.row:
            outcome.notes.append(Remark("lon", "city.import.position.doubled", {"row": first}))

    async def judge(self, tx: Tx, rows: Sequence[Parsed], *, lock: bool = False) -> list[Outcome]:
        """Compare parsed rows with the city."""
        known = await known_of(tx, self.vault, (entity for row in rows for entity in row.entities), lock=lock)
        outcomes = []
        for row in rows:
            if row.reasons:
                outcomes.append(Outcome(row, "rejected", []))
                continue
            changes = [change_of(entity, known) for entity in row.entities]
            outcomes.append(Outcome(row, status_of(changes), changes))
        return outcomes


def chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """Rows by the hundred."""
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


async def keep_rows(tx: Tx, run_id: UUID, reader: Reader, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
    """Write the preview's rows."""
    made = [row_values(run_id, reader, row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]
    for one in made:
        for name in ("cells", "reasons", "notes"):
            one[name] = _json(one[name]).decode()
    await copy_rows(tx, import_row, list(made[0]), [tuple(one.values()) for one in made])


def row_values(run_id: UUID, reader: Reader, row: Row, outcome: Outcome) -> dict[str, Any]:
    """A row of `import_row`."""
    cells, sealed = hidden(reader, run_id, row, outcome.parsed)
    diff = outcome.diff
    return {
        "run_id": run_id,
        "row": row.number,
        "status": outcome.status,
        "key": outcome.parsed.key,
        "cells": cells,
        "sealed": sealed,
        "diff": None if diff is None else {name: list(pair) for name, pair in diff.items()},
        "reasons": [remark(one) for one in outcome.parsed.reasons],
        "notes": [remark(one) for one in outcome.parsed.notes],
    }


def remark(one: Remark) -> dict[str, Any]:
    """A reason or note as it is kept."""
    kept: dict[str, Any] = {"field": one.field, "key": one.key, "params": dict(one.params)}
    return kept if one.repair is None else {**kept, "repair": one.repair}


def hidden(reader: Reader, run_id: UUID, row: Row, outcome: Parsed) -> tuple[list[str], bytes | None]:
    """The cells to show, personal ones masked, and the whole row sealed where anything was masked.

    Of a kind with personal fields every column is taken for personal that is not known to be none, and so is every
    cell of a row whose cells may have slipped.
    """
    personal = reader.kind.personal
    if not personal:
        return row.cells, None
    named = {index: field for field, index in reader.header.fields.items()}
    slipped = row.problem is not None or len(row.cells) > len(reader.header.names)
    cells = []
    for index, cell in enumerate(row.cells):
        field_ = named.get(index)
        if cell and (slipped or field_ is None or field_ in personal):
            cells.append(
                masks.anything(cell) if slipped or field_ is None else _MASKS.get(field_, masks.anything)(cell)
            )
        else:
            cells.append(cell)
    sealed = reader.vault.seal(_about(run_id, outcome.row), msgspec.json.encode(row.cells))
    return cells, sealed


def opened(vault: Vault, run_id: UUID, row: int, cells: Sequence[str], sealed: bytes | None) -> list[str]:
    """The cells as they were in the file."""
    if sealed is None:
        return list(cells)
    return msgspec.json.decode(vault.unseal(_about(run_id, row), bytes(sealed)), type=list[str])


def _about(run_id: UUID, row: int) -> str:
    return f"import_row/{run_id}/{row}"
