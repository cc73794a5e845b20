"""The nouns of the data story: Example → TokenizedExample, and the Dataset that holds examples.

Keeps no behaviour: formats read into these, validation judges them, rendering turns them into tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "developer", "user", "assistant", "tool"]
FileFormat = Literal["chat", "prompt_completion", "alpaca", "preference", "reinforcement"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that an assistant message makes. ``arguments`` is JSON text, an object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. ``weight`` is 1 or 0 and matters for assistant messages only."""

    role: Role
    content: str | None
    weight: int = 1
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatExample:
    """Messages, the last one the assistant's. ``tools`` holds the JSON objects of the wire's ``tools``."""

    line: int
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionExample:
    """Raw text and its continuation: no template, an end token after the completion."""

    line: int
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class PreferenceExample:
    """A conversation that ends before the assistant's turn, and two ways to go on: messages of the assistant and of
    the tools that it calls."""

    line: int
    messages: tuple[Message, ...]
    preferred: tuple[Message, ...]
    non_preferred: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ReinforcementExample:
    """A conversation that ends before the assistant's turn. ``graded`` holds the row's other keys, for a grader."""

    line: int
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    graded: dict[str, Any] = field(default_factory=dict)


Example = ChatExample | CompletionExample
"""What supervised training learns from."""
AnyExample = Example | PreferenceExample | ReinforcementExample
"""What a file may hold, whatever the method that wants it."""


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """Token ids and one loss weight each (0 = not trained on); ``line`` is the example's line.

    ``loss_weights[t]`` belongs to ``token_ids[t]`` as a *target*: it weighs how well position t−1
    predicts it.
    """

    line: int
    token_ids: tuple[int, ...]
    loss_weights: tuple[float, ...]

    @property
    def num_trained_tokens(self) -> int:
        targets = self.loss_weights[1:]
        return len(targets) - targets.count(0.0)


@dataclass(frozen=True, slots=True)
class Dataset:
    """The validated examples of one file. ``sha256`` is of the file's bytes."""

    path: str
    format: FileFormat
    sha256: str
    examples: tuple[Example, ...]

    @property
    def is_chat(self) -> bool:
        """Whether a chat template applies (False: raw prompt and completion)."""
        return self.format != "prompt_completion"
