"""The error tree, and the shape of a problem.

Every error that a user can meet says what happened, where, and what to do next. Exceptions are
caught at the process borders only (CLI, child process, attempt, HTTP handler), which print
``str(error)`` and leave with ``error.exit_code``.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in what the user gave: where it stands, which rule it breaks, how to mend it.

    ``line``, ``column`` (in characters) and ``byte_column`` (in bytes of UTF-8) count from 1; ``path`` is a JSON path
    such as ``messages[1].content``. Fields that do not apply are None.
    """

    rule: str
    message: str
    hint: str
    severity: Severity = "error"
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    byte_column: int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        return asdict(self)

    def where(self) -> str:
        """``file:line:column (path)``, leaving out what is unknown."""
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{spot} ({self.path})" if self.path else spot

    def __str__(self) -> str:
        where = self.where()
        return f"{where + ': ' if where else ''}{self.message} [{self.rule}] → {self.hint}"


class TunesmithError(Exception):
    """What happened (``message``) and what to do next (``hint``)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n→ {self.hint}" if self.hint else self.message


class MachineError(TunesmithError):
    """The machine's fault: a full disk, too little memory, a damaged installation."""


class UserError(TunesmithError):
    """The user's mistake, and what to change."""

    exit_code = 2


class Problems(UserError):
    """Several findings at once: all of them are listed, not the first."""

    def __init__(self, message: str, problems: Sequence[Problem], hint: str = "") -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {problem}" for problem in self.problems[:50])]
        if len(self.problems) > 50:
            lines.append(f"  … and {len(self.problems) - 50:,} more")
        if self.hint:
            lines.append(f"→ {self.hint}")
        return "\n".join(lines)


def is_out_of_memory(error: BaseException) -> bool:
    """Python raises MemoryError; torch a RuntimeError, of a class of its own for a card, known by its text for the CPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
    )


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk stands behind it, at whatever depth; libraries of other languages say it in text alone."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in ("No space left on device", "os error 28", "disk is full")):
            return True
        error = error.__cause__ or error.__context__
    return False


class TrainingStopped(TunesmithError):
    """Training cannot go on: the loss is not finite, say. Names the step and its examples."""


class Interrupted(TunesmithError):
    """The user interrupted; a checkpoint is saved and the message says how to go on."""

    exit_code = 130
