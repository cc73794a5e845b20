"""``GET /v1/installation``: device, disk and processes, for people who want to know what they have."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter
from starlette.responses import Response

from tunesmith import __version__
from tunesmith.api.auth import permit
from tunesmith.api.errors import ApiError
from tunesmith.api.installation_wire import InstallationWire, ServingWire, WorkerWire
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.uploads import MOST_PART_BYTES
from tunesmith.api.wire import answer
from tunesmith.core.machine import num_cores
from tunesmith.store import lineage, workers
from tunesmith.store.principals import Action, Principal

# A worker that was not seen for so long is taken for dead.
ALIVE_SECONDS = 60
_HEALTH_SECONDS = 1.0

router = APIRouter(tags=["installation"])


@router.get("/v1/installation", response_model=InstallationWire)
async def get_installation(
    principal: Annotated[Principal, permit(Action.MODEL_READ)], services: ServicesOf
) -> Response:  # fmt: skip
    found, num_bytes = await to_thread.run_sync(_read, services, principal.project_id)
    settings, home = services.settings, services.settings.folder
    # A home that nothing was written to yet will be on its nearest folder's disk.
    disk = shutil.disk_usage(next(place for place in (home, *home.parents) if place.is_dir()))
    return answer(
        InstallationWire(
            version=__version__,
            is_offline=settings.offline,
            database="postgresql" if settings.sqlalchemy_url.startswith("postgresql") else "sqlite",
            blobs="s3" if settings.blob_url else "folder",
            disk_total_bytes=disk.total,
            disk_free_bytes=disk.free,
            stored_bytes=num_bytes,
            workers=[_worker(each, services.now()) for each in found],
            serving=await _serving(services),
            sends_email=settings.smtp_url is not None and not settings.offline,
            max_file_bytes=settings.max_file_bytes,
            part_bytes=MOST_PART_BYTES,
            synthesis_model=(settings.synthesis_url and settings.synthesis_model) or None,
            default_model=services.known_models.default_model,
        )
    )


def _read(services: Services, project_id: str) -> tuple[Sequence[workers.Worker], int]:
    with services.database.read() as connection:
        return workers.list_all(connection), lineage.stored_bytes(connection, project_id)


def _worker(worker: workers.Worker, now: float) -> WorkerWire:
    facts = worker.facts
    return WorkerWire(
        name=worker.id,
        host=worker.host,
        seen_at=worker.seen_at,
        is_alive=now - worker.seen_at <= ALIVE_SECONDS,
        device=facts.get("device") or f"CPU, {facts.get('num_threads', num_cores())} threads",
        memory_bytes=facts.get("memory_bytes") or None,
        num_slots=facts.get("num_slots", 1),
    )


async def _serving(services: Services) -> ServingWire:
    try:
        health = await services.serving.health(_HEALTH_SECONDS)
    except (ApiError, TimeoutError):
        return ServingWire(state="away", num_streams=0, num_waiting=0, used_bytes=0, most_bytes=0, models=[])
    return ServingWire(
        state=health.state,
        num_streams=health.num_streams,
        num_waiting=health.num_waiting,
        used_bytes=health.used_bytes,
        most_bytes=health.most_bytes,
        # Other projects' tuned models are none of the caller's business.
        models=[report.name for report in health.models if report.state == "loaded" and report.owner_type == "base"],
    )
