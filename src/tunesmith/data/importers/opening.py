"""What stands at a path, opened: a file, a packed file, the members of an archive, the files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from tunesmith.core.errors import UserError
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.importers.archives import (
    ComesFirst,
    is_archive,
    is_hidden,
    is_packed,
    is_tar,
    members,
    nested,
    ordered,
)
from tunesmith.data.importers.opened import Opened, head_of
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.unpacking import USUAL, Limits, Unpack, bounded, unpacker
from tunesmith.data.versions import SUFFIX

_BUFFER_BYTES: Final = 1 << 20


def sources(
    path: Path, limits: Limits = USUAL, comes_first: ComesFirst = lambda opened: False, name: str | None = None
) -> Iterator[Opened | Left]:
    """Each file that stands at ``path``; a Left for each that is none of ours to read. Those of a folder or an archive that
    come first are given before its others. ``name``: what people call the file, if not as its path says."""
    if path.is_dir():
        files = _files(path, limits)
        found = ordered(
            files, lambda file: _opened(*file, limits), lambda one: not is_archive(one) and comes_first(one)
        )
    elif path.is_file():
        found = iter([_opened(path, name or path.name, limits)])
    elif path.exists():
        raise UserError(f"{path} is not a regular file.", "name a file or a folder")
    else:
        raise UserError(f"{path} is not there.", "check the name")
    for one in found:
        if isinstance(one, Opened) and is_archive(one):
            yield from members(one, limits, comes_first)
        else:
            yield one


def _files(folder: Path, limits: Limits) -> Iterator[tuple[Path, str]]:
    """Its files and those of its folders, in the order of their names, with how a person is told of them. A folder that
    cannot be listed is among them."""
    waiting = [(os.fspath(folder), False)]
    num_files = 0
    while waiting:
        path, is_file = waiting.pop()
        if not is_file:
            with suppress(OSError), os.scandir(path) as entries:
                found = [(entry.path, not entry.is_dir(follow_symlinks=False)) for entry in entries]
                waiting += sorted(found, reverse=True)
                continue
        num_files += 1
        if num_files > limits.most_files:
            raise UserError(f"{folder} holds more than {limits.most_files:,} files.", "give its folders one by one")
        yield Path(path), os.path.relpath(path, folder.parent)


def _opened(path: Path, name: str, limits: Limits) -> Opened | Left:
    if name.endswith(SUFFIX) or is_hidden("/".join(PurePosixPath(name).parts[1:])):
        return Left("hidden_file", f"{name} is no data", "nothing to do", Place(name))
    try:
        if not path.is_file() and (path.is_symlink() or not path.is_dir()):
            return Left("not_a_file", f"{name} is a link or a device", "nothing to do", Place(name))
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        hint = "check its permissions"
        return Left("unreadable_file", f"{name} cannot be read: {error.strerror}", hint, Place(name), "error")
    unpack = unpacker(head)
    if unpack is not None:
        return _unpacked(path, name, unpack, limits)
    return Opened(name, name, head, path, True, lambda: path.open("rb", buffering=_BUFFER_BYTES))


def _unpacked(path: Path, name: str, unpack: Unpack, limits: Limits) -> Opened | Left:
    size = path.stat().st_size

    def open_it() -> BinaryIO:
        return bounded(unpack(path.open("rb")), name, size, limits)

    head = head_of(open_it, name)
    if isinstance(head, Left):
        return head
    if is_tar(head):
        return Opened(name, name, head, path, False, open_it)
    if is_packed(head):
        return nested(name)
    inner = name[: -len(PurePosixPath(name).suffix)] if PurePosixPath(name).suffix else name
    return Opened(name, inner, head, path, False, open_it)
