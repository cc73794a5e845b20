"""`tunesmith chat MODEL`: a conversation in the terminal, or one question with `--message`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rich.console import Console

from tunesmith.core.errors import UserError
from tunesmith.data.examples import Message
from tunesmith.infer.loaded import LoadedModel, load_model
from tunesmith.infer.sampling import Sampling
from tunesmith.train.device import DTYPES, choose_device, has_fast_bf16


@dataclass(frozen=True, slots=True)
class ChatOptions:
    model: str
    message: str | None
    system: str | None
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop: tuple[str, ...]


def run_chat(options: ChatOptions) -> None:
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, options.seed, stop=options.stop)
    device = choose_device()
    model = load_model(options.model, DTYPES["bf16" if has_fast_bf16(device) else "fp32"], device)
    if not model.is_chat and options.system is not None:
        raise UserError(f"{options.model} was trained on raw prompts and has no system message.", "leave --system out")
    opening = [Message("system", options.system)] if options.system is not None else []
    if options.message is not None:
        _answer(model, [*opening, Message("user", options.message)], sampling)
    elif sys.stdin.isatty():
        _converse(model, opening, sampling)
    else:
        _answer(model, [*opening, Message("user", sys.stdin.read().rstrip("\n"))], sampling)


def _converse(model: LoadedModel, opening: list[Message], sampling: Sampling) -> None:
    console = Console(highlight=False)
    kind = "Each line is a raw prompt." if not model.is_chat else "/new starts over."
    console.print(f"[bold]{model.name}[/bold]  {kind} Leave with /quit or Ctrl-D.", soft_wrap=True)
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
        asked = [*(messages if model.is_chat else ()), Message("user", text)]
        try:
            messages = [*asked, Message("assistant", _answer(model, asked, sampling))]
        except UserError as error:
            console.print(str(error), markup=False, style="yellow")
        except KeyboardInterrupt:
            console.print()


def _answer(model: LoadedModel, messages: list[Message], sampling: Sampling) -> str:
    pieces: list[str] = []
    for piece in model.answer(messages, sampling):
        sys.stdout.write(piece)
        sys.stdout.flush()
        pieces.append(piece)
    sys.stdout.write("\n")
    return "".join(pieces)
