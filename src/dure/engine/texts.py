"""Reads the rooms' locale files into one catalogue. The console's build reads the very same files."""

import json
from functools import cache
from pathlib import Path

from dure.kernel.messages import LANGUAGES, Catalogue, Language

SOURCE = Path(__file__).parents[1]


@cache
def catalogue() -> Catalogue:
    """Every room's messages. Raises ValueError when two rooms use one key."""
    texts: dict[Language, dict[str, str]] = {language: {} for language in LANGUAGES}
    for language in LANGUAGES:
        for path in sorted(SOURCE.rglob(f"locale/{language}.json")):
            if "_template" in path.parts:
                continue
            for key, message in json.loads(path.read_text(encoding="utf-8")).items():
                if key in texts[language]:
                    raise ValueError(f"two rooms have a message {key!r}")
                texts[language][key] = message
    return Catalogue(texts)
