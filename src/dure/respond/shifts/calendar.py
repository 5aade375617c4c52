"""Public holidays of Korea with their names, by the `holidays` package: substitute holidays and election days too."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from dure.kernel.messages import Language

_LANGUAGES: Mapping[Language, str] = {"ko": "ko", "en": "en_US"}


@lru_cache(maxsize=64)
def of_year(year: int, language: Language = "ko") -> Mapping[date, str]:
    """The holidays of one year; empty for a year that the package does not know (then every weekday is worked)."""
    import holidays  # takes a while to load, and only rosters need it

    found = holidays.country_holidays("KR", years=year, language=_LANGUAGES[language])
    return dict(sorted(found.items()))


def between(first: date, last: date, language: Language = "ko") -> dict[date, str]:
    """Those of a stretch of days, both ends included."""
    years = range(first.year, last.year + 1)
    return {day: name for year in years for day, name in of_year(year, language).items() if first <= day <= last}
