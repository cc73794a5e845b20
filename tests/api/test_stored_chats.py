"""Chat completions that are kept: stored when asked for, listed, changed, deleted, and seen by their project alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import BadRequestError, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionDeleted

from tunesmith.core.settings import Settings
from tunesmith.store import audit

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "你"}, {"type": "text", "text": "好"}]},
]
both_databases = pytest.mark.parametrize("server_database_url", BOTH, indirect=True)


@pytest.fixture
def settings(tmp_path: Path, server_database_url: str, tiny_base: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=server_database_url, base_models={"tiny": str(tiny_base)})


def create(client: OpenAI, **changes: Any) -> Any:
    given: dict[str, Any] = {"model": "starter", "max_tokens": 30, "temperature": 0, "store": True, **changes}
    return client.chat.completions.create(messages=ASKED, **given)  # type: ignore[arg-type]


@both_databases
@pytest.mark.usefixtures("serving")
def test_completion_is_kept_where_that_was_asked(client: OpenAI, validate: Any) -> None:
    made = create(client, metadata={"team": "a"})
    raw = client.chat.completions.with_raw_response.retrieve(made.id)
    assert validate(ChatCompletion, raw.content)["metadata"] == {"team": "a"}
    assert raw.parse() == made
    create(client, store=False)
    assert [kept.id for kept in client.chat.completions.list()] == [made.id]


@pytest.mark.usefixtures("serving")
def test_stream_is_kept_too(client: OpenAI) -> None:
    chunks = list(create(client, stream=True, n=2, logprobs=True))
    kept = client.chat.completions.retrieve(chunks[0].id)
    for choice in kept.choices:
        own = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert choice.message.content == "".join(c.delta.content or "" for c in own)
        assert choice.logprobs is not None
        assert choice.logprobs.content == [token for c in own if c.logprobs for token in c.logprobs.content or []]
    assert kept.usage is not None
    assert kept.usage.completion_tokens > 0


@both_databases
@pytest.mark.usefixtures("serving")
def test_zero_byte_in_an_answer_is_kept(client: OpenAI) -> None:
    """A model writes what it likes; one database refuses a zero byte in its own JSON type."""
    zero = _token_of_byte_zero()
    made = create(client, model="tiny", logit_bias={str(zero): 100}, max_tokens=4)
    assert made.choices[0].message.content == "\0\0\0\0"
    assert client.chat.completions.retrieve(made.id).choices[0].message.content == "\0\0\0\0"


def _token_of_byte_zero() -> int:
    from tokenizers import pre_tokenizers

    # The tiny base's tokenizer: three special tokens, then the alphabet in order.
    return 3 + sorted(pre_tokenizers.ByteLevel.alphabet()).index("Ā")


def test_messages_are_listed_as_they_were_sent(client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat(messages=ASKED)
    page = client.chat.completions.messages.list(chat)
    assert [message.id for message in page] == [f"{chat}-0", f"{chat}-1"]
    system, user = page.data
    assert (system.role, system.content, system.content_parts) == ("system", "Be brief.", None)
    assert user.content == "你好"
    assert [part.text for part in user.content_parts or []] == ["你", "好"]  # type: ignore[union-attr]
    newest = client.chat.completions.messages.list(chat, order="desc", limit=1)
    assert [message.id for message in newest.data] == [f"{chat}-1"]
    assert newest.has_more
    assert [message.id for message in newest] == [f"{chat}-1", f"{chat}-0"]


@both_databases
def test_list_is_oldest_first_and_filters(client: OpenAI, make_chat: Callable[..., str]) -> None:
    chats = [
        make_chat(model=model, metadata=metadata)
        for model, metadata in [
            ("starter", {"k": "1", 'odd "key"': "x"}),
            ("tiny", {"k": "1"}),
            ("starter", None),
            ("starter", {"k": "2"}),
        ]
    ]

    def ids(**asked: Any) -> list[str]:
        return [kept.id for kept in client.chat.completions.list(**asked)]

    assert ids() == chats
    assert ids(order="desc") == chats[::-1]
    assert ids(limit=1) == chats
    assert ids(model="starter") == [chats[0], chats[2], chats[3]]
    assert ids(metadata={"k": "1"}) == chats[:2]
    assert ids(metadata={"k": "1", 'odd "key"': "x"}) == chats[:1]
    assert ids(metadata={"k": "3"}) == []
    assert ids(after=chats[1]) == chats[2:]
    assert ids(after=chats[2], order="desc", model="starter") == [chats[0]]


@both_databases
def test_a_client_may_delete_as_it_pages(client: OpenAI, other_client: OpenAI, make_chat: Callable[..., str]) -> None:
    chats = [make_chat() for _ in range(5)]
    seen = []
    for kept in client.chat.completions.list(limit=2):
        seen.append(kept.id)
        if kept.id != chats[3]:
            client.chat.completions.delete(kept.id)
    assert seen == chats
    assert [kept.id for kept in client.chat.completions.list(after=chats[1])] == [chats[3]]
    assert [kept.id for kept in client.chat.completions.list(after=chats[4], order="desc")] == [chats[3]]
    assert [kept.id for kept in client.chat.completions.list(after=chats[1], order="desc")] == []
    with pytest.raises(BadRequestError, match="to list after"):
        other_client.chat.completions.list(after=chats[1])
    with pytest.raises(BadRequestError, match="to list after"):
        client.chat.completions.list(after="chatcmpl-never-was")


def test_pages_carry_their_first_and_last_id(server: Any, make_chat: Callable[..., str]) -> None:
    chats = [make_chat() for _ in range(3)]
    headers = {"authorization": f"Bearer {server.key}"}
    page = httpx2.get(f"{server.base_url}/v1/chat/completions?limit=2", headers=headers).json()
    assert (page["object"], page["first_id"], page["last_id"], page["has_more"]) == ("list", chats[0], chats[1], True)
    empty = httpx2.get(f"{server.base_url}/v1/chat/completions?model=none", headers=headers).json()
    assert (empty["data"], empty["first_id"], empty["last_id"], empty["has_more"]) == ([], None, None, False)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "order=up", "after=chatcmpl-x", "metadata=x", "metadata[]=x"]
)
def test_bad_query_is_refused(server: Any, query: str) -> None:
    answer = httpx2.get(
        f"{server.base_url}/v1/chat/completions?{query}", headers={"authorization": f"Bearer {server.key}"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0].partition("[")[0]


@both_databases
def test_metadata_is_replaced(client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat(metadata={"old": "1"})
    assert client.chat.completions.update(chat, metadata={"new": "2"}).metadata == {"new": "2"}
    assert client.chat.completions.retrieve(chat).metadata == {"new": "2"}
    assert client.chat.completions.update(chat, metadata=None).metadata is None
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.update(chat, metadata={"k": "v" * 513})


def test_absent_fields_of_a_message_are_left_out(server: Any, make_chat: Callable[..., str]) -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    chat = make_chat(messages=[{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": calls}])
    headers = {"authorization": f"Bearer {server.key}"}
    user, assistant = httpx2.get(f"{server.base_url}/v1/chat/completions/{chat}/messages", headers=headers).json()[
        "data"
    ]
    assert user == {"id": f"{chat}-0", "role": "user", "content": "x", "refusal": None, "content_parts": None}
    assert assistant["tool_calls"] == calls


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("streams", [False, True])
def test_what_is_kept_is_in_the_audit_log(server: Any, client: OpenAI, streams: bool) -> None:
    def make(**given: Any) -> str:
        made = create(client, stream=streams, **given)
        return str([chunk.id for chunk in made][-1] if streams else made.id)

    kept = make()
    make(store=False)
    with server.database.read() as connection:
        (entry,) = audit.list_entries(connection, server.principal().project_id).items
    assert (entry.action, entry.object_id) == ("stored_chat.create", kept)
    assert entry.member_id == server.principal().member_id
    assert str(entry.request_id).startswith("req_")


def test_changes_are_in_the_audit_log(server: Any, client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat()
    client.chat.completions.update(chat, metadata={"k": "1"})
    client.chat.completions.delete(chat)
    with server.database.read() as connection:
        entries = audit.list_entries(connection, server.principal().project_id).items
    assert [(entry.action, entry.object_id) for entry in entries[:2]] == [
        ("stored_chat.delete", chat), ("stored_chat.update", chat),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "x", "refusal": 5},
        {"role": "assistant", "content": "", "tool_calls": 5},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}, "tool_calls": 5},
    ],
)
def test_message_that_could_not_be_listed_is_refused(client: OpenAI, message: Any) -> None:
    with pytest.raises(openai.BadRequestError, match=r"refusal|tool_calls"):
        client.chat.completions.create(model="starter", messages=[message], store=True)


def test_part_beside_its_type_is_not_joined(client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat(messages=[{"role": "user", "content": [{"type": "text", "text": "", "refusal": 5}]}])
    assert client.chat.completions.messages.list(chat).data[0].content == ""


@pytest.mark.parametrize("server_database_url", BOTH[1:], indirect=True)
@pytest.mark.usefixtures("serving")
def test_name_that_is_too_long_to_store_names_no_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        create(client, model="gpt-4o" + "-mini" * 100)


def test_deleted_completion_is_gone(client: OpenAI, make_chat: Callable[..., str], validate: Any) -> None:
    chat = make_chat()
    raw = client.chat.completions.with_raw_response.delete(chat)
    assert validate(ChatCompletionDeleted, raw.content) == {
        "id": chat, "object": "chat.completion.deleted", "deleted": True,
    }  # fmt: skip
    for ask in (
        client.chat.completions.retrieve,
        client.chat.completions.delete,
        client.chat.completions.messages.list,
    ):
        with pytest.raises(openai.NotFoundError):
            ask(chat)


def test_another_projects_completion_is_not_there(other_client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat()
    assert list(other_client.chat.completions.list()) == []
    with pytest.raises(openai.NotFoundError) as foreign:
        other_client.chat.completions.retrieve(chat)
    with pytest.raises(openai.NotFoundError) as missing:
        other_client.chat.completions.retrieve(chat[:-1])
    assert foreign.value.message.replace(chat, "") == missing.value.message.replace(chat[:-1], "")


def test_viewer_reads_and_does_not_write(viewer_client: OpenAI, make_chat: Callable[..., str]) -> None:
    chat = make_chat()
    assert viewer_client.chat.completions.retrieve(chat).id == chat
    with pytest.raises(openai.PermissionDeniedError):
        viewer_client.chat.completions.delete(chat)
    with pytest.raises(openai.PermissionDeniedError):
        viewer_client.chat.completions.create(model="starter", messages=[{"role": "user", "content": "x"}])


def test_error_envelope_of_a_missing_one(server: Any) -> None:
    answer = httpx2.get(
        f"{server.base_url}/v1/chat/completions/chatcmpl-x", headers={"authorization": f"Bearer {server.key}"}
    )
    assert answer.status_code == 404
    assert set(json.loads(answer.content)["error"]) == {"message", "type", "param", "code"}
