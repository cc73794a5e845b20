"""Files: within their project, in a total order, and gone once deleted or expired."""

from __future__ import annotations

import pytest

from tunesmith.store import blob_references, files
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.db import Database
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.tables import projects

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def two_projects(database: Database) -> None:
    with database.write() as connection:
        for name in ("mine", "theirs"):
            connection.execute(projects.insert().values(id=name, name=name, created_at=1))


def create(database: Database, project_id: str = "mine", purpose: str = "evals", **more: int) -> files.File:
    with database.write() as connection:
        blob_references.announce(connection, "a" * 64, 3, NOW)
        return files.create(
            connection, project_id, filename="ä/..\\b", purpose=purpose, num_bytes=3, sha256="a" * 64, now=NOW, **more
        )


def listed(database: Database, now: float = NOW, **asked: object) -> list[str]:
    with database.read() as connection:
        return [file.id for file in files.list_page(connection, "mine", now=now, **asked).items]  # type: ignore[arg-type]


def test_a_file_is_found_in_its_project_only(database: Database) -> None:
    file = create(database)
    with database.write() as connection:
        assert files.get(connection, "mine", file.id, NOW) == file
        assert files.get(connection, "theirs", file.id, NOW) is None
        assert not files.delete(connection, "theirs", file.id, NOW)
        assert files.get(connection, "mine", file.id, NOW) == file


def test_files_of_one_second_have_an_order(database: Database) -> None:
    ids = [create(database).id for _ in range(7)]
    assert listed(database) == ids[::-1]
    assert listed(database, newest_first=False, limit=3, after=ids[1]) == ids[2:5]
    assert listed(database, limit=3, after=ids[3]) == ids[2::-1]


def test_a_list_can_be_of_one_purpose(database: Database) -> None:
    create(database, purpose="evals")
    wanted = create(database, purpose="batch")
    assert listed(database, purpose="batch") == [wanted.id]


def test_a_cursor_of_another_project_is_unknown(database: Database) -> None:
    theirs = create(database, "theirs")
    with pytest.raises(UnknownCursor):
        listed(database, after=theirs.id)


def test_a_file_ends_at_the_second_it_expires(database: Database) -> None:
    file = create(database, expires_at=int(NOW) + 10)
    assert listed(database, NOW + 9.9) == [file.id]
    assert listed(database, NOW + 10) == []
    with database.write() as connection:
        assert not files.delete(connection, "mine", file.id, NOW + 10)
        assert files.expire(connection, NOW + 9) == 0
        assert files.expire(connection, NOW + 10) == 1
        assert files.expire(connection, NOW + 10) == 0
        assert blob_references.of(connection, "file", file.id) == ()


def test_a_deleted_file_needs_its_bytes_no_longer(database: Database) -> None:
    file = create(database)
    with database.write() as connection:
        assert blob_references.of(connection, "file", file.id) == (BlobRef("content", "a" * 64, 3),)
        assert files.delete(connection, "mine", file.id, NOW)
        assert not files.delete(connection, "mine", file.id, NOW)
        assert blob_references.of(connection, "file", file.id) == ()
    assert listed(database) == []
