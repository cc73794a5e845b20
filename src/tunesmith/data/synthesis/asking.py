"""The nouns of asking a model: a request, its answer, and the reasons why there is none.

Whoever has a network gives an ``Ask``; nothing here knows how it is reached. It may be called from several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tunesmith.core.errors import TunesmithError, UserError


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model, whole: what was asked is what was sent. ``system`` may be empty."""

    model: str
    system: str
    user: str
    temperature: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """``is_counted``: the token counts are the endpoint's own; else they are estimates. ``finish`` is the wire's word."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    is_counted: bool = True
    finish: str = "stop"


Ask = Callable[[ChatRequest], ChatAnswer]
"""Raises AskAgain, NotAnswered or EndpointRefused, and nothing else."""


class AskAgain(TunesmithError):
    """No answer for now: the endpoint is busy, or did not answer in time. ``after_seconds`` is what it asks for."""

    def __init__(self, message: str, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class NotAnswered(TunesmithError):
    """This request is refused, and would be again; others may be answered."""


class EndpointRefused(UserError):
    """Every request would be refused: the key, the model's name, the address, what was paid for."""


Language = Literal["en", "zh"]
