"""What can be done to data files, told by a kind and settings as JSON: one door for whoever is asked to by name.

``run`` takes files and gives new files, each with its version, the counts, the first of what gave no row, and, where
people shall decide, a list of items, one JSON object a line. It changes nothing that it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Problem
from tunesmith.data.synthesis.asking import Ask
from tunesmith.data.versions import Parent, Version

Progress = Callable[[float], None]
"""Hears the share that is done, 0 to 1, now and then."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that writes examples. ``is_own``: it runs on this installation, and nothing leaves it."""

    model: str
    is_own: bool
    ask: Ask


@dataclass(frozen=True, slots=True)
class Workbench:
    """Where an operation works: an empty folder for what it makes, whom it tells how far it is, what surrogates of
    personal data are drawn by, and the model that may be asked.

    ``kept`` is a folder, not there perhaps, for what must outlive this process because it was paid for: whoever is given
    the same work after it finds it there. None: beside what it makes, and gone with it.
    """

    folder: Path
    progress: Progress
    surrogate_key: bytes = b""
    writer: Writer | None = None
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A file, and the name that people know it by."""

    path: Path
    name: str
    sha256: str
    version: Version | None = None

    @property
    def parent(self) -> Parent:
        return Parent(self.name, self.sha256)


@dataclass(frozen=True, slots=True)
class Output:
    """A file that was made: training data, unless ``purpose`` says otherwise."""

    path: Path
    name: str
    version: Version
    purpose: str = "fine-tune"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. ``problems`` are bounded; ``counts`` have everything; ``result`` is what was found out besides, small
    enough to be shown whole."""

    outputs: tuple[Output, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    items: Path | None = None
    result: Mapping[str, Any] | None = None


MOST_ITEMS: Final = 100_000
"""So many things that were found can be looked at; the others are counted."""
ITEMS_ENCODER: Final = msgspec.json.Encoder()


def by_bytes(source: Input, bench: Workbench) -> Callable[[int], None]:
    """To be told how many bytes more were read."""
    num_bytes, read = max(1, source.path.stat().st_size), 0

    def progress(more: int) -> None:
        nonlocal read
        read += more
        bench.progress(min(1.0, read / num_bytes))

    return progress


def by_rows(bench: Workbench) -> Callable[[str, int, int], None]:
    """To be told what is done now, how many rows of it, and of how many."""
    return lambda what, done, total: bench.progress(min(1.0, done / max(1, total)))
