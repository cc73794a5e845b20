"""The members of a zip or tar archive, opened one by one.

Members are streams and their names are data: nothing is ever written where a name says. Archives in archives are refused.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, TypeVar, cast

from tunesmith.core.errors import UserError
from tunesmith.data.findings import shorten
from tunesmith.data.importers.opened import Opened, head_of
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.unpacking import DAMAGE, DamagedSource, Limits, bounded, unpacker

ComesFirst = Callable[[Opened], bool]
Member = TypeVar("Member")
_ZIP: Final = b"PK\x03\x04"
_OTHERS: Final = (b"7z\xbc\xaf", b"Rar!")


def is_archive(opened: Opened) -> bool:
    return is_tar(opened.head) or (opened.is_plain and opened.head.startswith(_ZIP) and not _is_document(opened.path))


def is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def is_packed(head: bytes) -> bool:
    return unpacker(head) is not None or is_tar(head) or head.startswith((_ZIP, *_OTHERS))


def members(archive: Opened, limits: Limits, comes_first: ComesFirst) -> Iterator[Opened | Left]:
    """In their order, but for those that come first. Each can be read until the one behind the last is asked for."""
    if archive.head.startswith(_ZIP):
        yield from _of_zip(archive.path, archive.name, limits, comes_first)
        return
    try:
        with archive.on_disk() as file:
            yield from _of_tar(file, archive.path, archive.name, limits, comes_first)
    except DamagedSource as error:
        yield Left("damaged_file", error.message, error.hint, Place(archive.name), "error")


def ordered(
    found: Iterable[Member], open_it: Callable[[Member], Opened | Left], comes_first: ComesFirst
) -> Iterator[Opened | Left]:
    """All that is found, opened: those that come first, then the others, which are opened anew."""
    later: list[Member] = []
    damage: Exception | None = None
    try:
        for member in found:
            opened = open_it(member)
            if isinstance(opened, Opened) and comes_first(opened):
                yield opened
            else:
                later.append(member)
    except DAMAGE as error:
        damage = error
    yield from map(open_it, later)
    if damage:
        raise damage


def nested(name: str) -> Left:
    return Left("nested_archive", f"{name} is an archive in an archive", "unpack it yourself", Place(name), "error")


def _is_document(path: Path) -> bool:
    """xlsx, docx and their like: zip archives that begin with, or hold, a list of content types."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist() or "mimetype" in archive.namelist()
    except (*DAMAGE, OSError, ValueError):
        return False


def _of_zip(path: Path, name: str, limits: Limits, comes_first: ComesFirst) -> Iterator[Opened | Left]:
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGE, OSError, ValueError) as error:
        message = f"{name} is a damaged zip archive: {error}"
        yield Left("damaged_file", message, "copy or export it again", Place(name), "error")
        return
    with archive:
        files = [member for member in archive.infolist() if not member.is_dir()]
        _check_count(len(files), name, limits)
        yield from ordered(files, lambda member: _zip_member(archive, member, path, name, limits), comes_first)


def _zip_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, archive_name: str, limits: Limits
) -> Opened | Left:
    name = f"{archive_name}!{_shown(member.filename)}"
    if member.flag_bits & 1:
        message = f"{name} is encrypted"
        return Left("encrypted", message, "unpack it with its password, and give the folder", Place(name), "error")

    def open_it() -> BinaryIO:
        try:
            file = cast(BinaryIO, archive.open(member))
        except (*DAMAGE, NotImplementedError, RuntimeError) as error:
            raise DamagedSource(f"{name} cannot be unpacked: {error}.", "unpack it yourself") from error
        return bounded(file, name, member.compress_size, limits)

    return _member(name, member.filename, path, open_it)


def _of_tar(file: Path, path: Path, name: str, limits: Limits, comes_first: ComesFirst) -> Iterator[Opened | Left]:
    """Those of the tar archive in ``file``, which is ``path`` unpacked."""
    try:
        with file.open("rb") as bytes_of_it, tarfile.open(fileobj=bytes_of_it, mode="r:") as archive:
            files = _tar_files(archive, bytes_of_it, name, limits)
            yield from ordered(files, lambda member: _tar_member(archive, member, path, name, limits), comes_first)
    except DAMAGE as error:
        message = f"{name} is a damaged tar archive: {error}"
        yield Left("damaged_file", message, "copy or export it again", Place(name), "error")


def _tar_files(archive: tarfile.TarFile, file: BinaryIO, name: str, limits: Limits) -> Iterator[tarfile.TarInfo]:
    """The library takes a header that is no header for the end; the end is empty."""
    for number, member in enumerate(archive):
        _check_count(number, name, limits)
        if not member.isdir():
            yield member
    file.seek(archive.offset)
    if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError(f"what stands at byte {archive.offset:,} is no member")


def _tar_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, archive_name: str, limits: Limits
) -> Opened | Left:
    name = f"{archive_name}!{_shown(member.name)}"
    if not member.isreg():
        return Left("not_a_file", f"{name} is a link or a device", "nothing to do", Place(name))

    def open_it() -> BinaryIO:
        return bounded(cast(BinaryIO, archive.extractfile(member)), name, member.size, limits)

    return _member(name, member.name, path, open_it)


def _member(name: str, inner_name: str, path: Path, open_it: Callable[[], BinaryIO]) -> Opened | Left:
    if is_hidden(inner_name):
        return Left("hidden_file", f"{name} is no data", "nothing to do", Place(name))
    head = head_of(open_it, name)
    if isinstance(head, Left):
        return head
    is_document = head.startswith(_ZIP) and (b"[Content_Types].xml" in head or b"mimetype" in head[:100])
    if is_packed(head) and not is_document:
        return nested(name)
    return Opened(name, inner_name, head, path, False, open_it)


def is_hidden(name: str) -> bool:
    """By its name or its folder's; but a Maildir has its folders of mail in such as ``.Sent/cur``."""
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "..")]
    if len(parts) > 2 and parts[-2] in ("cur", "new"):
        del parts[-3]
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _shown(name: str) -> str:
    """A member's name as it is; one with what cannot be printed, as JSON has it."""
    return name if name.isprintable() and len(name) <= 200 else shorten(os.fsencode(name).decode(errors="replace"), 200)


def _check_count(count: int, name: str, limits: Limits) -> None:
    if count > limits.most_members:
        raise UserError(f"{name} holds more than {limits.most_members:,} files.", "unpack it, and give its folders")
