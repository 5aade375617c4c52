"""The four words of Korea's crisis alert, used for incidents and alarms alike."""

from enum import StrEnum


class Severity(StrEnum):
    """심각, 경계, 주의, 관심."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    WATCH = "watch"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that sorting puts it first."""
        return list(Severity).index(self)


def graver(a: Severity, b: Severity) -> Severity:
    """The graver of two."""
    return min(a, b, key=lambda severity: severity.rank)
