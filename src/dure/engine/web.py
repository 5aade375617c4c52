"""The web's edge: one request is one transaction, committed before the answer leaves; errors become problem+json.

A write that carries an `Idempotency-Key` is done once: the answer is kept in the same transaction and given again.
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import AllowInfNan, BaseModel, ConfigDict, Strict, StringConstraints
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import BadRequest, Conflict, DureError, FieldError, Invalid, PreconditionFailed
from dure.kernel.messages import LANGUAGES, Language

log = logging.getLogger(__name__)

Number = Annotated[float, Strict(), AllowInfNan(False)]
"""A JSON number: no text, no boolean, no NaN."""
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""One line of text for people."""
Passage = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEPT_BODY = 1 << 20
KEEP_ANSWERS = timedelta(days=1)
_DEPTH = 32


class Model(BaseModel):
    """A request's body: unknown fields are refused, so that nothing is lost in silence."""

    model_config = ConfigDict(extra="forbid")


def context_of(request: Request) -> Context:
    """The city that serves this request."""
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


def tx_of(request: Request) -> Tx:
    """The request's transaction."""
    tx = request.state.tx
    assert isinstance(tx, Tx)
    return tx


def language_of(request: Request) -> Language:
    """The reader's language, from Accept-Language; Korean where nothing else is asked."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        for language in LANGUAGES:
            if tag == language:
                return language
    return "ko"


# As coroutines, because the framework gives each plain function a thread of its own, for every request.
async def _context(request: Request) -> Context:
    return context_of(request)


async def _tx(request: Request) -> Tx:
    return tx_of(request)


async def _language(request: Request) -> Language:
    return language_of(request)


ContextDep = Annotated[Context, Depends(_context)]
TxDep = Annotated[Tx, Depends(_tx)]
LanguageDep = Annotated[Language, Depends(_language)]


class _Refused(Exception):
    """Carries an error response out of a transaction that must not commit."""

    def __init__(self, response: Response) -> None:
        self.response = response


class GuardedRequest(Request):
    """A request whose JSON is read strictly: no NaN, no doubled keys, no NUL, bounded depth."""

    async def json(self) -> Any:
        """The body as JSON. Raises BadRequest."""
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json


def strict_json(body: bytes) -> Any:
    """`body` as JSON, refusing what JSON readers disagree about (RFC 8259 section 4, I-JSON RFC 7493). Raises
    BadRequest."""
    try:
        value = json.loads(body, object_pairs_hook=_object, parse_constant=_constant)
        _check(value, 0)
    except (ValueError, RecursionError) as error:
        raise BadRequest("engine.body.unreadable") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled key")
    return found


def _constant(name: str) -> Any:
    raise ValueError(name)


def _check(value: Any, depth: int) -> None:
    if depth > _DEPTH:
        raise ValueError("too deep")
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("NUL")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check(key, depth + 1)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


class TransactionRoute(APIRoute):
    """Wraps each handler in one transaction."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its transaction around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            guarded = GuardedRequest(request.scope, request.receive)
            await _read(guarded)
            try:
                async with context_of(request).database.transaction() as tx:
                    guarded.state.tx = tx
                    key = request.headers.get("idempotency-key")
                    if key is not None and request.method in _WRITES:
                        response = await _once(guarded, tx, key, inner)
                    else:
                        response = await inner(guarded)
                    if response.status_code >= 400:
                        raise _Refused(response)
                    return response
            except _Refused as refused:
                return refused.response

        return handle


