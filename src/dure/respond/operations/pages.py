"""The public page: plain HTML that reads without scripts, the same as JSON and as an Atom feed. Pure but for texts.

Headings, landmarks, language marks and one column of text: WCAG 2.2 AA and KWCAG 2.2 hold by what is left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from dure.kernel.messages import Catalogue, Language

_ATOM = "http://www.w3.org/2005/Atom"
NAMES: Mapping[Language, str] = {"ko": "index.html", "en": "en.html"}
SHAPES = {"critical": "■", "serious": "▲", "watch": "◆", "notice": "○"}


@dataclass(frozen=True, slots=True)
class Post:
    """What was approved for citizens: words by language (title, place, body, advice)."""

    id: str
    level: str | None
    over: bool
    words: Mapping[str, Mapping[str, str]]
    since: datetime
    changed: datetime

    def told(self, language: Language) -> tuple[Language, Mapping[str, str]]:
        """The words for a reader, and the language that they are in: Korean where nobody wrote the other."""
        words = self.words.get(language, {})
        return (language, words) if words.get("title") and words.get("body") else ("ko", self.words["ko"])


@dataclass(frozen=True, slots=True)
class InForce:
    """A CAP alert in force: by language its headline and what to do."""

    identifier: str
    sent: datetime
    expires: datetime
    words: Mapping[str, Mapping[str, str]]

    def told(self, language: Language) -> tuple[Language, Mapping[str, str]]:
        """As `Post.told`."""
        if language in self.words:
            return language, self.words[language]
        other = next(iter(self.words))
        return ("ko" if other == "ko" else "en"), self.words[other]


@dataclass(frozen=True, slots=True)
class Site:
    """All that citizens are shown, as of a time; `changed` is when any of it last did."""

    city: str  # its name; empty where the city has no boundary yet
    base: str
    zone: str
    as_of: datetime
    posts: Sequence[Post]
    warnings: Sequence[InForce]

    @property
    def changed(self) -> datetime | None:
        """When something last changed; None where nothing was ever told."""
        return max([*(one.changed for one in self.posts), *(one.sent for one in self.warnings)], default=None)


class Pages:
    """Writes a site's files."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._site = site
        self._catalogue = catalogue
        self._zone = ZoneInfo(site.zone)

    def files(self) -> dict[str, bytes]:
        """Every file by its name."""
        found = {"style.css": _sheet("style"), "print.css": _sheet("print"), "status.json": self._json()}
        for language, name in NAMES.items():
            found[name] = self._html(language).encode()
            found[f"status.{language}.atom"] = self._atom(language)
        return found

    def _say(self, language: Language, name: str, **params: Any) -> str:
        return self._catalogue.text(language, f"respond.operations.public.{name}", params)

    def _title(self, language: Language) -> str:
        title = self._say(language, "title")
        return " ".join(filter(None, (self._site.city, title))) if language == "ko" else title

    def _when(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%Y-%m-%d %H:%M}</time>'

    def _head(self, language: Language) -> str:
        other: Language = "en" if language == "ko" else "ko"
        title = escape(self._title(language))
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="style.css">'
            f'<link rel="alternate" type="application/atom+xml" href="status.{language}.atom">'
            f'<link rel="alternate" hreflang="{other}" href="{NAMES[other]}"></head><body>'
            f'<a class="skip" href="#main">{escape(self._say(language, "skip"))}</a><header><h1>{title}</h1>'
            f'<p class="as-of">{escape(self._say(language, "as_of"))} {self._when(self._site.as_of)} '
            f'<a href="{NAMES[language]}">{escape(self._say(language, "again"))}</a></p><p><a href="{NAMES[other]}" '
            f'lang="{other}" hreflang="{other}">{escape(self._say(other, "language"))}</a></p></header>'
        )

    def _html(self, language: Language) -> str:
        going = [one for one in self._site.posts if not one.over]
        over = [one for one in self._site.posts if one.over]
        return "".join(
            (
                self._head(language),
                f'<main id="main">{self._warnings(language)}',
                self._section(language, "going", going) or f"<p>{escape(self._say(language, 'none'))}</p>",
                f"{self._section(language, 'over', over)}</main>",
                f'<footer><p>{escape(self._say(language, "emergency"))}</p><p><a href="status.json">JSON</a> · ',
                f'<a href="status.{language}.atom">Atom</a> · <a href="../cap/alerts.{language}.atom">CAP</a></p>',
                "</footer></body></html>\n",
            )
        )

    def _section(self, language: Language, name: str, posts: Sequence[Post]) -> str:
        if not posts:
            return ""
        head = escape(self._say(language, name, count=len(posts)))
        told = "".join(self._post(one, language) for one in posts)
        return f'<section aria-labelledby="{name}"><h2 id="{name}">{head}</h2>{told}</section>'

    def _warnings(self, language: Language) -> str:
        if not self._site.warnings:
            return ""
        out = [f'<section aria-labelledby="alerts"><h2 id="alerts">{escape(self._say(language, "alerts"))}</h2>']
        for one in self._site.warnings:
            spoken, words = one.told(language)
            told = "".join(
                f"<p>{escape(words[name])}</p>" for name in ("description", "instruction") if words.get(name)
            )
            out.append(
                f'<article class="critical" lang="{spoken}"><h3><span aria-hidden="true">■</span> '
                f'{escape(words["headline"])}</h3>{told}<p class="meta" lang="{language}">{self._when(one.sent)} – '
                f'{self._when(one.expires)} · <a href="../cap/{escape(one.identifier)}.xml">CAP</a></p></article>'
            )
        return "".join([*out, "</section>"])

    def _post(self, one: Post, language: Language) -> str:
        spoken, words = one.told(language)
        level = ""
        if one.level is not None:
            word = escape(self._catalogue.text(language, f"respond.operations.level.{one.level}"))
            shape = f'<span aria-hidden="true">{SHAPES[one.level]}</span>'
            level = f'<span class="level" lang="{language}">{shape} {word}</span> '
        advice = f'<p class="advice">{_lines(words["advice"])}</p>' if words.get("advice") else ""
        place = f'<p class="place">{escape(words["place"])}</p>' if words.get("place") else ""
        changed = escape(self._say(language, "changed"))
        return (
            f'<article class="{one.level or "plain"}" id="p-{one.id}" lang="{spoken}"><h3>{level}'
            f"{escape(words['title'])}</h3>{place}<p>{_lines(words['body'])}</p>{advice}"
            f'<p class="meta" lang="{language}">{changed} {self._when(one.changed)}</p></article>'
        )

    def _json(self) -> bytes:
        site = self._site
        body = {
            "city": site.city,
            "as_of": site.as_of.isoformat(),
            "changed_at": None if site.changed is None else site.changed.isoformat(),
            "posts": [
                {"id": one.id, "level": one.level, "over": one.over, "since": one.since.isoformat(),
                 "changed_at": one.changed.isoformat(), "words": one.words}
                for one in site.posts
            ],
            "alerts": [
                {"identifier": one.identifier, "sent": one.sent.isoformat(), "expires": one.expires.isoformat(),
                 "words": one.words, "cap": f"{site.base}/cap/{one.identifier}.xml"}
                for one in site.warnings
            ],
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False, indent=1).encode()

    def _atom(self, language: Language) -> bytes:
        site = self._site
        root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})

        def add(parent: Any, name: str, words: str = "", **attributes: str) -> Any:
            found = etree.SubElement(parent, f"{{{_ATOM}}}{name}", **attributes)
            if words:
                found.text = words
            return found

        here = f"{site.base}/status"
        add(root, "id", f"{here}/status.{language}.atom")
        add(root, "title", self._title(language))
        add(root, "updated", (site.changed or site.as_of).isoformat())
        add(root, "link", rel="self", href=f"{here}/status.{language}.atom", type="application/atom+xml")
        add(add(root, "author"), "name", site.city or self._title(language))
        for one in site.posts:
            _, words = one.told(language)
            entry = add(root, "entry")
            add(entry, "id", f"urn:uuid:{one.id}")
            add(entry, "title", words["title"])
            add(entry, "updated", one.changed.isoformat())
            add(entry, "link", rel="alternate", href=f"{here}/{NAMES[language]}#p-{one.id}", type="text/html")
            add(entry, "summary", words["body"])
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _lines(words: str) -> str:
    return "<br>".join(escape(line) for line in words.splitlines())


@cache
def _sheet(name: str) -> bytes:
    return Path(__file__).with_name(f"{name}.css").read_bytes()
