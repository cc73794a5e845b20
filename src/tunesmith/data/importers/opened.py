"""One file, opened: how it begins, and its bytes wherever they lie."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from tunesmith.core import durable
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.unpacking import DamagedSource

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """One file, unpacked; a member of an archive can be read until the next is asked for. ``name`` tells a person where
    it is (``a.zip!b.csv``), ``inner_name`` what it is called once unpacked (``b.csv``), ``head`` how it begins.
    ``path`` is the file on the disk that holds it."""

    name: str
    inner_name: str
    head: bytes
    path: Path
    is_plain: bool
    _open: Callable[[], BinaryIO]

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.inner_name).suffix.lower()

    def open(self) -> BinaryIO:
        """Its bytes from the start; raises PackedTooTightly or DamagedSource while it is read."""
        return self._open()

    def on_disk(self) -> AbstractContextManager[Path]:
        """The file itself, or a copy that is gone afterwards where it was packed."""
        return _as_it_is(self.path) if self.is_plain else _copied(self)

    def copy_to(self, path: Path) -> int:
        """Number of bytes."""
        with durable.disk_errors(path), self.open() as source, path.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
            return copy.tell()


def head_of(open_it: Callable[[], BinaryIO], name: str) -> bytes | Left:
    try:
        with open_it() as file:
            return file.read(HEAD_BYTES)
    except DamagedSource as error:
        return Left("damaged_file", error.message, error.hint, Place(name), "error")


@contextmanager
def _as_it_is(path: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _copied(opened: Opened) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
        path = Path(folder) / f"unpacked{opened.suffix}"
        opened.copy_to(path)
        yield path
