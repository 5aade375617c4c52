"""What a permission asks a request to bring along: the purpose, in its JSON body or in its query."""

from fastapi import Request

from dure.kernel.errors import BadRequest, FieldError, Invalid
from dure.trust import policy
from dure.trust.policy import Ask, Grants


async def purpose_of(request: Request) -> str | None:
    """The purpose that a request names: `purpose` of its JSON object, else of its query; None where it names none."""
    if "json" in request.headers.get("content-type", ""):
        try:
            body = await request.json()
        except BadRequest:
            body = None  # the route itself says what is wrong with it
        if isinstance(body, dict) and isinstance(body.get("purpose"), str):
            return str(body["purpose"])
    return request.query_params.get("purpose")


async def check_purpose(request: Request, permission: str, grants: Grants) -> None:
    """Raises Invalid where `permission` asks for a purpose and the request says none in words."""
    if Ask.PURPOSE in policy.asks_of(permission, grants) and not policy.is_purpose(await purpose_of(request)):
        key = "trust.policy.purpose"
        raise Invalid(key, fields=[FieldError("purpose", key)])
