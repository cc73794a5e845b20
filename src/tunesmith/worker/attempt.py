"""One attempt at one job or operation: its folder, its heartbeat, its fenced writes, and its child process.

Everything that an attempt writes is refused once the job is somebody else's: rows by the fencing token, files
because they lie under ``jobs/<job>/attempts/<token>/`` until a fenced row refers to them. What one attempt leaves for the next, because it was paid
for, lies beside them under ``kept/`` until the whole has ended.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from sqlalchemy import Connection

from tunesmith.core import durable
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import operations, queue
from tunesmith.store.blobs import Blobs
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.jobs import Job
from tunesmith.store.operations import Operation
from tunesmith.store.queue import Fenced
from tunesmith.store.queue import Order as Wish
from tunesmith.worker.askable_models import AskableModels
from tunesmith.worker.process import Child, Launcher
from tunesmith.worker.protocol import ChildOrder, Word

Result = TypeVar("Result")
log = logging.getLogger(__name__)

_BEATS_A_LEASE = 6
_LONGEST_BEAT_SECONDS = 1.0
_RETRY_SECONDS = 0.25
_FOLDER_TRIES = 100
# How long a worker that was asked to end waits for a database that does not answer.
_PATIENCE_AT_THE_END_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker has. ``folder`` is its own on this machine; ``now`` gives Unix seconds, for what people read."""

    worker_id: str
    database: Database
    blobs: Blobs
    known_models: KnownModels
    folder: Path
    lease_seconds: float
    max_attempts: int
    num_threads: int
    offline: bool
    launcher: Launcher
    askable_models: AskableModels
    now: Callable[[], float] = time.time


class Stop:
    """What the process was asked: to end in good order, or at once."""

    def __init__(self) -> None:
        self.draining = threading.Event()
        self.broken_off = threading.Event()

    def ask(self) -> None:
        """The first time: save and end. The second: end."""
        (self.broken_off if self.draining.is_set() else self.draining).set()


class Claimed(Protocol):
    """A job or an operation in a worker's hands."""

    @property
    def id(self) -> str: ...
    @property
    def attempt(self) -> int: ...


Thing = TypeVar("Thing", bound=Claimed)
Thing_co = TypeVar("Thing_co", bound=Claimed, covariant=True)


class Claims(Protocol[Thing_co]):
    """Where it is written down whose the thing is: ``store.queue``, ``store.operations``."""

    def heartbeat(self, connection: Connection, thing_id: str, attempt: int, /) -> Wish: ...
    def fenced(self, connection: Connection, thing_id: str, attempt: int, /) -> Thing_co: ...


