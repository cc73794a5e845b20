"""Uploads: parts while it is pending, and one end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tunesmith.store import blob_references, uploads
from tunesmith.store.db import Database
from tunesmith.store.tables import projects
from tunesmith.store.uploads import LIFETIME_SECONDS, NotPending, Upload

NOW = 1_700_000_000.0


@pytest.fixture
def upload(database: Database) -> Upload:
    with database.write() as connection:
        connection.execute(projects.insert().values(id="mine", name="mine", created_at=1))
        return uploads.create(
            connection, "mine", filename="a", purpose="evals", num_bytes=6, mime_type="x/y", expires_after_seconds=None,
            now=NOW,
        )  # fmt: skip


def add(database: Database, upload: Upload, letter: str) -> uploads.Part:
    with database.write() as connection:
        blob_references.announce(connection, letter * 64, 3, NOW)
        return uploads.add_part(connection, upload, num_bytes=3, sha256=letter * 64, now=NOW)


def test_parts_come_in_the_order_asked_for(database: Database, upload: Upload) -> None:
    parts = [add(database, upload, letter) for letter in "abc"]
    with database.read() as connection:
        assert uploads.amount_of(connection, upload) == (3, 9)
        assert uploads.parts_of(connection, upload, [parts[2].id, parts[0].id]) == [parts[2], parts[0]]
        assert uploads.parts_of(connection, upload, [parts[0].id, "part_other"]) is None


def test_an_upload_is_found_in_its_project_only(database: Database, upload: Upload) -> None:
    with database.read() as connection:
        assert uploads.get(connection, "mine", upload.id) == upload
        assert uploads.get(connection, "theirs", upload.id) is None


def test_an_ended_upload_needs_its_parts_no_longer(database: Database, upload: Upload) -> None:
    part = add(database, upload, "a")
    with database.write() as connection:
        assert blob_references.of(connection, "upload_part", part.id) != ()
        assert uploads.complete(connection, upload, "file-1", NOW).file_id == "file-1"
        assert blob_references.of(connection, "upload_part", part.id) == ()


def test_an_upload_is_over_after_an_hour(database: Database, upload: Upload) -> None:
    last = NOW + LIFETIME_SECONDS
    assert (upload.status_at(last - 1), upload.status_at(last)) == ("pending", "expired")
    with database.write() as connection:
        assert uploads.expire(connection, last - 1) == 0
    with pytest.raises(NotPending, match="expired"), database.write() as connection:
        uploads.add_part(connection, upload, num_bytes=1, sha256="b" * 64, now=last)
    with database.write() as connection:
        assert uploads.expire(connection, last) == 1
        found = uploads.get(connection, "mine", upload.id)
    assert found is not None
    assert found.status == "expired"


def test_of_many_who_end_it_one_does(database: Database, upload: Upload) -> None:
    def end(number: int) -> str:
        with database.write() as connection:
            if number % 2:
                return uploads.cancel(connection, upload, NOW).status
            return uploads.complete(connection, upload, f"file-{number}", NOW).status

    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(end, number) for number in range(8)]
    errors = [result.exception() for result in results if result.exception() is not None]
    assert len(errors) == 7
    assert {type(error) for error in errors} == {NotPending}


def test_an_upload_that_is_completed_in_the_last_moment_does_not_expire(database: Database, upload: Upload) -> None:
    def expire() -> None:
        with database.write() as connection:
            uploads.expire(connection, upload.expires_at + 1)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            uploads.complete(connection, upload, "file-1", upload.expires_at - 1)
            expiring = pool.submit(expire)
            with pytest.raises(TimeoutError):
                expiring.result(0.5)  # it waits for this transaction
        expiring.result(30)
    with database.read() as connection:
        found = uploads.get(connection, "mine", upload.id)
    assert found is not None
    assert (found.status, found.file_id) == ("completed", "file-1")
