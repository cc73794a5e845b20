"""``tunesmith projects``, ``members``, ``keys`` and ``migrate``: the operator's door, straight to the database.

They act on the database of ``--home`` or ``TUNESMITH_DATABASE_URL`` and ask for no key: whoever may read the home
folder owns the installation. So a lost administrator's key is replaced here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunesmith.store.principals import Role

projects_app = typer.Typer(help="Projects of this installation: whose files, jobs and models.", no_args_is_help=True)
members_app = typer.Typer(help="Members of this installation, and their roles in projects.", no_args_is_help=True)
keys_app = typer.Typer(help="API keys of this installation: create, list, revoke.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Where everything is kept [default: ~/.tunesmith].")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="A project's name.")]
InProject = Annotated[str, typer.Option("--project", help="The project's name.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The member's e-mail address.")]


@projects_app.command("list")
def list_projects(
    home: Home = None, archived: Annotated[bool, typer.Option(help="Archived ones too.")] = False, json: Json = False
) -> None:
    """All projects."""
    from tunesmith.cli.access_pages import opened, show_projects

    with opened(home) as database:
        show_projects(database, archived=archived, as_json=json)


@projects_app.command("create")
def create_project(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """A new project; its name becomes part of its models' names."""
    from tunesmith.cli.access_pages import make_project, opened

    with opened(home) as database:
        make_project(database, name, as_json=json)


@projects_app.command("rename")
def rename_project(
    name: ProjectName,
    new_name: Annotated[str, typer.Argument(help="The new name.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Another name from now on; models keep the names they have."""
    from tunesmith.cli.access_pages import change_project, opened

    with opened(home) as database:
        change_project(database, name, new_name, as_json=json)


@projects_app.command("archive")
def archive_project(name: ProjectName, home: Home = None, json: Json = False) -> None:
    """Revoke all its keys; what it holds stays."""
    from tunesmith.cli.access_pages import close_project, opened

    with opened(home) as database:
        close_project(database, name, as_json=json)


@members_app.command("list")
def list_members(
    home: Home = None,
    project: Annotated[str | None, typer.Option("--project", help="Only this project's, with their roles.")] = None,
    json: Json = False,
) -> None:
    """All members."""
    from tunesmith.cli.access_pages import opened, show_members

    with opened(home) as database:
        show_members(database, project, as_json=json)


@members_app.command("add")
def add_member(
    email: Email,
    home: Home = None,
    project: InProject = "default",
    role: Annotated[Role, typer.Option(help="What the member may do there.")] = Role.MEMBER,
    name: Annotated[str | None, typer.Option(help="The member's name.")] = None,
    json: Json = False,
) -> None:
    """Put a new or known member into a project, or give another role there."""
    from tunesmith.cli.access_pages import opened, put_member

    with opened(home) as database:
        put_member(database, project, email, name, role, as_json=json)


@members_app.command("remove")
def remove_member(
    email: Email,
    home: Home = None,
    project: Annotated[str | None, typer.Option("--project", help="Out of this project only.")] = None,
    json: Json = False,
) -> None:
    """Take a member out of a project, or out of all; the keys that acted there die."""
    from tunesmith.cli.access_pages import opened, take_member

    with opened(home) as database:
        take_member(database, project, email, as_json=json)


@keys_app.command("list")
def list_keys(home: Home = None, project: InProject = "default", json: Json = False) -> None:
    """A project's living keys; the keys themselves are kept nowhere."""
    from tunesmith.cli.access_pages import opened, show_keys

    with opened(home) as database:
        show_keys(database, project, as_json=json)


@keys_app.command("create")
def create_key(
    home: Home = None,
    project: InProject = "default",
    email: Annotated[str, typer.Option(help="The member that it acts for.")] = "admin@localhost",
    role: Annotated[Role | None, typer.Option(help="What it may do at most [default: the member's role].")] = None,
    name: Annotated[str, typer.Option(help="A name to know it by.")] = "command line",
    admin: Annotated[bool, typer.Option("--admin", help="May manage projects, members and keys.")] = False,
    json: Json = False,
) -> None:
    """A new key, shown this once. With --admin: an administrator's, where the last one was lost."""
    from tunesmith.cli.access_pages import make_key, opened

    with opened(home) as database:
        make_key(database, project, email, role, name, is_admin=admin, as_json=json)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Such as key_abc123.")],
    home: Home = None,
    project: InProject = "default",
    json: Json = False,
) -> None:
    """Dead within a second, everywhere."""
    from tunesmith.cli.access_pages import opened, take_key

    with opened(home) as database:
        take_key(database, project, key_id, as_json=json)


def migrate(
    home: Home = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; leave with 1 if something is pending.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the database to this version's schema; a SQLite file is copied first."""
    from tunesmith.cli.access_pages import run_migrate

    run_migrate(home, check=check, as_json=json)
