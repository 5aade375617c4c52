"""The cookies of the ways in. `__Host-` lets no neighbouring host set one, and works over TLS only."""

from typing import Literal

from fastapi import Request, Response

from dure.engine.context import Context
from dure.engine.web import context_of
from dure.trust.web import cookie_name

Name = Literal["second", "known", "sso"]
KNOWN_S = 400 * 86_400
"""As long as browsers keep any (RFC 6265bis section 5.5)."""


def session(response: Response, context: Context, presented: str) -> None:
    """Hand a session's secret to the browser."""
    response.headers["Cache-Control"] = "no-store"
    _set(response, context, cookie_name(context), presented, context.settings.session_absolute_s, "strict")


def forget_session(response: Response, context: Context) -> None:
    """Take the session's secret back."""
    _forget(response, context, cookie_name(context))


def give(response: Response, context: Context, name: Name, presented: str, lasts_s: int) -> None:
    """Hand another secret to the browser. That of a single sign-on comes back with a link from another site."""
    response.headers["Cache-Control"] = "no-store"
    _set(response, context, _named(context, name), presented, lasts_s, "lax" if name == "sso" else "strict")


def given(request: Request, name: Name) -> str | None:
    """What the browser was given."""
    return request.cookies.get(_named(context_of(request), name))


def forget(response: Response, context: Context, name: Name) -> None:
    """Take it back."""
    _forget(response, context, _named(context, name))


def presented_session(request: Request) -> str | None:
    """The session's secret that the browser has, good or not."""
    return request.cookies.get(cookie_name(context_of(request)))


def _named(context: Context, name: Name) -> str:
    return f"{cookie_name(context)}-{name}"


def _set(
    response: Response, context: Context, name: str, value: str, lasts_s: int, same: Literal["lax", "strict"]
) -> None:
    response.set_cookie(
        name, value, max_age=lasts_s, path="/", secure=context.settings.secure, httponly=True, samesite=same
    )


def _forget(response: Response, context: Context, name: str) -> None:
    response.delete_cookie(name, path="/", secure=context.settings.secure, httponly=True, samesite="strict")
