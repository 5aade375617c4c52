"""Korean particles: 을/를, 이/가, 은/는, 과/와, (으)로 after a word, by its last sound.

Digits, Latin letters and unit signs are read as Koreans read them aloud. The console has the same helper and both are
held to
the same vectors.
"""

_DIGITS_WITH_FINAL = {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
_LETTERS_WITH_FINAL = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "r": "ㄹ"}
_RIEUL = 8


def _final(word: str) -> str:
    """The last sound: '' for a vowel, 'ㄹ', or another consonant."""
    for character in reversed(word):
        if "가" <= character <= "힣":
            index = (ord(character) - 0xAC00) % 28
            return "" if index == 0 else "ㄹ" if index == _RIEUL else "ㄱ"
        lowered = character.lower()
        if lowered.isascii() and lowered.isalnum():
            return _DIGITS_WITH_FINAL.get(lowered) or _LETTERS_WITH_FINAL.get(lowered, "")
    return ""


def josa(word: str, pair: str) -> str:
    """`word` with the fitting particle of `pair`, the form after a consonant first: `josa("나동 17호", "이/가")`.

    For 으로/로 a final ㄹ takes 로. Raises ValueError when `pair` is not two forms.
    """
    forms = pair.split("/")
    if len(forms) != 2:
        raise ValueError(f"particle pair {pair!r}")
    after_consonant, after_vowel = forms
    final = _final(word)
    light = final == "" or (final == "ㄹ" and after_consonant == "으로")
    return word + (after_vowel if light else after_consonant)
