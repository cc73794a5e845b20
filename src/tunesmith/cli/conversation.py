"""A conversation on a terminal, whoever answers: a model here, or a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.text import Text

from tunesmith.core.errors import MachineError, UserError
from tunesmith.data.examples import Message

# The messages so far → the answer, piece by piece.
Answering = Callable[[Sequence[Message]], Iterable[str]]


def talk(name: str, opening: Sequence[Message], message: str | None, answering: Answering, *, is_chat: bool) -> None:
    """Answer ``message``, or what a pipe brings; on a terminal, converse."""
    if message is not None:
        _answer(answering, [*opening, Message("user", message)])
    elif sys.stdin.isatty():
        _converse(name, opening, answering, is_chat=is_chat)
    else:
        _answer(answering, [*opening, Message("user", sys.stdin.read().rstrip("\n"))])


def _converse(name: str, opening: Sequence[Message], answering: Answering, *, is_chat: bool) -> None:
    console = Console(highlight=False, emoji=False)
    kind = "/new starts over." if is_chat else "Each line is a raw prompt."
    console.print(Text.assemble((name, "bold"), f"  {kind} Leave with /quit or Ctrl-D."), soft_wrap=True)
    messages = list(opening)
    while True:
        try:
            text = console.input("[bold cyan]you[/bold cyan] ")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if text.strip() in ("/quit", "/exit"):
            return
        if text.strip() == "/new":
            messages = list(opening)
            continue
        if not text.strip():
            continue
        asked = [*(messages if is_chat else ()), Message("user", text)]
        try:
            messages = [*asked, Message("assistant", _answer(answering, asked))]
        except (MachineError, UserError) as error:  # the conversation is not lost by one answer
            console.print(str(error), markup=False, style="yellow")
        except KeyboardInterrupt:
            console.print()


def _answer(answering: Answering, messages: Sequence[Message]) -> str:
    pieces: list[str] = []
    for piece in answering(messages):
        sys.stdout.write(piece)
        sys.stdout.flush()
        pieces.append(piece)
    sys.stdout.write("\n")
    return "".join(pieces)
