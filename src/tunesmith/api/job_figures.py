"""``/v1/fine_tuning/jobs/{job_id}/metrics`` and ``/certificates``: a job's curves, and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, permit
from tunesmith.api.errors import bad_request, not_found
from tunesmith.api.job_certificates import certificates_of
from tunesmith.api.job_figures_wire import CertificateList, JobMetricsWire, SeriesWire
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import answer
from tunesmith.store import job_certificates, job_metrics, jobs
from tunesmith.store.job_metrics import Point
from tunesmith.store.jobs import Job
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Fine-tuning"])

MOST_POINTS = 5_000
_LAST_STEP = 2**31 - 1

JobId = Annotated[str, IdOf("job")]
Step = Annotated[int, Query(ge=0, le=_LAST_STEP)]
Reader = Annotated[Principal, permit(Action.JOB_READ)]


@router.get("/v1/fine_tuning/jobs/{job_id}/metrics", response_model=JobMetricsWire)
def retrieve_fine_tuning_job_metrics(
    job_id: JobId, principal: Reader, services: ServicesOf,
    points: Annotated[int, Query(ge=1, le=MOST_POINTS)] = 1_000, first_step: Step = 0, last_step: Step = _LAST_STEP,
) -> Response:  # fmt: skip
    """Every figure over the steps from ``first_step`` to ``last_step``, each in at most ``points`` points."""
    if last_step < first_step:
        raise bad_request("last_step lies before first_step.", "last_step")
    with services.database.read() as connection:
        find_job(connection, principal, job_id)
        extent = job_metrics.extent(connection, job_id, first_step, last_step)
        curves = job_metrics.curves(connection, job_id, extent, points) if extent.num_steps else {}
    return answer(
        JobMetricsWire(
            job_id=job_id,
            first_step=extent.first_step,
            last_step=extent.last_step,
            num_steps=extent.num_steps,
            series=_series(curves),
        )
    )


@router.get("/v1/fine_tuning/jobs/{job_id}/certificates", response_model=CertificateList)
def list_fine_tuning_job_certificates(job_id: JobId, principal: Reader, services: ServicesOf) -> Response:
    """What is promised of every job, with what was measured of this one."""
    with services.database.read() as connection:
        job = find_job(connection, principal, job_id)
        measured, attempts = job_certificates.of(connection, job.id), job_certificates.attempts(connection, job.id)
    return answer(CertificateList(data=certificates_of(job, measured, attempts)))


def find_job(connection: Connection, principal: Principal, job_id: str) -> Job:
    """Raises ApiError 404."""
    job = jobs.get(connection, principal.project_id, job_id)
    if job is None:
        raise not_found(f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found")
    return job


def _series(curves: Mapping[str, Sequence[Point]]) -> list[SeriesWire]:
    return [
        SeriesWire(
            name=cast(Any, name),
            steps=[point.step for point in points],
            mean=[point.mean for point in points],
            min=[point.min for point in points],
            max=[point.max for point in points],
        )
        for name, points in curves.items()
        if points
    ]
