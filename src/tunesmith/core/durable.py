"""Durable files: written, fsynced, renamed, and their folder fsynced, so that a reader (or a power
cut) meets the old content or the new one, never half of it. The only place that replaces files.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tunesmith.core.errors import MachineError


def write_bytes(path: Path, content: bytes) -> None:
    write_file(path, lambda temporary: _fill(temporary, content))


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_file(path: Path, writer: Callable[[Path], None]) -> None:
    """Let ``writer`` fill a temporary neighbour of ``path``, then publish it under its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        try:
            refuse_special(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            writer(temporary)
            fsync_file(temporary)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)


def publish_new(temporary: Path, path: Path) -> None:
    """Give what was written its name, in one step; raises FileExistsError where something has it already."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(temporary, path)
    else:
        temporary.unlink()


def refuse_special(path: Path) -> None:
    """A device, a pipe or a socket is not replaced by a file: raises MachineError."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise MachineError(f"{path} is no regular file, and is not replaced by one.", "name a file")


def write_folder(path: Path, writer: Callable[[Path], None]) -> None:
    """Let ``writer`` fill a temporary folder, fsync every file in it, then publish it as ``path``.

    A folder that stands at ``path`` already is replaced. After a crash a hidden temporary folder may
    stay behind; ``sweep`` removes it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            writer(temporary)
            for file in sorted(temporary.rglob("*")):
                fsync_folder(file) if file.is_dir() else fsync_file(file)
            fsync_folder(temporary)
            if path.exists():
                old = path.with_name(f".{path.name}.{os.getpid()}.old.tmp")
                os.replace(path, old)
                try:
                    os.replace(temporary, path)
                except BaseException:
                    os.replace(old, path)
                    raise
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        fsync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what a killed process left half written in ``folder``."""
    for litter in sorted(folder.glob(".*.tmp")):
        if litter.is_dir():
            shutil.rmtree(litter, ignore_errors=True)
        else:
            litter.unlink(missing_ok=True)


def fsync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(path: Path) -> None:
    fsync_file(path)


def begin_writing_out(descriptor: int, start: int, num_bytes: int) -> None:
    """Let the disk begin with these bytes now, so that the fsync at the end finds little left; promises nothing.

    Linux starts the writing when it is told that pages are not needed; those that are being written stay in memory.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, num_bytes, os.POSIX_FADV_DONTNEED)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into sentences that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError(
                f"The disk is full: {path} could not be written; nothing half written was left behind.",
                "free some space (older checkpoints, other runs), then start again; a training goes on with --resume",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise MachineError(
                f"{path} could not be written: {error.strerror}.", "choose a folder that you may write to with --out"
            ) from error
        what = error.strerror or str(error)
        raise MachineError(
            f"{error.filename or path} could not be written: {what}.", "check the path and the disk"
        ) from error


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)
