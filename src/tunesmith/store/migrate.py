"""Bring a database to this version's schema."""

from __future__ import annotations

from tunesmith.store.db import Database
from tunesmith.store.tables import metadata


def upgrade(database: Database) -> None:
    """Create or change the tables; a database that is up to date is left as it is."""
    metadata.create_all(database.engine)
