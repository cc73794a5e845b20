"""The words between a worker and its child process: JSON lines, one way on stdin, the other on a pipe of their own.

The child's first line is its order; then come single words, acted on at step borders. What the child has to
tell are objects with a ``type``. Neither side trusts the other to go on living: silence on stdin ends the
child, and a pipe that ends without a last word counts as a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

from tunesmith.core.errors import Problem

# The most problems of a file that are handed over and kept with the job.
MAX_PROBLEMS = 1_000


class Word(StrEnum):
    """What a worker says to a child at work."""

    HEARTBEAT = "heartbeat"
    """I am alive."""
    PAUSE = "pause"
    """Save everything to resume and a model fit to answer, then end."""
    SAVE = "save"
    """Save everything to resume, then end."""
    CANCEL = "cancel"
    """End; nothing is wanted any more."""


class Refusal(StrEnum):
    """Why a child gave up, in its last word; ``store.queue`` turns each into a move of the job."""

    USER = "user"
    """What the user gave cannot work: the job has failed."""
    DIVERGED = "diverged"
    """A loss that is not finite: the job has failed."""
    MEMORY = "memory"
    """There was not enough: tried again, as it may have been short for a moment."""
    DISK_FULL = "disk_full"
    """The job rests until somebody made room and resumes it."""
    MACHINE = "machine"
    """Something else of the machine's: tried again."""


class ChildOrder(Protocol):
    """What every child is told: with the rest of ``as_json``, how long it may live without a word from its parent."""

    @property
    def num_threads(self) -> int: ...
    @property
    def offline(self) -> bool: ...
    @property
    def lease_seconds(self) -> float: ...
    def as_json(self) -> dict[str, Any]: ...
    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What a child that trains or judges files shall do. Paths are relative to its working folder, so that no message tells of the machine.

    ``base_folder`` holds a tuned whole model that training starts from, ``initial_adapter`` a tuned adapter;
    ``base_location`` is what nn.catalog.locate takes, for either or none.
    """

    spec: Mapping[str, Any]
    base_model: str
    base_location: str
    training_file: str
    validation_file: str | None
    lease_seconds: float
    parent_pid: int
    num_threads: int
    offline: bool
    base_folder: str | None = None
    initial_adapter: str | None = None
    run_folder: str = "run"
    resume: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, **asdict(self)}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        return cls(**{name: value for name, value in raw.items() if name != "format"})


@dataclass(frozen=True, slots=True)
class OperationOrder:
    """What a child that works on data files shall do: ``kind`` and ``settings`` of an operation, its input files with
    the names that people know them by, the folder for what it makes, and the one for what later attempts must find."""

    kind: str
    settings: Mapping[str, Any]
    inputs: Sequence[Mapping[str, str]]
    """Each with ``path``, ``name``, ``sha256``, ``file_id``, and ``version`` as JSON text, empty where there is none."""
    out_folder: str
    kept_folder: str
    surrogate_key: str
    """What surrogates are drawn by, in hex; a secret of the project."""
    lease_seconds: float
    parent_pid: int
    num_threads: int
    offline: bool
    asked_model: str = field(default="", repr=False)
    """``asked_model.as_text``, with a key perhaps; empty for a kind that asks none."""

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, **asdict(self)}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        return cls(**{name: value for name, value in raw.items() if name != "format"})


def problem_of(raw: Mapping[str, Any]) -> Problem:
    return Problem(**raw)


def relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
