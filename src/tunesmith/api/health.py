"""``GET /healthz``: whether every part is ready. Asks for no key and tells nothing but names of parts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from tunesmith.api.services import HealthCheck, Services, ServicesOf
from tunesmith.api.wire import Wire, answer
from tunesmith.core.errors import TunesmithError
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.instance import newest_sight_of_a_worker

_CONNECT_SECONDS = 1.0

router = APIRouter()


class Health(Wire):
    """``parts``: name → ``ready``, or what is missing."""

    status: Literal["ready", "not_ready"]
    parts: dict[str, str]


@router.get("/healthz", tags=["health"], responses={200: {"model": Health}, 503: {"model": Health}})
def get_health(services: ServicesOf) -> Response:
    """200 when every part is ready, 503 with what is not."""
    parts = {name: _state(check) for name, check in _checks(services).items()}
    is_ready = all(state == "ready" for state in parts.values())
    return answer(Health(status="ready" if is_ready else "not_ready", parts=parts), 200 if is_ready else 503)


def worker_check(database: Database, now: Callable[[], float], within_seconds: float) -> HealthCheck:
    """Ready where a worker has shown itself within so many seconds."""

    def check() -> str | None:
        with database.read() as connection:
            seen_at = newest_sight_of_a_worker(connection)
        if seen_at is None:
            return "no worker has started yet"
        silent_seconds = now() - seen_at
        return None if silent_seconds <= within_seconds else f"no worker was seen for {silent_seconds:.0f} s"

    return check


def socket_check(path: Path) -> HealthCheck:
    """Ready where the serving process answers the door."""

    def check() -> str | None:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(_CONNECT_SECONDS)
            try:
                door.connect(str(path))
            except OSError:
                return "the serving process does not answer"
        return None

    return check


def _checks(services: Services) -> dict[str, HealthCheck]:
    return {"database": services.database.check, **services.health_checks}


def _state(check: HealthCheck) -> str:
    try:
        return check() or "ready"
    except DatabaseUnavailable:  # its message names hosts and paths, and anybody may ask here
        return "the database does not answer"
    except TunesmithError as error:
        return error.message
