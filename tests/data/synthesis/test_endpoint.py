"""OpenAI's wire: what is sent, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tunesmith.data.synthesis.asking import AskAgain, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.data.synthesis.endpoint import Endpoint, retry_after

REQUEST = ChatRequest("m", "Be brief.", "Hello, 世界", 0.5, 20)
KEY = "sk-a-secret-key"


class Wire:
    """Answers one after the other."""

    def __init__(self, *answers: tuple[int, Any, dict[str, str]]) -> None:
        self.answers, self.sent = list(answers), list[tuple[str, Any, Mapping[str, str]]]()

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self.sent.append((url, json.loads(body), headers))
        status, said, answered = self.answers.pop(0)
        return status, answered, said if isinstance(said, bytes) else json.dumps(said).encode()


def completion(text: str | None = "hi", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], **more}


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def endpoint(*answers: tuple[int, Any, dict[str, str]]) -> tuple[Endpoint, Wire]:
    wire = Wire(*answers)
    return Endpoint("https://h.example/v1/", wire, KEY), wire


def test_request_is_sent_with_the_key() -> None:
    ask, wire = endpoint((200, completion(usage={"prompt_tokens": 7, "completion_tokens": 2}), {}))
    answer = ask(REQUEST)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens, answer.is_counted) == ("hi", 7, 2, True)
    ((url, body, headers),) = wire.sent
    assert (url, headers["authorization"]) == ("https://h.example/v1/chat/completions", f"Bearer {KEY}")
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello, 世界"}]
    assert body == {"model": "m", "messages": messages, "temperature": 0.5, "max_completion_tokens": 20}


def test_answer_without_usage_is_estimated() -> None:
    ask, _ = endpoint((200, completion(None), {}))
    answer = ask(REQUEST)
    assert (answer.text, answer.is_counted) == ("", False)
    assert answer.prompt_tokens > 4


def test_older_name_of_the_limit_is_tried_once() -> None:
    ok = (200, completion(), {})
    ask, wire = endpoint((400, error("unknown argument: max_completion_tokens"), {}), ok, ok)
    ask(REQUEST)
    ask(REQUEST)
    assert [set(body) & {"max_tokens", "max_completion_tokens"} for _, body, _ in wire.sent] == [
        {"max_completion_tokens"}, {"max_tokens"}, {"max_tokens"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (429, error("slow down"), AskAgain),
        (503, b"<html>busy</html>", AskAgain),
        (520, b"", AskAgain),
        (429, error("no money", code="insufficient_quota"), EndpointRefused),
        (401, error("bad key"), EndpointRefused),
        (404, error("no such model"), EndpointRefused),
        (301, b"", EndpointRefused),
        (400, error("too long"), NotAnswered),
        (422, {"detail": [1]}, NotAnswered),
        (200, b"<html>welcome</html>", EndpointRefused),
        (200, {"choices": []}, NotAnswered),
    ],
)
def test_each_refusal_has_its_kind(status: int, said: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        endpoint((status, said, {}))[0](REQUEST)


def test_words_of_an_endpoint_move_no_terminal() -> None:
    with pytest.raises(NotAnswered) as refused:
        endpoint((400, error("\x1b[2Jgone\x07\u202e"), {}))[0](REQUEST)
    assert str(refused.value) == "HTTP 400, �[2Jgone��"


def test_key_that_an_endpoint_repeats_is_not_in_the_message() -> None:
    with pytest.raises(EndpointRefused) as refused:
        endpoint((401, error(f"Incorrect API key: {KEY}. See\n\nhelp."), {}))[0](REQUEST)
    assert KEY not in str(refused.value)
    assert "Incorrect API key: …. See help" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), (" 0.5 ", 0.5), (None, None), ("soon", None), ("-4", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
     ("Thu, 01 Jan 1970 00:00:01 GMT", 0), ("٣", None), ("nan", None)],
)  # fmt: skip
def test_pause_is_read_from_its_header(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=100) == seconds


def test_busy_endpoint_says_for_how_long() -> None:
    with pytest.raises(AskAgain) as busy:
        endpoint((429, error("slow down"), {"retry-after": "7"}))[0](REQUEST)
    assert busy.value.after_seconds == 7
