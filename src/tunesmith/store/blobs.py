"""Bytes that are kept, named by their SHA-256: in a folder of this machine, or in an S3 bucket.

A blob is written whole or not at all and never changes. The database hears of it before a byte is kept
(``blob_references.announce``); which rows need it, references say; ``collection`` removes what none needs.
Names come from hashes only, never from what a user typed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import FileIO
from pathlib import Path
from typing import Protocol

from tunesmith.core import durable
from tunesmith.core.errors import MachineError, UserError
from tunesmith.core.settings import Settings
from tunesmith.store import blob_references
from tunesmith.store.db import Database
from tunesmith.store.temporaries import Temporaries

Announce = Callable[[str, int], None]
"""Called with a blob's SHA-256 and size before it is kept."""

CHUNK_BYTES = 1 << 20
# How long a put waits for a collector that was stopped while it removed the same bytes.
_PATIENCE_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.02
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DamagedBlob(MachineError):
    """A blob is absent, or its bytes are not those that its name promises."""


class Blobs(Protocol):
    """Where blobs are kept."""

    def new_temporary(self) -> Path:
        """A name for a file that shall become a blob; nothing is there yet."""
        ...

    def put_file(self, path: Path, sha256: str) -> None:
        """Keep the file's bytes, announced first, and take the file away. They survive a power cut from here on."""
        ...

    def fetch(self, sha256: str, to: Path) -> None:
        """Write the blob to ``to``, verified; raises DamagedBlob."""
        ...

    def lend(self, sha256: str, to: Path) -> None:
        """The blob at ``to``, to be read and then removed, unverified; raises DamagedBlob where it is absent."""
        ...

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, unverified; raises DamagedBlob where it is absent."""
        ...

    def exists(self, sha256: str) -> bool: ...
    def removal(self, sha256: str) -> AbstractContextManager[Callable[[], None] | None]:
        """Prepares the blob's deletion; the call that is given does it, in the block.

        However long the caller is stopped before or in that call, it never deletes bytes whose put began after the
        database gave up its lock. None where a put is under way: the blob stays for now.
        """
        ...

    def names(self) -> Iterator[str]:
        """Every blob's SHA-256."""
        ...

    def sweep(self) -> None:
        """Remove what processes that are dead left half written on this machine."""
        ...


def open_blobs(settings: Settings, database: Database | None = None, now: Callable[[], float] = time.time) -> Blobs:
    """What the settings ask for, with dead processes' litter swept away. Without a database it can only be read."""
    announce = _only_read if database is None else _announcing(database, now)
    blobs: Blobs
    if not settings.blob_url:
        blobs = LocalBlobs(settings.folder / "blobs", announce)
    elif settings.blob_url.startswith("s3://"):
        from tunesmith.store.blobs_s3 import S3Blobs

        blobs = S3Blobs(settings.blob_url, settings.folder / "tmp", announce)
    else:
        raise UserError(f"blob_url {settings.blob_url!r} is not known.", "write s3://bucket/prefix, or leave it out")
    blobs.sweep()
    return blobs


def _announcing(database: Database, now: Callable[[], float]) -> Announce:
    def announce(sha256: str, num_bytes: int) -> None:
        with database.write() as connection:
            blob_references.announce(connection, sha256, num_bytes, now())

    return announce


def _only_read(_sha256: str, _num_bytes: int) -> None:
    raise RuntimeError("These blobs were opened for reading: open_blobs(settings, database) can be written to.")


def no_announcement(_sha256: str, _num_bytes: int) -> None:
    """Where nobody collects."""


def is_name(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def check_name(sha256: str) -> str:
    if not is_name(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256")
    return sha256


class LocalBlobs:
    """``folder/ab/cd/<sha256>``: renamed into place once their bytes are on the disk."""

    def __init__(self, folder: Path, announce: Announce = no_announcement) -> None:
        self.folder = folder
        self._announce = announce
        self._temporaries = Temporaries(folder / "tmp")

    def new_temporary(self) -> Path:
        return self._temporaries.new()

    def put_file(self, path: Path, sha256: str) -> None:
        """Writes over a blob that is there: where that one was damaged, it is whole again."""
        target = self._path(sha256)
        with durable.disk_errors(target), self._putting(target.parent, sha256):
            self._announce(sha256, path.stat().st_size)
            durable.fsync_file(path)
            try:
                os.replace(path, target)
            except OSError:  # of another file system
                self._copy_in(path, target)
            for folder in (target.parent, target.parent.parent, self.folder):
                durable.fsync_folder(folder)
        path.unlink(missing_ok=True)  # a link to the very blob: renaming it did nothing

    def fetch(self, sha256: str, to: Path) -> None:
        source, digest = self._path(sha256), hashlib.sha256()

        def copy(temporary: Path) -> None:
            with source.open("rb") as blob, temporary.open("wb") as file:
                while chunk := blob.read(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != sha256:
                raise DamagedBlob(
                    f"The stored bytes {sha256[:12]}… are damaged.", "upload them again, or restore a backup"
                )

        if not source.is_file():
            raise _absent(sha256)
        durable.write_file(to, copy)

    def lend(self, sha256: str, to: Path) -> None:
        try:
            os.link(self._path(sha256), to)
        except FileNotFoundError:
            raise _absent(sha256) from None
        except OSError:  # of another file system
            self.fetch(sha256, to)

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(sha256).open("rb", buffering=0)
        except FileNotFoundError:
            raise _absent(sha256) from None
        return _pieces(file, start, end)

    def exists(self, sha256: str) -> bool:
        return self._path(sha256).is_file()

    @contextmanager
    def removal(self, sha256: str) -> Iterator[Callable[[], None] | None]:
        """Nobody puts into the blob's folder while the block lasts: the kernel holds that lock as long as the process
        lives, stopped or not."""
        path = self._path(sha256)
        with _locked(path.parent, fcntl.LOCK_EX) as is_held:
            yield (lambda: path.unlink(missing_ok=True)) if is_held else None

    def names(self) -> Iterator[str]:
        for path in self.folder.glob("??/??/*"):
            if is_name(path.name):
                yield path.name

    def sweep(self) -> None:
        self._temporaries.sweep()

    def _path(self, sha256: str) -> Path:
        check_name(sha256)
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    @contextmanager
    def _putting(self, folder: Path, sha256: str) -> Iterator[None]:
        """Together with other puts, but not with a removal."""
        gives_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with _locked(folder, fcntl.LOCK_SH) as is_held:
                if is_held:
                    yield
                    return
            if time.monotonic() > gives_up_at:
                raise MachineError(
                    f"The bytes {sha256[:12]}… are being removed by a process that was stopped.",
                    "try again soon; if it stays so, end the worker that does not answer",
                )
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _copy_in(self, path: Path, target: Path) -> None:
        temporary = self.new_temporary()
        shutil.copyfile(path, temporary)
        durable.fsync_file(temporary)
        os.replace(temporary, target)
        path.unlink()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[bool]:
    """Whether the folder's lock could be had at once; it is held while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _pieces(file: FileIO, start: int, end: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = None if end is None else end - start
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk


def _absent(sha256: str) -> DamagedBlob:
    return DamagedBlob(f"The stored bytes {sha256[:12]}… are not there.", "upload them again, or restore a backup")
