"""Fine-tuning jobs: their states, the moves between them, and their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Row


class State(StrEnum):
    """Where a job is in its life."""

    VALIDATING_FILES = "validating_files"
    """Its files are read and judged, or wait for that."""
    QUEUED = "queued"
    """It waits for a free device slot."""
    RUNNING = "running"
    """A worker trains it."""
    PAUSING = "pausing"
    """It was asked to pause; the worker saves a checkpoint. The wire says ``paused``."""
    PAUSED = "paused"
    """It waits for somebody to resume it."""
    SUCCEEDED = "succeeded"
    """Its model is registered."""
    FAILED = "failed"
    """It cannot go on; ``error`` says why."""
    CANCELLED = "cancelled"
    """Somebody cancelled it."""

    @property
    def is_final(self) -> bool:
        return not MOVES[self]

    @property
    def on_wire(self) -> str:
        return "paused" if self is State.PAUSING else self.value


# From each state, where a job may go. A worker's moves carry its fencing token (store.queue).
MOVES: Mapping[State, frozenset[State]] = {
    State.VALIDATING_FILES: frozenset({State.QUEUED, State.FAILED, State.CANCELLED}),
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.PAUSING, State.PAUSED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.PAUSING: frozenset({State.RUNNING, State.PAUSED, State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.PAUSED: frozenset({State.QUEUED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    project_id: str
    member_id: str | None
    model: str
    requested_model: str
    training_file_id: str
    validation_file_id: str | None
    spec: Mapping[str, Any]
    request: Mapping[str, Any]
    suffix: str | None
    seed: int
    metadata: Mapping[str, str] | None
    resolved: Mapping[str, Any] | None
    facts: Mapping[str, Any] | None
    state: State
    waiting_reason: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    estimated_finish_at: int | None
    trained_tokens: int | None
    step: int
    total_steps: int | None
    error: Mapping[str, Any] | None
    fine_tuned_model: str | None
    result_file_id: str | None
    attempt: int
    num_failures: int
    worker_id: str | None
    heartbeats: int
    not_before_at: float

    @classmethod
    def of(cls, row: Row[Any]) -> Job:
        values = {field.name: getattr(row, field.name) for field in fields(cls)}
        return cls(**{**values, "state": State(row.state)})
