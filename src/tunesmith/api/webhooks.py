"""``/v1/webhook_endpoints``: where a project wants to hear of what happens to its jobs.

A signing secret is in two answers only: to the endpoint's creation, and to the rotation of its secret. Events are
sent by a worker (worker.notify); ``test`` sends a sample at once and says what the receiver answered.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import ListOf, RequestBody, Wire, absent, answer
from tunesmith.core.ids import new_id
from tunesmith.core.outbound import LONGEST_URL, Outbound, OutboundError, Refused
from tunesmith.core.standard_webhooks import body_of, signed_headers
from tunesmith.store import audit, deliveries, webhooks
from tunesmith.store.principals import Action, Principal
from tunesmith.store.webhooks import WebhookEndpoint

router = APIRouter(tags=["Webhooks"])

EventType = Literal[
    "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled",
    "eval.run.succeeded", "eval.run.failed", "eval.run.canceled",
    "batch.completed", "batch.failed", "batch.expired", "batch.cancelled",
]  # fmt: skip
EVENT_TYPES: Final[tuple[str, ...]] = get_args(EventType)
MOST_ENDPOINTS: Final = 100
# Event type's first word → the prefix of what it tells of.
_SAMPLE_IDS: Final = {"fine_tuning": "ftjob-", "eval": "evalrun_", "batch": "batch_"}

EndpointId = Annotated[str, IdOf("webhook_endpoint")]
Reader = Annotated[Principal, permit(Action.WEBHOOK_READ)]
Writer = Annotated[Principal, permit(Action.WEBHOOK_WRITE)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, examples=["https://hooks.example/tunesmith"])]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=100)]


class NewEndpoint(RequestBody):
    name: Name
    url: Url
    """Begins with https://, and leads to a host of the internet."""
    event_types: EventTypes


class ChangedEndpoint(RequestBody):
    """What is absent stays as it is."""

    name: Name | None = None
    url: Url | None = None
    event_types: EventTypes | None = None


class Rotation(RequestBody):
    keep_old_secret_active_for_24_hours: bool | None = None
    """Messages carry a signature of either secret for a day."""


class Sample(RequestBody):
    event_type: EventType


class EndpointWire(Wire):
    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    name: str
    url: str
    event_types: list[str]
    created_at: int
    updated_at: int
    signing_secret_hint: str
    signing_secret: str | None = absent()
    """In the answers to creation and rotation only."""

    @classmethod
    def of(cls, endpoint: WebhookEndpoint, *, with_secret: bool = False) -> EndpointWire:
        return cls(
            id=endpoint.id, name=endpoint.name, url=endpoint.url, event_types=list(endpoint.event_types),
            created_at=endpoint.created_at, updated_at=endpoint.updated_at, signing_secret_hint=endpoint.secret_hint,
            signing_secret=endpoint.secret if with_secret else None,
        )  # fmt: skip


class EndpointList(ListOf[EndpointWire]):
    first_id: str | None
    last_id: str | None


class EndpointDeleted(Wire):
    id: str
    object: Literal["webhook_endpoint.deleted"] = "webhook_endpoint.deleted"
    deleted: bool


class TestResult(Wire):
    """``success``: the receiver answered; ``status_code`` says what."""

    object: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: str
    status_code: int
    success: Literal[True] = True


class EventTypeList(Wire):
    object: Literal["list"] = "list"
    data: list[str]


@router.post("/v1/webhook_endpoints", response_model=EndpointWire)
def create_webhook_endpoint(
    body: NewEndpoint, principal: Writer, services: ServicesOf, request_id: RequestId
) -> Response:
    _check_url(services, body.url)
    now = services.now()
    with services.database.write() as connection:
        if webhooks.count(connection, principal.project_id) >= MOST_ENDPOINTS:
            raise bad_request(f"A project may have {MOST_ENDPOINTS} webhook endpoints; delete one first.")
        endpoint = webhooks.create(
            connection, principal.project_id, name=body.name, url=body.url, event_types=_each_once(body.event_types),
            now=now,
        )  # fmt: skip
        audit.record(connection, principal, "webhook.create", endpoint.id, now, request_id, {"name": body.name})
    return answer(EndpointWire.of(endpoint, with_secret=True))


