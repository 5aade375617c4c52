"""Texts for people: one catalogue of ICU messages for Python and the screens.

Python needs a small part of ICU MessageFormat: `{name}`, `{n, number}`, `{n, plural, one {…} other {…}}`, `{x,
select, …}`
and dure's own `{name, josa, 이/가}`. The console formats the same texts with the full grammar.
"""

from collections.abc import Mapping
from typing import Literal

from dure.kernel.josa import josa

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
Value = str | int | float | None


class Catalogue:
    """Messages by language and key."""

    def __init__(self, texts: Mapping[Language, Mapping[str, str]]) -> None:
        self._texts = {language: dict(texts[language]) for language in LANGUAGES}

    def text(self, language: Language, key: str, params: Mapping[str, Value] | None = None) -> str:
        """The message in `language`; the key itself where the catalogue has none, so that nothing is lost in
        silence."""
        message = self._texts[language].get(key)
        return key if message is None else formatted(message, language, params or {})

    def raw(self, language: Language, key: str) -> str:
        """The message as it is written, its arguments not filled; the key itself where there is none."""
        return self._texts[language].get(key, key)

    def keys(self, language: Language) -> frozenset[str]:
        """Every key that `language` has."""
        return frozenset(self._texts[language])


def formatted(message: str, language: Language, params: Mapping[str, Value]) -> str:
    """`message` with its arguments filled. Raises ValueError where braces do not match or a format is unknown."""
    text, end = _parse(message, 0, language, params, None)
    if end != len(message):
        raise ValueError(f"unmatched brace in {message!r}")
    return text


def _parse(
    message: str, at: int, language: Language, params: Mapping[str, Value], number: float | None
) -> tuple[str, int]:
    out: list[str] = []
    while at < len(message):
        character = message[at]
        if character == "}":
            return "".join(out), at
        if character == "{":
            text, at = _argument(message, at + 1, language, params)
            out.append(text)
        elif character == "#" and number is not None:
            out.append(_number(number))
            at += 1
        elif character == "'" and message[at + 1 : at + 2] in {"'", "{", "}"}:
            end = message.find("'", at + 2) if message[at + 1] != "'" else at + 1
            out.append("'" if message[at + 1] == "'" else message[at + 1 : end])
            at = end + 1
        else:
            out.append(character)
            at += 1
    return "".join(out), at


def _argument(message: str, at: int, language: Language, params: Mapping[str, Value]) -> tuple[str, int]:
    depth_end = _closing(message, at)
    name, _, rest = message[at:depth_end].partition(",")
    kind, _, style = rest.strip().partition(",")
    value = params.get(name.strip(), "")
    match kind.strip():
        case "":
            shown = _number(value) if isinstance(value, float) else "" if value is None else str(value)
        case "number":
            shown = _number(value)
        case "josa":
            shown = josa("" if value is None else str(value), style.strip())
        case "plural" | "select" as choice:
            shown = _choose(style, choice, value, language, params)
        case other:
            raise ValueError(f"unknown format {other!r} in {message!r}")
    return shown, depth_end + 1


def _choose(style: str, kind: str, value: Value, language: Language, params: Mapping[str, Value]) -> str:
    branches: dict[str, str] = {}
    at = 0
    while (opening := style.find("{", at)) != -1:
        closing = _closing(style, opening + 1)
        branches[style[at:opening].strip()] = style[opening + 1 : closing]
        at = closing + 1
    if kind == "select":
        return _parse(branches.get(str(value), branches.get("other", "")), 0, language, params, None)[0]
    number = float(value or 0)
    category = "one" if language == "en" and number == 1 else "other"
    exact = branches.get(f"={int(number)}") if number.is_integer() else None
    branch = exact if exact is not None else branches.get(category, branches.get("other", ""))
    return _parse(branch, 0, language, params, number)[0]


def _closing(message: str, at: int) -> int:
    depth = 1
    for index in range(at, len(message)):
        depth += {"{": 1, "}": -1}.get(message[index], 0)
        if depth == 0:
            return index
    raise ValueError(f"unmatched brace in {message!r}")


def _number(value: Value) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.3f}".rstrip("0")
    return "" if value is None else str(value)
