"""What stands at a path, opened: a file, a packed file, the members of an archive, the files of a folder.

Members are streams and their names are data: nothing is ever written where a name says. What unpacks to far more than
it holds is refused, and so are archives in archives.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Protocol, cast

import zstandard

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.findings import shorten
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.versions import SUFFIX

_CHUNK: Final = 1 << 20
_MOST_XZ_MEMORY: Final = 160 << 20
_MOST_ZST_WINDOW: Final = 128 << 20
_ZST_STEP: Final = 512  # a block of zst takes 4 bytes and gives 128 KiB at most: 16 MiB for a step


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out. ``most_ratio`` is bytes out for a byte in, and asked from ``ratio_from_bytes`` on: small
    text may well be packed a thousandfold."""

    most_bytes: int = 64 << 30
    most_ratio: int = 200
    ratio_from_bytes: int = 256 << 20
    most_members: int = 100_000


class PackedTooTightly(UserError):
    """What was read unpacks to more than is safe."""


class DamagedSource(UserError):
    """A packed file ends early, or is not what it says."""


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


def sources(path: Path, limits: Limits = Limits()) -> Iterator[Opened | Left]:
    """Each file that stands at ``path``; a Left for each that is none of ours to read."""
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        for number, file in enumerate(files):
            if number == limits.most_members:
                raise UserError(f"{path} holds more than {limits.most_members:,} files.", "give its folders one by one")
            yield from _of_file(file, file.relative_to(path.parent).as_posix(), limits)
    elif path.is_file():
        yield from _of_file(path, path.name, limits)
    elif path.exists():
        raise UserError(f"{path} is not a regular file.", "name a file or a folder")
    else:
        raise UserError(f"{path} is not there.", "check the name")


def is_office_archive(opened: Opened) -> bool:
    """Whether it is a zip archive that a program saved as one document (xlsx, docx), not one that a person packed."""
    return opened.head.startswith(b"PK\x03\x04")


def _of_file(path: Path, name: str, limits: Limits) -> Iterator[Opened | Left]:
    if path.name.endswith(SUFFIX) or any(part.startswith(".") for part in PurePosixPath(name).parts):
        yield Left("hidden_file", f"{name} is no data", "nothing to do", Place(name))
        return
    try:
        with path.open("rb") as file:
            magic = file.read(HEAD_BYTES)
    except OSError as error:
        hint = "check its permissions"
        yield Left("unreadable_file", f"{name} cannot be read: {error.strerror}", hint, Place(name), "error")
        return
    unpack = _unpacker(magic)
    if unpack is not None:
        yield from _of_packed(path, name, unpack, limits)
    elif magic.startswith(b"PK\x03\x04") and not _is_document(path):
        yield from _of_zip(path, name, limits)
    elif _is_tar(magic):
        yield from _of_tar(path, path, name, limits)
    else:
        yield Opened(name, name, magic, path, True, lambda: path.open("rb", buffering=_CHUNK))


# ---- one packed file -----------------------------------------------------------------------------


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


Unpack = Callable[[BinaryIO], BinaryIO]


def _unpacker(head: bytes) -> Unpack | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if head.startswith(b"BZh"):
        return lambda file: _buffered(_Unpacking(file, bz2.BZ2Decompressor))
    if head.startswith(b"\xfd7zXZ\0"):
        return lambda file: _buffered(_Unpacking(file, lambda: lzma.LZMADecompressor(memlimit=_MOST_XZ_MEMORY)))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return lambda file: _buffered(_Unpacking(file, _ZstDecompressor))
    return None


