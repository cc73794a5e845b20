"""Operations on data files: asked for, claimed by a worker, ended. They make new files and change none.

As with jobs (store.queue), a claim raises ``attempt``, the fencing token, and every write of a worker finds the row
only while that token holds; a lease is over when ``heartbeats`` stands still. The files that an operation reads are
its own references (``operation``, id, ``input/0`` …), so that a file which is deleted meanwhile does not hurt it; its
list is ``items`` and ``index``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, Text, Update, bindparam, case, cast, exists, null, or_, select, update

from tunesmith.core.ids import new_id
from tunesmith.specs.data_operations import without_secrets
from tunesmith.store import blob_references, file_versions, files
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.files import File
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.queue import MAX_BACKOFF_SECONDS, Fenced, Held, Order
from tunesmith.store.tables import blob_references as references
from tunesmith.store.tables import files as file_rows
from tunesmith.store.tables import operations

INPUT_PREFIX: Final = "input/"
ITEMS, INDEX = "items", "index"
NO_MORE: Final = 2**63
"""Of an operation that has ended: no attempt is left to come."""


class State(StrEnum):
    """Where an operation is in its life."""

    QUEUED = "queued"
    """It waits for a worker."""
    RUNNING = "running"
    """A worker is at it."""
    SUCCEEDED = "succeeded"
    """Its files are there."""
    FAILED = "failed"
    """It cannot go on; ``error`` says why. It has made no file."""
    CANCELLED = "cancelled"
    """Somebody cancelled it. It has made no file."""

    @property
    def is_final(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    project_id: str
    member_id: str | None
    kind: str
    settings: Mapping[str, Any]
    input_file_ids: Sequence[str]
    state: State
    progress: float
    counts: Mapping[str, int] | None
    problems: Sequence[Mapping[str, Any]] | None
    result: Mapping[str, Any] | None
    output_file_ids: Sequence[str] | None
    num_items: int
    error: Mapping[str, Any] | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    attempt: int
    num_failures: int
    worker_id: str | None
    heartbeats: int
    not_before_at: float

    @classmethod
    def of(cls, row: Row[Any]) -> Operation:
        values = row._asdict()
        return cls(**{name: values[name] for name in _NAMES if name != "state"}, state=State(row.state))


_NAMES = tuple(field.name for field in fields(Operation))
_OWN = select(operations).where(operations.c.project_id == bindparam("project"))


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that an operation made; its bytes have been put. ``version``: data.versions.Version as JSON."""

    filename: str
    purpose: str
    num_bytes: int
    sha256: str
    version: Mapping[str, Any]


class MoveRefused(Exception):
    """The operation has ended: nothing of it can be changed."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(f"The operation has ended already: it is {operation.state.value}.")
        self.operation = operation


# --- what people do ---------------------------------------------------------------------------------


def create(
    connection: Connection, project_id: str, *, member_id: str | None, kind: str, settings: Mapping[str, Any],
    input_files: Sequence[File], now: float,
) -> Operation:  # fmt: skip
    """A new operation in its first state, with references of its own to the files' bytes."""
    row = {
        "id": new_id("dataop-"), "project_id": project_id, "member_id": member_id, "kind": kind,
        "settings": dict(settings), "input_file_ids": [file.id for file in input_files], "state": State.QUEUED,
        "created_at": int(now),
    }  # fmt: skip
    made = Operation.of(connection.execute(operations.insert().values(row).returning(*operations.c)).one())
    for index, file in enumerate(input_files):
        blob_references.copy(connection, "file", file.id, files.CONTENT, "operation", made.id, f"{INPUT_PREFIX}{index}")
    return made


def get(connection: Connection, project_id: str, operation_id: str) -> Operation | None:
    query = _OWN.where(operations.c.id == bindparam("operation"))
    row = connection.execute(query, {"project": project_id, "operation": operation_id}).one_or_none()
    return None if row is None else Operation.of(row)


def list_page(
    connection: Connection, project_id: str, *, after: str | None, limit: int, kind: str | None = None
) -> Page[Operation]:
    query = _OWN if kind is None else _OWN.where(operations.c.kind == kind)
    page = fetch_page(
        connection, query, operations, after=after, limit=limit, newest_first=True, cursors=_OWN,
        values={"project": project_id},
    )  # fmt: skip
    return Page([Operation.of(row) for row in page.items], page.has_more)


