"""Papers as PDF, made by the server: A4, the console's own Korean typeface embedded, text that can be searched.

Where no console is built, and so no typeface lies beside it, the reader's own Korean font is named instead.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

_SOURCES: Final = Path(__file__).parents[3] / "node_modules/pretendard/dist/public/static/alternative"
"""Where the typeface lies in a tree whose console has not been built yet."""
_READERS: Final = "HYGothic-Medium"
_alone: Final = Lock()


class Faces(NamedTuple):
    """Names under which a paper's letters are registered: plain and bold."""

    plain: str
    bold: str


@lru_cache(maxsize=4)
def faces(console: Path | None) -> Faces:
    """The typeface of papers; read once (about 50 ms)."""
    with _alone:
        try:
            plain, bold = (_found(console, weight) for weight in ("Regular", "Bold"))
            if plain is not None and bold is not None:
                pdfmetrics.registerFont(TTFont("dure", str(plain)))
                pdfmetrics.registerFont(TTFont("dure-bold", str(bold)))
                return Faces("dure", "dure-bold")
        except (TTFError, OSError):
            pass  # the reader's own font is better than no paper
        pdfmetrics.registerFont(UnicodeCIDFont(_READERS))
        return Faces(_READERS, _READERS)


def _found(console: Path | None, weight: str) -> Path | None:
    built = sorted((console / "assets").glob(f"Pretendard-{weight}-*.ttf")) if console is not None else []
    source = _SOURCES / f"Pretendard-{weight}.ttf"
    return built[0] if built else source if source.is_file() else None
