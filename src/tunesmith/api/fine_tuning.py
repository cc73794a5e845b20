"""``/v1/fine_tuning/jobs``: create, list, look at, cancel, pause and resume jobs; their events and checkpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.job_creation import create_job
from tunesmith.api.job_request import JobCreate
from tunesmith.api.job_wire import CheckpointWire, JobEventWire, JobWire
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import ListOf, answer
from tunesmith.store import audit, checkpoints, deliveries, job_events, jobs
from tunesmith.store.instance import organization_id
from tunesmith.store.jobs import Job, MoveRefused, State
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Fine-tuning"])

JobId = Annotated[str, IdOf("job")]
Limit = Annotated[int, Query(ge=1, le=100)]
Reader = Annotated[Principal, permit(Action.JOB_READ)]
Controller = Annotated[Principal, permit(Action.JOB_CONTROL)]
Move = Callable[[Connection, str, str, float], Job | None]

_STATUSES: Final = {
    each.on_wire: [state for state in State if state.on_wire == each.on_wire] for each in State
}  # fmt: skip
_METADATA_KEY = re.compile(r"metadata\[(.*)\]", re.DOTALL)


@router.post("/v1/fine_tuning/jobs", response_model=JobWire)
def create_fine_tuning_job(
    body: JobCreate, principal: Annotated[Principal, permit(Action.JOB_CREATE)], services: ServicesOf,
    request_id: RequestId, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:  # fmt: skip
    with services.database.write() as connection:
        job = create_job(
            connection, services.known_models, principal, body, now=services.now(), request_id=request_id,
            idempotency_key=idempotency_key,
        )  # fmt: skip
        wire = JobWire.of(job, organization_id(connection))
    return answer(wire)


@router.get("/v1/fine_tuning/jobs", response_model=ListOf[JobWire])
def list_fine_tuning_jobs(
    request: Request, principal: Reader, services: ServicesOf, after: Annotated[str | None, IdOf("job")] = None,
    limit: Limit = 20, status: Annotated[list[str] | None, Query()] = None,
    model: Annotated[str | None, IdOf("model"), Query(max_length=300)] = None,
    search: Annotated[str, Query(max_length=300)] = "",
) -> Response:  # fmt: skip
    """``metadata[key]=value`` gives those with the pair, ``metadata=null`` those without any.

    Extensions: ``status`` gives those in one of these states, several of them with commas between or the name again;
    ``model`` those that train from this model; ``search`` those that have this, in upper or lower case, in their id,
    suffix, tuned model's name or base model's name.
    """
    pairs = _metadata_filter(request)
    # OpenAI's clients write a list as status[].
    states = _states([*(status or []), *request.query_params.getlist("status[]")])
    without = request.query_params.get("metadata") == "null"
    with services.database.read() as connection:
        page = jobs.list_page(
            connection, principal.project_id, after=after, limit=limit, metadata=pairs, without_metadata=without,
            states=states, model=model, search=search.strip(),
        )  # fmt: skip
        organization = organization_id(connection)
    wires = [JobWire.of(job, organization) for job in page.items]
    return answer(ListOf[JobWire](data=wires, has_more=page.has_more))


@router.get("/v1/fine_tuning/jobs/{job_id}", response_model=JobWire)
def retrieve_fine_tuning_job(job_id: JobId, principal: Reader, services: ServicesOf) -> Response:
    with services.database.read() as connection:
        return answer(JobWire.of(_job(connection, principal, job_id), organization_id(connection)))


@router.post("/v1/fine_tuning/jobs/{job_id}/cancel", response_model=JobWire)
def cancel_fine_tuning_job(
    job_id: JobId, principal: Controller, services: ServicesOf, request_id: RequestId
) -> Response:  # fmt: skip
    return _moved(services, principal, job_id, request_id, jobs.cancel, "cancel", "Fine-tuning job cancelled")


@router.post("/v1/fine_tuning/jobs/{job_id}/pause", response_model=JobWire)
def pause_fine_tuning_job(
    job_id: JobId, principal: Controller, services: ServicesOf, request_id: RequestId
) -> Response:  # fmt: skip
    """The answer's status is ``paused``; the checkpoint follows within moments."""
    return _moved(services, principal, job_id, request_id, jobs.pause, "pause", "Pausing the fine-tuning job")


