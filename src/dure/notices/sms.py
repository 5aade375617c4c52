"""How a text fits a phone: bytes in EUC-KR, characters that it lacks, SMS or LMS. Pure.

The rule for what EUC-KR (KS X 1001) lacks: a typographic sign is replaced by its plain one; a Hangul syllable that
only CP949 has stays as it is and the text goes as an LMS, which carries it; everything else (pictures, rare scripts)
becomes one "□". Each of them is named, so that whoever writes a text sees it before anybody receives it.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date

from dure.notices import limits
from dure.notices.model import Channel

MISSING = "□"
_PLAIN = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...",
    "\u2022": "·", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\u2212": "-", "\u200b": "",
    "\ufeff": "", "\u00ab": "<<", "\u00bb": ">>", "\u20ac": "EUR", "\u2011": "-", "\u301c": "~", "\uff5e": "~",
    "\t": " ", "\r": "",
}  # fmt: skip
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f", "\u20e3"}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text as it goes out. `replaced` maps what was written to what stands for it, `rare` are the syllables that made
    it an LMS; `bytes` is its length in EUC-KR (CP949 for `rare`), `most` what the channel takes.
    """

    text: str
    channel: Channel
    bytes: int
    most: int
    replaced: dict[str, str]
    rare: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether it may be sent."""
        return 0 < self.bytes <= self.most


def fitted(text: str, day: date, wanted: Channel = Channel.SMS) -> Fitted:
    """`text` as a phone gets it on `day`: an SMS where it fits, else an LMS (also where one is `wanted`)."""
    replaced: dict[str, str] = {}
    rare: list[str] = []
    out: list[str] = []
    for one in unicodedata.normalize("NFC", text):
        kept = _kept(one)
        if kept != one:
            replaced[one] = kept
        elif _is_rare(one) and one not in rare:
            rare.append(one)
        out.append(kept)
    plain = "".join(out).strip()
    size = len(plain.encode("cp949"))
    short = limits.at(limits.SMS_BYTES, day).most
    long = wanted is Channel.LMS or bool(rare) or size > short
    most = limits.at(limits.LMS_BYTES, day).most if long else short
    return Fitted(plain, Channel.LMS if long else Channel.SMS, size, most, replaced, tuple(rare))


def _kept(one: str) -> str:
    if one in _PLAIN:
        return _PLAIN[one]
    if one in _JOINERS or 0x1F3FB <= ord(one) <= 0x1F3FF:
        return ""  # parts of a picture that is already one sign
    if one != "\n" and unicodedata.category(one) == "Cc":
        return ""
    if _has("cp949", one):
        return one
    folded = "".join(each for each in unicodedata.normalize("NFKD", one) if not unicodedata.combining(each))
    return folded if folded and folded != one and _has("cp949", folded) else MISSING


def _is_rare(one: str) -> bool:
    # Python writes what is beyond the 2,350 syllables of KS X 1001 as an eight-byte sequence, which phones do not read.
    try:
        return len(one.encode("euc_kr")) > 2
    except UnicodeEncodeError:
        return True


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
