"""What the routes work with: made once where the process begins, found at ``app.state.services``.

Each part adds its field here: blobs for files, base models for jobs, the serving process for chat.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tunesmith.api.rate_limits import RateLimits
from tunesmith.api.renderers import Renderers
from tunesmith.api.report_maker import ReportMaker
from tunesmith.api.serving_client import Serving
from tunesmith.core.settings import Settings
from tunesmith.nn.known_models import KnownModels
from tunesmith.store.blobs import Blobs, open_blobs
from tunesmith.store.db import Database

HealthCheck = Callable[[], str | None]
"""None where the part is ready, else what is missing; may raise TunesmithError, whose sentence goes to the log."""


@dataclass(frozen=True, slots=True)
class Services:
    """``now`` gives Unix seconds; ``health_checks`` are the parts besides the database that must be ready."""

    settings: Settings
    database: Database
    now: Callable[[], float]
    blobs: Blobs
    known_models: KnownModels
    serving: Serving
    rate_limits: RateLimits
    renderers: Renderers
    reports: ReportMaker
    health_checks: Mapping[str, HealthCheck] = field(default_factory=dict)

    @classmethod
    def of(
        cls, settings: Settings, database: Database, now: Callable[[], float] = time.time, **checks: HealthCheck
    ) -> Services:
        """What the settings ask for; ``checks`` are the health checks by name."""
        blobs = open_blobs(settings, database, now)
        return cls(
            settings=settings,
            database=database,
            now=now,
            blobs=blobs,
            known_models=KnownModels.of(
                settings.default_model, settings.default_completion_model, settings.base_models, settings.model_aliases
            ),
            serving=Serving(settings.serving_socket),
            rate_limits=RateLimits(settings.requests_per_minute, settings.tokens_per_minute),
            renderers=Renderers(),
            reports=ReportMaker(settings.folder / "reports", blobs),
            health_checks=checks,
        )


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
