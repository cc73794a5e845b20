"""Blobs in a bucket of a real S3-speaking server that checks signatures."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import MachineError
from tunesmith.core.settings import Settings
from tunesmith.store.blobs import DamagedBlob, open_blobs
from tunesmith.store.blobs_s3 import S3Blobs

pytestmark = pytest.mark.needs("s3")


@pytest.fixture
def blobs(aws: Any, tmp_path: Path) -> S3Blobs:
    return S3Blobs(f"s3://{aws.bucket}/{tmp_path.name}", tmp_path / "tmp", part_bytes=5 << 20)


def put(blobs: S3Blobs, content: bytes) -> str:
    path, sha256 = blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    blobs.put_file(path, sha256)
    assert not path.exists()
    return sha256


def test_what_was_put_is_fetched_and_read_in_ranges(blobs: S3Blobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"abcdef" * 1000)
    blobs.fetch(sha256, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"abcdef" * 1000
    assert b"".join(blobs.read(sha256, 2, 7)) == b"cdefa"
    assert b"".join(blobs.read(sha256, 5998)) == b"ef"
    assert list(blobs.names()) == [sha256]


def test_a_large_blob_goes_in_parts(blobs: S3Blobs, tmp_path: Path) -> None:
    content = os.urandom(11 << 20)
    sha256 = put(blobs, content)
    blobs.fetch(sha256, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


def test_putting_again_is_harmless(blobs: S3Blobs) -> None:
    sha256 = put(blobs, b"x")
    assert put(blobs, b"x") == sha256
    age = blobs.age_seconds(sha256, time.time())
    assert age is not None
    assert age < 600


def test_a_deleted_blob_is_absent(blobs: S3Blobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"y")
    blobs.delete(sha256)
    blobs.delete(sha256)
    assert not blobs.exists(sha256)
    with pytest.raises(DamagedBlob, match="not there"):
        blobs.fetch(sha256, tmp_path / "out")


def test_a_wrong_secret_is_refused_in_words(aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    blobs = S3Blobs(f"s3://{aws.bucket}/x", tmp_path / "tmp")
    with pytest.raises(MachineError, match="refused") as refused:
        put(blobs, b"z")
    assert "wrong" not in str(refused.value)


def test_settings_lead_to_the_bucket(aws: Any, tmp_path: Path) -> None:
    opened = open_blobs(Settings(home=tmp_path, blob_url=f"s3://{aws.bucket}/from-settings"))
    assert isinstance(opened, S3Blobs)
    assert not opened.exists("0" * 64)
