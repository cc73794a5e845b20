"""A running server: the real application behind uvicorn, its own home and database, clients of the unmodified SDK.

``services`` is where a part adds what its routes need. ``make_object`` is where a part adds how one of its
objects comes to be; the matrix test asks it for an object of every kind that a route takes.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from openai import OpenAI

from tunesmith.api.app import Api, make_app
from tunesmith.api.services import Services
from tunesmith.core.settings import Settings
from tunesmith.store.audit import record
from tunesmith.store.db import Database
from tunesmith.store.keys import NewKey, create_key, find_principal, hash_of
from tunesmith.store.members import add_to_project, find_or_create_member, get_membership
from tunesmith.store.principals import Principal, Role
from tunesmith.store.projects import Project, create_project, find_project

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Server:
    """``key`` belongs to an owner of the project ``default`` who is an administrator."""

    base_url: str
    key: str
    services: Services
    app: Api

    @property
    def database(self) -> Database:
        return self.services.database

    def project(self, name: str = "default") -> Project:
        """Made where it does not exist yet."""
        with self.database.write() as connection:
            return find_project(connection, name) or create_project(connection, name=name, now=time.time())

    def new_key(self, role: str = "owner", project: str = "default", *, is_admin: bool = False) -> NewKey:
        """A key of a member who has the role in the project."""
        return new_key(self.database, role, self.project(project).id, is_admin=is_admin)

    def principal(self, key: str | None = None) -> Principal:
        with self.database.read() as connection:
            found = find_principal(connection, hash_of(key or self.key))
        assert found is not None
        return found

    def client(self, key: str | None = None) -> OpenAI:
        return OpenAI(base_url=f"{self.base_url}/v1", api_key=key or self.key, max_retries=0, timeout=30)


def new_key(database: Database, role: str, project_id: str, *, is_admin: bool = False) -> NewKey:
    email, now = f"{role}-{next(_numbers)}@example.com", time.time()
    with database.write() as connection:
        member = find_or_create_member(connection, name=None, email=email, now=now)
        if get_membership(connection, project_id, member.id) is None:
            add_to_project(connection, project_id, member.id, Role(role), now)
        return create_key(
            connection, project_id=project_id, member_id=member.id, name=role, role=Role(role), is_admin=is_admin,
            now=now,
        )  # fmt: skip


@pytest.fixture
def server_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite, migrated; a test that wants both databases says so:

    ``@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)`` with
    ``BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]``.
    """
    if getattr(request, "param", "sqlite") == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    make: Callable[[Path], str] = request.getfixturevalue("make_sqlite")
    return make(tmp_path / "home" / "tunesmith.db")


@pytest.fixture
def settings(tmp_path: Path, server_database_url: str) -> Settings:
    """A test that wants other ones overrides this fixture."""
    return Settings(home=tmp_path / "home", database_url=server_database_url)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Each part adds its field here."""
    database = Database(settings.sqlalchemy_url)
    yield Services(settings=settings, database=database, now=time.time)
    database.close()


@pytest.fixture
def server(services: Services) -> Iterator[Server]:
    now = time.time()
    with services.database.write() as connection:
        project = find_project(connection, "default") or create_project(connection, name="default", now=now)
    key = new_key(services.database, "owner", project.id, is_admin=True).secret
    app = make_app(services)
    with running(app) as base_url:
        yield Server(base_url, key, services, app)


class running:
    """``with running(app) as base_url``: behind uvicorn in a thread, as in production but for the process."""

    def __init__(self, app: Api) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()


@pytest.fixture
def client(server: Server) -> OpenAI:
    """An owner of the project ``default`` who is an administrator."""
    return server.client()


@pytest.fixture
def make_client(server: Server) -> Callable[..., OpenAI]:
    """``make_client(role="owner", project="default")``."""

    def make(role: str = "owner", project: str = "default") -> OpenAI:
        return server.client(server.new_key(role, project).secret)

    return make


@pytest.fixture
def other_client(make_client: Callable[..., OpenAI]) -> OpenAI:
    """An owner of another project."""
    return make_client("owner", "other")


@pytest.fixture
def viewer_client(make_client: Callable[..., OpenAI]) -> OpenAI:
    """A viewer of the project ``default``."""
    return make_client("viewer")


# Kind of object, as IdOf names it → what makes one in a project, giving its id.
Maker = Callable[[Server, Project], str]


def _make_project(server: Server, project: Project) -> str:
    return project.id


def _make_member(server: Server, project: Project) -> str:
    return server.new_key("member", project.name).key.member_id


def _make_key(server: Server, project: Project) -> str:
    return server.new_key("member", project.name).key.id


def _make_audit_entry(server: Server, project: Project) -> str:
    from tunesmith.store.audit import list_entries

    principal = server.principal(server.new_key("owner", project.name).secret)
    with server.database.write() as connection:
        record(connection, principal, "test.made", None, time.time())
        return list_entries(connection, project.id, limit=1).items[0].id


# A part adds a line for each kind of object that its routes take.
MAKERS: dict[str, Maker] = {
    "project": _make_project,
    "member": _make_member,
    "key": _make_key,
    "audit_entry": _make_audit_entry,
}


@pytest.fixture
def make_object(server: Server) -> Callable[[str, str], str]:
    """``make_object(kind, project)``: the id of a new object of the project; fails for a kind without a maker."""

    def make(kind: str, project: str = "default") -> str:
        if kind not in MAKERS:
            pytest.fail(f"tests/api/conftest.py: MAKERS lacks a maker for the kind {kind!r}")
        return MAKERS[kind](server, server.project(project))

    return make
