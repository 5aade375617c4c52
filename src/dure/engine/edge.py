"""The web application around the routers: limits on size, error answers, security headers, the console's files."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dure.engine.web import context_of, language_of, problem
from dure.kernel.errors import BadRequest, DureError, FieldError, Invalid, NotFound, TooLarge
from dure.kernel.ids import new_id

log = logging.getLogger(__name__)
BODY_LIMIT = 1 << 20
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(self)"),
]
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; "
    "worker-src 'self' blob:; connect-src 'self'{relay}; font-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_NOT_KEPT = (b"cache-control", b"no-store")


def _own_headers(scope: Scope, given: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The security headers of an answer. What the API says stays in no cache but where a route says otherwise."""
    settings = context_of(Request(scope)).settings
    own = [*_SECURITY, _policy(settings.video_url)]
    if settings.secure:
        own.append(_TLS_ONLY)
    if scope["path"].startswith("/api/") and all(name.lower() != b"cache-control" for name, _ in given):
        own.append(_NOT_KEPT)
    return own


@cache
def _policy(relay: str | None) -> tuple[bytes, bytes]:
    """The content security policy: all from here, and pictures from the city's own relay."""
    return b"content-security-policy", _POLICY.format(relay=f" {relay}" if relay else "").encode()


class MethodRefused(DureError):
    """The path exists, but not for this method."""

    status = 405


class Internal(DureError):
    """A fault of ours; the log has it under `reference`."""

    status = 500


class Guard:
    """Bounds every request's body, refuses NUL in its line, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = dict(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                message["headers"] = [*given, *_own_headers(scope, given)]
            await send(message)

        limit = self._limit(scope["path"])
        refusal = self._refusal(scope, limit)
        if refusal is not None:
            request = Request(scope)
            response = problem(refusal, context_of(request), language_of(request), instance=scope["path"][:200])
            await response(scope, receive, with_headers)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge("engine.body.too_large", limit_bytes=limit)
            return message

        await self._app(scope, bounded, with_headers)

    def _limit(self, path: str) -> int:
        fitting = [prefix for prefix in self._limits if path.startswith(prefix)]
        return self._limits[max(fitting, key=len)] if fitting else BODY_LIMIT

    @staticmethod
    def _refusal(scope: Scope, limit: int) -> DureError | None:
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b"").lower():
            return BadRequest("engine.path.unreadable")
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > limit):
                return TooLarge("engine.body.too_large", limit_bytes=limit)
        return None


def build(*, title: str, version: str, limits: Mapping[str, int]) -> FastAPI:
    """An application without routes; the composition root adds the rooms' routers."""
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Guard, limits=limits)
    app.add_exception_handler(DureError, _on_dure_error)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DataError, _on_data)
    app.add_exception_handler(Exception, _on_anything)
    return app


def _answer(request: Request, error: DureError) -> Response:
    return problem(error, context_of(request), language_of(request), instance=request.url.path[:200])


async def _on_dure_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DureError)
    return _answer(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, Invalid("engine.fields.wrong", fields=_fields(error.errors())))


def _fields(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    found: list[FieldError] = []
    for one in errors[:50]:
        where = ".".join(str(part)[:80] for part in one["loc"] if part not in {"body", "query", "path", "header"})
        params = {name: str(value)[:80] for name, value in (one.get("ctx") or {}).items()}
        found.append(FieldError(where or "body", f"engine.field.{one['type']}", {**params, "field": where}))
    return found


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, DureError):  # raised while the framework read the body
        return _answer(request, error.__cause__)
    if error.status_code == 404:
        return _answer(request, NotFound("engine.path.unknown", path=request.url.path[:200]))
    if error.status_code == 405:
        response = _answer(request, MethodRefused("engine.method.refused", method=request.method))
        response.headers.update(error.headers or {})
        return response
    return _answer(request, BadRequest("engine.body.unreadable"))


async def _on_data(request: Request, _error: Exception) -> Response:
    return _answer(request, Invalid("engine.value.refused"))


async def _on_anything(request: Request, error: Exception) -> Response:
    reference = str(new_id())
    log.error("fault %s at %s %s", reference, request.method, request.url.path, exc_info=error)
    return _answer(request, Internal("engine.fault", reference=reference))


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the shape of problems in it."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = _PROBLEM
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "dure"},
        }
        schema["security"] = [{"bearer": []}, {"session": []}]
        app.openapi_schema = schema
    return app.openapi_schema


_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "key"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "instance": {"type": "string"},
        "key": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "key": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
