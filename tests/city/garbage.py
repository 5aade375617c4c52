"""What no kind of file may be upset by: any bytes, and odd rows among good ones. The city's kinds and the services' own
are tried with it where each belongs, whoever else has contributed in the same process.
"""

from collections.abc import Collection
from typing import Final

from hypothesis import strategies as st

from dure.city.imports.things import KINDS
from dure.documents.limits import UnreadableFile
from tests.city.conftest import Import
from tests.city.pure import outcomes

Good = tuple[str, str]
"""A header, and the form of a row: `{n}` a name that no other row has, `{n1}` a number."""

_cell: Final = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e999",
            "NaN",
            "١٢",
            "=1+1",
            "127.4",
            "36.6",
            "\x00",
            "한" * 300,
            '"',
            "2026-02-30",
            "9" * 40,
            "G-1",
        ]
    ),
)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


any_bytes: Final = st.binary(min_size=1, max_size=1_500)
odd_rows: Final = st.lists(st.lists(_cell, min_size=1, max_size=8), max_size=12)


def tables_of(package: str) -> Collection[str]:
    """The kinds of tables that this package has: a new one wants a good row, too."""
    return {
        name
        for name, kind in KINDS.items()
        if kind.source == "table" and kind.build.__module__.startswith(f"{package}.")
    }


def no_bytes_break(name: str, content: bytes) -> None:
    """It is refused as a whole, or row by row, or taken."""
    try:
        rows = outcomes(KINDS[name], content)
    except UnreadableFile as error:
        assert error.key  # noqa: PT017
        return
    assert all(bool(row.reasons) != bool(row.entities) for row in rows)


def no_good_row_is_lost(name: str, good: Good, odd: list[list[str]], at: int) -> None:
    """Six good rows, and `odd` ones behind the first `at` of them."""
    header, form = good
    lines = [form.format(n=f"good{n}", n1=9_000 + n) for n in range(6)]
    content = "\n".join([header, *lines[:at], *_written(odd), *lines[at:]])
    rows = outcomes(KINDS[name], content.encode("utf-8", "replace"))
    assert all(bool(row.reasons) != bool(row.entities) for row in rows)
    keys = {row.key for row in rows if row.entities}
    wanted = {row.key for row in outcomes(KINDS[name], "\n".join([header, *lines]).encode())}
    assert len(wanted) == 6
    assert keys >= wanted


async def counts_add_up(bring: Import, name: str, good: Good, odd: list[list[str]]) -> None:
    """Every row is accounted for in the database; the same file again changes nothing."""
    header, form = good
    lines = [form.format(n=f"good{n}", n1=9_000 + n) for n in range(3)]
    content = "\n".join([header, *lines, *_written(odd)])
    first = await bring(name, content.encode("utf-8", "replace"))
    assert first.read == first.imported + first.updated + first.unchanged + len(first.rejected)
    again = await bring(name, content.encode("utf-8", "replace"))
    assert (again.imported, again.updated) == (0, 0)
    assert again.unchanged == first.imported + first.updated + first.unchanged
    assert again.read == first.read


def _written(rows: list[list[str]]) -> list[str]:
    return [",".join(map(_quoted, row)) for row in rows]
