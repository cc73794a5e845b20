"""Folders ↔ blobs: how checkpoints and models leave an attempt's folder, and files come into one.

Blobs are named by content, so what a worker puts that has lost its job harms nobody: only the rows that refer
to it make it visible, and those are fenced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tunesmith.core import durable
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.blobs import Blobs


class Gone(Exception):
    """Somebody took the file away before it was put."""


def put_folder(blobs: Blobs, folder: Path, prefix: str = "") -> list[BlobRef]:
    """Every file below ``folder``, named by its path in it behind ``prefix``. The folder stays as it is."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [put_file(blobs, path, prefix + path.relative_to(folder).as_posix()) for path in files]


def put_file(blobs: Blobs, path: Path, name: str, *, grows: bool = False) -> BlobRef:
    """``grows``: somebody may still write to it, so its bytes are copied instead of linked. Raises Gone."""
    temporary = blobs.new_temporary()
    try:
        _link(path, temporary, grows=grows)
        sha256, num_bytes = durable.sha256_of(temporary), temporary.stat().st_size
        blobs.put_file(temporary, sha256)
    finally:
        temporary.unlink(missing_ok=True)
    return BlobRef(name, sha256, num_bytes)


def put_bytes(blobs: Blobs, content: bytes, name: str) -> BlobRef:
    temporary = blobs.new_temporary()
    try:
        durable.write_bytes(temporary, content)
        sha256 = durable.sha256_of(temporary)
        blobs.put_file(temporary, sha256)
    finally:
        temporary.unlink(missing_ok=True)
    return BlobRef(name, sha256, len(content))


def fetch_all(blobs: Blobs, refs: Iterable[BlobRef], folder: Path) -> None:
    """Each under its name in ``folder``, verified; raises DamagedBlob."""
    for ref in refs:
        to = folder / ref.name
        to.parent.mkdir(parents=True, exist_ok=True)
        blobs.fetch(ref.sha256, to)


def _link(path: Path, temporary: Path, *, grows: bool) -> None:
    with durable.disk_errors(temporary):
        temporary.parent.mkdir(parents=True, exist_ok=True)
        if not grows:
            try:
                os.link(path, temporary)
            except FileNotFoundError:
                raise Gone(path.name) from None
            except OSError:  # another file system, or one without links
                pass
            else:
                return
        try:
            shutil.copyfile(path, temporary)
        except FileNotFoundError:
            raise Gone(path.name) from None
