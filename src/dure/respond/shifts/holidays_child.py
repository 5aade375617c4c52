"""Prints the public holidays of some years as JSON: a child of `calendar`, for the package loads every country there is
(42 MB, half a second), which no process of a city should carry for a few dates.
"""

import json
import sys


def main(first: int, last: int) -> None:
    """`{"2026-10-05": ["개천절 대체 휴일", "Alternative holiday for ..."]}`."""
    import holidays

    years = range(first, last + 1)
    korean = holidays.country_holidays("KR", years=years, language="ko")
    english = holidays.country_holidays("KR", years=years, language="en_US")
    json.dump({day.isoformat(): [name, english.get(day, name)] for day, name in sorted(korean.items())}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
