"""Transactions on both databases: whole or not at all."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Timer

import pytest
from sqlalchemy import select

from tunesmith.store.db import Database
from tunesmith.store.tables import projects


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.execute(projects.insert().values(id="proj_1", name="a", created_at=1))
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    with database.read() as connection:
        assert connection.execute(select(projects.c.id)).all() == []


def test_a_database_whose_creator_is_still_writing_is_waited_for(tmp_path: Path) -> None:
    """SQLite itself answers at once, however long its timeout, where the journal cannot be turned now."""
    path = tmp_path / "new.db"
    creator = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    creator.execute("BEGIN IMMEDIATE")
    creator.execute("CREATE TABLE settings (name TEXT)")
    Timer(0.2, creator.execute, ["COMMIT"]).start()
    database = Database(f"sqlite:///{path}")
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("SELECT count(*) FROM settings").scalar() == 0
    database.close()
    creator.close()


def test_processes_that_open_a_new_database_at_once_all_get_it(tmp_path: Path) -> None:
    gate = Barrier(8)

    def one(path: Path) -> None:
        gate.wait()
        database = Database(f"sqlite:///{path}")
        database.check()
        database.close()

    with ThreadPoolExecutor(8) as pool:
        for number in range(30):
            assert list(pool.map(one, [tmp_path / f"{number}.db"] * 8)) == [None] * 8
