"""A model made answerable: its decoder (adapter applied and checked), renderer, stop tokens.

Takes what the user names (a run's folder, a model's or an adapter's folder, ``starter``, a hub id) and
answers messages or raw prompts with exactly the tokens that training used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

import torch

from tunesmith.core.errors import UserError
from tunesmith.data.examples import Message
from tunesmith.data.render import Renderer, render_prompt, render_raw_prompt
from tunesmith.data.tokenizer import TextStream
from tunesmith.infer.engine import stream
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.catalog import BaseModel, locate, read_folder
from tunesmith.nn.lora import ADAPTER_CONFIG, load_adapter, read_adapter_config
from tunesmith.nn.models import load_causal_model
from tunesmith.nn.transformer import CausalModel


@dataclass(frozen=True, slots=True)
class Prompting:
    """How a model is asked and where its answers stop. ``is_chat`` is False for a model trained on raw prompts and
    completions: it gets raw text."""

    renderer: Renderer
    is_chat: bool
    stop_token_ids: frozenset[int]

    @classmethod
    def of(cls, base: BaseModel, folder: Path, *, is_chat: bool | None = None) -> Prompting:
        """``folder``: the base's own, or that of an adapter with a tokenizer and template of its own. Raises UserError
        where the tokenizer does not fit the weights."""
        renderer = Renderer.load(folder if (folder / "tokenizer.json").is_file() else base.folder)
        renderer.tokenizer.check_fits(base.config.vocab_size)
        chat = model_facts(folder).get("prompt", "chat") == "chat" if is_chat is None else is_chat
        ends = renderer.chat_end_ids() if chat else (renderer.raw_end_id,)
        return cls(renderer, chat, frozenset((*ends, *base.stop_token_ids)))

    def prompt_ids(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[int]:
        """Messages as the model was trained to read them."""
        if self.is_chat:
            return render_prompt(messages, self.renderer, tools)
        return render_raw_prompt("".join(m.content or "" for m in messages), self.renderer)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Weights, and how they are asked."""

    name: str
    decoder: CausalModel
    prompting: Prompting

    @property
    def renderer(self) -> Renderer:
        return self.prompting.renderer

    @property
    def is_chat(self) -> bool:
        return self.prompting.is_chat

    @property
    def stop_token_ids(self) -> frozenset[int]:
        return self.prompting.stop_token_ids

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return self.prompting.prompt_ids(messages)

    def answer(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """The answer's text, piece by piece; stop strings end it and are not given out."""
        prompt = self.prompt_ids(messages)
        tokens = stream(self.decoder, prompt, replace(sampling, stop_token_ids=self.stop_token_ids))
        text = TextStream(self.renderer.tokenizer, prompt)
        pieces = (text.push(token) for token in tokens)
        return until_stop(_then(pieces, text), sampling.stop)


def load_model(name: str, dtype: torch.dtype, device: torch.device | str = "cpu") -> LoadedModel:
    folder = _model_folder(name)
    if folder is not None and (folder / ADAPTER_CONFIG).is_file():
        return _load_adapted(folder, name, dtype, device)
    base = read_folder(folder, name) if folder is not None else locate(name)
    return of_base(base, load_causal_model(base, dtype, device))


def of_base(base: BaseModel, decoder: CausalModel, *, is_chat: bool | None = None) -> LoadedModel:
    """A whole model with its own template and end tokens."""
    return LoadedModel(base.name, decoder, Prompting.of(base, base.folder, is_chat=is_chat))


def until_stop(pieces: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """Hand text on, holding back what may be the beginning of a stop string."""
    held = ""
    for piece in pieces:
        held += piece
        ends = [place for place in (held.find(stop) for stop in stops if stop) if place >= 0]
        if ends:
            if held[: min(ends)]:
                yield held[: min(ends)]
            return
        keep = max((n for stop in stops for n in range(1, len(stop)) if held.endswith(stop[:n])), default=0)
        if len(held) > keep:
            yield held[: len(held) - keep]
            held = held[len(held) - keep :]
    if held:
        yield held


def _then(pieces: Iterator[str], text: TextStream) -> Iterator[str]:
    yield from pieces
    yield text.finish()


def _load_adapted(folder: Path, name: str, dtype: torch.dtype, device: torch.device | str) -> LoadedModel:
    base_name = model_facts(folder).get("base_model") or _peft_base(folder)
    base = locate(base_name)
    check_base(folder, base_name, base.sha256())
    decoder = load_causal_model(base, dtype, device)
    load_adapter(decoder, folder)
    return LoadedModel(name, decoder, Prompting.of(base, folder))


def check_base(folder: Path, base_name: str, base_sha256: str) -> None:
    """Raises UserError where the adapter was trained on other weights than the base's."""
    if model_facts(folder).get("base_sha256") not in (None, base_sha256):
        raise UserError(
            f"{folder} was trained on another {base_name} than the one that is here now.",
            "train again, or bring back the base model that it was trained on",
        )


def _model_folder(name: str) -> Path | None:
    """The folder that a local name means: a run's ``model``, or the folder itself."""
    path = Path(os.path.expanduser(name))
    try:
        is_folder = path.is_dir()
    except OSError:  # a name longer than any
        is_folder = False
    if name == "starter" or not is_folder:
        return None
    if (path / "model").is_dir() and not (path / "config.json").is_file():
        return path / "model"
    if (path / "checkpoints").is_dir():
        raise UserError(
            f"{name} holds a run that has not finished.",
            f"finish it: tunesmith train {quote(str(path / 'spec.yaml'))} --out {quote(str(path))} --resume",
        )
    return path


def model_facts(folder: Path) -> dict[str, Any]:
    """What ``tunesmith.json`` says: empty where there is none; raises UserError where it is damaged."""
    path = folder / "tunesmith.json"
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.", "train the model again") from error
    facts = facts if isinstance(facts, dict) else {}
    if not isinstance(facts.get("base_model", ""), str):
        raise UserError(f"{path} is damaged: base_model is no name.", "train the model again")
    return facts


def _peft_base(folder: Path) -> str:
    read_adapter_config(folder / ADAPTER_CONFIG)
    name = json.loads((folder / ADAPTER_CONFIG).read_bytes()).get("base_model_name_or_path")
    if not isinstance(name, str) or not name:
        raise UserError(
            f"{folder} does not say which base model it belongs to.",
            "write base_model_name_or_path into adapter_config.json",
        )
    return name
