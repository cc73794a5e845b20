"""What a data file is made of: its hash, the files that it came from, and what was done to them, with counts.

A version is a small JSON file beside the data, ``train.jsonl`` → ``train.jsonl.version.json``. Data files are never
changed in place: who changes one writes another, whose version names the first as its parent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core import durable

FORMAT: Final = 1
SUFFIX: Final = ".version.json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was done: its name (``convert``, ``clean``, ``split`` …), with what settings, and how many rows it
    read, wrote, changed and left out, by reason."""

    name: str
    parameters: dict[str, Any]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Parent:
    """A file that this one was made from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Version:
    """``operations`` are those that made this file from its parents, in order. ``licence`` and ``source`` are what the
    user said of the data, or what the parent's version says."""

    sha256: str
    num_rows: int
    num_bytes: int
    parents: tuple[Parent, ...] = ()
    operations: tuple[Operation, ...] = ()
    licence: str | None = None
    source: str | None = None
    format: int = field(default=FORMAT)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def version_path(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def write_version(path: Path, version: Version) -> None:
    """Beside the data file at ``path``."""
    durable.write_json(version_path(path), version.as_json())


def read_version(path: Path) -> Version | None:
    """The version beside the data file at ``path``; None where there is none, or it is no longer of these bytes."""
    try:
        version = msgspec.json.decode(version_path(path).read_bytes(), type=Version)
    except (OSError, msgspec.DecodeError):
        return None
    return version if version.format == FORMAT and durable.sha256_of(path) == version.sha256 else None
