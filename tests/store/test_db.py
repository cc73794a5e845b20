"""Transactions on both databases: whole or not at all."""

from __future__ import annotations

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
