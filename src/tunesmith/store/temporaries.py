"""Files on their way into the store: a folder for each process, which holds a lock on it as long as it lives.

The kernel lets go of the lock however a process ends, so that ``sweep`` knows whose files nobody will finish.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from tunesmith.core import durable


class Temporaries:
    """``folder/<process>/…`` beside ``folder/<process>.lock``; both appear with the first file.

    To be kept as long as its files are needed: the lock goes with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = threading.Lock()
        self._own: tuple[Path, IO[bytes]] | None = None

    def new(self) -> Path:
        """A name that nobody else has; nothing is there yet."""
        with self._turn:
            if self._own is None:
                with durable.disk_errors(self.folder):
                    self._own = self._begin()
        return self._own[0] / uuid4().hex

    def sweep(self) -> None:
        """Remove what dead processes left half written; whoever lives is not touched."""
        for path in sorted(self.folder.glob("*.lock")):
            with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as lock:  # NFS locks no reader
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)

    def _begin(self) -> tuple[Path, IO[bytes]]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            path = self.folder / f"{uuid4().hex}.lock"
            lock = path.open("xb")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # somebody sweeps it away
                lock.close()
                continue
            if path.exists():
                path.with_suffix("").mkdir(mode=0o700)
                return path.with_suffix(""), lock
            lock.close()