class Tenure(Generic[Thing]):
    """What is done under one fencing token. A context manager: its folder is there while the block lasts."""

    def __init__(self, place: Workplace, thing: Thing, claims: Claims[Thing], stop: Stop) -> None:
        self.place, self.stop = place, stop
        self._thing, self._claims = thing, claims
        self.folder = attempt_folder(place.folder, thing)
        self.is_lost = threading.Event()
        self.pause_asked = threading.Event()
        self._child: Child | None = None
        self._ended = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name=f"heartbeat {thing.id}", daemon=True)

    def __enter__(self) -> Self:
        remove_attempts(self.folder.parent, before=self._thing.attempt)
        with durable.disk_errors(self.folder):
            make_folder(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # a later attempt's folders are there
            self.folder.parent.rmdir()
            self.folder.parent.parent.rmdir()

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """While the block lasts, nobody takes the job for abandoned."""
        self._pulse.start()
        try:
            yield
        finally:
            self._ended.set()
            self._pulse.join()

    def write(self, do: Callable[[Connection, Thing], Result]) -> Result:
        """One transaction that begins with the fence. A database that is away is waited for; raises Fenced.

        Where a commit was made and its answer lost, it is done again: ``do`` must bear that, or end the attempt,
        so that the fence refuses the second time.
        """

        def fenced_write() -> Result:
            with self.place.database.write() as connection:
                return do(connection, self._claims.fenced(connection, self._thing.id, self._thing.attempt))

        try:
            return self.patiently(fenced_write)
        except Fenced:
            self._lose()
            raise

    def read(self, do: Callable[[Connection], Result]) -> Result:
        def read() -> Result:
            with self.place.database.read() as connection:
                return do(connection)

        return self.patiently(read)

    def patiently(self, do: Callable[[], Result]) -> Result:
        """Again and again while the database is away, unless the worker was asked to end; blobs are announced there too."""
        gives_up_at: float | None = None
        while True:
            try:
                return do()
            except DatabaseUnavailable:
                if self.stop.draining.is_set() and gives_up_at is None:
                    gives_up_at = time.monotonic() + _PATIENCE_AT_THE_END_SECONDS
                if self.stop.broken_off.is_set() or (gives_up_at is not None and time.monotonic() > gives_up_at):
                    raise
                time.sleep(_RETRY_SECONDS)

    @contextmanager
    def child(self, module: str, order: ChildOrder) -> Iterator[Child]:
        """A child process at work; gone when the block is left."""
        child = Child(module, self.folder, order, self.place.launcher)
        self._child = child
        try:
            if self.is_lost.is_set():
                child.kill()
            yield child
        finally:
            self._child = None
            child.close()

    @property
    def child_pid(self) -> int | None:
        """Of the child at work."""
        child = self._child
        return None if child is None else child.process.pid

    def _beat(self) -> None:
        """Say to the database and to the child that this worker lives, and learn what is wanted."""
        pause = min(_LONGEST_BEAT_SECONDS, self.place.lease_seconds / _BEATS_A_LEASE)
        while not self._ended.wait(pause):
            try:
                with self.place.database.write() as connection:
                    wish = self._claims.heartbeat(connection, self._thing.id, self._thing.attempt)
            except DatabaseUnavailable:
                wish = Wish.GO_ON
            if self._ended.is_set():
                return
            if wish is Wish.STOP:
                self._lose()
                return
            if wish is Wish.PAUSE:
                self.pause_asked.set()
            child = self._child
            if child is not None:
                child.say(Word.HEARTBEAT)

    def _lose(self) -> None:
        """The job is somebody else's, or nobody's any more: its process ends at once."""
        self.is_lost.set()
        child = self._child
        if child is not None:
            child.kill()


class Attempt(Tenure[Job]):
    """At a job."""

    def __init__(self, place: Workplace, job: Job, stop: Stop) -> None:
        super().__init__(place, job, queue, stop)
        self.job = job


class OperationAttempt(Tenure[Operation]):
    """At an operation on data files."""

    def __init__(self, place: Workplace, operation: Operation, stop: Stop) -> None:
        super().__init__(place, operation, operations, stop)
        self.operation = operation


def remove_attempts(folder: Path, *, before: int) -> None:
    """Folders of attempts whose fencing token has been raised since: nothing that lies in them counts any more."""
    for path in folder.glob("*"):
        if path.name.isdecimal() and int(path.name) < before:
            shutil.rmtree(path, ignore_errors=True)


def forget_kept(folder: Path) -> None:
    """Of a job or an operation that has ended; ``folder`` is its own."""
    shutil.rmtree(kept_folder(folder), ignore_errors=True)
    with suppress(OSError):  # an attempt's folder is still there
        folder.rmdir()


def make_folder(folder: Path) -> None:
    """With those above it, which an earlier attempt that ends just now may take away in between."""
    for _ in range(_FOLDER_TRIES):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, mode=0o700)
            return
    folder.mkdir(parents=True, mode=0o700)


def attempt_folder(folder: Path, thing: Claimed) -> Path:
    return folder / thing.id / "attempts" / str(thing.attempt)


def kept_folder(folder: Path) -> Path:
    return folder / "kept"
