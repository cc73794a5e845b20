"""The application: routes, middleware, handlers."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tunesmith.api.errors import ApiError
from tunesmith.api.services import Services


def make_app(services: Services) -> FastAPI:
    app = FastAPI(title="Tunesmith", docs_url=None, redoc_url=None)
    app.state.services = services
    app.add_exception_handler(ApiError, _answer_error)
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response()
