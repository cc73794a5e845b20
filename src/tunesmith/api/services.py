"""What the routes work with: made once where the process begins, found at ``app.state.services``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tunesmith.api.rate_limits import RateLimits
from tunesmith.api.serving_client import Serving
from tunesmith.core.settings import Settings
from tunesmith.nn.known_models import KnownModels
from tunesmith.store.db import Database


@dataclass(frozen=True, slots=True)
class Services:
    """``now`` gives Unix seconds."""

    settings: Settings
    database: Database
    now: Callable[[], float]
    known_models: KnownModels
    serving: Serving
    rate_limits: RateLimits


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