@router.post("/v1/fine_tuning/jobs/{job_id}/resume", response_model=JobWire)
def resume_fine_tuning_job(
    job_id: JobId, principal: Controller, services: ServicesOf, request_id: RequestId
) -> Response:  # fmt: skip
    return _moved(services, principal, job_id, request_id, jobs.resume, "resume", "Resuming the fine-tuning job")


@router.get("/v1/fine_tuning/jobs/{job_id}/events", response_model=ListOf[JobEventWire])
def list_fine_tuning_events(
    job_id: JobId, principal: Reader, services: ServicesOf, after: Annotated[str | None, IdOf("job_event")] = None,
    limit: Limit = 20,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        _job(connection, principal, job_id)
        page = job_events.list_page(connection, principal.project_id, job_id, after=after, limit=limit)
    wires = [JobEventWire.of(event) for event in page.items]
    return answer(ListOf[JobEventWire](data=wires, has_more=page.has_more))


@router.get("/v1/fine_tuning/jobs/{job_id}/checkpoints", response_model=ListOf[CheckpointWire])
def list_fine_tuning_job_checkpoints(
    job_id: JobId, principal: Reader, services: ServicesOf, after: Annotated[str | None, IdOf("checkpoint")] = None,
    limit: Limit = 10,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        _job(connection, principal, job_id)
        page = checkpoints.list_page(connection, principal.project_id, job_id, after=after, limit=limit)
    wires = [CheckpointWire.of(checkpoint) for checkpoint in page.items]
    return answer(ListOf[CheckpointWire](data=wires, has_more=page.has_more))


def _job(connection: Connection, principal: Principal, job_id: str) -> Job:
    job = jobs.get(connection, principal.project_id, job_id)
    if job is None:
        raise _no_job(job_id)
    return job


def _no_job(job_id: str) -> ApiError:
    return not_found(f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found")


def _moved(
    services: Services, principal: Principal, job_id: str, request_id: str, move: Move, verb: str, sentence: str
) -> Response:  # fmt: skip
    """The move, its event, its notifications and its line in the audit log: all or none."""
    now = services.now()
    try:
        with services.database.write() as connection:
            job = move(connection, principal.project_id, job_id, now)
            if job is None:
                raise _no_job(job_id)
            job_events.add(connection, job.id, message=sentence, now=now)
            if job.state is State.CANCELLED:
                deliveries.enqueue_job_ended(connection, job, "fine_tuning.job.cancelled", now)
            audit.record(connection, principal, f"job.{verb}", job.id, now, request_id)
            wire = JobWire.of(job, organization_id(connection))
    except MoveRefused as refused:
        raise bad_request(refused.sentence) from None
    return answer(wire)


def _states(asked: Sequence[str]) -> set[State]:
    """The states that the wire calls so; raises ApiError 400 for a word that is none."""
    words = {word.strip() for each in asked for word in each.split(",")} - {""}
    unknown = sorted(words - _STATUSES.keys())
    if unknown or (asked and not words):
        word = unknown[0] if unknown else ""
        raise bad_request(f"There is no status {word[:100]!r}; there are {', '.join(_STATUSES)}.", "status")
    return {state for word in words for state in _STATUSES[word]}


def _metadata_filter(request: Request) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        match = _METADATA_KEY.fullmatch(name)
        if match:
            wanted[match[1]] = value
        elif name.startswith("metadata") and (name, value) != ("metadata", "null"):
            raise bad_request("Filter by metadata as metadata[key]=value, or metadata=null.", "metadata")
    return wanted
