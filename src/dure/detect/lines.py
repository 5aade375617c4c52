"""Where in a TOML text a key stands, for refusals that name the line: tomllib tells places of syntax errors only."""

import re
from typing import Final

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
_KEY: Final = re.compile(r"""^\s*([A-Za-z0-9_\-."' ]+?)\s*=""")
_STRING: Final = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*')
_SYNTAX: Final = re.compile(r"\(at line (\d+), column \d+\)")


def line_of_syntax_error(message: str, text: str) -> int:
    """The line that a TOMLDecodeError speaks of; the last one where it says the end of the document."""
    found = _SYNTAX.search(message)
    return int(found[1]) if found else text.count("\n") + 1


def _blank(found: re.Match[str]) -> str:
    """Strings and comments without what could look like structure, newlines kept. Quotes stay."""
    return "".join(each if each in "\n\"'" else "_" for each in found[0])


class Lines:
    """Lines of tables and keys of a rule file. Rules count from 0 in the order of their `[[rule]]`."""

    def __init__(self, text: str) -> None:
        self._lines = _STRING.sub(_blank, text).split("\n")
        self._raw = text.split("\n")
        self.starts: list[int] = []
        self._keys: dict[tuple[int, str], int] = {}
        table = ""
        for number, line in enumerate(self._lines, start=1):
            header = _HEADER.match(line)
            if header is not None:
                table = _plain(header[2])
                if header[1] == "[[" and table == "rule":
                    self.starts.append(number)
                    table = ""
                elif table.startswith("rule."):
                    table = table.removeprefix("rule.")
                self._keys.setdefault((len(self.starts) - 1, table), number)
                continue
            key = _KEY.match(line)
            if key is not None:
                path = f"{table}.{_plain(key[1])}" if table else _plain(key[1])
                self._keys.setdefault((len(self.starts) - 1, path), number)

    def of(self, rule: int, path: str) -> int:
        """The line of `path` ("sustained.for", "any[1].value") within a rule, or of what it stands in."""
        plain, item = path, None
        found = re.match(r"(\w+)\[(\d+)\]", path)
        if found is not None:
            plain, item = found[1], int(found[2])
        while plain:
            line = self._keys.get((rule, plain))
            if line is not None:
                return line if item is None else self._item(line, item)
            plain = plain.rpartition(".")[0]
        return self.starts[rule] if 0 <= rule < len(self.starts) else 1

    def _item(self, line: int, item: int) -> int:
        """The line on which the `item`-th inline table opens, from the line of its array on."""
        seen = -1
        for number in range(line, len(self._lines) + 1):
            seen += self._lines[number - 1].count("{")
            if seen >= item:
                return number
        return line

    def text_of(self, rule: int) -> str:
        """The part of the file that makes the rule, with the comment right above it."""
        end = self._above(rule + 1) if rule + 1 < len(self.starts) else len(self._raw)
        return "\n".join(self._raw[self._above(rule) : end]).strip() + "\n"

    def _above(self, rule: int) -> int:
        """Where the comment above a rule begins, counted from 0."""
        first = self.starts[rule] - 1
        while first > 0 and self._raw[first - 1].startswith("#"):
            first -= 1
        return first


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))
