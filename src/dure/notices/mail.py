"""E-mail by SMTP (RFC 5321), one letter a receiver, over TLS unless the server stands on this machine.

Our reference is the Message-ID. A mail server cannot be asked whether it took a letter: what was not heard is decided
by `model.settled` as what nobody can say.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from uuid import UUID

from dure.notices.contacts import is_mail
from dure.notices.gateway import Asked, Message
from dure.notices.model import Absent, Accepted, Declined, Found, Lookup, NotNow, Outcome, Unheard

_TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A mail server and who sends: `security` is "tls" (from the first byte), "starttls" or "none" (this machine)."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    security: str = "starttls"
    authority: str | None = None


class Mail:
    """The gateway of letters."""

    name = "smtp"
    most = 20

    def __init__(self, account: Account) -> None:
        self._account = account

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Outcome]:
        """As the port says."""
        return await asyncio.to_thread(self._send, messages)

    async def lookup(self, asked: Sequence[Asked]) -> Mapping[UUID, Lookup]:
        """SMTP keeps no list."""
        return {one.reference: Absent.CANNOT_SAY for one in asked}

    async def reports(self, gateway_ids: Sequence[str]) -> Sequence[Found]:
        """SMTP has none that can be fetched."""
        del gateway_ids
        return []

    def _send(self, messages: Sequence[Message]) -> Mapping[UUID, Outcome]:
        try:
            line = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return {one.reference: NotNow(f"smtp_{type(error).__name__}") for one in messages}
        outcomes: dict[UUID, Outcome] = {}
        for one in messages:
            outcomes[one.reference] = self._one(line, one)
            if isinstance(outcomes[one.reference], Unheard):
                line.close()
                break
        for one in messages:  # the line broke before these were begun
            outcomes.setdefault(one.reference, NotNow("smtp_line"))
        try:
            line.quit()
        except (OSError, smtplib.SMTPException):
            line.close()  # all is settled by now
        return outcomes

    def _connected(self) -> smtplib.SMTP:
        told = self._account
        trusted = ssl.create_default_context(cafile=told.authority)
        if told.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(told.host, told.port, timeout=_TIMEOUT_S, context=trusted)
        else:
            line = smtplib.SMTP(told.host, told.port, timeout=_TIMEOUT_S)
            if told.security == "starttls":
                line.starttls(context=trusted)
        if told.user is not None:
            line.login(told.user, told.password or "")
        return line

    def _one(self, line: smtplib.SMTP, message: Message) -> Outcome:
        """One letter. Until its text is on the way nothing has gone out; after that, silence is doubt."""
        if not is_mail(message.to):
            return Declined("address")
        letter = written(message, self._account.sender).as_bytes(policy=SMTPUTF8.clone(linesep="\r\n"))
        try:
            line.ehlo_or_helo_if_needed()
            code, _ = line.mail(self._account.sender)
            if code != 250:
                return _refused(line, code)
            code, _ = line.rcpt(message.to)
            if code not in {250, 251}:
                return _refused(line, code)
        except (OSError, smtplib.SMTPException):
            return NotNow("smtp_line")
        try:
            code, _ = line.data(letter)
        except smtplib.SMTPDataError as error:
            return _refused(line, error.smtp_code)
        except (OSError, smtplib.SMTPException) as error:
            return Unheard(f"smtp_{type(error).__name__}")
        return Accepted() if code == 250 else _refused(line, code)


def written(message: Message, sender: str) -> EmailMessage:
    """The letter. Headers cannot be smuggled in: line ends are not let through by the policy."""
    letter = EmailMessage(policy=SMTPUTF8)
    letter["From"] = sender
    letter["To"] = message.to
    letter["Subject"] = " ".join((message.subject or message.text)[:78].split())
    letter["Date"] = format_datetime(datetime.now(UTC))
    letter["Message-ID"] = f"<{message.notice_id}@{sender.rpartition('@')[2]}>"  # the same over attempts: doubles show
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note comes back
    letter.set_content(message.text)
    return letter


def _refused(line: smtplib.SMTP, code: int) -> Outcome:
    try:
        line.rset()
    except (OSError, smtplib.SMTPException):
        line.close()
    return Declined(f"smtp_{code}") if 500 <= code < 600 else NotNow(f"smtp_{code}")
