"""A run's folder on disk: spec.yaml, resolved.json, events.jsonl, metrics.csv, checkpoints/, model/.

Keeps ``metrics.csv`` in step with the checkpoints: rows are flushed as they come, fsynced before a
checkpoint is published, and cut back to the checkpoint's step on resume. ``tokens_per_second`` is the
only column that a clock writes; all others are the same bits on every run.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tunesmith.core import durable
from tunesmith.core.errors import UserError


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """One row of metrics.csv. Losses in nats per trained token; ``num_tokens`` counts all tokens of the step."""

    step: int
    train_loss: float | None = None
    train_mean_token_accuracy: float | None = None
    valid_loss: float | None = None
    valid_mean_token_accuracy: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    num_tokens: int | None = None
    tokens_per_second: float | None = None


COLUMNS = [field.name for field in fields(StepMetrics)]


class RunFolder:
    """Paths of one run and its two growing files. ``now`` gives Unix seconds for events."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self.path = path
        self._now = now
        self.spec = path / "spec.yaml"
        self.resolved = path / "resolved.json"
        self.events = path / "events.jsonl"
        self.metrics = path / "metrics.csv"
        self.checkpoints = path / "checkpoints"
        self.model = path / "model"
        self.published = path / "published"

    def event(self, kind: str, message: str, **data: Any) -> None:
        entry = {"format": 1, "at": round(self._now(), 3), "type": kind, "message": message, **data}
        _append(self.events, json.dumps(entry, ensure_ascii=False) + "\n")

    def add_metrics(self, row: StepMetrics) -> None:
        if not self.metrics.exists():
            _append(self.metrics, ",".join(COLUMNS) + "\n")
        values = asdict(row)
        _append(self.metrics, ",".join("" if values[c] is None else repr(values[c]) for c in COLUMNS) + "\n")

    def sync_metrics(self) -> None:
        if self.metrics.exists():
            with durable.disk_errors(self.metrics):
                durable.fsync_file(self.metrics)

    def cut_metrics(self, step: int) -> None:
        """Keep the rows up to ``step``; a half-written last line goes too. ``step`` −1 drops them all."""
        if not self.metrics.exists():
            return
        kept = [row for row in read_metrics(self.metrics) if row.step <= step]
        lines = [",".join(COLUMNS)]
        lines += [",".join("" if v is None else repr(v) for v in asdict(row).values()) for row in kept]
        durable.write_text(self.metrics, "\n".join(lines) + "\n")


def read_metrics(path: Path) -> list[StepMetrics]:
    """Every whole row of a metrics.csv; a half-written last one is left out."""
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    rows = []
    for record in csv.DictReader(io.StringIO(whole)):
        if record["step"] is not None and all(record.get(c) is not None for c in COLUMNS):
            rows.append(StepMetrics(**{c: _number(c, record[c]) for c in COLUMNS}))
    return rows


def _number(column: str, text: str) -> Any:
    if text == "":
        return None
    return int(text) if column in ("step", "num_tokens") else float(text)


def _append(path: Path, line: str) -> None:
    with durable.disk_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = _cut_half_line(descriptor)
            content = line.encode("utf-8")
            try:
                while content:
                    content = content[os.write(descriptor, content) :]
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)


def _cut_half_line(descriptor: int) -> int:
    """Cut what a killed process or a full disk left behind the last whole line; → the file's size."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        start = max(0, size - (1 << 16))
        size = start + os.pread(descriptor, size - start, start).rfind(b"\n") + 1
        os.ftruncate(descriptor, size)
    return size


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one process; raises UserError while another one works in it."""
    existed = folder.exists()
    with durable.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _took(descriptor, folder / ".lock"):
            raise UserError(f"Another process is working in {folder}.", "wait for it, or choose another folder")
        try:
            yield
        finally:
            if os.listdir(folder) == [".lock"]:  # refused before anything was written: no trace is left
                (folder / ".lock").unlink()
                if not existed:
                    folder.rmdir()
    finally:
        os.close(descriptor)


def _took(descriptor: int, path: Path) -> bool:
    """Lock the open file; False where another process holds it, or removed it before it was locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False
