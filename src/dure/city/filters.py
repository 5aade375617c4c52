"""What lists of the registry have in common: fields that must be equal, words, a rectangle of the map."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select

Rows = Select[Any]


def narrowed(
    statement: Rows, table: FromClause, wanted: Mapping[str, Any], equal: Mapping[str, ColumnElement[Any]]
) -> Rows:
    """The statement over `table` (with columns search, lon and lat), cut to what is `wanted`.

    `equal` names the column of each field that must be as given; `q` is words in what can be searched; `bbox` is
    (west, south, east, north) in degrees. What is None asks for nothing.
    """
    for name, column in equal.items():
        if wanted.get(name) is not None:
            statement = statement.where(column == wanted[name])
    if wanted.get("q"):
        statement = statement.where(table.c.search.contains(str(wanted["q"]).lower(), autoescape=True))
    if wanted.get("bbox") is not None:
        west, south, east, north = wanted["bbox"]
        statement = statement.where(table.c.lon.between(west, east), table.c.lat.between(south, north))
    return statement
