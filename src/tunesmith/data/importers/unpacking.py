"""Packed bytes to bytes, within bounds: gz, bz2, xz, zst, and what an archive holds.

What unpacks to far more than it holds is refused, and what ends early is told.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, cast

import zstandard

from tunesmith.core.errors import UserError

_CHUNK: Final = 1 << 20
_MOST_XZ_MEMORY: Final = 160 << 20
_MOST_ZST_WINDOW: Final = 128 << 20
_ZST_STEP: Final = 512  # a block of zst takes 4 bytes and gives 128 KiB at most: 16 MiB for a step
DAMAGE: Final = (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, tarfile.TarError)

Unpack = Callable[[BinaryIO], BinaryIO]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out. ``most_ratio`` is bytes out for a byte in, and asked from ``ratio_from_bytes`` on: small
    text may well be packed a thousandfold. ``most_members`` is of an archive, ``most_files`` of a folder."""

    most_bytes: int = 64 << 30
    most_ratio: int = 200
    ratio_from_bytes: int = 256 << 20
    most_members: int = 100_000
    most_files: int = 1_000_000


USUAL: Final = Limits()


class PackedTooTightly(UserError):
    """What was read unpacks to more than is safe."""


class DamagedSource(UserError):
    """A packed file ends early, or is not what it says."""


def unpacker(head: bytes) -> Unpack | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if head.startswith(b"BZh"):
        return lambda file: _buffered(_Unpacking(file, bz2.BZ2Decompressor))
    if head.startswith(b"\xfd7zXZ\0"):
        return lambda file: _buffered(_Unpacking(file, lambda: lzma.LZMADecompressor(memlimit=_MOST_XZ_MEMORY)))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return lambda file: _buffered(_Unpacking(file, _ZstDecompressor))
    return None


def bounded(file: BinaryIO, name: str, num_packed_bytes: int, limits: Limits) -> BinaryIO:
    """What comes out of so many packed bytes; raises PackedTooTightly or DamagedSource while it is read."""
    return _buffered(_Bounded(file, name, num_packed_bytes, limits))


def check_tightness(name: str, num_packed_bytes: int, num_bytes: int, limits: Limits) -> None:
    """Raises PackedTooTightly where so many bytes are too much to come of so few."""
    ratio = num_bytes // max(num_packed_bytes, 1)
    is_tight = num_bytes > limits.ratio_from_bytes and ratio > limits.most_ratio
    if is_tight or num_bytes > limits.most_bytes:
        what = f"{num_packed_bytes:,} packed bytes gave {num_bytes:,} and there is more"
        raise PackedTooTightly(f"{name} unpacks to more than is safe: {what}.", "if you trust it, unpack it yourself")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


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
        except (*DAMAGE, OSError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            message = f"{self._name} is damaged after {self._num_bytes:,} unpacked bytes: {error}."
            raise DamagedSource(message, "copy or export it again") from error
        buffer[: len(data)] = data
        self._num_bytes += len(data)
        check_tightness(self._name, self._num_packed_bytes, self._num_bytes, self._limits)
        return len(data)
