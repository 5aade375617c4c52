"""Manuals that come with the city: each room or service contributes a folder of `<kind>.ko.md` and `<kind>.en.md`."""

from collections.abc import Mapping
from pathlib import Path

from dure.kernel.messages import LANGUAGES, Language

_folders: dict[str, Path] = {}


def contribute(owner: str, folder: Path) -> None:
    """Take the manuals in a room's or a service's folder. Again is the same as once."""
    _folders[owner] = folder


def shipped() -> dict[str, tuple[str, Mapping[Language, str]]]:
    """Owner and texts by kind of incident. Raises ValueError where two owners bring a manual of one kind: such a
    release cannot start.
    """
    found: dict[str, tuple[str, Mapping[Language, str]]] = {}
    for owner, folder in _folders.items():
        for kind in sorted({path.name.split(".")[0] for path in folder.glob("*.??.md")}):
            if kind in found:
                raise ValueError(f"{owner} and {found[kind][0]} both bring a manual of {kind!r}")
            texts = {language: folder / f"{kind}.{language}.md" for language in LANGUAGES}
            found[kind] = (
                owner,
                {lang: path.read_text(encoding="utf-8") for lang, path in texts.items() if path.is_file()},
            )
    return found


contribute("dure", Path(__file__).with_name("manuals"))
