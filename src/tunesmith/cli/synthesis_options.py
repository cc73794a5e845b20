"""What ``tunesmith data synthesize`` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

DEFAULT_ENDPOINT: Final = "http://127.0.0.1:8000/v1"


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """As they stand in the command's help; ``mode`` is decided."""

    out: Path | None
    mode: Literal["synthetic", "semi-synthetic", "documents"]
    seeds: Path | None
    documents: Path | None
    against: tuple[Path, ...]
    endpoint: str
    model: str
    key_variable: str | None
    allow_private: bool
    count: int | None
    per_request: int
    seeds_per_request: int
    passage_tokens: int
    about: str
    language: Literal["en", "zh"]
    prompt: Path | None
    save_prompt: Path | None
    show_prompt: bool
    temperature: float
    max_tokens: int
    seed: int
    with_proposals: bool
    system: str
    to: Literal["chat", "prompt_completion"]
    max_similarity: float
    min_support: float
    min_answer_words: int
    max_answer_words: int
    concurrency: int
    timeout_seconds: float
    price_prompt: float
    price_completion: float
    max_requests: int | None
    max_total_tokens: int | None
    max_cost: float | None
    review: Path | None
    drafts: Path | None
    restart: bool
    overwrite: bool
    yes: bool
    as_json: bool
