"""By what a city sends, from its environment and secrets."""

import os
from collections.abc import Mapping

from dure.engine.database import Database
from dure.engine.secrets import secret
from dure.notices.mail import Account, Mail
from dure.notices.model import Channel
from dure.notices.push.service import City, Push
from dure.notices.sender import Way
from dure.notices.solapi import Solapi

USUAL_URL = "https://api.solapi.com"


def of_environment(environment: Mapping[str, str] = os.environ) -> list[Way]:
    """The ways that are set up. `DURE_SMS_KEY`, the secret `DURE_SMS_SECRET` and the registered `DURE_SMS_SENDER` make
    the gateway of texts and calls (`DURE_SMS_URL`: another that speaks the same). `DURE_MAIL_HOST` and
    `DURE_MAIL_SENDER` make the one of letters (`DURE_MAIL_PORT`, `DURE_MAIL_SECURITY` starttls, tls or none,
    `DURE_MAIL_USER`, the secret `DURE_MAIL_PASSWORD`). Raises ValueError for a port or security that is none.
    """
    ways: list[Way] = []
    key, sender = environment.get("DURE_SMS_KEY"), environment.get("DURE_SMS_SENDER")
    hidden = secret("DURE_SMS_SECRET", environment)
    if key and sender and hidden:
        gateway = Solapi(environment.get("DURE_SMS_URL") or USUAL_URL, key, hidden, sender)
        ways.append(Way((Channel.SMS, Channel.LMS, Channel.VOICE), gateway))
    host, letters = environment.get("DURE_MAIL_HOST"), environment.get("DURE_MAIL_SENDER")
    if host and letters:
        security = environment.get("DURE_MAIL_SECURITY") or "starttls"
        if security not in {"starttls", "tls", "none"}:
            raise ValueError(f"DURE_MAIL_SECURITY {security!r}")
        account = Account(
            host,
            int(environment.get("DURE_MAIL_PORT") or (465 if security == "tls" else 587)),
            letters,
            environment.get("DURE_MAIL_USER"),
            secret("DURE_MAIL_PASSWORD", environment),
            security,
            environment.get("DURE_MAIL_CA"),
        )
        ways.append(Way((Channel.EMAIL,), Mail(account)))
    return ways


def push_hosts(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Push services of the city's own: origins, by commas, in `DURE_PUSH_HOSTS`."""
    return tuple(one.strip().rstrip("/") for one in environment.get("DURE_PUSH_HOSTS", "").split(",") if one.strip())


def push(database: Database, public_url: str, environment: Mapping[str, str] = os.environ) -> Way:
    """The way to browsers. `DURE_PUSH_CONTACT` (an address of mail or a page) is whom push services write to; else the
    sender of the city's letters, else its own page.
    """
    told = environment.get("DURE_PUSH_CONTACT") or environment.get("DURE_MAIL_SENDER")
    if told and "@" in told and ":" not in told:
        told = f"mailto:{told}"
    contact = told or (public_url if public_url.startswith("https://") else None)
    return Way((Channel.PUSH,), Push(database, City(contact, push_hosts(environment))))
