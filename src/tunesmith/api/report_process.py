"""The process that judges a file for its report, so that a hostile or huge file harms nobody but this process.

``python -m tunesmith.api.report_process`` works in the current folder: ``rows.jsonl`` is the file, standard input
brings the order as a line of JSON and then stays open: its end ends this process. It leaves the folder ``report``, or
``failed`` with a sentence; ``progress`` holds the share of the bytes that were read. No torch.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tunesmith.core import durable
from tunesmith.core.errors import UserError, is_disk_full, is_out_of_memory
from tunesmith.data.render import Renderer
from tunesmith.data.report_file import Report, write_report
from tunesmith.data.row_measures import ModelRead
from tunesmith.nn.catalog import locate

ROWS: Final = "rows.jsonl"
REPORT, FAILED, PROGRESS = "report", "failed", "progress"
ORPHANED: Final = 75
NICENESS: Final = 10
_PROGRESS_SECONDS: Final = 0.25


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline() or b"null")
    if order is None:
        os._exit(ORPHANED)
    _settle_in(order["most_memory_bytes"])
    try:
        make(Path(), order)
    except BaseException as error:  # noqa: BLE001 - the process's border: every error becomes a sentence
        _say(f"{type(error).__name__}: {error}")
        with suppress(OSError):
            Path(FAILED).write_text(_sentence(error), encoding="utf-8")
        os._exit(1)
    os._exit(0)  # without waiting for the thread that listens


def make(folder: Path, order: Mapping[str, Any]) -> None:
    """``order``: ``sha256``, ``model`` and its ``location`` (or None), ``max_seq_len`` (or None)."""
    path, progress = folder / ROWS, _Progress(folder / PROGRESS)
    model = None if order["model"] is None else _model(order)
    durable.write_folder(folder / REPORT, lambda into: _judge(path, into, model, progress))
    sha256 = Report(folder / REPORT).summary.sha256
    if sha256 not in (None, order["sha256"]):
        raise _Told("The stored bytes of the file are damaged. Upload the file again, or restore a backup.")


class _Told(Exception):
    """A sentence for whoever asked for the report."""


class _Progress:
    """Written now and then, for other processes to read."""

    def __init__(self, path: Path) -> None:
        self._path, self._due = path, 0.0

    def __call__(self, share: float) -> None:
        if (now := time.monotonic()) >= self._due:
            self._due = now + _PROGRESS_SECONDS
            fresh = self._path.with_suffix(".fresh")
            fresh.write_text(f"{share:.4f}", encoding="ascii")
            os.replace(fresh, self._path)


def _judge(path: Path, into: Path, model: ModelRead | None, progress: _Progress) -> None:
    write_report(path, into, model, progress)


def _model(order: Mapping[str, Any]) -> ModelRead:
    try:
        base = locate(order["location"], offline=True)
        return ModelRead(Renderer.load(base.folder), base.config.max_position_embeddings, order["max_seq_len"])
    except UserError as error:
        _say(str(error))
        raise _Told(
            f"The base model {order['model']} cannot be read on this machine: its files are missing or damaged."
        ) from None


def _sentence(error: BaseException) -> str:
    if isinstance(error, _Told):
        return str(error)
    if is_disk_full(error):
        return "The server's disk is full; the report needs some megabytes of it."
    if is_out_of_memory(error):
        return "The file needs more memory than one report may take: split it, and write one example a line."
    return "The report could not be made; the server's log says why."


def _say(text: str) -> None:
    """To whoever started this, who cuts out what looks like a secret."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _settle_in(most_memory_bytes: int) -> None:
    """Yield to everybody else, be the first that the system kills for memory, and end with whoever started this."""
    with suppress(OSError):
        os.nice(max(0, NICENESS - os.nice(0)))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("800")
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most_memory_bytes, most_memory_bytes))
    threading.Thread(target=_until_the_starter_ends, daemon=True).start()


def _until_the_starter_ends() -> None:
    while os.read(0, 1 << 12):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
