"""The application: every route module, every rule that holds for all of them.

A route module defines ``router = APIRouter()`` with whole paths (``/v1/files/{file_id}``) and is one line of
``ROUTERS``. A route without its labels fails the build. Whatever a route needs is a field of ``Services``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from tunesmith import __version__
from tunesmith.api import (
    base_models,
    chat,
    checkpoint_permissions,
    data_affected,
    data_operation_items,
    data_operations,
    file_reports,
    file_revisions,
    file_rows,
    file_version,
    files,
    fine_tuning,
    health,
    installation,
    job_figures,
    job_preview,
    lineage,
    live,
    me,
    models,
    openapi,
    organization,
    stored_chats,
    studio,
    uploads,
    webhooks,
)
from tunesmith.api.auth import Callers
from tunesmith.api.edge import Edge, guarded
from tunesmith.api.labels import check_labels, permit_of
from tunesmith.api.live_feed import LiveFeed
from tunesmith.api.paths import RouteTable
from tunesmith.api.services import Services

ROUTERS: Final[Sequence[APIRouter]] = (
    health.router,
    openapi.router,
    me.router,
    installation.router,
    base_models.router,
    lineage.router,
    organization.router,
    files.router,
    file_reports.router,
    file_rows.router,
    file_revisions.router,
    file_version.router,
    data_operations.router,
    data_operation_items.router,
    data_affected.router,
    uploads.router,
    chat.router,
    stored_chats.router,
    fine_tuning.router,
    job_figures.router,
    job_preview.router,
    live.router,
    checkpoint_permissions.router,
    models.router,
    webhooks.router,
    studio.router,
)
"""One line a route module."""

ANYBODY_MAY: Final = frozenset({"/healthz", "/openapi.json", "/", "/studio", "/studio/{place:path}"})
"""The paths that ask for no key: a reviewed list. They tell nothing of any project."""


class Api(FastAPI):
    """FastAPI's routes and descriptions behind our own edge."""

    edge: Edge

    def build_middleware_stack(self) -> ASGIApp:
        return self.edge

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.described(super().openapi())
        return self.openapi_schema


def make_app(services: Services, routers: Sequence[APIRouter] = ROUTERS) -> Api:
    """Raises Unlabelled for a route that does not say what it does or what its ids name."""
    app = Api(title="Tunesmith", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    routes = [route for router in routers for route in router.routes]
    strangers = [route for route in routes if not isinstance(route, APIRoute)]
    if strangers:
        raise TypeError(f"Only plain routes are guarded; these are not: {strangers}")
    api_routes = [route for route in routes if isinstance(route, APIRoute)]
    check_labels(api_routes, ANYBODY_MAY)
    app.router.routes[:] = api_routes
    app.state.services = services
    app.state.callers = Callers(services.database, services.now)
    app.state.live_feed = LiveFeed(services.database)
    table = RouteTable([guarded(route, permit_of(route), services.settings.max_file_bytes) for route in api_routes])
    app.edge = Edge(app, table, app.state.callers, services.database)
    return app
