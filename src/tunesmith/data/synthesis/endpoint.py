"""An endpoint that speaks OpenAI's chat completions, as an ``Ask``: requests to JSON, and what comes back to an answer.

Takes the endpoint's base URL and a ``Post``, which reaches it; reaches nothing itself. The key is in no message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from tunesmith.data.synthesis.asking import AskAgain, ChatAnswer, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.data.synthesis.tokens import estimated_tokens

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]
"""URL, body, headers → status, headers (names in lower case), body. Raises AskAgain or EndpointRefused."""

_LONGEST_REASON: Final = 300
_BUSY: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NEVER: Final = frozenset({301, 302, 303, 307, 308, 401, 402, 403, 404, 405})
_SPENT: Final = "insufficient_quota"


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


@dataclass(slots=True)
class Endpoint:
    """Callable as an ``Ask``. ``base_url`` ends where the wire's paths begin: ``https://host/v1``."""

    base_url: str
    post: Post
    key: str | None = None
    now: Callable[[], float] = time.time
    _limit_name: str = "max_completion_tokens"

    def __call__(self, request: ChatRequest) -> ChatAnswer:
        status, headers, body = self._posted(request)
        if status == 400 and self._limit_name == "max_completion_tokens" and b"max_completion_tokens" in body:
            self._limit_name = "max_tokens"  # the older name, which some servers know alone
            status, headers, body = self._posted(request)
        if 200 <= status < 300:
            return _answer(request, body)
        raise self._refusal(status, headers, body)

    def _posted(self, request: ChatRequest) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        return self.post(url, msgspec.json.encode(request_body(request, self._limit_name)), headers)

    def _refusal(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AskAgain | NotAnswered | EndpointRefused:
        reason = f"HTTP {status}{self._reason(body)}"
        if status in _NEVER or _SPENT.encode() in body[:4096]:
            hint = "check the endpoint's URL (it ends in /v1, mostly), the model's name and the key's variable"
            return EndpointRefused(f"The endpoint refuses: {reason}.", hint)
        if status in _BUSY or status >= 500:
            return AskAgain(reason, retry_after(headers.get("retry-after"), self.now()))
        return NotAnswered(reason)

    def _reason(self, body: bytes) -> str:
        """The endpoint's own words, without the key, which some repeat, and without what a terminal would obey."""
        try:
            read: Any = msgspec.json.decode(body)
        except (ValueError, RecursionError):
            return ""
        error = read.get("error", read) if isinstance(read, dict) else None
        words = error.get("message") if isinstance(error, dict) else error
        if not isinstance(words, str) or not words.strip():
            return ""
        if self.key:
            words = words.replace(self.key, "…")
        said = " ".join(words.split())[:_LONGEST_REASON].rstrip(".")
        return ", " + "".join(letter if letter.isprintable() else "�" for letter in said)


def request_body(request: ChatRequest, limit_name: str = "max_completion_tokens") -> dict[str, Any]:
    """The JSON that is sent."""
    opening = [{"role": "system", "content": request.system}] if request.system else []
    return {
        "model": request.model,
        "messages": [*opening, {"role": "user", "content": request.user}],
        "temperature": request.temperature,
        limit_name: request.max_tokens,
    }


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds from the header of that name: a number, or a date (RFC 9110, 10.2.3); None where it says neither."""
    if value is None:
        return None
    text = value.strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _answer(request: ChatRequest, body: bytes) -> ChatAnswer:
    try:
        read = msgspec.json.decode(body, type=_Completion)
    except (ValueError, RecursionError) as error:
        hint = "the base URL of an endpoint that speaks OpenAI's chat completions ends in /v1, mostly"
        raise EndpointRefused(f"The endpoint's answer is no chat completion: {error}.", hint) from None
    if not read.choices:
        raise NotAnswered("the answer holds no choice")
    text = read.choices[0].message.content or ""
    usage, finish = read.usage, read.choices[0].finish_reason or "stop"
    if usage is not None and usage.prompt_tokens > 0 and usage.completion_tokens >= 0:
        return ChatAnswer(text, usage.prompt_tokens, usage.completion_tokens, finish=finish)
    asked = estimated_tokens(request.system) + estimated_tokens(request.user)
    return ChatAnswer(text, asked, estimated_tokens(text), is_counted=False, finish=finish)
