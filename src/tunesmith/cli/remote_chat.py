"""``tunesmith chat MODEL --server URL``: the same conversation, answered by a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from rich.console import Console

from tunesmith.cli.chat_options import ChatOptions
from tunesmith.cli.conversation import talk
from tunesmith.cli.remote import RemoteServer, open_server
from tunesmith.data.examples import Message

_ANSWERING_MODEL: Final = "x-tunesmith-model"


def run_remote_chat(options: ChatOptions, url: str) -> None:
    opening = [Message("system", options.system)] if options.system is not None else []
    with open_server(url) as server:
        alias = _Alias(options.model)
        talk(
            options.model, opening, options.message, lambda asked: _answers(server, options, asked, alias), is_chat=True
        )


@dataclass(slots=True)
class _Alias:
    """Says which model answers where it is called otherwise; once, and not where the answer goes."""

    asked_for: str
    _is_told: bool = False

    def tell(self, headers: Mapping[str, str]) -> None:
        answering = unquote(headers.get(_ANSWERING_MODEL, self.asked_for))
        if answering != self.asked_for and not self._is_told:
            text = f"{self.asked_for} is another name here: {answering} answers."
            Console(stderr=True, highlight=False, emoji=False).print(text, markup=False, style="dim", soft_wrap=True)
            self._is_told = True


def _answers(server: RemoteServer, options: ChatOptions, asked: Sequence[Message], alias: _Alias) -> Iterator[str]:
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
    for chunk in server.events("chat/completions", body, alias.tell):
        for choice in chunk.get("choices", []):
            if piece := choice.get("delta", {}).get("content"):
                yield piece