def cancel(connection: Connection, project_id: str, operation_id: str, now: float) -> Operation | None:
    """None where there is no such operation; raises MoveRefused where it has ended."""
    values: dict[str, Any] = {"state": State.CANCELLED, "finished_at": int(now), "worker_id": None}
    before = get(connection, project_id, operation_id)
    if before is not None:
        values["settings"] = without_secrets(before.settings)
    changed = update(operations).where(
        operations.c.id == operation_id, operations.c.project_id == project_id, operations.c.state.in_(_ALIVE)
    )
    row = connection.execute(changed.values(**values).returning(operations)).one_or_none()
    if row is not None:
        blob_references.drop(connection, "operation", operation_id)
        return Operation.of(row)
    found = get(connection, project_id, operation_id)
    if found is not None:
        raise MoveRefused(found)
    return None


def forget_lists(connection: Connection, project_id: str, file_id: str) -> int:
    """A file was deleted: what operations found in it, and quoted of it, goes too; → how many operations."""
    reads_it = cast(operations.c.input_file_ids, Text).contains(file_id, autoescape=True)
    ended = select(operations.c.id).where(
        operations.c.project_id == project_id, operations.c.state.in_((State.SUCCEEDED, State.FAILED)), reads_it
    )
    ids = list(connection.execute(ended).scalars())
    for operation_id in ids:
        blob_references.drop(connection, "operation", operation_id)
        values = {"num_items": 0, "problems": [], "result": null()}
        connection.execute(update(operations).where(operations.c.id == operation_id).values(**values))
    return len(ids)


# --- what workers do --------------------------------------------------------------------------------


def is_due(connection: Connection, *, now: float) -> bool:
    """Whether ``claim`` may find something: asked first, because a claim holds up SQLite's other writers."""
    return bool(_waiting(connection, now, 1))


def claim(connection: Connection, *, worker_id: str, now: float) -> Operation | None:
    """The oldest operation that waits, now the caller's."""
    for operation_id in _waiting(connection, now, 16):
        started = case((operations.c.started_at.is_(None), int(now)), else_=operations.c.started_at)
        statement = (
            update(operations)
            .where(operations.c.id == operation_id, operations.c.state == State.QUEUED, operations.c.worker_id.is_(None))
            .values(
                state=State.RUNNING, worker_id=worker_id, attempt=operations.c.attempt + 1,
                heartbeats=operations.c.heartbeats + 1, started_at=started, progress=0.0,
            )
        )  # fmt: skip
        row = connection.execute(statement.returning(operations)).one_or_none()
        if row is not None:
            return Operation.of(row)
    return None


def inputs(connection: Connection, operation: Operation) -> list[tuple[str, str]]:
    """Id and name of each file that it reads, in order, also of those that were deleted since."""
    found = connection.execute(
        select(file_rows.c.id, file_rows.c.filename).where(file_rows.c.id.in_(operation.input_file_ids))
    )
    names = {row.id: row.filename for row in found}
    return [(file_id, names.get(file_id, file_id)) for file_id in operation.input_file_ids]


def heartbeat(connection: Connection, operation_id: str, attempt: int) -> Order:
    """Say that the worker is alive, and learn whether it shall go on."""
    statement = _by_owner(operation_id, attempt).values(heartbeats=operations.c.heartbeats + 1)
    found = connection.execute(statement.returning(operations.c.state)).scalar_one_or_none()
    return Order.STOP if found is None else Order.GO_ON


def fenced(connection: Connection, operation_id: str, attempt: int) -> Operation:
    """The operation, held still until the transaction ends; raises Fenced where it is no longer the caller's."""
    return _one(connection, _by_owner(operation_id, attempt).values(heartbeats=operations.c.heartbeats + 1))


def note_progress(connection: Connection, operation_id: str, attempt: int, progress: float) -> None:
    connection.execute(_by_owner(operation_id, attempt).values(progress=progress))


def release(connection: Connection, operation_id: str, attempt: int) -> Operation:
    """Let go of it with nothing lost; it is begun anew by another worker."""
    return _one(connection, _by_owner(operation_id, attempt).values(worker_id=None, state=State.QUEUED))


def fail(connection: Connection, operation_id: str, attempt: int, *, code: str, message: str,
         problems: Sequence[Mapping[str, Any]] = (), now: float) -> Operation:  # fmt: skip
    values = {
        "state": State.FAILED, "error": {"code": code, "message": message}, "problems": [dict(each) for each in problems],
        "finished_at": int(now), "worker_id": None,
        "settings": without_secrets(fenced(connection, operation_id, attempt).settings),
    }  # fmt: skip
    failed = _one(connection, _by_owner(operation_id, attempt).values(**values))
    blob_references.drop(connection, "operation", operation_id)
    return failed


