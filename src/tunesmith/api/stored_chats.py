"""Chat completions that were kept (``store: true``): list, retrieve, update, delete, and their messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.chat_answer import ChatCompletion
from tunesmith.api.chat_request import check_metadata
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import ListOf, RequestBody, Wire, absent, answer
from tunesmith.store import audit, stored_chats
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.principals import Action, Principal
from tunesmith.store.stored_chats import StoredChat

_METADATA_KEY = re.compile(r"metadata\[(.+)\]")

router = APIRouter()
CompletionId = Annotated[str, IdOf("chat_completion")]
Reader = Annotated[Principal, permit(Action.STORED_CHAT_READ)]
Writer = Annotated[Principal, permit(Action.STORED_CHAT_WRITE)]
Limit = Annotated[int, Query(ge=1, le=100)]
Order = Literal["asc", "desc"]


class MetadataBody(RequestBody):
    metadata: dict[str, str] | None


class StoredCompletion(ChatCompletion):
    metadata: dict[str, str] | None


class StoredCompletions(ListOf[StoredCompletion]):
    first_id: str | None
    last_id: str | None


class StoredMessage(Wire):
    """A message as it was sent. ``content_parts`` where the content came in parts, which ``content`` then joins."""

    id: str
    role: str
    content: str | None
    refusal: str | None
    content_parts: list[dict[str, Any]] | None
    name: str | None = absent()
    tool_calls: list[dict[str, Any]] | None = absent()
    tool_call_id: str | None = absent()


class StoredMessages(ListOf[StoredMessage]):
    first_id: str | None
    last_id: str | None


class Deleted(Wire):
    id: str
    object: Literal["chat.completion.deleted"] = "chat.completion.deleted"
    deleted: Literal[True] = True


@router.get("/v1/chat/completions", responses={200: {"model": StoredCompletions}})
def list_chat_completions(
    request: Request,
    services: ServicesOf,
    principal: Reader,
    model: Annotated[str | None, IdOf("model")] = None,
    after: CompletionId | None = None,
    limit: Limit = 20,
    order: Order = "asc",
) -> Response:
    with services.database.read() as connection:
        page = stored_chats.list_page(
            connection,
            principal.project_id,
            model=model,
            metadata=_metadata_filter(request),
            after=after,
            limit=limit,
            newest_first=order == "desc",
        )
    data = [_completion(chat) for chat in page.items]
    ids: list[str | None] = [chat.id for chat in page.items] or [None]
    return answer(StoredCompletions(data=data, has_more=page.has_more, first_id=ids[0], last_id=ids[-1]))


@router.get("/v1/chat/completions/{completion_id}", responses={200: {"model": StoredCompletion}})
def retrieve_chat_completion(completion_id: CompletionId, services: ServicesOf, principal: Reader) -> Response:
    with services.database.read() as connection:
        chat = stored_chats.get(connection, principal.project_id, completion_id)
    return answer(_completion(_found(chat, completion_id)))


@router.post("/v1/chat/completions/{completion_id}", responses={200: {"model": StoredCompletion}})
def update_chat_completion(
    completion_id: CompletionId, body: MetadataBody, services: ServicesOf, principal: Writer, request_id: RequestId
) -> Response:
    check_metadata(body.metadata)
    now = services.now()
    with services.database.write() as connection:
        changed = stored_chats.set_metadata(connection, principal.project_id, completion_id, body.metadata)
        chat = _found(changed, completion_id)
        audit.record(connection, principal, "stored_chat.update", chat.id, now, request_id)
    return answer(_completion(chat))


@router.delete("/v1/chat/completions/{completion_id}", responses={200: {"model": Deleted}})
def delete_chat_completion(
    completion_id: CompletionId, services: ServicesOf, principal: Writer, request_id: RequestId
) -> Response:
    now = services.now()
    with services.database.write() as connection:
        place = stored_chats.remove(connection, principal.project_id, completion_id)
        if place is None:
            raise _missing(completion_id)
        audit.record(connection, principal, stored_chats.DELETE, completion_id, now, request_id, {"place": place})
    return answer(Deleted(id=completion_id))


@router.get("/v1/chat/completions/{completion_id}/messages", responses={200: {"model": StoredMessages}})
def list_chat_completion_messages(
    completion_id: CompletionId,
    services: ServicesOf,
    principal: Reader,
    after: Annotated[str | None, IdOf("chat_message")] = None,
    limit: Limit = 20,
    order: Order = "asc",
) -> Response:
    with services.database.read() as connection:
        chat = _found(stored_chats.get(connection, principal.project_id, completion_id), completion_id)
    messages = [_message(f"{chat.id}-{number}", message) for number, message in enumerate(chat.messages)]
    if order == "desc":
        messages.reverse()
    start = _place_behind(messages, after)
    page = messages[start : start + limit]
    ids: list[str | None] = [message.id for message in page] or [None]
    has_more = start + limit < len(messages)
    return answer(StoredMessages(data=page, has_more=has_more, first_id=ids[0], last_id=ids[-1]))


def _place_behind(messages: list[StoredMessage], after: str | None) -> int:
    """Raises UnknownCursor."""
    if after is None:
        return 0
    places = [place for place, message in enumerate(messages, start=1) if message.id == after]
    if not places:
        raise UnknownCursor(after)
    return places[0]


def _metadata_filter(request: Request) -> dict[str, str]:
    """``metadata[key]=value``, as the query has it."""
    wanted: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name == "metadata" or (name.startswith("metadata[") and not _METADATA_KEY.fullmatch(name)):
            raise bad_request("Filter by metadata as metadata[key]=value.", "metadata")
        if match := _METADATA_KEY.fullmatch(name):
            wanted[match[1]] = value
    check_metadata(wanted)
    if any("\0" in text for pair in wanted.items() for text in pair):
        raise bad_request("'metadata' holds a zero byte.", "metadata")
    return wanted


def _completion(chat: StoredChat) -> StoredCompletion:
    metadata = None if chat.metadata is None else dict(chat.metadata)
    return StoredCompletion.model_validate({**chat.completion, "metadata": metadata})


def _message(id: str, message: Mapping[str, Any]) -> StoredMessage:
    content = message.get("content")
    parts = content if isinstance(content, list) else None
    joined = "".join(part[part["type"]] for part in parts) if parts else None
    return StoredMessage(
        id=id,
        role=message["role"],
        content=joined if parts else content,
        refusal=message.get("refusal"),
        name=message.get("name"),
        content_parts=parts,
        tool_calls=message.get("tool_calls") or None,
        tool_call_id=message.get("tool_call_id"),
    )


def _found(chat: StoredChat | None, completion_id: str) -> StoredChat:
    if chat is None:
        raise _missing(completion_id)
    return chat


def _missing(completion_id: str) -> ApiError:
    return not_found(f"No chat completion found with id {completion_id!r}.", param="completion_id")
