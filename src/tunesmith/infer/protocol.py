"""The words between the API and the serving process: JSON lines over a Unix socket, without torch.

A connection carries one request, ``Chat`` or ``AskHealth``, in one line. A chat is answered by ``Began``, any number
of ``Piece`` and ``Ended``, and ``Done``; or by ``Refused``, at any place. Closing the connection cancels.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tunesmith.data.examples import Message

MOST_LINE_BYTES = 64 << 20


class Served(msgspec.Struct, frozen=True):
    """The model to answer with. ``owner_type`` and ``owner_id`` own its artifact files; a base model has none.

    ``base_model`` is what ``nn.catalog.locate`` takes: the base model itself, or the one under the tuned model.
    """

    owner_type: Literal["base", "model", "checkpoint"]
    owner_id: str
    name: str
    base_model: str


class Chat(msgspec.Struct, frozen=True, tag="chat"):
    """``num_logprobs`` None: no log-probabilities; 0: of the chosen tokens; more: of so many alternatives too.

    Choice i draws with ``seed`` + i. ``whole``: each choice comes in one piece. Requests of one ``owner`` may share
    the reading of a prompt's beginning. ``tools`` is JSON text, a list: numbers of any size survive.
    """

    model: Served
    messages: tuple[Message, ...]
    seed: int
    owner: str
    tools: str = "[]"
    parallel_tool_calls: bool = True
    max_tokens: int | None = None
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: dict[int, float] = {}
    stop: tuple[str, ...] = ()
    num_logprobs: int | None = None
    whole: bool = False


class AskHealth(msgspec.Struct, frozen=True, tag="health"):
    pass


class Alternative(msgspec.Struct, frozen=True):
    """A token and its log-probability; ``bytes`` is None for a control token, which is no text."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprob(msgspec.Struct, frozen=True):
    token: str
    logprob: float
    bytes: list[int] | None
    top_logprobs: list[Alternative]


class Call(msgspec.Struct, frozen=True):
    """One call of a tool. ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str


class Began(msgspec.Struct, frozen=True, tag="began"):
    """The first token is there. ``fingerprint`` names weights, number type and version."""

    prompt_tokens: int
    fingerprint: str


class Piece(msgspec.Struct, frozen=True, tag="piece"):
    """What choice ``index`` goes on with; ``tokens`` are those whose text ends here."""

    index: int
    text: str = ""
    tokens: list[TokenLogprob] = []
    calls: list[Call] = []


FinishReason = Literal["stop", "length", "tool_calls"]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    index: int
    reason: FinishReason


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All choices have ended; tokens of all of them together. The last word of an answer that was cancelled too."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """``status`` is the HTTP status that the caller should hear."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after_seconds: float | None = None


class Figure(msgspec.Struct, frozen=True):
    """One measured number of a certificate and the most that it may be."""

    name: str
    value: float
    most: float


class ServedReport(msgspec.Struct, frozen=True):
    """A model that was asked for. ``state`` is loaded, or refused with the reason."""

    name: str
    owner_type: str
    owner_id: str
    state: Literal["loaded", "refused"]
    certificate: str
    figures: list[Figure]
    num_bytes: int


class HealthReport(msgspec.Struct, frozen=True, tag="health"):
    state: Literal["ready", "draining"]
    models: list[ServedReport]
    num_streams: int
    num_waiting: int
    used_bytes: int
    most_bytes: int


Request = Chat | AskHealth
Reply = Began | Piece | Ended | Done | Refused | HealthReport

_encoder = msgspec.json.Encoder()
_requests = msgspec.json.Decoder(Request)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def line_of(word: Request | Reply) -> bytes:
    return _encoder.encode(word) + b"\n"


def read_request(line: bytes) -> Request:
    """Raises msgspec.DecodeError."""
    request: Request = _requests.decode(line)
    return request


def read_reply(line: bytes) -> Reply:
    """Raises msgspec.DecodeError."""
    return _replies.decode(line)
