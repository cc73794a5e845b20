#!/usr/bin/env python3
"""Writes the next migration from what the schema (store/tables.py) has and the newest migration lacks.

``python scripts/write_migration.py add_budget`` writes ``v0002_add_budget.py`` for a reader to check; ``--first``
writes ``v0001_first.py`` anew with the whole schema, as long as no version is released.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy.sql.elements import False_

from tunesmith.store.db import Database
from tunesmith.store.migrate import MIGRATIONS, upgrade
from tunesmith.store.tables import _Json, _Seq, metadata

TEMPLATE = '''"""{title}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import JSONB

revision = "{revision}"
down_revision = {down}

SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON().with_variant(JSONB, "postgresql")


def upgrade(op: Operations) -> None:
{body}
'''


def main() -> int:
    options = _options()
    files = sorted(MIGRATIONS.glob("v[0-9]*.py"))
    number = 1 if options.first else int(files[-1].stem[1:5]) + 1
    name = "first" if options.first else options.name
    target = MIGRATIONS / f"v{number:04d}_{name}.py"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/now.db")
        if not options.first:
            upgrade(database)
        body = _operations(database, as_batch=not options.first)
        database.close()
    if body.strip() == "pass":
        print("The schema has nothing that the migrations lack.")
        return 0
    down = "None" if number == 1 else f'"{number - 1:04d}"'
    title = "The whole schema of the first version." if options.first else name.replace("_", " ").capitalize() + "."
    target.write_text(TEMPLATE.format(title=title, revision=f"{number:04d}", down=down, body=body), encoding="utf-8")
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff"
    subprocess.run([ruff, "check", "--fix", "--quiet", str(target)], check=True)
    subprocess.run([ruff, "format", "--quiet", str(target)], check=True)
    print(f"wrote {target}; name it in {MIGRATIONS.name}/__init__.py, and read it before you commit it")
    return 0


def _operations(database: Database, *, as_batch: bool) -> str:
    """SQLite changes a table by building it anew (a batch); a first table needs no change."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": as_batch})
        script = produce_migrations(context, metadata)
        if script.upgrade_ops is None:
            return "pass"
        code = render_python_code(script.upgrade_ops, render_as_batch=as_batch, render_item=_render)
    # Alembic's own markers are for people who edit; ours say what they are by their names.
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###"))


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    if kind == "type" and item is _Seq:
        return "SEQ"
    if kind == "type" and item is _Json:
        return "JSON"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), False_):
        return "sa.false()"  # 0 on SQLite, but not on PostgreSQL
    return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="change", help="what changes, such as add_budget")
    parser.add_argument("--first", action="store_true", help="write the first migration anew, with the whole schema")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
