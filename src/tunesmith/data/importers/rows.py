"""The nouns of every importer: it takes what a person has and gives, one by one, what became of each piece of it.

An importer is a generator of ``Outcome``: a row that was made, or a row that was left out and why. Nothing that it
met may go without one of the two. Rows are in one of the four shapes that training files have:

chat:              {"messages": […], "tools"?: […], "parallel_tool_calls"?: …}
prompt/completion: {"prompt": "…", "completion": "…"}
preference:        {"input": {"messages": […], "tools"?: […]}, "preferred_output": […], "non_preferred_output": […]}
reinforcement:     {"messages": […], …keys that a grader reads}

Each may carry {"metadata": {"…": "…"}}, texts that say where it came from: ``thread``, ``author``, ``label``,
``source``, ``provenance``. It is never trained on; splits, clean-up and versions read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from tunesmith.core.errors import Problem, Severity

MADE_FROM: Final = "metadata"
Provenance = Literal["organic", "semi-synthetic", "synthetic"]
"""Written by people; inputs generated and answers by people, or approved by them; all of it generated."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stood: ``file`` (``a.zip!b.jsonl`` inside an archive), line and column from 1, and in tables,
    arrays and mail folders what names the row: ``sheet Sheet1, row 7``, ``[12]``, a Message-ID."""

    file: str
    line: int | None = None
    column: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it was found, of any shape: an object of a JSON file, a row of a table under its column names."""

    value: dict[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Made:
    """A row, and where it came from."""

    row: dict[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Left:
    """What gave no row. ``rule`` groups the reasons (``bounce``, ``not_accepted``, ``invalid_json``); an ``error`` is
    something that ought to be a row and cannot be read, a ``warning`` something that is no example."""

    rule: str
    message: str
    hint: str
    place: Place
    severity: Severity = "warning"

    def as_problem(self) -> Problem:
        where = self.place
        return Problem(
            self.rule, self.message, self.hint, self.severity, where.file, where.line, where.column, where.path
        )


Outcome = Made | Left
Outcomes = Iterator[Outcome]
