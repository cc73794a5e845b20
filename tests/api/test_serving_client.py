"""The serving process goes away while the API speaks with it, on the event loop that the API runs on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tunesmith.api.errors import ApiError
from tunesmith.api.serving_client import Conversation, Serving
from tunesmith.infer.protocol import AskHealth

Story = Callable[[Serving], Awaitable[Any]]


def beside_a_process_that_ends_without_a_word(story: Story) -> Any:
    """It leaves the request unread and closes the connection, which resets it."""

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def run() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            socket = Path(folder) / "serve.sock"
            async with await asyncio.start_unix_server(close, path=str(socket)):
                return await story(Serving(socket))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


async def status_of(conversation: Conversation) -> int:
    with pytest.raises(ApiError) as refused:
        await conversation.next_replies()
    return refused.value.status


def test_a_conversation_whose_other_side_is_gone_can_be_cancelled() -> None:
    async def story(serving: Serving) -> Any:
        conversation = await serving._open(AskHealth())
        assert await status_of(conversation) == 503
        return await conversation.cancel()

    assert beside_a_process_that_ends_without_a_word(story) is None


def test_whoever_reserved_tokens_hears_of_the_end_though_the_process_is_gone() -> None:
    async def story(serving: Serving) -> list[int]:
        conversation, used = await serving._open(AskHealth()), asyncio.Queue[int]()
        assert await status_of(conversation) == 503
        serving.abandon(conversation, used.put_nowait)
        return [await asyncio.wait_for(used.get(), 10)]

    assert beside_a_process_that_ends_without_a_word(story) == [0]