def fail_attempt(
    connection: Connection, operation_id: str, attempt: int, *, code: str, cause: str, max_attempts: int, now: float
) -> Operation:
    """An attempt ended without a word: it waits for another one, or has failed after ``max_attempts``. ``cause`` is a
    sentence without its full stop."""
    failures = fenced(connection, operation_id, attempt).num_failures + 1
    if failures >= max_attempts:
        times = "once" if failures == 1 else f"{failures} times"
        connection.execute(_by_owner(operation_id, attempt).values(num_failures=failures))
        return fail(connection, operation_id, attempt, code=code, message=f"{cause} {times}.", now=now)
    pause = 0.0 if failures == 1 else min(MAX_BACKOFF_SECONDS, 2.0 ** (failures - 2))
    values = {"num_failures": failures, "worker_id": None, "state": State.QUEUED, "not_before_at": now + pause}
    return _one(connection, _by_owner(operation_id, attempt).values(**values))


def succeed(
    connection: Connection, operation: Operation, *, counts: Mapping[str, int],
    problems: Sequence[Mapping[str, Any]], made: Sequence[NewFile], items: Sequence[BlobRef] = (), num_items: int = 0,
    result: Mapping[str, Any] | None = None, now: float,
) -> Operation:  # fmt: skip
    """The files come to be, with what they are made of, and the list stays; what it read is let go of."""
    fresh: list[File] = []
    for each in made:
        file = files.create(
            connection, operation.project_id, filename=each.filename, purpose=each.purpose, num_bytes=each.num_bytes,
            sha256=each.sha256, now=now,
        )  # fmt: skip
        file_versions.put(connection, file.id, operation.id, each.version)
        fresh.append(file)
    blob_references.drop(connection, "operation", operation.id)
    blob_references.refer(connection, "operation", operation.id, items, now)
    values = {
        "state": State.SUCCEEDED, "progress": 1.0, "counts": dict(counts), "problems": [dict(each) for each in problems],
        "result": null() if result is None else dict(result),
        "output_file_ids": [file.id for file in fresh], "num_items": num_items, "finished_at": int(now),
        "worker_id": None, "settings": without_secrets(operation.settings),
    }  # fmt: skip
    return _one(connection, _by_owner(operation.id, operation.attempt).values(**values))


# --- what observers see -----------------------------------------------------------------------------


def held(connection: Connection) -> tuple[Held, ...]:
    """Every operation that a worker holds, whoever it is."""
    columns = (operations.c.id, operations.c.attempt, operations.c.heartbeats, operations.c.worker_id)
    query = select(*columns).where(operations.c.state == State.RUNNING, operations.c.worker_id.is_not(None))
    return tuple(Held(row.id, row.attempt, row.heartbeats, row.worker_id) for row in connection.execute(query))


def seize(connection: Connection, one: Held, *, worker_id: str) -> Operation | None:
    """Take an operation from a worker that is dead; None where it gave a sign of life after all."""
    statement = (
        _by_owner(one.job_id, one.attempt)
        .where(operations.c.heartbeats == one.heartbeats)
        .values(attempt=one.attempt + 1, worker_id=worker_id)
    )
    row = connection.execute(statement.returning(operations)).one_or_none()
    return None if row is None else Operation.of(row)


def token_of(connection: Connection, operation_id: str) -> int:
    """Attempts before this one are over; of an ended or unknown operation, all of them: NO_MORE."""
    query = select(operations.c.attempt, operations.c.state).where(operations.c.id == operation_id)
    row = connection.execute(query).one_or_none()
    return NO_MORE if row is None or State(row.state).is_final else int(row.attempt)


def let_go_of_inputs(connection: Connection, limit: int = 1_000) -> int:
    """Of cancelled operations whose worker had just noted something; → how many."""
    holds = exists().where(references.c.owner_type == "operation", references.c.owner_id == operations.c.id)
    ended = select(operations.c.id).where(operations.c.state.in_((State.FAILED, State.CANCELLED)), holds).limit(limit)
    ids = list(connection.execute(ended).scalars())
    for operation_id in ids:
        blob_references.drop(connection, "operation", operation_id)
    return len(ids)


_ALIVE: Final = (State.QUEUED, State.RUNNING)


def _waiting(connection: Connection, now: float, limit: int) -> list[str]:
    is_time = or_(operations.c.not_before_at <= now, operations.c.not_before_at > now + MAX_BACKOFF_SECONDS)
    query = select(operations.c.id).where(operations.c.state == State.QUEUED, operations.c.worker_id.is_(None), is_time)
    return list(connection.execute(query.order_by(operations.c.seq).limit(limit)).scalars())


def _by_owner(operation_id: str, attempt: int) -> Update:
    return update(operations).where(
        operations.c.id == operation_id, operations.c.attempt == attempt, operations.c.state == State.RUNNING,
        operations.c.worker_id.is_not(None),
    )  # fmt: skip


def _one(connection: Connection, statement: Update) -> Operation:
    row = connection.execute(statement.returning(operations)).one_or_none()
    if row is None:
        raise Fenced
    return Operation.of(row)
