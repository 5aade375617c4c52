"""Reading a file of a kind without a database: everything up to comparing with the city."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from dure.city.imports.model import AssetRef, Kind, Parsed, Setting
from dure.city.imports.setting import survey
from dure.city.imports.source import open_sheet
from dure.city.imports.stage import Reader, chunks
from dure.city.region import Region
from dure.trust.vault import Vault

VAULT = Vault(Path(tempfile.mkdtemp(prefix="dure-vault-")))


def outcomes(
    kind: Kind, content: bytes, *, region: Region | None = None, options: Mapping[str, str] | None = None
) -> list[Parsed]:
    """The rows of a file. Raises UnreadableFile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        sheet = open_sheet(kind, path)
        try:
            found = Setting(options=options or {}, markets=[AssetRef(uuid4(), "중앙시장", "중앙시장")], region=region)
            survey(kind, found, sheet)
            reader = Reader(kind, found, sheet.header, VAULT)
            return [reader.parse(row) for chunk in chunks(sheet.rows()) for row in chunk]
        finally:
            sheet.close()
