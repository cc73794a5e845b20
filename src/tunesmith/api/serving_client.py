"""The serving process, as the API sees it: a connection a request, closed as soon as nobody waits for the answer.

Takes the socket's path. What goes wrong becomes an ApiError; while the process is away that is 503 with
Retry-After, which clients obey.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from tunesmith.api.errors import ApiError
from tunesmith.infer.protocol import (
    MOST_LINE_BYTES,
    AskHealth,
    Chat,
    Done,
    HealthReport,
    Refused,
    Reply,
    Request,
    line_of,
    read_reply,
)

CANCEL_SECONDS = 5.0
_READ_BYTES = 1 << 16


class Serving:
    """Where the serving process listens."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._cancelling: set[asyncio.Task[None]] = set()

    async def converse(self, chat: Chat) -> Conversation:
        """The answer to a chat. Whoever asked ends it: by ``close`` when it is whole, or by ``abandon``."""
        return await self._open(chat)

    def abandon(self, conversation: Conversation, settle: Callable[[int], None]) -> None:
        """Cancels the rest; ``settle`` hears how many tokens were used until then."""

        async def cancel() -> None:
            done = await conversation.cancel()
            settle(done.prompt_tokens + done.completion_tokens if done else 0)

        task = asyncio.create_task(cancel())
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def health(self, timeout_seconds: float = 5.0) -> HealthReport:
        async with asyncio.timeout(timeout_seconds):
            conversation = await self._open(AskHealth())
            try:
                async for reply in conversation.replies():
                    if isinstance(reply, HealthReport):
                        return reply
            finally:
                conversation.close()
        raise _gone()

    async def _open(self, request: Request) -> Conversation:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
            writer.write(line_of(request))
        except (OSError, ValueError, RuntimeError) as error:
            raise _gone() from error
        return Conversation(reader, writer)


class Conversation:
    """The replies to one request, as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._rest = b""
        self._error: ApiError | None = None

    async def next_replies(self) -> list[Reply]:
        """All that have come by now, at least one; none when the answer has ended. Raises ApiError where the
        process refuses, or goes away."""
        if self._error is not None:
            raise self._error
        while True:
            try:
                chunk = await self._reader.read(_READ_BYTES)
            except OSError as error:
                raise _gone() from error
            if not chunk:
                if self._rest:
                    raise _gone()
                return []
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > MOST_LINE_BYTES:
                raise _gone()
            if lines:
                return self._read(lines)

    def _read(self, lines: Sequence[bytes]) -> list[Reply]:
        """What came before a refusal is given first; the refusal is raised by the next call."""
        replies: list[Reply] = []
        for line in lines:
            try:
                reply = read_reply(line)
            except msgspec.DecodeError:
                self._error = _gone()
                break
            if isinstance(reply, Refused):
                self._error = as_error(reply)
                break
            replies.append(reply)
        if self._error is not None and not replies:
            raise self._error
        return replies

    async def replies(self) -> AsyncIterator[Reply]:
        while replies := await self.next_replies():
            for reply in replies:
                yield reply

    async def cancel(self) -> Done | None:
        """Nobody waits any more: the place is free at once. → what was used until then; None where that is unknown."""
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                self._writer.write_eof()
                async for reply in self.replies():
                    if isinstance(reply, Done):
                        return reply
        except (OSError, RuntimeError, TimeoutError, ApiError):  # uvloop: RuntimeError where the other side is gone
            return None
        finally:
            self.close()
        return None

    def close(self) -> None:
        self._writer.close()


def as_error(refused: Refused) -> ApiError:
    """A refusal in OpenAI's envelope. A model that fails its certificate is not asked for again by clients."""
    headers = {}
    if refused.retry_after_seconds is not None:
        headers = {
            "retry-after": str(-int(-refused.retry_after_seconds // 1)),
            "retry-after-ms": str(int(refused.retry_after_seconds * 1000)),
        }
    elif refused.status >= 500:
        headers = {"x-should-retry": "false"}
    kind = "requests" if refused.status == 429 else None
    return ApiError(refused.status, refused.message, code=refused.code, param=refused.param, type=kind, headers=headers)


def _gone() -> ApiError:
    return ApiError(
        503,
        "The serving process does not answer; it is being started again. Please try again.",
        code="serving_unavailable",
        headers={"retry-after": "1"},
    )
