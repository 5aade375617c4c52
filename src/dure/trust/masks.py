"""What may be shown of a person without opening the record: 홍*동, 010-****-1234."""

import re

_PHONE = re.compile(r"[0-9]")
_ADDRESS_KEPT = re.compile(r"(시|도|군|구)$")


def name(value: str) -> str:
    """Korean names keep the first and the last syllable (two syllables: the first); others keep each word's initial."""
    value = value.strip()
    if re.fullmatch(r"[가-힣]{2,5}", value):
        return value[0] + "*" if len(value) == 2 else value[0] + "*" * (len(value) - 2) + value[-1]
    return " ".join(word[0] + "***" for word in value.split())


def phone(value: str) -> str:
    """The first group and the last four digits; nothing of what is shorter than eight digits."""
    digits = "".join(_PHONE.findall(value))
    if len(digits) < 8:
        return "****"
    head = "02" if digits.startswith("02") else digits[:3]
    return f"{head}-****-{digits[-4:]}"


def address(value: str) -> str:
    """City and district; the rest is hidden."""
    kept = []
    for word in value.split()[:3]:
        if not _ADDRESS_KEPT.search(word):
            break
        kept.append(word)
    return " ".join([*kept, "***"])


def birth_date(value: str) -> str:
    """The year's decade."""
    return f"{value[:3]}*-**-**" if re.match(r"[0-9]{4}-", value) else "****"


def email(value: str) -> str:
    """The first letter and the domain."""
    local, at, domain = value.partition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def anything(_value: str) -> str:
    """Nothing at all."""
    return "***"


def resident_no(value: str) -> str:
    """Birth date, and the digit of sex and century: 900101-1******; nothing of what is not 13 digits long."""
    digits = "".join(_PHONE.findall(value))
    return f"{digits[:6]}-{digits[6]}******" if len(digits) == 13 else "******-*******"


def tail(value: str) -> str:
    """The last two characters of a number."""
    return "*" * max(len(value.strip()) - 2, 4) + value.strip()[-2:] if len(value.strip()) > 4 else "****"
