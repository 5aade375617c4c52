"""One catalogue for Python and the screens."""

import json
from pathlib import Path

import pytest

from dure.engine.texts import catalogue
from dure.kernel.josa import josa
from dure.kernel.messages import formatted

VECTORS = Path(__file__).parents[2] / "console/src/lib/josa.vectors.json"


def test_particles_agree_with_the_screens_vectors() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(vectors) >= 20
    for vector in vectors:
        word, pair, result = vector
        assert josa(word, pair) == result, vector


def test_a_pair_needs_two_forms() -> None:
    with pytest.raises(ValueError, match="pair"):
        josa("불", "이")


@pytest.mark.parametrize(
    ("message", "language", "params", "shown"),
    [
        ("{name, josa, 이/가} 응답하지 않습니다", "ko", {"name": "나동 17호"}, "나동 17호가 응답하지 않습니다"),
        ("{n, number}대", "ko", {"n": 12345}, "12,345대"),
        ("{n, plural, one {# camera} other {# cameras}}", "en", {"n": 1}, "1 camera"),
        ("{n, plural, =0 {none} one {# camera} other {# cameras}}", "en", {"n": 0}, "none"),
        ("{n, plural, one {# camera} other {# cameras}}", "en", {"n": 1200}, "1,200 cameras"),
        ("{k, select, fire {화재} other {그 밖}}", "ko", {"k": "fire"}, "화재"),
        ("'{'not an argument'}' it''s", "en", {}, "{not an argument} it's"),
        ("{missing}!", "en", {}, "!"),
    ],
)
def test_messages_are_filled(message: str, language: str, params: dict[str, object], shown: str) -> None:
    assert formatted(message, language, params) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize("message", ["{open", "closed}", "{n, spellout}"])
def test_a_wrong_message_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"brace|format"):
        formatted(message, "en", {"n": 1})


class Given(dict[str, str | int | float | None]):
    """Arguments of which none is missing."""

    def get(self, _name: str, _default: object = None) -> int:  # type: ignore[override]
        return 1


def test_both_languages_say_everything() -> None:
    texts = catalogue()
    assert texts.keys("ko") == texts.keys("en")
    for language in ("ko", "en"):
        for key in texts.keys(language):
            assert texts.text(language, key, Given(any=1)), key
