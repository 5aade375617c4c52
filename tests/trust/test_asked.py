"""A purpose comes in the body or in the query; who has to say one and does not is refused."""

import pytest
from fastapi import Request

from dure.engine.web import GuardedRequest
from dure.kernel.errors import Invalid
from dure.trust.asked import check_purpose, purpose_of
from dure.trust.policy import Ask, grant
from dure.trust.roles import Role

GRANTS = {"thing.open": grant({Role.FIRE}, Ask.PURPOSE), "thing.read": grant({Role.FIRE})}


def request(body: bytes = b"", kind: str = "application/json", query: str = "") -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())] if kind else []
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": query.encode()}
    return GuardedRequest(scope, receive)


@pytest.mark.parametrize(
    ("asked", "purpose"),
    [
        (request(b'{"purpose": "field check"}'), "field check"),
        (request(b'{"purpose": "field check"}', "application/problem+json"), "field check"),
        (request(b'{"purpose": 7}'), None),
        (request(b'["purpose"]'), None),
        (request(b"{"), None),
        (request(b"{}", query="purpose=in+the+query"), "in the query"),
        (request(b"{", query="purpose=in+the+query"), "in the query"),
        (request(b'{"purpose": "in the body"}', query="purpose=in+the+query"), "in the body"),
        (request(b'{"purpose": "field check"}', "text/plain"), None),
        (request(kind="", query="purpose=in+the+query"), "in the query"),
        (request(kind=""), None),
    ],
)
async def test_where_a_purpose_stands(asked: Request, purpose: str | None) -> None:
    assert await purpose_of(asked) == purpose


async def test_without_a_purpose_nothing_that_asks_for_one() -> None:
    with pytest.raises(Invalid) as refused:
        await check_purpose(request(b'{"purpose": "ok"}'), "thing.open", GRANTS)
    assert refused.value.key == "trust.policy.purpose"
    assert [(one.field, one.key) for one in refused.value.fields] == [("purpose", "trust.policy.purpose")]
    await check_purpose(request(b'{"purpose": "field check"}'), "thing.open", GRANTS)
    await check_purpose(request(), "thing.read", GRANTS)
    await check_purpose(request(), "thing.unknown", GRANTS)
