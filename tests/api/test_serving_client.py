"""The serving process goes away while the API speaks with it, on the event loop that the API runs on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from tunesmith.api.serving_client import Serving
from tunesmith.infer.protocol import AskHealth

Story = Callable[[Serving], Awaitable[Any]]


def beside_a_process_that_ends_at_once(story: Story) -> Any:
    """It takes a connection and closes it."""

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def run() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            socket = Path(folder) / "serve.sock"
            async with await asyncio.start_unix_server(close, path=str(socket)):
                return await story(Serving(socket))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def test_a_conversation_whose_other_side_is_gone_can_be_cancelled() -> None:
    async def story(serving: Serving) -> Any:
        conversation = await serving._open(AskHealth())
        assert await conversation.next_replies() == []
        return await conversation.cancel()

    assert beside_a_process_that_ends_at_once(story) is None


def test_whoever_reserved_tokens_hears_of_the_end_though_the_process_is_gone() -> None:
    async def story(serving: Serving) -> list[int]:
        conversation, used = await serving._open(AskHealth()), asyncio.Queue[int]()
        assert await conversation.next_replies() == []
        serving.abandon(conversation, used.put_nowait)
        return [await asyncio.wait_for(used.get(), 10)]

    assert beside_a_process_that_ends_at_once(story) == [0]
