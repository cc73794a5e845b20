"""``GET /v1/models/{model}/lineage``: what a model was made from, and what hangs on it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, permit
from tunesmith.api.errors import not_found
from tunesmith.api.job_figures_wire import DataWire, LineageWire
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import answer
from tunesmith.store import checkpoints, file_versions, jobs, lineage, models
from tunesmith.store.jobs import Job
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Models"])


@router.get("/v1/models/{model}/lineage", response_model=LineageWire)
def get_lineage(
    model: Annotated[str, IdOf("model")], principal: Annotated[Principal, permit(Action.MODEL_READ)],
    services: ServicesOf,
) -> Response:  # fmt: skip
    """Of base models and the project's own; a checkpoint that another project shares has its lineage there."""
    with services.database.read() as connection:
        found = _of_base(connection, services, principal, model) or _of_own(connection, services, principal, model)
    if found is None:
        raise not_found(f"The model `{model}` does not exist", param="model", code="model_not_found")
    return answer(found)


def _of_base(connection: Connection, services: Services, principal: Principal, name: str) -> LineageWire | None:
    known = services.known_models.resolve(name)
    if known is None:
        return None
    descent = lineage.descent(connection, principal.project_id, known.name)
    return LineageWire(
        model=known.name, kind="base", base_model=known.name, parent_model=None, job_id=None, training_file=None,
        validation_file=None, data=[], checkpoints=[], children=descent.children, jobs_under_way=descent.jobs_under_way,
        num_bytes=0,
    )  # fmt: skip


def _of_own(connection: Connection, services: Services, principal: Principal, name: str) -> LineageWire | None:
    model = models.get(connection, principal.project_id, name)
    found = model or checkpoints.get(connection, principal.project_id, name)
    job = None if found is None else jobs.get(connection, principal.project_id, found.job_id)
    if found is None or job is None:
        return None
    descent = lineage.descent(connection, principal.project_id, name)
    kind = "checkpoint" if model is None else "model"
    return LineageWire(
        model=name,
        kind="checkpoint" if model is None else "tuned",
        base_model=job.base_model,
        parent_model=None if services.known_models.resolve(job.model) is not None else job.model,
        job_id=job.id,
        training_file=job.training_file_id,
        validation_file=job.validation_file_id,
        data=_data(connection, job),
        checkpoints=[] if model is None else lineage.checkpoints_of(connection, job),
        children=descent.children,
        jobs_under_way=descent.jobs_under_way,
        num_bytes=lineage.owned_bytes(connection, kind, found.id),
    )


def _data(connection: Connection, job: Job) -> list[DataWire]:
    found = lineage.files_of(connection, job)
    versions = file_versions.of(connection, [file.id for file in found])
    nothing: dict[str, Any] = {"parents": [], "operations": []}
    return [
        DataWire(
            file_id=file.id, filename=file.filename, sha256=file.sha256, num_bytes=file.num_bytes,
            parents=versions.get(file.id, nothing)["parents"], operations=versions.get(file.id, nothing)["operations"],
        )
        for file in found
    ]  # fmt: skip
