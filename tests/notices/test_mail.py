"""Letters to a real mail server on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP

from dure.notices.gateway import Message
from dure.notices.mail import Account, Mail
from dure.notices.model import Accepted, Channel, Declined, NotNow, Unheard


class Box:
    """Keeps what arrives; some answers are refusals, and one line breaks after the text."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("later"):
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(envelope.content)
        if envelope.rcpt_tos[0].startswith("silent"):
            server.transport.abort()
        return "250 OK"


@pytest.fixture
async def box() -> AsyncIterator[tuple[Box, Mail]]:
    kept = Box()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(kept), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield kept, Mail(Account("127.0.0.1", port, "dure@city.example", security="none"))
    server.close()


def letter(to: str, subject: str = "화재 경보") -> Message:
    return Message(uuid4(), uuid4(), Channel.EMAIL, to, subject, "한빛중앙시장에서 불\n.\n대피")


async def test_each_letter_goes_to_one_and_says_what_became_of_it(box: tuple[Box, Mail]) -> None:
    kept, mail = box
    told = [letter("a@x.example"), letter("nobody@x.example"), letter("later@x.example"), letter("b@x.example")]
    outcomes = await mail.send(told)
    assert [type(outcomes[one.reference]) for one in told] == [Accepted, Declined, NotNow, Accepted]
    first = message_from_bytes(kept.letters[0], policy=default)
    assert (first["to"], first["subject"]) == ("a@x.example", "화재 경보")
    body = first.get_body()
    assert body is not None
    assert body.get_content().splitlines() == ["한빛중앙시장에서 불", ".", "대피"]
    assert str(told[0].notice_id) in first["message-id"]


async def test_a_line_that_breaks_after_the_text_leaves_doubt_and_the_rest_for_later(box: tuple[Box, Mail]) -> None:
    _, mail = box
    told = [letter("silent@x.example"), letter("a@x.example")]
    outcomes = await mail.send(told)
    assert [type(outcomes[one.reference]) for one in told] == [Unheard, NotNow]


async def test_headers_cannot_be_smuggled_in(box: tuple[Box, Mail]) -> None:
    kept, mail = box
    told = [letter("a@x.example\nBcc: b@x.example"), letter("a@x.example", "경보\r\nBcc: b@x.example")]
    outcomes = await mail.send(told)
    assert [type(outcomes[one.reference]) for one in told] == [Declined, Accepted]
    (only,) = kept.letters
    assert message_from_bytes(only, policy=default)["bcc"] is None


async def test_a_server_that_is_away_took_nothing() -> None:
    told = letter("a@x.example")
    outcomes = await Mail(Account("127.0.0.1", 1, "dure@city.example", security="none")).send([told])
    assert isinstance(outcomes[told.reference], NotNow)
