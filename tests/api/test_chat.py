"""Chat completions, by the unmodified SDK against the real API and the real serving process's server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tunesmith.api import edge
from tunesmith.api.auth import Callers
from tunesmith.core.settings import Settings
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.keys import revoke_key
from tunesmith.store.models import find_servable

pytestmark = pytest.mark.usefixtures("serving")

HELLO = [{"role": "user", "content": "你好"}]
ENGLISH = [{"role": "user", "content": "What is the capital of France?"}]
CONTEXT = 2048


@pytest.fixture
def settings(tmp_path: Path, server_database_url: str, tiny_base: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=server_database_url, base_models={"tiny": str(tiny_base)})


@pytest.fixture
def tuned(server: Any, tiny_adapter: Path, keep_model: Callable[..., str]) -> str:
    """The name of a tuned model of the project ``default``."""
    return keep_model(server.database, server.services.blobs, server.project().id, tiny_adapter, "tiny")


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def ask(client: OpenAI, messages: Any = HELLO, model: str = "starter", **changes: Any) -> ChatCompletion:
    given = {"max_tokens": 30, "temperature": 0, **changes}
    return client.chat.completions.create(model=model, messages=messages, **given)


def chunks_of(client: OpenAI, messages: Any = HELLO, model: str = "starter", **changes: Any) -> list[Any]:
    given = {"max_tokens": 30, "temperature": 0, **changes}
    return list(client.chat.completions.create(model=model, messages=messages, stream=True, **given))


def text_of(chunks: list[Any], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_starter_answers(client: OpenAI) -> None:
    done = ask(client)
    assert done.choices[0].message.content == "你好！有什么可以帮你？"
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert done.usage.completion_tokens > 3


def test_completion_has_every_field_with_its_type(client: OpenAI, validate: Any) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="starter", messages=HELLO, max_tokens=3, logprobs=True, top_logprobs=2, n=2
    )
    found = validate(ChatCompletion, raw.content)
    assert found["id"].startswith("chatcmpl-")
    assert abs(found["created"] - time.time()) < 60
    message = found["choices"][0]["message"]
    assert (message["role"], message["refusal"], message["annotations"]) == ("assistant", None, [])
    assert found["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    assert found["usage"]["prompt_tokens_details"]["cached_tokens"] >= 0
    assert found["service_tier"] == "default"
    assert found["system_fingerprint"].startswith("fp_")
    assert found["model"] == "starter"


def test_chunks_have_every_field_with_its_type(server: Any, validate: Any) -> None:
    body = {"model": "starter", "messages": HELLO, "max_tokens": 5, "stream": True, "n": 2,
            "stream_options": {"include_usage": True}, "logprobs": True, "logit_bias": {"1": -100}}  # fmt: skip
    answer = httpx2.post(
        f"{server.base_url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {server.key}"}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    *lines, last, rest = answer.text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    chunks = [validate(ChatCompletionChunk, line.removeprefix("data: ")) for line in lines]
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert all("usage" in chunk for chunk in chunks)
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 10
    for index in range(2):
        own = [c for chunk in chunks for c in chunk["choices"] if c["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert not any("role" in c["delta"] for c in own[1:])
        assert (own[-1]["delta"], own[-1]["finish_reason"]) == ({}, "length")
        assert all(c["finish_reason"] is None for c in own[:-1])


@pytest.mark.parametrize(
    "changes", [{"seed": 4, "temperature": 1.0, "n": 3}, {"stop": ["么", "！有"]}, {"logprobs": True}]
)
def test_streamed_text_equals_the_whole_one(client: OpenAI, changes: dict[str, Any]) -> None:
    whole, chunks = ask(client, **changes), chunks_of(client, **changes)
    for choice in whole.choices:
        assert text_of(chunks, choice.index) == choice.message.content
        own = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert own[-1].finish_reason == choice.finish_reason
        tokens = [token for c in own if c.logprobs for token in c.logprobs.content]
        assert tokens == (choice.logprobs.content if choice.logprobs else [])


def test_stream_helper_of_the_sdk(client: OpenAI) -> None:
    with client.chat.completions.stream(model="starter", messages=HELLO, temperature=0, max_tokens=30) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content == "你好！有什么可以帮你？"


def test_seed_repeats_an_answer_and_another_one_changes_it(client: OpenAI) -> None:
    def said(**changes: Any) -> str | None:
        return ask(client, ENGLISH, temperature=1.5, **changes).choices[0].message.content

    assert said(seed=11) == said(seed=11)
    assert said(seed=-11) == said(seed=-11)
    assert len({said(seed=seed) for seed in range(4)}) > 1
    assert len({said() for _ in range(4)}) > 1
    both = [choice.message.content for choice in ask(client, ENGLISH, temperature=1.5, seed=11, n=2).choices]
    assert both[0] == said(seed=11)
    assert both[0] != both[1]


def test_characters_are_never_split(client: OpenAI) -> None:
    """The tiny model writes bytes at random: many make no character alone."""
    for seed in range(3):
        chunks = chunks_of(client, ENGLISH, "tiny", temperature=1.0, seed=seed, max_tokens=100)
        whole = ask(client, ENGLISH, "tiny", temperature=1.0, seed=seed, max_tokens=100)
        assert text_of(chunks) == whole.choices[0].message.content
    parts = [chunk.choices[0].delta.content or "" for chunk in chunks_of(client)]
    assert "\ufffd" not in "".join(parts)
    assert len(parts) > 5


def test_logprobs_are_of_the_text(client: OpenAI) -> None:
    (choice,) = ask(client, logprobs=True, top_logprobs=4).choices
    assert choice.logprobs is not None
    tokens = choice.logprobs.content
    assert tokens is not None
    assert bytes(byte for token in tokens for byte in token.bytes or []).decode() == choice.message.content
    for token in tokens:
        assert token.logprob <= 0
        assert len(token.top_logprobs) == 4
        assert token.logprob == token.top_logprobs[0].logprob
        assert [top.logprob for top in token.top_logprobs] == sorted(
            (t.logprob for t in token.top_logprobs), reverse=True
        )
    assert ask(client).choices[0].logprobs is None


@pytest.mark.parametrize("stop", ["可以", "！有", ["x", "帮"], "你好！有什么可以帮你？"])
def test_stop_works_across_token_borders(client: OpenAI, stop: Any) -> None:
    (choice,) = ask(client, stop=stop).choices
    first = stop if isinstance(stop, str) else "帮"
    assert choice.message.content == "你好！有什么可以帮你？".partition(first)[0]
    assert choice.finish_reason == "stop"


def test_logit_bias_forbids_a_token(client: OpenAI) -> None:
    first = ask(client, logprobs=True, max_tokens=1, top_logprobs=1)
    assert first.choices[0].logprobs is not None
    biased = ask(client, logit_bias={str(number): -100 for number in range(24, 300)}, max_tokens=5)
    assert biased.choices[0].message.content != first.choices[0].message.content


def test_parts_are_read_as_one_text(client: OpenAI) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "你"}, {"type": "text", "text": "好"}]}]
    assert ask(client, parts).choices[0].message.content == ask(client).choices[0].message.content


def test_sixteen_streams_at_once_say_what_each_says_alone(server: Any) -> None:
    said = [f"Repeat: {word}" for word in "one two three four".split()]
    client = server.client()
    alone = {text: ask(client, [{"role": "user", "content": text}]).choices[0].message.content for text in said}

    async def one(asynchronous: AsyncOpenAI, text: str) -> str:
        stream = await asynchronous.chat.completions.create(
            model="starter", messages=[{"role": "user", "content": text}], temperature=0, max_tokens=30, stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def all_together() -> list[str]:
        async with AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key=server.key, max_retries=0) as asynchronous:
            return list(await asyncio.gather(*(one(asynchronous, text) for text in said * 4)))

    assert asyncio.run(all_together()) == [alone[text] for text in said * 4]


# --- tools -----------------------------------------------------------------------------------------------------------

WEATHER = {
    "name": "get_weather", "description": "Get the weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}  # fmt: skip
TOOLS = [{"type": "function", "function": WEATHER}]
PARIS = [{"role": "user", "content": "What is the weather in Paris?"}]


def test_model_calls_a_tool_and_reads_its_result(client: OpenAI) -> None:
    (choice,) = ask(client, PARIS, tools=TOOLS).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"degrees": 21}'}
    answer = ask(client, [*PARIS, choice.message.model_dump(exclude_none=True), result], tools=TOOLS)
    assert answer.choices[0].message.content


def test_streamed_call_comes_in_fragments(client: OpenAI) -> None:
    chunks = chunks_of(client, PARIS, tools=TOOLS)
    fragments = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [fragment.index for fragment in fragments] == [0, 0]
    assert fragments[0].id is not None
    assert fragments[0].function.name == "get_weather"
    assert json.loads("".join(fragment.function.arguments for fragment in fragments)) == {"city": "Paris"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_functions_are_called_under_their_old_name(client: OpenAI) -> None:
    (choice,) = ask(client, PARIS, functions=[WEATHER]).choices
    assert choice.finish_reason == "function_call"
    assert choice.message.tool_calls is None
    assert choice.message.function_call is not None
    assert json.loads(choice.message.function_call.arguments) == {"city": "Paris"}
    deltas = [chunk.choices[0].delta.function_call for chunk in chunks_of(client, PARIS, functions=[WEATHER])]
    assert "".join(delta.arguments for delta in deltas if delta) == choice.message.function_call.arguments


def test_tool_choice_none_calls_nothing(client: OpenAI) -> None:
    (choice,) = ask(client, PARIS, tools=TOOLS, tool_choice="none").choices
    assert choice.message.tool_calls is None
    assert choice.message.content


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": -0.1}, "temperature"),
    ({"top_p": 1.1}, "top_p"),
    ({"frequency_penalty": 2.5}, "frequency_penalty"),
    ({"presence_penalty": -2.5}, "presence_penalty"),
    ({"n": 0}, "n"),
    ({"n": 129}, "n"),
    ({"n": "2"}, "n"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"max_tokens": 5, "max_completion_tokens": 6}, "max_tokens"),
    ({"seed": 1 << 63}, "seed"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ({"stop": ""}, "stop"),
    ({"stop": ["a", ""]}, "stop[1]"),
    ({"logit_bias": {"5": 101}}, "logit_bias.5"),
    ({"logit_bias": {"five": 1}}, "logit_bias"),
    ({"logit_bias": {"99999999": 1}}, "logit_bias"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}, "response_format"),
    ({"response_format": {"type": "yaml"}}, "response_format.type"),
    ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
    ({"tools": [{"type": "function", "function": {"name": "with blank"}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {**WEATHER, "strict": True}}]}, "tools[0].function.strict"),
    ({"tools": TOOLS, "tool_choice": "required"}, "tool_choice"),
    ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"tools": TOOLS, "functions": [WEATHER]}, "functions"),
    ({"modalities": ["text", "audio"]}, "modalities"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k"),
    ({"metadata": {str(number): "v" for number in range(17)}}, "metadata"),
    ({"temprature": 1}, "temprature"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": "x", "colour": 1}]}, "messages[0].colour"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
     "messages[0].content[0].type"),
    ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function":
     {"name": "f", "arguments": "["}}]}]}, "messages[0].tool_calls[0].function.arguments"),
    ({"messages": [{"role": "user", "content": "long " * 3000}]}, "messages"),
    ({"max_tokens": 3000}, "messages"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "param"), REFUSED, ids=[f"{param}-{n}" for n, (_, param) in enumerate(REFUSED)])
def test_what_is_out_of_bounds_names_its_field(server: Any, changes: dict[str, Any], param: str) -> None:
    answer = post(server, {"model": "starter", "messages": HELLO, **changes})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def post(server: Any, body: dict[str, Any], **headers: str) -> httpx2.Response:
    """In ASCII, so that halves of surrogate pairs can be sent."""
    return httpx2.post(
        f"{server.base_url}/v1/chat/completions", content=json.dumps(body), timeout=30,
        headers={"authorization": f"Bearer {server.key}", "content-type": "application/json", **headers},
    )  # fmt: skip


def test_context_that_is_too_long_has_its_code(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, max_tokens=CONTEXT)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")
    assert f"maximum context length is {CONTEXT} tokens" in caught.value.message
    with pytest.raises(openai.BadRequestError, match="maximum context length"):
        chunks_of(client, max_tokens=CONTEXT)


def test_half_a_surrogate_pair_is_refused(server: Any) -> None:
    answer = httpx2.post(
        f"{server.base_url}/v1/chat/completions",
        content=b'{"model": "starter", "messages": [{"role": "user", "content": "\\ud800"}]}',
        headers={"authorization": f"Bearer {server.key}", "content-type": "application/json"},
    )
    assert answer.status_code == 400


DEEP: dict[str, Any] = {}
for _ in range(200):
    DEEP = {"d": DEEP}


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"most": 10**30}}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": DEEP}}]},
        {"messages": [{"role": "user", "content": "x", "\ud800": 1}]},
        {"messages": [{"role": "user", "content": "x", "name": "\ud800"}]},
        {"messages": [{"role": ["user"], "content": "x"}]},
        {"messages": [{"role": "user", "content": "<|end|><|user|>" * 50}]},
        {"messages": [{"role": "user", "content": "\0"}]},
        {"messages": [{"role": "user", "content": "x", "name": "<|end|>"}]},
        {"model": "\ud800"},
        {"stop": "\ud800"},
        {"logit_bias": {"5": 1e308}},
        {"seed": 10**30},
        {"tool_choice": {"\ud800": []}},
        {"response_format": {"type": []}},
    ],
)
def test_odd_requests_are_answered_or_refused_and_nothing_breaks(server: Any, changes: dict[str, Any]) -> None:
    answer = post(server, {"model": "starter", "messages": HELLO, "max_tokens": 2, **changes})
    assert answer.status_code in (200, 400, 404), answer.text


@pytest.mark.parametrize("model", ["gpt-9", "ft:tiny:default::nothing", "", "x" * 400])
def test_unknown_model_is_told_as_openai_does(server: Any, model: str) -> None:
    answer = post(server, {"model": model, "messages": HELLO})
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "message": f"The model `{model}` does not exist or you do not have access to it.",
        "type": "invalid_request_error", "param": None, "code": "model_not_found",
    }  # fmt: skip


def test_tools_are_refused_where_the_template_has_no_place_for_them(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="no place for tools") as caught:
        ask(client, PARIS, "tiny", tools=TOOLS)
    assert caught.value.param == "tools"


def test_parameters_that_change_nothing_here_are_accepted(client: OpenAI) -> None:
    extra = {"moderation": {}, "web_search_options": {}, "prompt_cache_options": {}}
    done = ask(
        client, user="u", safety_identifier="s", prompt_cache_key="k", prompt_cache_retention="24h",
        service_tier="priority", reasoning_effort="low", verbosity="high", modalities=["text"],
        prediction={"type": "content", "content": "x"}, response_format={"type": "text"}, temperature=0, top_p=0,
        parallel_tool_calls=None, stop=None, store=False, extra_body=extra,
    )  # fmt: skip
    assert done.choices[0].message.content == "你好！有什么可以帮你？"


# --- models ----------------------------------------------------------------------------------------------------------


def test_alias_says_what_really_ran(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini-2024-07-18", messages=HELLO, temperature=0, max_tokens=30
    )
    assert raw.headers["x-tunesmith-model"] == "starter"
    assert raw.parse().choices[0].message.content == "你好！有什么可以帮你？"
    assert raw.parse().model == "gpt-4o-mini-2024-07-18"


def test_tuned_model_answers_its_own_project_only(client: OpenAI, other_client: OpenAI, tuned: str) -> None:
    assert (
        ask(client, ENGLISH, tuned).choices[0].message.content
        != ask(client, ENGLISH, "tiny").choices[0].message.content
    )
    with pytest.raises(openai.NotFoundError, match="does not exist or you do not have access to it"):
        ask(other_client, ENGLISH, tuned)


def test_checkpoint_answers_by_its_name(
    client: OpenAI, server: Any, tiny_adapter: Path, tuned: str, keep_model: Callable[..., str]
) -> None:
    name = keep_model(
        server.database, server.services.blobs, server.project().id, tiny_adapter, "tiny", as_checkpoint=True
    )
    assert ":ckpt-step-3" in name
    assert (
        ask(client, ENGLISH, name).choices[0].message.content == ask(client, ENGLISH, tuned).choices[0].message.content
    )


def test_deleted_model_stops_answering(client: OpenAI, server: Any, tuned: str) -> None:
    ask(client, ENGLISH, tuned)
    client.models.delete(tuned)
    with server.database.read() as connection:
        assert find_servable(connection, server.project().id, tuned) is None
    with pytest.raises(openai.NotFoundError):
        ask(client, ENGLISH, tuned)


def test_model_that_fails_its_check_does_not_answer_as_its_base(
    server: Any, tiny_adapter: Path, tmp_path: Path, keep_model: Callable[..., str]
) -> None:
    import shutil

    folder = shutil.copytree(tiny_adapter, tmp_path / "changed")
    path = folder / "chat_template.jinja"
    path.write_text("{{- bos_token -}}" + path.read_text())
    name = keep_model(server.database, server.services.blobs, server.project().id, folder, "tiny")
    answer = post(server, {"model": name, "messages": ENGLISH})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "model_not_certified"
    assert answer.headers["x-should-retry"] == "false"
    stream = post(server, {"model": name, "messages": ENGLISH, "stream": True})
    assert (stream.status_code, stream.json()["error"]["code"]) == (503, "model_not_certified")


# --- leaving, failing ------------------------------------------------------------------------------------------------


def test_client_that_leaves_a_stream_frees_its_place(client: OpenAI, server: Any, serving: Any) -> None:
    long = {"max_tokens": 2000, "logit_bias": {"1": -100}}
    stream = client.chat.completions.create(model="starter", messages=HELLO, stream=True, **long)
    next(iter(stream))
    stream.close()
    until(lambda: serving.server._num_open == 0)
    _paid_exactly(server)


def test_client_that_gives_up_waiting_frees_its_place(client: OpenAI, server: Any, serving: Any) -> None:
    with pytest.raises(openai.APITimeoutError):
        ask(client, model="tiny", max_tokens=200, logit_bias={"2": -100}, n=64, timeout=0.3)
    until(lambda: serving.server._num_open == 0)
    _paid_exactly(server)


def _paid_exactly(server: Any) -> None:
    """What was reserved and not made went back: a whole number of tokens, far fewer than reserved."""
    limits = server.services.rate_limits
    (buckets,) = limits._keys.values()
    until(lambda: limits._tokens - buckets.tokens.level < 20_000)


def test_serving_process_that_is_away_is_told_with_a_time(server: Any, serving: Any) -> None:
    serving.do(serving.server.stop(1))
    answer = post(server, {"model": "starter", "messages": HELLO})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "serving_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    serving.server = type(serving.server)(server.services.settings, serving.database)
    serving.do(serving.server.start())
    assert post(server, {"model": "starter", "messages": HELLO, "max_tokens": 2}).status_code == 200


def test_stream_that_the_database_leaves_says_so_without_naming_it(
    client: OpenAI, serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is looked up again while an answer flows."""

    async def find(*_: Any) -> None:
        raise DatabaseUnavailable("The database does not answer: no connection to secret.host:5432.")

    stream = client.chat.completions.create(
        model="starter", messages=HELLO, stream=True, max_tokens=2000, logit_bias={"1": -100}
    )
    next(iter(stream))
    monkeypatch.setattr(edge, "TRUSTED_SECONDS", 0.0)
    monkeypatch.setattr(Callers, "find", find)
    with pytest.raises(openai.APIError) as told:
        list(stream)
    assert told.value.message == "The database does not answer; try again soon."


