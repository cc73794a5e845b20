"""A small platform without its API: a database, blobs, a tiny base model, jobs, and workers to kill."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert, select

from tunesmith.core.settings import Settings
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import blob_references, jobs, operations, resume_states
from tunesmith.store import files as files_store
from tunesmith.store.blobs import open_blobs
from tunesmith.store.db import Database
from tunesmith.store.jobs import Job, State
from tunesmith.store.operations import Operation
from tunesmith.store.tables import checkpoints, files, job_events, models, projects
from tunesmith.worker import artifacts, run
from tunesmith.worker.askable_models import AskableModels
from tunesmith.worker.attempt import Attempt, Stop, Workplace

HERE = Path(__file__).parent
PROJECT = "proj_one"
LEASE_SECONDS = 3.0


def load_fork_server() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fork_server", HERE / "fork_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fork_server = load_fork_server()


@pytest.fixture(scope="session")
def fork_socket() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="tunesmith-fork-")
    path = f"{folder}/socket"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, str(HERE / "fork_server.py"), path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield path
    process.kill()
    process.wait()
    process.stdout.close()
    shutil.rmtree(folder)


class World:
    """One installation's store, and what a test does to it."""

    def __init__(self, database: Database, home: Path, base: Path, rows: list[dict[str, Any]], socket: str) -> None:
        self.database, self.home, self.base, self.rows, self.socket = database, home, base, rows, socket
        self.blobs = open_blobs(Settings(home=home, blob_url=""), database)
        self.launcher = fork_server.ForkLauncher(socket)
        self.base_models = {"tiny": str(base)}
        self.processes: list[Any] = []
        with database.write() as connection:
            connection.execute(insert(projects).values(id=PROJECT, name="one", created_at=0))

    def place(self, **changes: Any) -> Workplace:
        given: dict[str, Any] = {
            "worker_id": "here", "database": self.database, "blobs": self.blobs,
            "known_models": KnownModels.of(base_models=self.base_models), "folder": self.home / "jobs",
            "lease_seconds": LEASE_SECONDS, "max_attempts": 3, "num_threads": 1, "offline": True,
            "launcher": self.launcher, "askable_models": AskableModels(KnownModels.of(base_models=self.base_models), self.home / "serve.sock"),
        }  # fmt: skip
        return Workplace(**{**given, **changes})

    def new_file(self, rows: list[dict[str, Any]] | bytes) -> blob_references.BlobRef:
        content = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
        return artifacts.put_bytes(self.blobs, content, "training_file")

    def new_job(
        self, rows: list[dict[str, Any]] | bytes | None = None, *, validation: list[dict[str, Any]] | None = None,
        start_from: str | None = None, **spec: Any,
    ) -> str:  # fmt: skip
        """As the API creates one; → its id."""
        asked = {
            "base_model": "tiny",
            "max_steps": 6,
            "batch_size": 4,
            "save_every_steps": 2,
            "precision": "fp32",
            **spec,
        }
        asked["training_file"] = "file-training"
        refs = [self.new_file(self.rows if rows is None else rows)]
        if validation is not None:
            asked["validation_file"] = "file-validation"
            ref = self.new_file(validation)
            refs.append(blob_references.BlobRef("validation_file", ref.sha256, ref.num_bytes))
        with self.database.write() as connection:
            job = jobs.create(
                connection, PROJECT, member_id=None, model=start_from or "tiny", requested_model="tiny",
                training_file_id="file-training", validation_file_id=asked.get("validation_file"), spec=asked, request={},
                suffix=None, seed=42, metadata=None, now=time.time(),
            )  # fmt: skip
            blob_references.refer(connection, "job", job.id, refs, time.time())
            if start_from is not None:
                row = connection.execute(select(models.c.id).where(models.c.name == start_from)).one()
                for ref in blob_references.of(connection, "model", row.id):
                    blob_references.copy(connection, "model", row.id, ref.name, "job", job.id, f"start/{ref.name}")
        return job.id

    def new_operation(self, *contents: bytes, kind: str = "split", names: Sequence[str] = (), **settings: Any) -> str:
        """As the API creates one, on files of these contents; → its id."""
        now, found = time.time(), []
        for index, content in enumerate(contents):
            ref = self.new_file(content)
            with self.database.write() as connection:
                found.append(
                    files_store.create(
                        connection, PROJECT, filename=names[index] if names else f"{index}.jsonl", purpose="fine-tune",
                        num_bytes=ref.num_bytes, sha256=ref.sha256, now=now,
                    )
                )  # fmt: skip
        with self.database.write() as connection:
            return operations.create(
                connection, PROJECT, member_id=None, kind=kind, settings=settings, input_files=found, now=now
            ).id

    def operation(self, operation_id: str) -> Operation:
        with self.database.read() as connection:
            found = operations.get(connection, PROJECT, operation_id)
        assert found is not None
        return found

    def operate(self, operation_id: str, **changes: Any) -> Operation:
        """Let one worker in this process work until this operation has ended."""
        worker, stop = self.worker(**changes), Stop()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not self.operation(operation_id).state.is_final:
            worker._tend_safely(stop)
            self.nap()
        for thread in worker._operating.values():
            thread.join(30)
        return self.operation(operation_id)

    def content(self, file_id: str) -> bytes:
        with self.database.read() as connection:
            file = files_store.get(connection, PROJECT, file_id, time.time())
        assert file is not None
        return b"".join(self.blobs.read(file.sha256))

    def job(self, job_id: str) -> Job:
        with self.database.read() as connection:
            job = jobs.get(connection, PROJECT, job_id)
        assert job is not None
        return job

    def worker(self, **changes: Any) -> run.Worker:
        return run.Worker(self.place(**changes), self.home / "run", num_slots=changes.pop("num_slots", 1))

    def start_worker(self, worker_id: str, **changes: Any) -> Any:
        """A process of its own, to be killed."""
        given = {
            "home": str(self.home), "worker_id": worker_id, "database_url": self.database.url, "max_attempts": 100,
            "base_models": self.base_models, "lease_seconds": LEASE_SECONDS, "socket": self.socket, **changes,
        }  # fmt: skip
        process = fork_server.start_worker(self.socket, given, self.home / "worker.log")
        self.processes.append(process)
        return process

    def do(self, job_id: str, stop: Stop | None = None, **changes: Any) -> Job:
        """Let one worker in this process do all that there is, until this job rests."""
        worker, stop = self.worker(**changes), stop or Stop()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not stop.draining.is_set():
            worker._tend_safely(stop)
            job = self.job(job_id)
            if job.state.is_final or job.state is State.PAUSED:
                break
            self.nap()
        for busy in (*worker._training.values(), *worker._judging.values()):
            busy.thread.join(60)
        return self.job(job_id)

    def claim(self, job_id: str, worker_id: str = "here", **changes: Any) -> Attempt:
        """The attempt of a worker that took this job, whose files were judged already."""
        from tunesmith.store import queue

        with self.database.write() as connection:
            job = queue.claim_training(connection, job_id, worker_id=worker_id, now=time.time())
        assert job is not None
        return Attempt(self.place(worker_id=worker_id, **changes), job, Stop())

    def wait_for(self, what: Callable[[], Any], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                log = self.home / "worker.log"
                raise AssertionError(f"waited in vain; {log.read_text()[-3000:] if log.exists() else ''}")
            self.nap()

    def nap(self) -> None:
        time.sleep(0.02)

    def events(self, job_id: str) -> list[tuple[str, str]]:
        """(level, message), oldest first."""
        with self.database.read() as connection:
            query = select(job_events.c.level, job_events.c.message).where(job_events.c.job_id == job_id)
            return [(row.level, row.message) for row in connection.execute(query.order_by(job_events.c.seq))]

    def messages(self, job_id: str) -> list[str]:
        return [message for _, message in self.events(job_id)]

    def checkpoints(self, job_id: str) -> list[Any]:
        with self.database.read() as connection:
            query = select(checkpoints).where(checkpoints.c.job_id == job_id).order_by(checkpoints.c.step_number)
            return list(connection.execute(query))

    def resume_steps(self, job_id: str) -> list[int]:
        with self.database.read() as connection:
            return [state.step_number for state in resume_states.newest_first(connection, job_id)]

    def outcome(self, job_id: str) -> dict[str, Any]:
        """The bits of a job that succeeded: every model's files, the metrics, the checkpoints; once each."""
        job = self.job(job_id)
        assert job.state is State.SUCCEEDED, (job.state, job.error, self.messages(job_id)[-5:])
        with self.database.read() as connection:
            (model,) = connection.execute(select(models).where(models.c.job_id == job_id)).all()
            assert model.name == job.fine_tuned_model
            made = self.checkpoints(job_id)
            found = {"model": {r.name: r.sha256 for r in blob_references.of(connection, "model", model.id)}}
            for row in made:
                refs = blob_references.of(connection, "checkpoint", row.id)
                found[f"checkpoint {row.step_number}"] = {ref.name: ref.sha256 for ref in refs}
            result = connection.execute(select(files).where(files.c.id == job.result_file_id)).one()
            steps = [message for message in self.messages(job_id) if message.startswith("Step ")]
        return {**found, "metrics": result.sha256, "steps": steps, "trained_tokens": job.trained_tokens}

    def faults(self, **given: Any) -> None:
        """What children from now on suffer; nothing: they live well. One that waits at a step does so until it is asked to end."""
        assert given.keys() <= fork_server.FAULTS
        (self.home / "faults").write_text(json.dumps(given))

    def close(self) -> None:
        for process in (*self.processes, *self.launcher.started):
            process.kill()


@pytest.fixture
def home() -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="tunesmith-") as folder:
        yield Path(folder)


@pytest.fixture
def make_world(
    home: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]], fork_socket: str
) -> Iterator[Callable[[Database], World]]:
    worlds: list[World] = []

    def make(database: Database) -> World:
        worlds.append(World(database, home, tiny_base, tiny_rows, fork_socket))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[[Database], World], home: Path) -> Iterator[World]:
    """On SQLite."""
    from tunesmith.store.migrate import upgrade

    database = Database(f"sqlite:///{home / 'tunesmith.db'}")
    upgrade(database)
    yield make_world(database)
    database.close()


@pytest.fixture
def world_on_each(make_world: Callable[[Database], World], database: Database) -> World:
    """Once on SQLite, once on PostgreSQL."""
    return make_world(database)
