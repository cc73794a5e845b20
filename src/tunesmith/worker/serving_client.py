"""The serving process, as a worker's child asks it: a connection a request over its Unix socket, the answer whole."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from tunesmith.data.examples import Message
from tunesmith.data.synthesis.asking import AskAgain, ChatAnswer, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.infer.protocol import (
    MOST_LINE_BYTES,
    Chat,
    Done,
    Ended,
    Piece,
    Refused,
    Reply,
    Served,
    line_of,
    read_reply,
)

_TIMEOUT_SECONDS: Final = 900.0
_MOST_SEED: Final = 1 << 63
_PASSING: Final = frozenset({408, 409, 429})
_AWAY: Final = "the serving process does not answer"


@dataclass(frozen=True, slots=True)
class ServingAsk:
    """Callable as an ``Ask``. Requests of one ``owner`` may share the reading of a prompt's beginning."""

    path: str
    served: Served
    owner: str

    def __call__(self, request: ChatRequest) -> ChatAnswer:
        opening = (Message("system", request.system),) if request.system else ()
        chat = Chat(
            model=self.served, messages=(*opening, Message("user", request.user)), seed=secrets.randbelow(_MOST_SEED),
            owner=self.owner, max_tokens=request.max_tokens, temperature=request.temperature, whole=True,
        )  # fmt: skip
        text, finish = "", "stop"
        for reply in self._replies(chat):
            if isinstance(reply, Piece):
                text += reply.text
            elif isinstance(reply, Ended):
                finish = reply.reason
            elif isinstance(reply, Refused):
                raise _refusal(reply)
            elif isinstance(reply, Done):
                return ChatAnswer(text, reply.prompt_tokens, reply.completion_tokens, finish=finish)
        raise AskAgain(_AWAY)

    def _replies(self, chat: Chat) -> Iterator[Reply]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_TIMEOUT_SECONDS)
                connection.connect(self.path)
                connection.sendall(line_of(chat))
                with connection.makefile("rb") as file:
                    while (line := file.readline(MOST_LINE_BYTES)).endswith(b"\n"):
                        yield read_reply(line)
        except (OSError, msgspec.DecodeError):
            raise AskAgain(_AWAY) from None


def _refusal(refused: Refused) -> AskAgain | NotAnswered | EndpointRefused:
    """Without a time to wait, the model would not come up the next time either."""
    if refused.retry_after_seconds is not None or refused.status in _PASSING:
        return AskAgain(refused.message, refused.retry_after_seconds)
    if refused.status == 400:
        return NotAnswered(refused.message)
    return EndpointRefused(refused.message, "choose another model")
