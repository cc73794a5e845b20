"""Blobs: whole or not at all, verified when fetched, and named by their hash only."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from tunesmith.core import durable
from tunesmith.core.errors import MachineError
from tunesmith.core.settings import Settings
from tunesmith.store.blobs import DamagedBlob, LocalBlobs, open_blobs


def put(blobs: LocalBlobs, content: bytes) -> str:
    path, sha256 = blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    blobs.put_file(path, sha256)
    assert not path.exists()
    return sha256


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


def test_what_was_put_is_fetched(blobs: LocalBlobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"abc" * 1000)
    blobs.fetch(sha256, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"abc" * 1000
    assert b"".join(blobs.read(sha256, 1, 5)) == b"bcab"
    assert list(blobs.names()) == [sha256]


def test_putting_the_same_bytes_again_keeps_one(blobs: LocalBlobs) -> None:
    assert put(blobs, b"x") == put(blobs, b"x")
    assert len(list(blobs.names())) == 1


def test_damaged_bytes_are_not_handed_out(blobs: LocalBlobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"good")
    (blobs.folder / sha256[:2] / sha256[2:4] / sha256).write_bytes(b"evil")
    with pytest.raises(DamagedBlob, match="damaged"):
        blobs.fetch(sha256, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "a" * 63, "a" * 64 + "\n"])
def test_a_name_that_is_no_hash_is_refused(blobs: LocalBlobs, name: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        blobs.exists(name)


def test_an_absent_blob_is_named(blobs: LocalBlobs, tmp_path: Path) -> None:
    with pytest.raises(DamagedBlob, match="not there"):
        blobs.fetch("0" * 64, tmp_path / "out")
    with pytest.raises(DamagedBlob, match="not there"):
        blobs.read("0" * 64)


def test_uploading_again_mends_a_damaged_blob(blobs: LocalBlobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"good")
    (blobs.folder / sha256[:2] / sha256[2:4] / sha256).write_bytes(b"evil")
    put(blobs, b"good")
    blobs.fetch(sha256, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"good"


def test_a_put_is_announced_before_a_byte_is_kept(tmp_path: Path) -> None:
    heard: list[tuple[str, int, bool]] = []
    sha256 = hashlib.sha256(b"abc").hexdigest()
    blobs = LocalBlobs(tmp_path, lambda name, size: heard.append((name, size, blobs.exists(name))))
    put(blobs, b"abc")
    assert heard == [(sha256, 3, False)]


def test_a_put_that_cannot_be_announced_keeps_nothing(tmp_path: Path) -> None:
    blobs = open_blobs(Settings(home=tmp_path))
    with pytest.raises(RuntimeError, match="for reading"):
        put(blobs, b"abc")  # type: ignore[arg-type]
    assert list(blobs.names()) == []


def test_a_link_to_a_kept_file_is_taken_away_like_any_other(blobs: LocalBlobs) -> None:
    sha256 = put(blobs, b"linked")
    path = blobs.new_temporary()
    os.link(blobs.folder / sha256[:2] / sha256[2:4] / sha256, path)
    blobs.put_file(path, sha256)
    assert (path.exists(), b"".join(blobs.read(sha256))) == (False, b"linked")


def test_bytes_are_on_the_disk_before_their_name_is(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    for name in ("fsync_file", "fsync_folder"):
        real = getattr(durable, name)
        monkeypatch.setattr(durable, name, lambda path, name=name, real=real: (order.append(name), real(path))[1])
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b))[1])
    put(blobs, b"abc")
    assert order[:2] == ["fsync_file", "replace"]
    assert set(order[2:]) <= {"fsync_folder", "fsync_file"}
    assert order.count("fsync_folder") == 3


@pytest.mark.parametrize("failing", ["fsync_file", "fsync_folder"])
def test_a_put_whose_fsync_fails_is_no_success(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(durable, failing, fail)
    with pytest.raises(MachineError, match="Input/output error"):
        put(blobs, b"abc")
