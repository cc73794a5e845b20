"""Uploads end once, however many try at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tunesmith.store import uploads
from tunesmith.store.db import Database
from tunesmith.store.tables import projects

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def project(database: Database) -> None:
    with database.write() as connection:
        connection.execute(projects.insert().values(id="proj_1", name="default", created_at=1))


def test_an_upload_that_is_completed_in_the_last_moment_does_not_expire(database: Database) -> None:
    with database.write() as connection:
        upload = uploads.create(
            connection, "proj_1", filename="a", purpose="evals", num_bytes=4, mime_type="x", expires_after_seconds=None,
            now=NOW,
        )  # fmt: skip

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
        found = uploads.get(connection, "proj_1", upload.id)
    assert found is not None
    assert (found.status, found.file_id) == ("completed", "file-1")
