"""A running server: the real application behind uvicorn, its own home and database, clients of the unmodified SDK.

``MAKERS`` is where a part adds how one of its objects comes to be; the matrix test asks for an object of every
kind that a route takes.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob
from pydantic import TypeAdapter, ValidationError

from tunesmith.api.app import Api, make_app
from tunesmith.api.protocol import http_protocol
from tunesmith.api.services import Services
from tunesmith.core.ids import new_id
from tunesmith.core.settings import Settings
from tunesmith.store import (
    audit,
    blob_references,
    checkpoint_permissions,
    checkpoints,
    files,
    job_events,
    jobs,
    models,
    operations,
    stored_chats,
    tables,
    uploads,
    webhooks,
)
from tunesmith.store.checkpoints import Checkpoint
from tunesmith.store.db import Database
from tunesmith.store.jobs import Job
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

    def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until it does; half a minute at most."""
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

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
    database = Database(settings.sqlalchemy_url)
    services = Services.of(settings, database)
    yield services
    services.reports.close()
    database.close()


@pytest.fixture
def server(services: Services) -> Iterator[Server]:
    with started(services) as server:
        yield server


@pytest.fixture(scope="module")
def shared_server(make_sqlite: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a module, on SQLite: what one test makes, the next one finds."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, database_url=make_sqlite(home / "tunesmith.db"))
    database = Database(settings.sqlalchemy_url)
    services = Services.of(settings, database)
    with started(services) as server:
        yield server
    services.reports.close()
    database.close()


@contextmanager
def started(services: Services) -> Iterator[Server]:
    with services.database.write() as connection:
        project = find_project(connection, "default") or create_project(connection, name="default", now=time.time())
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
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            http=http_protocol(),
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
def run_app() -> Callable[[Api], running]:
    """``with run_app(app) as base_url``."""
    return running


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


# Kind of object, as IdOf names it → what makes one in a project, giving its id. What lives within another object
# gives that one's id first: such a pair stands together in a path.
Maker = Callable[[Server, Project], str | tuple[str, str]]


def _make_project(server: Server, project: Project) -> str:
    return project.id


def _make_member(server: Server, project: Project) -> str:
    return server.new_key("member", project.name).key.member_id


def _make_key(server: Server, project: Project) -> str:
    return server.new_key("member", project.name).key.id


def _make_audit_entry(server: Server, project: Project) -> str:
    principal = server.principal(server.new_key("owner", project.name).secret)
    with server.database.write() as connection:
        audit.record(connection, principal, "test.made", None, time.time())
        return audit.list_entries(connection, project.id, limit=1).items[0].id


def put_blob(server: Server, content: bytes) -> str:
    path = server.services.blobs.new_temporary()
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    server.services.blobs.put_file(path, digest)
    return digest


def _make_file(server: Server, project: Project) -> str:
    line = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    content = line * 12
    digest = put_blob(server, content)
    with server.database.write() as connection:
        return files.create(
            connection, project.id, filename="a.jsonl", purpose="fine-tune", num_bytes=len(content), sha256=digest,
            now=time.time(),
        ).id  # fmt: skip


def _make_upload(server: Server, project: Project) -> str:
    with server.database.write() as connection:
        return uploads.create(
            connection, project.id, filename="a.jsonl", purpose="fine-tune", num_bytes=10,
            mime_type="application/jsonl", expires_after_seconds=None, now=time.time(),
        ).id  # fmt: skip


def _make_part(server: Server, project: Project) -> tuple[str, str]:
    upload_id, digest = _make_upload(server, project), put_blob(server, b"0123456789")
    with server.database.write() as connection:
        upload = uploads.get(connection, project.id, upload_id)
        assert upload is not None
        return upload_id, uploads.add_part(connection, upload, num_bytes=10, sha256=digest, now=time.time()).id


def make_training_file(
    server: Server, project: Project, purpose: str = "fine-tune", sha256: str | None = None
) -> str:  # fmt: skip
    """A row only: what reads its bytes is not asked here. No two have the same hash unless it is said."""
    sha256 = sha256 or hashlib.sha256(str(next(_numbers)).encode()).hexdigest()
    with server.database.write() as connection:
        blob_references.announce(connection, sha256, 9, time.time())
        file = files.create(
            connection, project.id, filename="t.jsonl", purpose=purpose, num_bytes=9, sha256=sha256, now=time.time()
        )  # fmt: skip
    return file.id


def make_job_row(server: Server, project: Project, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "member_id": None, "model": "starter", "requested_model": "starter", "training_file_id": "file-x",
        "validation_file_id": None, "spec": {"base_model": "starter", "training_file": "file-x"}, "request": {},
        "suffix": None, "seed": 1, "metadata": None, "now": time.time(),
    }  # fmt: skip
    with server.database.write() as connection:
        return jobs.create(connection, project.id, **{**values, **changes})


def make_checkpoint_row(server: Server, project: Project, step_number: int = 3) -> Checkpoint:
    job = make_job_row(server, project)
    with server.database.write() as connection:
        return checkpoints.add(
            connection, job, step_number=step_number, metrics={"step": step_number, "train_loss": 0.5}, now=time.time()
        )


def _make_job(server: Server, project: Project) -> str:
    return make_job_row(server, project).id


def _make_job_event(server: Server, project: Project) -> tuple[str, str]:
    job = make_job_row(server, project)
    with server.database.write() as connection:
        job_events.add(connection, job.id, message="made", now=time.time())
        return job.id, job_events.list_page(connection, project.id, job.id).items[0].id


def _make_model(server: Server, project: Project) -> str:
    job = make_job_row(server, project)
    with server.database.write() as connection:
        return models.register(connection, job, time.time(), "starter").name


def _make_checkpoint(server: Server, project: Project) -> tuple[str, str]:
    checkpoint = make_checkpoint_row(server, project)
    return checkpoint.job_id, checkpoint.id


def _make_checkpoint_name(server: Server, project: Project) -> str:
    return make_checkpoint_row(server, project).name


def _make_permission(server: Server, project: Project) -> tuple[str, str]:
    checkpoint = make_checkpoint_row(server, project)
    with server.database.write() as connection:
        made = checkpoint_permissions.grant(connection, project.id, checkpoint.name, project.id, time.time())
    return checkpoint.name, made.id


def _make_webhook_endpoint(server: Server, project: Project) -> str:
    with server.database.write() as connection:
        return webhooks.create(
            connection, project.id, name="made", url="https://hooks.invalid/in", event_types=["fine_tuning.job.failed"],
            now=time.time(),
        ).id  # fmt: skip


def make_stored_chat(server: Server, project: Project, **changes: Any) -> str:
    message = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    id = new_id("chatcmpl-")
    completion = {
        "id": id, "object": "chat.completion", "created": 5, "model": "starter", "service_tier": "default",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage, "system_fingerprint": "fp_1",
    }  # fmt: skip
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    given: dict[str, Any] = {"model": "starter", "metadata": None, "messages": messages, "completion": completion}
    with server.database.write() as connection:
        return stored_chats.create(connection, project.id, id=id, now=time.time(), **{**given, **changes}).id


def _make_chat_message(server: Server, project: Project) -> tuple[str, str]:
    chat_id = make_stored_chat(server, project)
    return chat_id, f"{chat_id}-0"


def _make_operation(server: Server, project: Project) -> str:
    file_id = _make_file(server, project)
    with server.database.write() as connection:
        file = files.get(connection, project.id, file_id, time.time())
        assert file is not None
        return operations.create(
            connection, project.id, member_id=None, kind="split", settings={}, input_files=[file], now=time.time()
        ).id


# A part adds a line for each kind of object that its routes take.
MAKERS: dict[str, Maker] = {
    "file": _make_file,
    "upload": _make_upload,
    "part": _make_part,
    "chat_completion": make_stored_chat,
    "chat_message": _make_chat_message,
    "job": _make_job,
    "job_event": _make_job_event,
    "model": _make_model,
    "checkpoint": _make_checkpoint,
    "checkpoint_name": _make_checkpoint_name,
    "permission": _make_permission,
    "webhook_endpoint": _make_webhook_endpoint,
    "project": _make_project,
    "member": _make_member,
    "key": _make_key,
    "audit_entry": _make_audit_entry,
    "operation": _make_operation,
}


class MakeObject:
    """``make_object(kind, project)``: the id of a new object of the project; fails for a kind without a maker."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self, kind: str, project: str = "default") -> str:
        return self.with_parent(kind, project)[-1]

    def with_parent(self, kind: str, project: str = "default") -> tuple[str, ...]:
        """The id of what it lives in, if anything, then its own."""
        if kind not in MAKERS:
            pytest.fail(f"tests/api/conftest.py: MAKERS lacks a maker for the kind {kind!r}")
        made = MAKERS[kind](self._server, self._server.project(project))
        return (made,) if isinstance(made, str) else made


@pytest.fixture
def make_object(server: Server) -> MakeObject:
    return MakeObject(server)


@pytest.fixture
def make_shared_object(shared_server: Server) -> MakeObject:
    """Objects on ``shared_server``."""
    return MakeObject(shared_server)


# Where the live service contradicts the SDK's own types, so do we: model, field, what is sent.
CONTRADICTIONS = {(FineTuningJob, ("status",), "paused")}
Validate = Callable[[Any, bytes | str | dict[str, Any]], Any]


@pytest.fixture
def validate() -> Validate:
    """``validate(Model, raw)``: the answer judged by the SDK's own type in strict mode; gives the parsed value.

    The SDK itself is loose: it takes a text for a number and misses no field. Here every required field must
    be there, with its exact type; more fields than the SDK knows are allowed.
    """

    def validate(model: Any, raw: bytes | str | dict[str, Any]) -> Any:
        text = json.dumps(raw) if isinstance(raw, dict) else raw
        try:
            TypeAdapter(model).validate_json(text, strict=True)
        except ValidationError as error:
            found = [(model, each["loc"], each["input"]) for each in error.errors()]
            unexpected = [each for each in found if each not in CONTRADICTIONS]
            if unexpected:
                pytest.fail(f"{model.__name__}: {error}")
        return json.loads(text)

    return validate


@pytest.fixture
def validate_list(validate: Validate) -> Validate:
    """The same for every item of a list."""

    def validate_list(model: Any, raw: bytes | str | dict[str, Any]) -> Any:
        page = raw if isinstance(raw, dict) else json.loads(raw)
        assert page["object"] == "list"
        for item in page["data"]:
            validate(model, item)
        return page

    return validate_list


@pytest.fixture
def make_file(server: Server) -> Callable[..., str]:
    """``make_file(project="default", purpose="fine-tune", sha256=None)``: the id of an uploaded file."""

    def make(project: str = "default", purpose: str = "fine-tune", sha256: str | None = None) -> str:
        return make_training_file(server, server.project(project), purpose, sha256)

    return make


@pytest.fixture
def make_job(server: Server) -> Callable[..., Job]:
    """``make_job(project="default", state="running", **columns)``: a job of the given columns."""

    def make(project: str = "default", **columns: Any) -> Job:
        created = {name: columns.pop(name) for name in ("suffix", "metadata", "spec", "request") if name in columns}
        job = make_job_row(server, server.project(project), **created)
        with server.database.write() as connection:
            if columns:
                table = tables.jobs
                connection.execute(table.update().where(table.c.id == job.id).values(**columns))
            found = jobs.get(connection, job.project_id, job.id)
        assert found
        return found

    return make


@pytest.fixture
def make_checkpoint(server: Server) -> Callable[..., Checkpoint]:
    """``make_checkpoint(project="default", step_number=3)``."""

    def make(project: str = "default", step_number: int = 3) -> Checkpoint:
        return make_checkpoint_row(server, server.project(project), step_number)

    return make


@pytest.fixture
def make_chat(server: Server) -> Callable[..., str]:
    """``make_chat(project="default", **columns)``: the id of a chat completion that was kept."""

    def make(project: str = "default", **columns: Any) -> str:
        return make_stored_chat(server, server.project(project), **columns)

    return make


@pytest.fixture
def serving(settings: Settings, serving_on: Callable[..., Any]) -> Iterator[Any]:
    """The serving process's server on the same home; in fp32, where neighbours change no bit that matters."""
    with serving_on(settings, dtype="fp32") as serving:
        yield serving
