"""What tests share beyond fixtures."""

from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from dure.engine.servers.nkeys import KeyPair


@dataclass(frozen=True)
class NatsServer:
    """A running nats-server: where dure's own processes and devices reach it, and the key that answers its callout."""

    url: str
    mqtt_host: str
    mqtt_port: int
    issuer: KeyPair


_read: list[tuple[APIRouter, list[BaseRoute]]] = []


def open_room(app: FastAPI, router: APIRouter | None) -> None:
    """Adds a room's routes to the application of one test. Reading their signatures takes longer than most tests do, so
    all applications of this process share what was read.
    """
    assert router is not None
    routes = next((routes for known, routes in _read if known is router), None)
    if routes is None:
        whole = APIRouter()
        whole.include_router(router, prefix="/api/v1")
        routes = whole.routes
        _read.append((router, routes))
    app.router.routes.extend(routes)
