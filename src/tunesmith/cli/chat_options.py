"""What `tunesmith chat` was asked for, whoever answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """``model`` is a name for the server, or what ``load_model`` understands."""

    model: str
    message: str | None
    system: str | None
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop: tuple[str, ...]
