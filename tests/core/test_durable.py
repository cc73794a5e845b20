"""A reader, a power cut or a full disk meets the old file or the new one, never half of it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core import durable
from tunesmith.core.errors import MachineError


class Faulty:
    """Makes the ``at``-th call (from 0) of an os function or a file's writing fail with ``code``; counts all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int = -1, code: int = errno.ENOSPC) -> None:
        self.calls: list[str] = []
        self._at, self._code = at, code
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        monkeypatch.setattr(Path, "write_bytes", self._wrapped("write_bytes", Path.write_bytes))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 == self._at:
                if name == "write_bytes":
                    real(args[0], args[1][: len(args[1]) // 2])
                raise OSError(self._code, os.strerror(self._code))
            return real(*args, **kwargs)

        return call


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="tunesmith-") as folder:
        yield Path(folder)


def two_files(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "a").write_bytes(b"new a")
    (folder / "sub" / "b").write_bytes(b"new b")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def num_calls(write: Callable[[], None]) -> int:
    with pytest.MonkeyPatch.context() as patch:
        faulty = Faulty(patch)
        write()
    return len(faulty.calls)


def test_content_is_written_whole_in_new_folders(tmp_path: Path) -> None:
    durable.write_bytes(tmp_path / "x" / "y" / "file", b"\x00\xff")
    durable.write_text(tmp_path / "x" / "text", "é\n")
    assert content(tmp_path) == {"x/y/file": b"\x00\xff", "x/text": "é\n".encode()}


def test_json_ends_with_a_newline_and_refuses_nan(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "a.json", {"b": [1, "é"]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "b": [\n    1,\n    "é"\n  ]\n}\n'
    with pytest.raises(ValueError):
        durable.write_json(tmp_path / "a.json", {"b": float("nan")})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"b": [1, "é"]}


def test_a_file_is_fsynced_then_renamed_then_its_folder_is_fsynced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = Faulty(monkeypatch)
    durable.write_bytes(tmp_path / "file", b"new")
    assert faulty.calls == ["write_bytes", "fsync", "replace", "fsync"]


def test_a_folder_is_renamed_only_when_all_in_it_is_fsynced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = Faulty(monkeypatch)
    durable.write_folder(tmp_path / "folder", two_files)
    everything = ["fsync"] * 4  # a, sub, sub/b and the folder itself
    assert faulty.calls == ["write_bytes"] * 2 + [*everything, "replace", "fsync"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_file_survives_a_fault_at_every_point(tmp_path: Path, code: int) -> None:
    path = tmp_path / "file"
    points = num_calls(lambda: durable.write_bytes(path, b"old content"))
    assert points >= 4
    for at in range(points):
        path.write_bytes(b"old content")
        with pytest.MonkeyPatch.context() as patch:
            Faulty(patch, at, code)
            with pytest.raises((MachineError, OSError)):
                durable.write_bytes(path, b"new content")
        assert path.read_bytes() in (b"old content", b"new content")
        assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_new_folder_is_there_whole_or_not_at_all(tmp_path: Path, code: int) -> None:
    points = num_calls(lambda: durable.write_folder(tmp_path / "count", two_files))
    for at in range(points):
        place = tmp_path / f"{at}"
        place.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            Faulty(patch, at, code)
            with pytest.raises((MachineError, OSError)):
                durable.write_folder(place / "folder", two_files)
        found = content(place)
        assert found in ({}, {"folder/a": b"new a", "folder/sub/b": b"new b"}), f"fault at call {at}"


def test_a_replaced_folder_is_the_old_or_the_new_one_after_a_fault_at_every_point(tmp_path: Path) -> None:
    old, new = {"folder/a": b"old a"}, {"folder/a": b"new a", "folder/sub/b": b"new b"}

    def with_old(place: Path) -> Path:
        (place / "folder").mkdir(parents=True)
        (place / "folder" / "a").write_bytes(b"old a")
        return place / "folder"

    count = with_old(tmp_path / "count")
    points = num_calls(lambda: durable.write_folder(count, two_files))
    for at in range(points):
        place = tmp_path / f"{at}"
        folder = with_old(place)
        with pytest.MonkeyPatch.context() as patch:
            Faulty(patch, at)
            with pytest.raises((MachineError, OSError)):
                durable.write_folder(folder, two_files)
        assert content(place) in (old, new), f"fault at call {at}"


def test_an_existing_folder_is_replaced_with_all_that_was_in_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        durable.write_folder(tmp_path / "folder", lambda folder, name=name: (folder / name).write_bytes(b"") and None)
    assert content(tmp_path) == {"folder/two": b""}


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()])
def test_a_writer_that_fails_leaves_nothing_behind(tmp_path: Path, error: BaseException) -> None:
    def writer(path: Path) -> None:
        (path / "half" if path.is_dir() else path).write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        durable.write_file(tmp_path / "file", writer)
    with pytest.raises(type(error)):
        durable.write_folder(tmp_path / "folder", writer)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "sentence", "hint"),
    [
        (errno.ENOSPC, "The disk is full", "--resume"),
        (errno.EDQUOT, "The disk is full", "--resume"),
        (errno.EROFS, "could not be written: Read-only file system", "--out"),
        (errno.EACCES, "could not be written: Permission denied", "--out"),
        (errno.EIO, "could not be written: Input/output error", "disk"),
    ],
)
def test_the_systems_refusal_becomes_a_sentence(tmp_path: Path, code: int, sentence: str, hint: str) -> None:
    with pytest.raises(MachineError) as raised, durable.disk_errors(tmp_path / "file"):
        raise OSError(code, os.strerror(code))
    assert sentence in raised.value.message
    assert str(tmp_path / "file") in raised.value.message
    assert hint in raised.value.hint


def test_what_is_not_the_systems_refusal_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(KeyError), durable.disk_errors(tmp_path):
        raise KeyError("mine")


def test_sweep_takes_litter_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".file.12.tmp").write_bytes(b"half")
    (tmp_path / ".folder.12.tmp" / "deep").mkdir(parents=True)
    (tmp_path / ".lock").write_bytes(b"")
    (tmp_path / "kept.tmp").write_bytes(b"")
    durable.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".lock", "kept.tmp"]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_sha256_is_that_of_the_content(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert durable.sha256_of(tmp_path / "file") == hashlib.sha256(b"x" * size).hexdigest()