async def _read(request: Request) -> None:
    """Have the body before a transaction begins, so that a slow sender holds no connection. Files come in later,
    part by part. Raises BadRequest where the sender has gone.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        return
    try:
        await request.body()
    except ClientDisconnect as error:
        raise BadRequest("engine.body.unreadable") from error


class Keeper(Protocol):
    """What seals kept answers: they may hold what people wrote. `app.state.keeper`; a higher room gives it."""

    def seal(self, about: str, plain: bytes, /) -> bytes:
        """`plain` so that only `unseal` reads it again."""

    def unseal(self, about: str, sealed: bytes, /) -> bytes:
        """What `seal` hid. Raises Unavailable."""

    def digest(self, asked: bytes, /) -> bytes:
        """A number by which the same request is known again."""


class _Open:
    """Keeps answers as they are: for an application without people."""

    def seal(self, _about: str, plain: bytes, /) -> bytes:
        return plain

    def unseal(self, _about: str, sealed: bytes, /) -> bytes:
        return sealed

    def digest(self, asked: bytes, /) -> bytes:
        return hashlib.sha256(asked).digest()


def _keeper(request: Request) -> Keeper:
    found: Keeper = getattr(request.app.state, "keeper", _OPEN)
    return found


_OPEN = _Open()


async def _once(request: GuardedRequest, tx: Tx, key: str, inner: Callable[[Request], Awaitable[Response]]) -> Response:
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise Invalid("engine.idempotency.key", fields=[FieldError("Idempotency-Key", "engine.idempotency.key")])
    identify: Callable[[Tx, Request], Awaitable[str]] = request.app.state.identify
    owner = await identify(tx, request)
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    keeper = _keeper(request)
    digest = keeper.digest(asked)
    taken = await tx.scalar(
        text(
            "insert into kept_answer (owner, key, request_hash, created_at) values (:owner, :key, :hash, :now) "
            "on conflict (owner, key) do nothing returning 1"
        ),
        {"owner": owner, "key": key, "hash": digest, "now": tx.now()},
    )
    if taken is None:
        return await _kept(tx, keeper, owner, key, digest)
    response = await inner(request)
    if "no-store" in response.headers.get("cache-control", ""):
        await _seal(tx, owner, key, response.status_code)
        return response
    body = bytes(getattr(response, "body", b""))
    if response.status_code < 400 and len(body) <= _KEPT_BODY:
        headers = {
            name: value for name, value in response.headers.items() if name in {"content-type", "etag", "location"}
        }
        await tx.execute(
            text(
                "update kept_answer set status = :status, headers = cast(:headers as jsonb), body = :body "
                "where owner = :owner and key = :key"
            ),
            {
                "status": response.status_code,
                "headers": json.dumps(headers),
                "body": keeper.seal(f"answer/{owner}/{key}", body),
                "owner": owner,
                "key": key,
            },
        )
    return response


async def _seal(tx: Tx, owner: str, key: str, status: int) -> None:
    """Remember that it was done and nothing more: what is not to be stored is a secret or a person."""
    await tx.execute(
        text("update kept_answer set status = :status, request_hash = '' where owner = :owner and key = :key"),
        {"status": status, "owner": owner, "key": key},
    )


async def _kept(tx: Tx, keeper: Keeper, owner: str, key: str, digest: bytes) -> Response:
    row = await tx.row(
        text("select * from kept_answer where owner = :owner and key = :key"), {"owner": owner, "key": key}
    )
    if row is None or row["status"] is None:
        raise Conflict("engine.idempotency.running")
    if row["body"] is None:
        raise Conflict("engine.idempotency.shown_once")
    if bytes(row["request_hash"]) != digest:
        raise Invalid("engine.idempotency.reused", fields=[FieldError("Idempotency-Key", "engine.idempotency.reused")])
    headers = {**row["headers"], "Idempotent-Replayed": "true"}
    return Response(keeper.unseal(f"answer/{owner}/{key}", bytes(row["body"])), row["status"], headers)


def Router(*, prefix: str = "", tags: list[str] | None = None) -> APIRouter:  # noqa: N802  # used like the class it makes
    """An APIRouter whose routes are transactions and whose errors are documented."""
    return APIRouter(prefix=prefix, tags=list(tags or []), route_class=TransactionRoute, responses=PROBLEMS)


OPEN: dict[str, Any] = {"security": []}
"""`openapi_extra` of a route that asks for no credential."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": name,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, name in {
        400: "unreadable",
        401: "nobody known is asking",
        403: "not allowed",
        404: "no such thing",
        409: "contradicts what is so",
        412: "changed meanwhile",
        413: "too large",
        422: "wrong fields",
        429: "too often",
        503: "an engine is away",
    }.items()
}


def etag(version: int) -> str:
    """The weak ETag of an entity's version."""
    return f'W/"{version}"'


def tag(response: Response, version: int) -> None:
    """Say which version of the entity this answer is; If-Match gives it back."""
    response.headers["ETag"] = etag(version)


async def expected_version(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """The version that the client last read, from If-Match; None where it does not say. Raises PreconditionFailed."""
    if if_match is None or if_match.strip() == "*":
        return None
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise PreconditionFailed("engine.etag.wrong")
    return int(digits)


ExpectedVersion = Annotated[int | None, Depends(expected_version)]


def check_version(expected: int | None, actual: int) -> None:
    """Raises PreconditionFailed when the client read another version than the one that is there."""
    if expected is not None and expected != actual:
        raise PreconditionFailed("engine.etag.changed", expected=expected, actual=actual)


def problem(error: DureError, context: Context, language: Language, *, instance: str) -> Response:
    """`error` as problem+json (RFC 9457): `key` names it for programs, `title` tells it to people."""
    say = context.catalogue.text
    body: dict[str, Any] = {
        "type": f"urn:dure:problem:{error.key}",
        "title": say(language, error.key, error.params),
        "status": error.status,
        "instance": instance,
        "key": error.key,
    }
    if error.fields:
        body["errors"] = [
            {"field": one.field, "key": one.key, "reason": say(language, one.key, one.params)} for one in error.fields
        ]
    headers: Mapping[str, str] = {}
    if error.status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    elif "retry_after_s" in error.params:
        headers = {"Retry-After": str(error.params["retry_after_s"])}
    return Response(
        json.dumps(body, ensure_ascii=False, default=str), error.status, headers, "application/problem+json"
    )


async def forget_answers(tx: Tx) -> None:
    """Drop kept answers after a day."""
    await tx.execute(text("delete from kept_answer where created_at < :before"), {"before": tx.now() - KEEP_ANSWERS})
