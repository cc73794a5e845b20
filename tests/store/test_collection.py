"""Collection removes what nothing needs, and nothing else."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from tunesmith.store import blob_references, files, uploads
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.blobs import LocalBlobs
from tunesmith.store.collection import collect
from tunesmith.store.db import Database
from tunesmith.store.tables import projects

NOW = 1_700_000_000.0
GRACE = 100.0


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture(autouse=True)
def project(database: Database) -> None:
    with database.write() as connection:
        connection.execute(projects.insert().values(id="proj_1", name="default", created_at=1))


def put(blobs: LocalBlobs, content: bytes, age: float = 1000) -> str:
    path, sha256 = blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    blobs.put_file(path, sha256)
    os.utime(blobs.folder / sha256[:2] / sha256[2:4] / sha256, (NOW - age, NOW - age))
    return sha256


def create(database: Database, sha256: str, expires_at: int | None = None) -> files.File:
    with database.write() as connection:
        return files.create(
            connection,
            "proj_1",
            filename="a",
            purpose="evals",
            num_bytes=1,
            sha256=sha256,
            now=NOW,
            expires_at=expires_at,
        )


def test_an_old_blob_that_nothing_needs_goes(database: Database, blobs: LocalBlobs) -> None:
    old, young, needed = put(blobs, b"old"), put(blobs, b"young", age=10), put(blobs, b"needed")
    create(database, needed)
    assert collect(database, blobs, NOW, GRACE).num_blobs == 1
    assert (blobs.exists(old), blobs.exists(young), blobs.exists(needed)) == (False, True, True)


def test_a_blob_lives_while_any_owner_needs_it(database: Database, blobs: LocalBlobs) -> None:
    sha256 = put(blobs, b"shared")
    file = create(database, sha256)
    with database.write() as connection:
        blob_references.copy(connection, "file", file.id, files.CONTENT, "job", "ftjob-1", "training_file")
        files.delete(connection, "proj_1", file.id, NOW)
    collect(database, blobs, NOW, GRACE)
    assert blobs.exists(sha256)
    with database.write() as connection:
        blob_references.drop(connection, "job", "ftjob-1")
    collect(database, blobs, NOW, GRACE)
    assert not blobs.exists(sha256)


def test_what_has_expired_is_let_go(database: Database, blobs: LocalBlobs) -> None:
    sha256, part = put(blobs, b"file"), put(blobs, b"part")
    file = create(database, sha256, expires_at=int(NOW) - 1)
    with database.write() as connection:
        upload = uploads.create(
            connection, "proj_1", filename="a", purpose="evals", num_bytes=4, mime_type="x", expires_after_seconds=None,
            now=NOW - 10,
        )  # fmt: skip
        uploads.add_part(connection, upload, num_bytes=4, sha256=part, now=NOW - 10)
    collected = collect(database, blobs, NOW + uploads.LIFETIME_SECONDS, GRACE)
    assert (collected.num_files, collected.num_uploads, collected.num_blobs) == (1, 1, 2)
    with database.read() as connection:
        assert files.get(connection, "proj_1", file.id, NOW) is None


def test_putting_a_blob_again_while_it_is_collected_never_loses_it(database: Database, blobs: LocalBlobs) -> None:
    """What refers to a blob after its put finds it, whoever collects meanwhile."""
    stop = threading.Event()

    def keep_collecting() -> None:
        while not stop.is_set():
            collect(database, blobs, time.time(), grace_seconds=GRACE)

    collector = threading.Thread(target=keep_collecting)
    collector.start()
    try:
        for number in range(20):
            sha256 = put(blobs, b"again", age=0)
            old = time.time() - 1000
            os.utime(blobs.folder / sha256[:2] / sha256[2:4] / sha256, (old, old))
            put(blobs, b"again", age=NOW - time.time())
            with database.write() as connection:
                blob_references.refer(connection, "model", f"m{number}", [BlobRef("a", sha256, 5)], time.time())
            assert blobs.exists(sha256)
            with database.write() as connection:
                blob_references.drop(connection, "model", f"m{number}")
    finally:
        stop.set()
        collector.join()
