"""Migrations: they make exactly the schema, whole or not at all, once, and never touch what is newer."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from tunesmith.core.errors import MachineError, UserError
from tunesmith.store import job_events, jobs, migrate
from tunesmith.store.db import Database
from tunesmith.store.migrate import backup_path, plan, upgrade
from tunesmith.store.tables import metadata, projects

NEXT = '''"""Projects get a colour."""
import sqlalchemy as sa
revision, down_revision = "{revision}", "{down}"
def upgrade(op):
    with op.batch_alter_table("projects") as batch:
        batch.add_column(sa.Column("colour", sa.String(16), nullable=False, server_default="blue"))
{more}
'''


@pytest.fixture
def head() -> str:
    return sorted(path.stem[1:5] for path in migrate.MIGRATIONS.glob("v[0-9]*.py"))[-1]


@pytest.fixture
def with_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str) -> Callable[..., str]:
    """``with_next(more="")``: one more migration behind the newest; → its revision."""

    def add(more: str = "") -> str:
        folder = tmp_path / "migrations"
        shutil.copytree(migrate.MIGRATIONS, folder, dirs_exist_ok=True)
        revision = f"{int(head) + 1:04d}"
        (folder / f"v{revision}_next.py").write_text(NEXT.format(revision=revision, down=head, more=more))
        monkeypatch.setattr(migrate, "MIGRATIONS", folder)
        return revision

    return add


def test_migrations_make_exactly_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == [], "python scripts/write_migration.py writes what is missing"


def test_database_that_is_up_to_date_is_left_as_it_is(database: Database, head: str) -> None:
    assert (upgrade(database).pending, plan(database).current) == ([], head)


def test_rows_survive_a_migration(database: Database, with_next: Callable[..., str]) -> None:
    add_project(database)
    revision = with_next()
    assert upgrade(database).pending == [revision]
    with database.read() as connection:
        assert connection.execute(text("SELECT name, colour FROM projects")).all() == [("a", "blue")]
        assert plan(database).current == revision


def test_migration_that_fails_changes_nothing(database: Database, with_next: Callable[..., str], head: str) -> None:
    add_project(database)
    with_next('    raise RuntimeError("in the middle")')
    with pytest.raises(RuntimeError, match="in the middle"):
        upgrade(database)
    with database.read() as connection:
        assert "colour" not in {column["name"] for column in inspect(connection).get_columns("projects")}
        assert connection.execute(select(func.count()).select_from(projects)).scalar_one() == 1
    assert plan(database).current == head


def test_database_that_is_newer_than_the_program_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="revision 9999, which this version of Tunesmith"):
        upgrade(database)


def test_database_of_another_program_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(MachineError, match="another program made it"):
        upgrade(database)


def test_sqlite_file_is_copied_before_its_first_change(
    make_sqlite: Callable[[Path], str], tmp_path: Path, with_next: Callable[..., str]
) -> None:
    database = Database(make_sqlite(tmp_path / "tunesmith.db"))
    add_project(database)
    revision = with_next()
    upgrade(database)
    database.close()
    copy = backup_path(database, revision)
    assert copy == tmp_path / f"tunesmith.db.before-{revision}"
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT name FROM projects").fetchall() == [("a",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert "colour" not in connection.execute("SELECT sql FROM sqlite_master WHERE name = 'projects'").fetchone()[0]


def test_figures_of_before_are_taken_from_the_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of the first schema, with a job that was trained under it."""
    database = Database(f"sqlite:///{tmp_path / 'tunesmith.db'}")
    train_under_first_schema(database, tmp_path, monkeypatch)
    assert upgrade(database).pending[0] == "0002"
    assert backup_path(database, "0002").is_file()
    assert old_figures(database) == [(1, 0.5, None), (2, 0.25, 0.125)]
    database.close()


@pytest.mark.needs("postgres")
def test_figures_of_before_are_taken_from_the_events_on_postgres(
    request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(empty_postgres(request))
    train_under_first_schema(database, tmp_path, monkeypatch)
    assert upgrade(database).pending[0] == "0002"
    assert old_figures(database) == [(1, 0.5, None), (2, 0.25, 0.125)]
    database.close()


def train_under_first_schema(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    shutil.copy(migrate.MIGRATIONS / "v0001_first.py", folder)
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "MIGRATIONS", folder)
        assert upgrade(database).pending == ["0001"]
    add_project(database)
    with database.write() as connection:
        job = jobs.create(
            connection, "proj_1", member_id=None, model="m", requested_model="m", training_file_id="f",
            validation_file_id=None, spec={}, request={}, suffix=None, seed=1, metadata=None, now=1,
        )  # fmt: skip
        for data in ({"step": 1, "train_loss": 0.5}, {"step": 2, "train_loss": 0.25, "valid_loss": 0.125}):
            job_events.add(connection, job.id, message="Step", type="metrics", data=data, now=1)
        job_events.add(connection, job.id, message="Something else", data={"step": 7}, now=1)


def old_figures(database: Database) -> list[Any]:
    with database.read() as connection:
        query = "SELECT step, train_loss, valid_loss FROM job_metrics ORDER BY step"
        return [tuple(row) for row in connection.execute(text(query))]


def test_new_file_is_not_copied(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    upgrade(database)
    database.close()
    assert list(tmp_path.glob("*.before-*")) == []


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def test_processes_that_start_at_once_migrate_once(kind: str, request: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}" if kind == "sqlite" else empty_postgres(request)

    def one(_: int) -> int:
        database = Database(url)
        try:
            return len(upgrade(database).pending)
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(6)))
    assert sorted(done) == [0, 0, 0, 0, 0, len(list(migrate.MIGRATIONS.glob("v[0-9]*.py")))]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def test_process_killed_in_the_middle_leaves_what_the_next_one_can_finish(
    kind: str, request: Any, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}" if kind == "sqlite" else empty_postgres(request)
    for statement in (1, 7, 30):
        assert run_and_die(url, statement) == -signal.SIGKILL
    database = Database(url)
    assert upgrade(database).current is None
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


DIE = """
import os, signal, sys
from sqlalchemy import event
from tunesmith.store.db import Database
from tunesmith.store.migrate import upgrade
database, left = Database(sys.argv[1]), int(sys.argv[2])
@event.listens_for(database.engine, "after_cursor_execute")
def count(connection, cursor, statement, *_):
    global left
    if statement.lstrip().startswith(("CREATE", "INSERT")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
upgrade(database)
"""


def run_and_die(url: str, statement: int) -> int:
    """Migrate in a process that kills itself after so many changing statements; → its exit status."""
    return subprocess.run([sys.executable, "-c", DIE, url, str(statement)], timeout=60, env=os.environ).returncode


def empty_postgres(request: Any) -> str:
    server = request.getfixturevalue("postgres_server")
    name = f"empty_{os.getpid()}_{abs(hash(request.node.name)) % 10**8}"
    server.execute(f"CREATE DATABASE {name}")
    request.addfinalizer(lambda: server.execute(f"DROP DATABASE {name} WITH (FORCE)"))
    return str(server.url(name))


def add_project(database: Database) -> None:
    with database.write() as connection:
        connection.execute(projects.insert().values(id="proj_1", name="a", created_at=1))
