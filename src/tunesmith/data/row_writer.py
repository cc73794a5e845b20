"""Rows → a file of JSON lines that is there whole, or not at all."""

from __future__ import annotations

import fcntl
import glob
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from tunesmith.core import durable
from tunesmith.core.errors import UserError

_BYTES_AT_ONCE: Final = 1 << 18


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # another user's
    return True


class RowWriter:
    """A context manager. ``sha256`` and ``num_bytes`` are those of what was written so far; on an error nothing is left,
    and what stood at ``path`` before stays. Unless it ``replaces`` that, raises UserError at the end where somebody else
    has written it meanwhile."""

    def __init__(self, path: Path, *, replaces: bool = True) -> None:
        self.path = path
        self._replaces = replaces
        self.num_rows = self.num_bytes = 0
        self._digest = sha256()
        self._lines: list[bytes] = []
        self._num_waiting = 0
        self._encoder = msgspec.json.Encoder()
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    @property
    def sha256(self) -> str:
        self._flush()
        return self._digest.hexdigest()

    def __enter__(self) -> RowWriter:
        with durable.disk_errors(self.path):
            durable.refuse_special(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._remove_litter()
            self._file = self._temporary.open("wb")
            with suppress(OSError):  # a file system without locks: then litter stays
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def _remove_litter(self) -> None:
        """What processes that were killed left half written for this very path: they are gone, and nobody holds it."""
        for litter in self.path.parent.glob(f".{glob.escape(self.path.name)}.*.tmp"):
            pid = litter.name.removesuffix(".tmp").rpartition(".")[2]
            if not pid.isdecimal() or int(pid) == os.getpid() or _is_alive(int(pid)):
                continue
            with suppress(OSError), litter.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                litter.unlink()

    def write(self, row: Mapping[str, Any]) -> None:
        """Raises UnicodeEncodeError where a text holds half of a surrogate pair: no reader takes that."""
        self.write_line(self._encoder.encode(row))

    def write_line(self, line: bytes) -> None:
        """JSON as it stands, without its line feed."""
        self.write_lines([line])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        self._lines += lines
        num_bytes = sum(map(len, lines)) + len(lines)
        self.num_rows += len(lines)
        self.num_bytes += num_bytes
        self._num_waiting += num_bytes
        if self._num_waiting > _BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            content = b"\n".join([*self._lines, b""])
            self._digest.update(content)
            self._lines.clear()
            self._num_waiting = 0
            with durable.disk_errors(self.path):
                self._file.write(content)

    def _publish(self) -> None:
        if self._replaces:
            os.replace(self._temporary, self.path)
            return
        try:
            durable.publish_new(self._temporary, self.path)
        except FileExistsError:
            message = f"{self.path} was written by somebody else meanwhile; it stays as it is."
            raise UserError(message, "name another file, or add --overwrite") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
            with durable.disk_errors(self.path):
                self._file.close()
                if kind is None:
                    durable.fsync_file(self._temporary)
                    self._publish()
                    durable.fsync_folder(self.path.parent)
        finally:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
