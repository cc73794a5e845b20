"""Rows → a file of JSON lines that is there whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tunesmith.core import durable


class RowWriter:
    """A context manager. ``sha256`` and ``num_bytes`` are those of what was written so far; on an error nothing is left,
    and what stood at ``path`` before stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_rows = self.num_bytes = 0
        self._digest = sha256()
        self._encoder = msgspec.json.Encoder()
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __enter__(self) -> RowWriter:
        with durable.disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("wb", buffering=1 << 20)
        return self

    def write(self, row: Mapping[str, Any]) -> None:
        """Raises UnicodeEncodeError where a text holds half of a surrogate pair: no reader takes that."""
        self.write_line(self._encoder.encode(row))

    def write_line(self, line: bytes) -> None:
        """JSON as it stands, without its line feed."""
        content = line + b"\n"
        with durable.disk_errors(self.path):
            self._file.write(content)
        self._digest.update(content)
        self.num_rows += 1
        self.num_bytes += len(content)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with durable.disk_errors(self.path):
                self._file.close()
                if kind is None:
                    durable.fsync_file(self._temporary)
                    os.replace(self._temporary, self.path)
                    durable.fsync_folder(self.path.parent)
        finally:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