@router.get("/v1/webhook_endpoints", response_model=EndpointList)
def list_webhook_endpoints(
    principal: Reader, services: ServicesOf, after: EndpointId | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:  # fmt: skip
    """Newest first."""
    with services.database.read() as connection:
        page = webhooks.list_page(connection, principal.project_id, after=after, limit=limit, newest_first=True)
    items = [EndpointWire.of(endpoint) for endpoint in page.items]
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return answer(EndpointList(data=items, has_more=page.has_more, first_id=first, last_id=last))


@router.get("/v1/webhook_endpoints/{webhook_endpoint_id}", response_model=EndpointWire)
def retrieve_webhook_endpoint(webhook_endpoint_id: EndpointId, principal: Reader, services: ServicesOf) -> Response:
    return answer(EndpointWire.of(_found(services, principal, webhook_endpoint_id)))


@router.post("/v1/webhook_endpoints/{webhook_endpoint_id}", response_model=EndpointWire)
def update_webhook_endpoint(
    webhook_endpoint_id: EndpointId, body: ChangedEndpoint, principal: Writer, services: ServicesOf,
    request_id: RequestId,
) -> Response:  # fmt: skip
    _found(services, principal, webhook_endpoint_id)
    if body.url is not None:
        _check_url(services, body.url)
    now = services.now()
    types = None if body.event_types is None else _each_once(body.event_types)
    with services.database.write() as connection:
        endpoint = webhooks.change(
            connection, principal.project_id, webhook_endpoint_id, now=now, name=body.name, url=body.url,
            event_types=types,
        )  # fmt: skip
        if endpoint is None:
            raise _no_such(webhook_endpoint_id)
        audit.record(
            connection,
            principal,
            "webhook.update",
            endpoint.id,
            now,
            request_id,
            {"fields": sorted(body.model_fields_set)},
        )
    return answer(EndpointWire.of(endpoint))


@router.delete("/v1/webhook_endpoints/{webhook_endpoint_id}", response_model=EndpointDeleted)
def delete_webhook_endpoint(
    webhook_endpoint_id: EndpointId, principal: Writer, services: ServicesOf, request_id: RequestId
) -> Response:
    """What has not arrived there by now never will."""
    now = services.now()
    with services.database.write() as connection:
        if not webhooks.delete(connection, principal.project_id, webhook_endpoint_id, now):
            raise _no_such(webhook_endpoint_id)
        audit.record(connection, principal, "webhook.delete", webhook_endpoint_id, now, request_id)
    return answer(EndpointDeleted(id=webhook_endpoint_id, deleted=True))


@router.post("/v1/webhook_endpoints/{webhook_endpoint_id}/rotate_secret", response_model=EndpointWire)
def rotate_webhook_secret(
    webhook_endpoint_id: EndpointId, principal: Writer, services: ServicesOf, request_id: RequestId,
    body: Rotation | None = None,
) -> Response:  # fmt: skip
    keep_old = body is not None and bool(body.keep_old_secret_active_for_24_hours)
    now = services.now()
    with services.database.write() as connection:
        endpoint = webhooks.rotate_secret(
            connection, principal.project_id, webhook_endpoint_id, keep_old=keep_old, now=now
        )
        if endpoint is None:
            raise _no_such(webhook_endpoint_id)
        detail = {"old_is_kept": keep_old}
        audit.record(connection, principal, "webhook.rotate_secret", endpoint.id, now, request_id, detail)
    return answer(EndpointWire.of(endpoint, with_secret=True))


@router.post("/v1/webhook_endpoints/{webhook_endpoint_id}/test", response_model=TestResult)
def test_webhook_endpoint(
    webhook_endpoint_id: EndpointId, body: Sample, principal: Writer, services: ServicesOf, request_id: RequestId
) -> Response:
    """The sample tells of an object that does not exist. 400 where nobody answered."""
    endpoint, now = _found(services, principal, webhook_endpoint_id), services.now()
    sample_id = new_id(_SAMPLE_IDS[body.event_type.partition(".")[0]])
    message = body_of(deliveries.event_payload(new_id("evt_"), body.event_type, sample_id, now))
    headers = signed_headers(new_id("msg_"), message, endpoint.secrets_at(now), now)
    detail = {"event_type": body.event_type}
    with services.database.write() as connection:  # first, as what was sent cannot be taken back
        audit.record(connection, principal, "webhook.test", endpoint.id, now, request_id, detail)
    try:
        status = Outbound.of(services.settings).post(endpoint.url, message, headers)
    except OutboundError as error:
        raise bad_request(error.message, code="webhook_not_delivered") from None
    return answer(TestResult(webhook_endpoint_id=endpoint.id, event_type=body.event_type, status_code=status))


@router.get("/v1/webhook_event_types", response_model=EventTypeList)
def list_webhook_event_types(principal: Reader) -> Response:
    return answer(EventTypeList(data=list(EVENT_TYPES)))


def _found(services: Services, principal: Principal, endpoint_id: str) -> WebhookEndpoint:
    with services.database.read() as connection:
        endpoint = webhooks.get(connection, principal.project_id, endpoint_id)
    if endpoint is None:
        raise _no_such(endpoint_id)
    return endpoint


def _no_such(endpoint_id: str) -> ApiError:
    return not_found(f"No such WebhookEndpoint object: {endpoint_id}", param="id")


def _check_url(services: Services, url: str) -> None:
    """What its name resolves to is judged when something is sent."""
    try:
        Outbound.of(services.settings).check(url)
    except Refused as error:
        raise bad_request(f"{error.message} ({error.hint})", "url", "invalid_url") from None


def _each_once(event_types: list[Any]) -> list[str]:
    return list(dict.fromkeys(event_types))
