"""What a person calls the browser and the machine that a User-Agent header names; guesses, for people to recognise."""

import re

_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Whale", r"Whale/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("KakaoTalk", r"KAKAOTALK[ /](\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Headless)?(?:Chrome|Chromium|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* .*Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def name(user_agent: str | None) -> str:
    """`Chrome 141 · Windows`; empty where nothing is recognised."""
    told = (user_agent or "")[:400]
    browser = next((f"{name} {found[1]}" for name, form in _BROWSERS if (found := re.search(form, told))), "")
    system = next((name for name, form in _SYSTEMS if re.search(form, told)), "")
    return " · ".join(filter(None, (browser, system)))
