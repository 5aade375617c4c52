"""Many rows at once: COPY into a table within the open transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table

from dure.engine.database import Tx

_json = msgspec.json.Encoder()


async def copy_rows(tx: Tx, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write `rows` (values in the order of `columns`; objects for JSON columns as dict) and say how many there were."""
    wanted = ", ".join(f'"{column}"' for column in columns)
    await tx.flush()
    raw = await tx.connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    count = 0
    async with driver.cursor() as cursor, cursor.copy(f'copy "{table.name}" ({wanted}) from stdin') as copy:
        for row in rows:
            await copy.write_row([_json.encode(cell).decode() if isinstance(cell, dict) else cell for cell in row])
            count += 1
    return count
