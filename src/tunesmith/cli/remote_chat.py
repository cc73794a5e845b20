"""``tunesmith chat MODEL --server URL``: the same conversation, answered by a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunesmith.cli.chat_options import ChatOptions
from tunesmith.cli.conversation import talk
from tunesmith.cli.remote import RemoteServer, open_server
from tunesmith.data.examples import Message


def run_remote_chat(options: ChatOptions, url: str) -> None:
    opening = [Message("system", options.system)] if options.system is not None else []
    with open_server(url) as server:
        talk(options.model, opening, options.message, lambda asked: _answers(server, options, asked), is_chat=True)


def _answers(server: RemoteServer, options: ChatOptions, asked: Sequence[Message]) -> Iterator[str]:
    body = {
        "model": options.model,
        "messages": [{"role": message.role, "content": message.content} for message in asked],
        "temperature": options.temperature,
        "top_p": options.top_p,
        "max_completion_tokens": options.max_tokens,
        "seed": options.seed,
        "stream": True,
    }
    if options.stop:
        body["stop"] = list(options.stop)
    for chunk in server.events("chat/completions", body):
        for choice in chunk.get("choices", []):
            if piece := choice.get("delta", {}).get("content"):
                yield piece
