"""The database: SQLite in a file or PostgreSQL, read and written by short transactions.

``read`` and ``write`` give a connection with a transaction around it: committed at the end, rolled back
on any error. A write on SQLite begins at once (``BEGIN IMMEDIATE``), so that two writers queue up
instead of failing in the middle. Where the database cannot be reached, ``DatabaseUnavailable`` says so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tunesmith.core.errors import MachineError, UserError

BUSY_SECONDS = 30
# A transaction is made of statements alone; one that does nothing for so long belongs to a process that is gone.
HELD_SECONDS = 20.0
POOL_SIZE = 16


class DatabaseUnavailable(MachineError):
    """The database did not answer; asking again later may help."""


class Database:
    """One engine for a whole process; threads share it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _postgres(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                with connection.begin():
                    if self.is_sqlite:
                        connection.exec_driver_sql(begin)
                    yield connection
        except (OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailable(f"The database does not answer: {_cause(error)}.", "try again soon") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable("The database closed the connection.", "try again soon") from error
            raise

    def check(self) -> None:
        """Raises DatabaseUnavailable where it does not answer."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()


def take_turns(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds ``name``, and hold it to the end of this one.

    On SQLite a write transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, pool_size=POOL_SIZE, max_overflow=48,
        hide_parameters=True,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where this module says so
        _write_ahead(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the journal to WAL, waiting for a process that is making the same database.

    SQLite heeds its timeout for everything but this: where another connection writes before the turn,
    it answers "locked" at once.
    """
    last = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > last:
                raise
            sleep(0.01)


def _postgres(url: str) -> Engine:
    try:
        engine = create_engine(
            url, pool_size=POOL_SIZE, max_overflow=48, pool_pre_ping=True, pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise UserError(
            f"{make_url(url).get_backend_name()} needs the driver {error.name}.",
            "pip install 'tunesmith[postgres]'",
        ) from error

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        """A process that is stopped or cut off in the middle of a transaction holds its rows no longer than this."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {int(HELD_SECONDS * 1000)}")
            cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000}")
        connection.commit()

    return engine


def _cause(error: Exception) -> str:
    """The driver's first line; it never holds the password."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__
