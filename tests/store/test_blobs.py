"""Blobs: whole or not at all, verified when fetched, and named by their hash only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tunesmith.store.blobs import DamagedBlob, LocalBlobs


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
