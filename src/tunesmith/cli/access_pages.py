"""What the operator's commands do to the database, and what they print."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typer
from sqlalchemy import Connection

from tunesmith.cli.tables import Column, print_table
from tunesmith.core.errors import UserError
from tunesmith.core.settings import read_settings
from tunesmith.store import audit, keys, members, projects
from tunesmith.store.db import Database
from tunesmith.store.migrate import backup_path, plan, upgrade
from tunesmith.store.principals import Role

_ALL: Final = 1_000_000
# Where room is scarce; what is not named here is always shown.
_RANKS: Final = {
    "role": 1, "member": 2, "hint": 3, "archived_at": 3, "is_admin": 4, "last_used_at": 5, "created_at": 6, "added_at": 6,
}  # fmt: skip


@contextmanager
def opened(home: Path | None) -> Iterator[Database]:
    """The installation's database, at this version's schema; raises UserError where there is none."""
    database = _database(home)
    try:
        if plan(database).pending:
            raise UserError(
                "There is no database of this version yet.", "tunesmith up makes one, tunesmith migrate changes one"
            )
        yield database
    finally:
        database.close()


def run_migrate(home: Path | None, *, check: bool, as_json: bool) -> None:
    database = _database(home)
    try:
        done = plan(database) if check else upgrade(database)
    finally:
        database.close()
    copy = backup_path(database, done.pending[0]) if done.pending and done.current and database.is_sqlite else None
    if as_json:
        _print_json({"from": done.current, "pending" if check else "done": list(done.pending)})
    elif not done.pending:
        typer.echo("The database is up to date.")
    elif check:
        typer.echo(f"Pending: {', '.join(done.pending)}.")
    else:
        typer.echo(f"Done: {', '.join(done.pending)}." + (f" The database before that: {copy}" if copy else ""))
    if check and done.pending:
        raise typer.Exit(1)


def show_projects(database: Database, *, archived: bool, as_json: bool) -> None:
    with database.read() as connection:
        page = projects.list_projects(connection, limit=_ALL, include_archived=archived)
    rows = [_facts(project) for project in page.items]
    _show(rows, ("name", "id", "created_at", *(("archived_at",) if archived else ())), as_json=as_json)


def make_project(database: Database, name: str, *, as_json: bool) -> None:
    now = time.time()
    with database.write() as connection:
        project = projects.create_project(connection, name=name, now=now)
        audit.record(connection, None, "project.create", project.id, now, detail={"name": name})
    _say(_facts(project), f"Created the project {name} ({project.id}).", as_json=as_json)


def change_project(database: Database, name: str, new_name: str, *, as_json: bool) -> None:
    now = time.time()
    with database.write() as connection:
        project = projects.rename_project(connection, _project(connection, name).id, new_name) or _missing(name)
        audit.record(connection, None, "project.update", project.id, now, detail={"name": new_name})
    _say(_facts(project), f"{name} is {new_name} from now on.", as_json=as_json)


def close_project(database: Database, name: str, *, as_json: bool) -> None:
    now = time.time()
    with database.write() as connection:
        project = projects.archive_project(connection, _project(connection, name).id, now) or _missing(name)
        audit.record(connection, None, "project.archive", project.id, now)
    _say(_facts(project), f"Archived {name}; its keys are revoked.", as_json=as_json)


def show_members(database: Database, project: str | None, *, as_json: bool) -> None:
    with database.read() as connection:
        if project is None:
            rows = [_facts(member) for member in members.list_members(connection, limit=_ALL).items]
            columns: Sequence[str] = ("name", "email", "id", "created_at")
        else:
            page = members.list_project_members(connection, _project(connection, project).id, limit=_ALL)
            rows, columns = [_facts(member) for member in page.items], ("name", "email", "role", "id", "added_at")
    _show(rows, columns, as_json=as_json)


def put_member(
    database: Database, project: str, email: str, name: str | None, role: Role, *, as_json: bool
) -> None:  # fmt: skip
    now = time.time()
    with database.write() as connection:
        project_id = _project(connection, project).id
        member = members.find_or_create_member(connection, name=name, email=email, now=now)
        if members.get_membership(connection, project_id, member.id) is None:
            members.add_to_project(connection, project_id, member.id, role, now)
        membership = members.set_role(connection, project_id, member.id, role) or _missing(project)
        audit.record(connection, None, "member.add", member.id, now, detail={"project": project_id, "role": role})
    _say(_facts(membership), f"{member.email} is {role} of {project}.", as_json=as_json)


def take_member(database: Database, project: str | None, email: str, *, as_json: bool) -> None:
    now = time.time()
    with database.write() as connection:
        member = members.find_member(connection, email)
        if member is None or member.removed_at is not None:
            raise UserError(f"There is no member {email}.", "tunesmith members list shows them")
        if project is None:
            members.remove_member(connection, member.id, now)
        elif not members.remove_from_project(connection, _project(connection, project).id, member.id, now):
            raise UserError(f"{email} is not in {project}.", f"tunesmith members list --project {project} shows who is")
        audit.record(connection, None, "member.remove", member.id, now, detail={"project": project})
    _say({"id": member.id}, f"Removed {member.email} from {project or 'every project'}.", as_json=as_json)


def show_keys(database: Database, project: str, *, as_json: bool) -> None:
    with database.read() as connection:
        project_id = _project(connection, project).id
        rows = []
        for key in keys.list_keys(connection, project_id, limit=_ALL).items:
            member = members.get_member(connection, key.member_id)
            rows.append({**_facts(key), "member": member.email if member else key.member_id})
    columns = ("name", "hint", "role", "is_admin", "member", "id", "created_at", "last_used_at")
    _show(rows, columns, as_json=as_json)


def make_key(
    database: Database, project: str, email: str, role: Role | None, name: str, *, is_admin: bool, as_json: bool
) -> None:
    now = time.time()
    with database.write() as connection:
        if is_admin:
            made = keys.make_admin_key(connection, project_name=project, email=email, name=name, now=now)
        else:
            made = _make_plain_key(connection, project, email, role, name, now)
        detail = {"project": made.key.project_id, "role": made.key.role, "is_admin": is_admin}
        audit.record(connection, None, "key.create", made.key.id, now, detail=detail)
    sentence = f"Created {made.key.id} for {email} in {project}. Shown this once:\n\n  {made.secret}\n"
    _say({**_facts(made.key), "value": made.secret}, sentence, as_json=as_json)


def take_key(database: Database, project: str, key_id: str, *, as_json: bool) -> None:
    now = time.time()
    with database.write() as connection:
        project_id = _project(connection, project).id
        if not keys.revoke_key(connection, project_id, key_id, now):
            raise UserError(f"{project} has no living key {key_id}.", f"tunesmith keys list --project {project}")
        audit.record(connection, None, "key.revoke", key_id, now, detail={"project": project_id})
    _say({"id": key_id}, f"Revoked {key_id}.", as_json=as_json)


def _make_plain_key(
    connection: Connection, project: str, email: str, role: Role | None, name: str, now: float
) -> keys.NewKey:
    project_id = _project(connection, project).id
    member = members.find_member(connection, email)
    membership = members.get_membership(connection, project_id, member.id) if member else None
    if membership is None:
        raise UserError(f"{email} is not in {project}.", f"tunesmith members add {email} --project {project}")
    return keys.create_key(
        connection, project_id=project_id, member_id=membership.member_id, name=name, role=role or membership.role,
        is_admin=False, now=now,
    )  # fmt: skip


def _database(home: Path | None) -> Database:
    return Database(read_settings(home=home).sqlalchemy_url)


def _project(connection: Connection, name: str) -> projects.Project:
    return projects.find_project(connection, name) or _missing(name)


def _missing(name: str) -> Any:
    raise UserError(f"There is no project {name}.", "tunesmith projects list shows them")


def _facts(row: Any) -> dict[str, Any]:
    """A row as JSON; its place in the order of creation is nobody's business."""
    return {name: value for name, value in asdict(row).items() if name != "seq"}


def _show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        _print_json({"data": list(rows)})
        return
    heads = [
        Column(
            column.removesuffix("_at").replace("_", " "),
            _RANKS.get(column, 0),
            folds=column in ("name", "email", "member"),
        )
        for column in columns
    ]
    print_table(heads, [[_cell(column, row[column]) for column in columns] for row in rows])


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "–"
    if column.endswith("_at"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _say(facts: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        _print_json(facts)
    else:
        typer.echo(sentence)


def _print_json(value: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