class _ZstDecompressor:
    """zst behind the calls of ``bz2`` and ``lzma``; a step is small, for it cannot be stopped within."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=_MOST_ZST_WINDOW).decompressobj()
        self._held = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return not self._held

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._held

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        del max_length
        held, out = self._held + data, []
        at = size = 0
        while at < len(held) and size < _CHUNK and not self._frame.eof:
            out.append(self._frame.decompress(held[at : at + _ZST_STEP]))
            at, size = at + _ZST_STEP, size + len(out[-1])
        self._held = held[at:]
        return b"".join(out)


class _Unpacking(io.RawIOBase):
    """One stream after the other, as ``cat a.xz b.xz`` makes them; never more than a chunk ahead."""

    def __init__(self, file: BinaryIO, make: Callable[[], _Decompressor]) -> None:
        self._file, self._make = file, make
        self._decompressor = make()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            piece = self._next()
            if piece is None:
                return 0
            self._ready = memoryview(piece)
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _next(self) -> bytes | None:
        if self._decompressor.eof:
            rest = (self._decompressor.unused_data or self._file.read(_CHUNK)).lstrip(b"\0")
            if not rest:
                return None
            self._decompressor = self._make()
            return self._decompressor.decompress(rest, _CHUNK)
        data = self._file.read(1 << 16) if self._decompressor.needs_input else b""
        if not data and self._decompressor.needs_input:
            raise EOFError("it ends in the middle")
        return self._decompressor.decompress(data, _CHUNK)


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(raw, _CHUNK)


_DAMAGE: Final = (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, tarfile.TarError)


class _Bounded(io.RawIOBase):
    """Passes on what is unpacked, and counts it."""

    def __init__(self, file: BinaryIO, name: str, num_packed_bytes: int, limits: Limits) -> None:
        self._file, self._name, self._limits = file, name, limits
        self._num_bytes, self._num_packed_bytes = 0, max(num_packed_bytes, 1)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read(len(buffer))
        except (*_DAMAGE, OSError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            message = f"{self._name} is damaged after {self._num_bytes:,} unpacked bytes: {error}."
            raise DamagedSource(message, "copy or export it again") from error
        buffer[: len(data)] = data
        self._num_bytes += len(data)
        self._check()
        return len(data)

    def _check(self) -> None:
        limits, ratio = self._limits, self._num_bytes // self._num_packed_bytes
        is_tight = self._num_bytes > limits.ratio_from_bytes and ratio > limits.most_ratio
        if is_tight or self._num_bytes > limits.most_bytes:
            what = f"{self._num_packed_bytes:,} packed bytes gave {self._num_bytes:,} and there is more"
            raise PackedTooTightly(
                f"{self._name} unpacks to more than is safe: {what}.", "if you trust it, unpack it yourself"
            )


def _of_packed(path: Path, name: str, unpack: Unpack, limits: Limits) -> Iterator[Opened | Left]:
    size = path.stat().st_size

    def open_it() -> BinaryIO:
        return _buffered(_Bounded(unpack(path.open("rb")), name, size, limits))

    head = _head(open_it, name)
    if isinstance(head, Left):
        yield head
    elif _is_tar(head):
        opened = Opened(name, name, head, path, False, open_it)
        with opened.on_disk() as copy:
            yield from _of_tar(copy, path, name, limits)
    elif _is_packed(head):
        yield _nested(name)
    else:
        inner = name[: -len(PurePosixPath(name).suffix)] if PurePosixPath(name).suffix else name
        yield Opened(name, inner, head, path, False, open_it)


def _head(open_it: Callable[[], BinaryIO], name: str) -> bytes | Left:
    try:
        with open_it() as file:
            return file.read(HEAD_BYTES)
    except DamagedSource as error:
        return Left("damaged_file", error.message, error.hint, Place(name), "error")


def _is_packed(head: bytes) -> bool:
    return _unpacker(head) is not None or _is_tar(head) or head.startswith((b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!"))


def _nested(name: str) -> Left:
    return Left("nested_archive", f"{name} is an archive in an archive", "unpack it yourself", Place(name), "error")


@contextmanager
def _as_it_is(path: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _copied(opened: Opened) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
        path = Path(folder) / f"unpacked{opened.suffix}"
        with durable.disk_errors(path), opened.open() as source, path.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
        yield path


# ---- archives ------------------------------------------------------------------------------------


def _is_document(path: Path) -> bool:
    """xlsx, docx and their like: zip archives that begin with, or hold, a list of content types."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist() or "mimetype" in archive.namelist()
    except (*_DAMAGE, OSError, ValueError):
        return False


def _of_zip(path: Path, name: str, limits: Limits) -> Iterator[Opened | Left]:
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGE, OSError, ValueError) as error:
        message = f"{name} is a damaged zip archive: {error}"
        yield Left("damaged_file", message, "copy or export it again", Place(name), "error")
        return
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_count(len(members), name, limits)
        for member in members:
            yield _zip_member(archive, member, path, f"{name}!{_shown(member.filename)}", limits)


def _zip_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, name: str, limits: Limits
) -> Opened | Left:
    if member.flag_bits & 1:
        message = f"{name} is encrypted"
        return Left("encrypted", message, "unpack it with its password, and give the folder", Place(name), "error")

    def open_it() -> BinaryIO:
        try:
            file = cast(BinaryIO, archive.open(member))
        except (*_DAMAGE, NotImplementedError, RuntimeError) as error:
            raise DamagedSource(f"{name} cannot be unpacked: {error}.", "unpack it yourself") from error
        return _buffered(_Bounded(file, name, member.compress_size, limits))

    return _member(name, member.filename, path, open_it)


def _of_tar(file: Path, path: Path, name: str, limits: Limits) -> Iterator[Opened | Left]:
    """The members of the tar archive in ``file``, which is ``path`` unpacked."""
    try:
        with tarfile.open(file, "r:") as archive:
            for number, member in enumerate(archive):
                _check_count(number, name, limits)
                if not member.isdir():
                    yield _tar_member(archive, member, path, f"{name}!{_shown(member.name)}", limits)
    except _DAMAGE as error:
        message = f"{name} is a damaged tar archive: {error}"
        yield Left("damaged_file", message, "copy or export it again", Place(name), "error")


def _tar_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, name: str, limits: Limits
) -> Opened | Left:
    if not member.isreg():
        return Left("not_a_file", f"{name} is a link or a device", "nothing to do", Place(name))

    def open_it() -> BinaryIO:
        file = cast(BinaryIO, archive.extractfile(member))
        return _buffered(_Bounded(file, name, member.size, limits))

    return _member(name, member.name, path, open_it)


def _member(name: str, inner_name: str, path: Path, open_it: Callable[[], BinaryIO]) -> Opened | Left:
    if any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(inner_name).parts if part not in (".", "..")):
        return Left("hidden_file", f"{name} is no data", "nothing to do", Place(name))
    head = _head(open_it, name)
    if isinstance(head, Left):
        return head
    is_document = head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"mimetype" in head[:100])
    if _is_packed(head) and not is_document:
        return _nested(name)
    return Opened(name, inner_name, head, path, False, open_it)


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _shown(name: str) -> str:
    """A member's name as it is; one with what cannot be printed, as JSON has it."""
    return name if name.isprintable() and len(name) <= 200 else shorten(os.fsencode(name).decode(errors="replace"), 200)


def _check_count(count: int, name: str, limits: Limits) -> None:
    if count > limits.most_members:
        raise UserError(f"{name} holds more than {limits.most_members:,} files.", "unpack it, and give its folders")
