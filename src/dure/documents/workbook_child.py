"""The child that reads a workbook: `python -m dure.documents.workbook_child BOOK OUT ROWS COLUMNS CELL MEMORY`.

Ends with 0 and `{"sheet": name}` on stdout; 3 for too many rows, 4 where no sheet holds anything, 5 where it is
broken. A memory bomb ends it by a signal.
"""

import os
import sys
from pathlib import Path

import msgspec


def main(arguments: list[str]) -> int:
    """Read, write lines of JSON, tell the sheet's name."""
    book, out, rows, columns, cell, memory = arguments
    _restrain(int(memory))
    import python_calamine

    from dure.documents.workbook import text_of

    try:
        workbook = python_calamine.load_workbook(book)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height == 0:
                continue
            if sheet.end is not None and sheet.end[0] > int(rows):
                return 3
            with Path(out).open("wb") as file:
                before = [""] * (sheet.start or (0, 0))[1]  # the reader leaves out columns before the first filled one
                for values in sheet.iter_rows():
                    cells = before + [text_of(value)[: int(cell) + 1] for value in values]
                    file.write(msgspec.json.encode(cells[: int(columns)]) + b"\n")
            sys.stdout.write(msgspec.json.encode({"sheet": name}).decode())
            return 0
    except Exception as error:  # noqa: BLE001 whatever a broken file makes the reader raise, it means one thing
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 5
    return 4


def _restrain(memory: int) -> None:
    if sys.platform != "win32":
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (110, 120))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
