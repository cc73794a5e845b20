"""Bring a database to this version's schema: whole or not at all, once, also where several processes start.

Every change is a module of ``store.migrations``, an Alembic revision with ``upgrade(op)``. All that is pending
runs in one transaction, so that whoever is killed in the middle leaves the database as it was. A SQLite file is
copied before its first change.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, inspect
from sqlalchemy.engine import make_url

from tunesmith.core.durable import disk_errors, fsync_file, fsync_folder
from tunesmith.core.errors import MachineError, UserError
from tunesmith.store.db import Database, take_turns

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Plan:
    """``current`` is None for an empty database; ``pending`` are revisions, the next one first."""

    current: str | None
    pending: Sequence[str]


def plan(database: Database) -> Plan:
    """What ``upgrade`` would do; raises UserError for a database that is newer than this program."""
    with database.read() as connection:
        current, scripts = _pending(connection)
    return Plan(current, [script.revision for script in scripts])


def upgrade(database: Database) -> Plan:
    """Create or change the tables; → what was done. A database that is up to date is left as it is.

    Raises UserError for a database that is newer than this program.
    """
    if not (found := plan(database)).pending:
        return found
    with _exclusively(database) as connection:
        current, scripts = _pending(connection)  # again: another process may have been faster
        if scripts and current is not None and database.is_sqlite:
            _back_up(database, scripts[0].revision)
        context = MigrationContext.configure(connection)
        for script in scripts:
            script.module.upgrade(Operations(context))
            context.stamp(_scripts(), script.revision)
        if scripts and database.is_sqlite:
            _check_foreign_keys(connection)
    return Plan(current, [script.revision for script in scripts])


def backup_path(database: Database, revision: str) -> Path:
    """Where the copy of a SQLite file lies that was made before ``revision``."""
    path = Path(make_url(database.url).database or "")
    return path.with_name(f"{path.name}.before-{revision}")


def _pending(connection: Connection) -> tuple[str | None, list[Script]]:
    scripts = _scripts()
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).has_table("projects"):
        raise MachineError("The database has tables but no revision: another program made it.", "use an empty database")
    head = scripts.get_current_head() or ""
    try:
        known = list(scripts.iterate_revisions(head, current or "base"))
    except (CommandError, RevisionError) as error:
        raise UserError(
            f"The database is at revision {current}, which this version of Tunesmith (revision {head}) does not know.",
            "install the newer version that made it, or go back to a copy of the database",
        ) from error
    return current, list(reversed(known))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)])


@contextmanager
def _exclusively(database: Database) -> Iterator[Connection]:
    """A transaction that no other migration runs beside. SQLite rebuilds tables; its references rest meanwhile."""
    if not database.is_sqlite:
        with database.write() as connection:
            take_turns(connection, "migrate")
            yield connection
        return
    with database.engine.connect() as outside:
        outside.exec_driver_sql("PRAGMA foreign_keys=OFF")
        outside.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield outside
            outside.exec_driver_sql("COMMIT")
        except BaseException:
            outside.exec_driver_sql("ROLLBACK")
            raise
        finally:
            outside.exec_driver_sql("PRAGMA foreign_keys=ON")


def _back_up(database: Database, revision: str) -> None:
    """By SQLite's own backup, which takes the write-ahead log along; the copy appears whole or not at all."""
    source, target = Path(make_url(database.url).database or ""), backup_path(database, revision)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with disk_errors(target):
        try:
            _copy(source, temporary)
            fsync_file(temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(target.parent)


def _copy(source: Path, target: Path) -> None:
    reader, writer = sqlite3.connect(source), sqlite3.connect(target)
    try:
        reader.backup(writer)
        writer.execute("PRAGMA journal_mode=DELETE").close()
    finally:
        reader.close()
        writer.close()


def _check_foreign_keys(connection: Connection) -> None:
    broken: Sequence[Any] = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise MachineError(f"The migration broke {len(broken)} references; nothing was changed.", "please report this")
