"""A tuned model's files: from the blobs into a folder of this machine, checked by hash, used again, few at a time.

Takes the references of the model's files; gives a folder that holds exactly them. Keeps the folders that
were used last.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from tunesmith.core import durable
from tunesmith.core.errors import MachineError

MOST_FOLDERS = 32


class FileReference(Protocol):
    """A file of the model: its name within the folder, and its content's hash."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class BlobSource(Protocol):
    def fetch(self, sha256: str, to: Path) -> None:
        """Write the blob to ``to``, checked by its hash."""


def fetch_folder(files: Sequence[FileReference], blobs: BlobSource, into: Path) -> Path:
    """The folder ``into``/<hash of all files>; raises MachineError where a blob is damaged or a name leaves it."""
    folder = into / hash_of(files)
    if folder.is_dir() and not _is_whole(folder, files):
        shutil.rmtree(folder)
    if not folder.is_dir():
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write_folder(folder, lambda temporary: _fill(temporary, files, blobs))
    now = time.time()
    os.utime(folder, (now, now))
    return folder


def drop_oldest(models: Path, in_use: Collection[Path], most: int = MOST_FOLDERS) -> None:
    """Keep the ``most`` folders that were used last, and those in use."""
    durable.sweep(models)
    folders = sorted((path for path in models.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for folder in folders[: max(0, len(folders) - most)]:
        if folder not in in_use:
            shutil.rmtree(folder, ignore_errors=True)


def hash_of(files: Sequence[FileReference]) -> str:
    lines = sorted(f"{file.name} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _is_whole(folder: Path, files: Sequence[FileReference]) -> bool:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if there != {file.name for file in files}:
        return False
    return all(durable.sha256_of(folder / file.name) == file.sha256 for file in files)


def _fill(folder: Path, files: Sequence[FileReference], blobs: BlobSource) -> None:
    for file in files:
        name = PurePosixPath(file.name)
        if name.is_absolute() or ".." in name.parts or not name.parts or "\\" in file.name:
            raise MachineError(f"The model's file {file.name!r} has a name that leaves its folder.", "train it again")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        blobs.fetch(file.sha256, path)