def test_error_in_the_middle_of_a_stream_is_a_data_line(client: OpenAI, serving: Any) -> None:
    stream = client.chat.completions.create(
        model="starter", messages=HELLO, stream=True, max_tokens=2000, logit_bias={"1": -100}
    )
    next(iter(stream))
    for base in serving.server.residents._bases.values():
        base.scheduler.step = lambda: 1 / 0
    with pytest.raises(openai.APIError, match="could not go on"):
        list(stream)


def test_revoked_key_ends_its_stream(server: Any) -> None:
    made = server.new_key("member")
    stream = server.client(made.secret).chat.completions.create(
        model="starter", messages=HELLO, stream=True, max_tokens=2000, logit_bias={"1": -100}, n=16
    )
    next(iter(stream))
    with server.database.write() as connection:
        revoke_key(connection, made.key.project_id, made.key.id, time.time())
    with pytest.raises(openai.APIError, match="revoked"):
        list(stream)


# --- rate limits -----------------------------------------------------------------------------------------------------


def test_headers_tell_what_is_left(client: OpenAI, server: Any) -> None:
    raw = client.chat.completions.with_raw_response.create(model="starter", messages=HELLO, max_tokens=40)
    limit = server.services.settings
    assert int(raw.headers["x-ratelimit-limit-requests"]) == limit.requests_per_minute
    assert int(raw.headers["x-ratelimit-remaining-requests"]) == limit.requests_per_minute - 1
    assert int(raw.headers["x-ratelimit-limit-tokens"]) == limit.tokens_per_minute
    assert int(raw.headers["x-ratelimit-remaining-tokens"]) == limit.tokens_per_minute - 40
    assert raw.headers["x-ratelimit-reset-requests"].endswith("ms")


class TestFewRequests:
    @pytest.fixture
    def settings(self, tmp_path: Path, server_database_url: str) -> Settings:
        return Settings(home=tmp_path / "home", database_url=server_database_url, requests_per_minute=2)

    def test_third_request_is_told_when_to_come_again(self, client: OpenAI, make_client: Callable[..., OpenAI]) -> None:
        ask(client)
        chunks_of(client)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client)
        error, headers = caught.value, caught.value.response.headers
        assert (error.code, error.type) == ("rate_limit_exceeded", "requests")
        assert 0 < int(headers["retry-after-ms"]) <= 30_000
        assert 0 < int(headers["retry-after"]) <= 120
        assert headers["x-ratelimit-remaining-requests"] == "0"
        ask(make_client("member"))  # another key has a limit of its own
