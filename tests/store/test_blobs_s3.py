"""Blobs in a bucket of a real S3-speaking server that checks signatures."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import obstore
import pytest

from tunesmith.core.errors import MachineError
from tunesmith.core.settings import Settings
from tunesmith.store import blob_references, blobs_s3, db
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.blobs import DamagedBlob, open_blobs
from tunesmith.store.blobs_s3 import S3Blobs
from tunesmith.store.collection import collect
from tunesmith.store.db import Database

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


def test_what_is_there_already_is_not_sent_again(blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = put(blobs, b"x")
    monkeypatch.setattr("obstore.put", lambda *_, **__: pytest.fail("sent again"))
    assert put(blobs, b"x") == sha256
    assert list(blobs.names()) == [sha256]


def test_strangers_in_the_bucket_are_no_blobs(blobs: S3Blobs) -> None:
    obstore.put(blobs._store, "notes.txt", b"hello")
    obstore.put(blobs._store, f"zz/{'a' * 64}", b"hello")
    assert list(blobs.names()) == []


def test_a_deleted_blob_is_absent(blobs: S3Blobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"y")
    for _ in range(2):
        with blobs.removal(sha256) as delete:
            assert delete is not None
            delete()
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


def test_bytes_that_came_to_harm_in_the_bucket_are_not_handed_out(blobs: S3Blobs, tmp_path: Path) -> None:
    sha256 = put(blobs, b"good")
    obstore.put(blobs._store, f"{sha256[:2]}/{sha256}", b"evil")
    with pytest.raises(DamagedBlob, match="damaged"):
        blobs.fetch(sha256, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bucket_that_cannot_be_reached_is_told_in_words(
    aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("tunesmith.store.blobs_s3._TIMEOUT_SECONDS", 1)
    with pytest.raises(MachineError, match="could not be used") as refused:
        S3Blobs(f"s3://{aws.bucket}/x", tmp_path / "tmp").exists("0" * 64)
    assert "testing" not in str(refused.value)


def test_collection_takes_unneeded_objects_out_of_the_bucket(aws: Any, tmp_path: Path, database: Database) -> None:
    settings = Settings(home=tmp_path, blob_url=f"s3://{aws.bucket}/{tmp_path.name}-{database.is_sqlite}")
    blobs = open_blobs(settings, database, lambda: 1000.0)
    assert isinstance(blobs, S3Blobs)
    unneeded, needed = put(blobs, b"unneeded"), put(blobs, b"needed")
    with database.write() as connection:
        blob_references.refer(connection, "model", "m", [BlobRef("a", needed, 6)], 1000.0)
    assert collect(database, blobs, 2000.0, 100.0).num_blobs == 1
    assert (blobs.exists(unneeded), blobs.exists(needed)) == (False, True)


def test_a_deletion_that_comes_after_its_time_is_refused(blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that was stopped goes on when its row's lock is gone, and the bytes may have been put anew."""
    monkeypatch.setattr("tunesmith.store.blobs_s3._DELETE_SECONDS", 1)
    sha256 = put(blobs, b"y")
    with blobs.removal(sha256) as delete:
        assert delete is not None
        threading.Event().wait(2.1)
        with pytest.raises(MachineError, match="refused"):
            delete()
    assert blobs.exists(sha256)


def test_a_deletion_is_over_before_the_rows_lock_is() -> None:
    assert 2 * blobs_s3._DELETE_SECONDS <= db.HELD_SECONDS
