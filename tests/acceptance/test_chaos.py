"""Kills over the whole running platform: whatever dies, every job ends once, with the bits of an undisturbed one.

Each test runs with few kills every time and with many in the soak, whose seed CHAOS_SEED sets. A failure prints the
seed and what was done; the moments of a seed are the same again, what the processes were at just then is not.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import openai
import pytest
from sqlalchemy import select

import tunesmith
from tunesmith.core import durable
from tunesmith.store import blob_references, jobs
from tunesmith.store.blobs import LocalBlobs
from tunesmith.store.db import Database
from tunesmith.store.migrate import upgrade
from tunesmith.store.tables import blob_references as reference_rows
from tunesmith.store.tables import checkpoints, files, metadata, models, projects, resume_states
from tunesmith.store.tables import job_events as event_rows
from tunesmith.store.tables import jobs as job_rows
from tunesmith.store.tables import workers as worker_rows

KEY = "sk-chaos-0123456789abcdef0123456789abcdef"
PATIENCE_SECONDS = 120.0
LEASE_SECONDS = 1.5
TRAINING = {
    "max_steps": 120,
    "batch_size": 4,
    "save_every_steps": 10,
    "validation_split": 0.2,
    "eval_every_steps": 40,
    "precision": "fp32",
}
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
Result = TypeVar("Result")


# --- processes ------------------------------------------------------------------------------------------


def wait_for(what: Callable[[], Result], why: str, seconds: float = PATIENCE_SECONDS) -> Result:
    """What it gives, once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"waited in vain: {why}"
        time.sleep(0.02)
    return found


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def children_of(pid: int) -> list[int]:
    """Living ones."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(path.parent.name))
    return found


def processes_in(home: Path) -> dict[int, str]:
    """Every living process that works in this home, by its folder or its environment."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_here = str(home) in os.readlink(path / "cwd") or str(home).encode() in (path / "environ").read_bytes()
            if is_here and int(path.name) != os.getpid():
                found[int(path.name)] = command_of(int(path.name))
    return {pid: command for pid, command in found.items() if command}


# --- one installation -----------------------------------------------------------------------------------


@dataclass
class Platform:
    """``tunesmith up`` in a home of its own, as an operator runs it, and what a test does to it."""

    home: Path
    base: Path
    database_url: str
    rows: list[dict[str, Any]]
    settings: dict[str, str] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    """What was done to it, for the report of a failure."""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How often clients met what."""

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.database = Database(self.database_url or f"sqlite:///{self.home / 'tunesmith.db'}")
        self.up: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNESMITH_")}
        given = {
            "HOME": self.home, "PORT": self.port, "DATABASE_URL": self.database_url, "ADMIN_KEY": KEY, "OFFLINE": "true",
            "BASE_MODELS": json.dumps({"tiny": str(self.base)}), "TRAINING_THREADS": 1, "SERVING_THREADS": 1,
            "MAX_ATTEMPTS": 1000, **self.settings,
        }  # fmt: skip
        sources = str(Path(tunesmith.__file__).parent.parent)  # those under test, wherever the processes begin
        kept |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": sources}
        return {**kept, **{f"TUNESMITH_{name}": str(value) for name, value in given.items()}}

    def run(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / "output.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tunesmith", *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self.environment(), cwd=self.home,
            )  # fmt: skip
        self.started.append(process)
        return process

    def start(self) -> None:
        self.up = self.run("up")
        wait_for(self.is_ready, "the platform is ready")

    def is_ready(self) -> bool:
        assert self.up is not None
        assert self.up.poll() is None, "it ended by itself"
        with suppress(httpx2.TransportError):
            status = httpx2.get(f"http://127.0.0.1:{self.port}/healthz", timeout=10, trust_env=False).status_code
            assert status in (200, 503), status
            return status == 200
        return False

    def stop(self) -> int:
        """SIGTERM, as a deployment does; → its exit code."""
        assert self.up is not None
        self.up.send_signal(signal.SIGTERM)
        return self.up.wait(PATIENCE_SECONDS)

    def processes(self, kind: str) -> list[int]:
        """``api``, ``worker``, ``serve``, or ``child``: what the worker has started."""
        assert self.up is not None
        parts = children_of(self.up.pid)
        if kind == "child":
            workers = [pid for pid in parts if command_of(pid).endswith("tunesmith worker")]
            return [child for pid in workers for child in children_of(pid) if "tunesmith.worker." in command_of(child)]
        return [pid for pid in parts if re.search(rf"-m tunesmith {kind}\b", command_of(pid))]

    def kill(self, kind: str) -> bool:
        """``kill -9`` of one of them; whether there was one."""
        pids = self.processes(kind)
        if not pids:
            return False
        os.kill(pids[0], signal.SIGKILL)
        self.did.append(f"{time.strftime('%H:%M:%S', time.gmtime())} killed {kind} {pids[0]}")
        return True

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key=KEY, max_retries=0, timeout=120)

    def ask(self, do: Callable[[], Result]) -> Result:
        """As a client that asks again does: no connection and 503 with Retry-After are borne, and nothing else."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                result = do()
            except (openai.APIError, httpx2.TransportError) as error:
                self.answers[hardship(error)] += 1
            else:
                self.answers["good"] += 1
                return result
            assert time.monotonic() < deadline, "the platform never answered again"
            time.sleep(0.05)

    def new_file(self, client: openai.OpenAI) -> str:
        content = "".join(json.dumps(row) + "\n" for row in self.rows).encode()
        headers = {"Idempotency-Key": os.urandom(8).hex()}
        upload = ("rows.jsonl", content)
        return self.ask(lambda: client.files.create(file=upload, purpose="fine-tune", extra_headers=headers)).id

    def new_job(self, client: openai.OpenAI, file_id: str, seed: int = 1, **training: Any) -> str:
        headers = {"Idempotency-Key": os.urandom(8).hex()}
        create = client.fine_tuning.jobs.create
        body = {**TRAINING, **training}
        return self.ask(
            lambda: create(model="tiny", training_file=file_id, seed=seed, extra_body=body, extra_headers=headers)
        ).id

    def wait_for_job(self, client: openai.OpenAI, job_id: str) -> None:
        wait_for(lambda: self.ask(lambda: client.fine_tuning.jobs.retrieve(job_id)).finished_at, f"{job_id} ends")

    def step_of(self, job_id: str) -> int:
        with self.database.read() as connection:
            return connection.execute(select(job_rows.c.step).where(job_rows.c.id == job_id)).scalar_one()

    def outcome(self, job_id: str) -> dict[str, Any]:
        """The bits of a job that succeeded: its model, its checkpoints, its figures; asserts that each is there once."""
        with self.database.read() as connection:
            job = connection.execute(select(job_rows).where(job_rows.c.id == job_id)).one()
            events = connection.execute(
                select(event_rows).where(event_rows.c.job_id == job_id).order_by(event_rows.c.seq)
            ).all()
            assert job.state == "succeeded", (job.state, job.error, [event.message for event in events][-5:])
            made = connection.execute(select(models).where(models.c.job_id == job_id)).all()
            assert [row.name for row in made] == [job.fine_tuned_model]
            found = {"model": bits_of(connection, "model", made[0].id)}
            points = connection.execute(select(checkpoints).where(checkpoints.c.job_id == job_id)).all()
            assert len({row.step_number for row in points}) == len(points)
            for row in points:
                found[f"checkpoint {row.step_number}"] = {
                    **bits_of(connection, "checkpoint", row.id),
                    "metrics": row.metrics,
                }
            table = connection.execute(select(files.c.sha256).where(files.c.id == job.result_file_id)).scalar_one()
            left = connection.execute(select(resume_states).where(resume_states.c.job_id == job_id)).all()
            assert left == [], "an ended job keeps no resume state"
        metrics = [(event.data["step"], event.message, event.data) for event in events if event.type == "metrics"]
        assert [step for step, _, _ in metrics] == list(range(1, job.total_steps + 1))
        for sentence in ("Fine-tuning job started", "The job has successfully completed"):
            assert [event.message for event in events].count(sentence) == 1
        return {**found, "table": table, "metrics": metrics, "tokens": job.trained_tokens}

    def assert_each_ended_once(self, job_ids: Sequence[str]) -> None:
        """One model and one result file a job, and whatever was acknowledged is there."""
        with self.database.read() as connection:
            ended = connection.execute(select(job_rows.c.id, job_rows.c.state)).all()
            assert {row.id: row.state for row in ended} == dict.fromkeys(job_ids, "succeeded")
            assert len(connection.execute(select(models.c.id)).all()) == len(job_ids)
            results = select(files.c.id).where(files.c.purpose == "fine-tune-results")
            assert len(connection.execute(results).all()) == len(job_ids)

    def assert_blobs_are_sound(self) -> None:
        store = LocalBlobs(self.home / "blobs")
        with self.database.read() as connection:
            needed = connection.execute(select(reference_rows.c.sha256)).scalars().all()
        for sha256 in set(needed):
            assert durable.sha256_of(store._path(sha256)) == sha256

    def assert_tidy(self) -> None:
        """After a restart: no half-written blob, no folder of an attempt, no lock of a dead worker."""
        wait_for(lambda: not self.litter(), f"litter goes: {self.litter()}", 30)

    def litter(self) -> list[str]:
        temporary = [
            path for path in (self.home / "blobs" / "tmp").rglob("*") if path.is_file() and path.stat().st_size
        ]
        attempts = list((self.home / "jobs").glob("*"))
        locks = list((self.home / "run").glob("worker-*.lock"))
        return [str(path) for path in (*temporary, *attempts, *locks[1:])]

    def assert_database_is_sound(self) -> None:
        if self.database.is_sqlite:
            connection = sqlite3.connect(self.home / "tunesmith.db")
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            connection.close()

    def report(self) -> str:
        logs = "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in [*sorted((self.home / "logs").glob("*.log")), self.home / "output.log"]
            if path.exists()
        )
        return f"{dict(self.answers)}\n" + "\n".join(self.did) + f"\n{logs}"

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in processes_in(self.home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.database.close()


def hardship(error: Exception) -> str:
    """What a client may meet while something is away, in words; whatever else it is is raised."""
    match error:
        case openai.APIStatusError(status_code=503) if "retry-after" in error.response.headers:
            return "503"
        case openai.APIStatusError():
            raise AssertionError(f"HTTP {error.status_code}: {error.response.text}") from error
        case openai.APIConnectionError() | httpx2.TransportError():
            return "no connection"
        case openai.APIError(code="serving_unavailable"):
            return "broken stream"
        case openai.APIError(message="The database does not answer; try again soon."):
            return "broken stream"
        case _:
            raise error


def bits_of(connection: Any, owner_type: Any, owner_id: str) -> dict[str, Any]:
    return {ref.name: ref.sha256 for ref in blob_references.of(connection, owner_type, owner_id)}


@pytest.fixture
def make_platform(tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> Iterator[Callable[..., Platform]]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made: list[Platform] = []
    with tempfile.TemporaryDirectory(dir=place, prefix="chaos-", ignore_cleanup_errors=True) as folder:

        def make(database_url: str = "", **settings: Any) -> Platform:
            home = Path(folder) / str(len(made))
            home.mkdir(mode=0o700)
            made.append(Platform(home, tiny_base, database_url, tiny_rows, settings))
            return made[-1]

        try:
            yield make
        finally:
            for platform in made:
                platform.close()


@pytest.fixture
def chaos_url(request: pytest.FixtureRequest) -> str:
    """Empty: SQLite in the home."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@contextmanager
def reported(platform: Platform, seed: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        print(f"seed {seed}\n{platform.report()}")
        raise


# --- kill -9 --------------------------------------------------------------------------------------------

KINDS = ("worker", "child", "api", "serve")


class Traffic(threading.Thread):
    """A client that reads and chats all the time."""

    def __init__(self, platform: Platform, seed: int) -> None:
        super().__init__(daemon=True)
        self.platform, self.random, self.is_over = platform, random.Random(seed), threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        client = self.platform.client()
        turns = (client.fine_tuning.jobs.list, client.models.list, lambda: chat(client), lambda: stream(client))
        try:
            while not self.is_over.is_set():
                self.platform.ask(self.random.choice(turns))
                self.is_over.wait(self.random.uniform(0, 0.2))
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            self.error = error

    def end(self) -> None:
        self.is_over.set()
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def chat(client: openai.OpenAI) -> str | None:
    said = client.chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Say red."}], max_tokens=20
    )
    return said.choices[0].finish_reason


def stream(client: openai.OpenAI, on_first: Callable[[], None] = lambda: None, max_tokens: int = 60) -> str | None:
    reason = None
    with client.chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Say blue."}], max_tokens=max_tokens, stream=True
    ) as chunks:  # fmt: skip
        for number, chunk in enumerate(chunks):
            if number == 0:
                on_first()
            if chunk.choices:
                reason = chunk.choices[0].finish_reason or reason
    assert reason in ("stop", "length"), "a stream that ends without its last word must say so"
    return reason


class Killer(threading.Thread):
    """Kills at seeded moments: each kind in a seeded order, and so on in rounds, until told to end."""

    def __init__(self, platform: Platform, seed: int, num_kills: int | None, longest_pause: float) -> None:
        super().__init__(daemon=True)
        self.platform, self.random, self.num_kills = platform, random.Random(seed), num_kills
        self.longest_pause, self.is_over, self.killed = longest_pause, threading.Event(), Counter[str]()

    def run(self) -> None:
        while not self.is_over.is_set():
            for kind in self.random.sample(KINDS, len(KINDS)):
                self._kill(kind)
                if self.killed.total() == self.num_kills:
                    return

    def _kill(self, kind: str) -> None:
        """One that has lived for a seeded while, not one that was just born: nobody could survive that for ever."""
        while not self.is_over.is_set():
            while not self.platform.processes(kind) and not self.is_over.is_set():
                self.is_over.wait(0.05)
            self.is_over.wait(self.random.uniform(0.05, self.longest_pause))
            if not self.is_over.is_set() and self.platform.kill(kind):
                self.killed[kind] += 1
                return

    def end(self) -> None:
        self.is_over.set()
        self.join(60)


def undisturbed(platform: Platform, client: openai.OpenAI, num_variants: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Jobs that nothing befalls, and their bits."""
    file_id = platform.new_file(client)
    made = [platform.new_job(client, file_id, variant) for variant in range(num_variants)]
    for job_id in made:
        platform.wait_for_job(client, job_id)
    return made, [platform.outcome(job_id) for job_id in made]


def survive_kills(
    platform: Platform, client: openai.OpenAI, expected: Sequence[dict[str, Any]], seed: int, *, num_jobs: int,
    num_kills: int | None, longest_pause: float,
) -> list[str]:  # fmt: skip
    """Jobs under kills; → their ids. Without ``num_kills`` it kills until the last job has ended."""
    choose = random.Random(seed)
    traffic, killer = Traffic(platform, seed), Killer(platform, seed, num_kills, longest_pause)
    traffic.start()
    killer.start()
    made: list[tuple[str, int]] = []
    while len(made) < num_jobs:
        for _ in range(min(choose.randint(1, 3), num_jobs - len(made))):
            variant = choose.randrange(len(expected))
            made.append((platform.new_job(client, platform.new_file(client), variant), variant))
        platform.wait_for_job(client, made[-1][0])
    for job_id, _ in made:
        platform.wait_for_job(client, job_id)
    killer.end()
    traffic.end()
    differing = [job_id for job_id, variant in made if platform.outcome(job_id) != expected[variant]]
    met = dict(platform.answers)
    print(f"{len(made)} jobs, kills {dict(killer.killed)}, clients met {met}, differing {len(differing)}")
    assert differing == []
    assert killer.killed, "something was killed"
    assert num_kills is not None or set(killer.killed) == set(KINDS)
    return [job_id for job_id, _ in made]


def end_and_look(platform: Platform, job_ids: Sequence[str]) -> None:
    """The last stop: each job ended once, nothing is damaged, nobody is left."""
    platform.assert_each_ended_once(job_ids)
    platform.assert_tidy()
    assert platform.stop() == 0
    assert processes_in(platform.home) == {}
    platform.assert_database_is_sound()
    platform.assert_blobs_are_sound()


def restart(platform: Platform) -> None:
    assert platform.stop() == 0
    assert processes_in(platform.home) == {}
    platform.start()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chaos_url", BOTH, indirect=True)
def test_twenty_jobs_survive_every_kind_of_kill(make_platform: Callable[..., Platform], chaos_url: str) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    platform = make_platform(chaos_url, NUM_SLOTS=2)
    with reported(platform, seed):
        client = platform.client()
        platform.start()
        first, expected = undisturbed(platform, client, 4)
        made = survive_kills(platform, client, expected, seed, num_jobs=20, num_kills=None, longest_pause=12.0)
        restart(platform)
        end_and_look(platform, first + made)


# --- two workers, one of them stopped ---------------------------------------------------------------------


def new_job_in_store(platform: Platform, **training: Any) -> str:
    """As the API creates one; → its id."""
    spec = {"base_model": "tiny", "training_file": "file-x", **TRAINING, **training}
    content = "".join(json.dumps(row) + "\n" for row in platform.rows).encode()
    store, now = LocalBlobs(platform.home / "blobs"), time.time()
    temporary = store.new_temporary()
    durable.write_bytes(temporary, content)
    sha256 = durable.sha256_of(temporary)
    store.put_file(temporary, sha256)
    with platform.database.write() as connection:
        if connection.execute(select(projects.c.id)).first() is None:
            connection.execute(projects.insert().values(id="proj_one", name="one", created_at=0))
        job = jobs.create(
            connection, "proj_one", member_id=None, model="tiny", requested_model="tiny", training_file_id="file-x",
            validation_file_id=None, spec=spec, request={}, suffix=None, seed=42, metadata=None, now=now,
        )  # fmt: skip
        ref = blob_references.BlobRef("training_file", sha256, len(content))
        blob_references.announce(connection, sha256, len(content), now)
        blob_references.refer(connection, "job", job.id, [ref], now)
    return job.id


def everything(platform: Platform) -> dict[str, Any]:
    """Every row that anybody can see, and every blob that a row names.

    Left out are the workers' own signs of life, and blobs that nothing names with their announcements: one that a
    stopped worker was about to put may still arrive, and is collected.
    """
    found: dict[str, Any] = {}
    with platform.database.read() as connection:
        for table in metadata.sorted_tables:
            if table.name not in ("workers", "blobs"):
                found[table.name] = sorted(map(repr, connection.execute(select(table))))
        named = set(connection.execute(select(reference_rows.c.sha256)).scalars())
    store = LocalBlobs(platform.home / "blobs")
    found["named blobs"] = {sha256: durable.sha256_of(store._path(sha256)) for sha256 in named}
    return found


def row_of(platform: Platform, job_id: str) -> Any:
    with platform.database.read() as connection:
        return connection.execute(select(job_rows).where(job_rows.c.id == job_id)).one()


def freeze(platform: Platform, pids: Sequence[int]) -> None:
    """SIGSTOP to all; not in the middle of a write, which would hold all of SQLite."""
    while True:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: all(map(is_stopped, pids)), "they stand still")
        if not platform.database.is_sqlite or can_write(platform.home / "tunesmith.db"):
            return
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def is_stopped(pid: int) -> bool:
    """Every thread of it: a signal takes a moment to reach them all."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(path.read_text().rpartition(")")[2].split()[0] == "T" for path in threads)


def can_write(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=0.05, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    else:
        return True
    finally:
        connection.close()


def survive_a_stop(platform: Platform, workers: list[subprocess.Popen[bytes]], at_step: int) -> dict[str, Any]:
    """One round; → the bits of the job that changed hands."""
    job_id = new_job_in_store(platform, max_steps=200, save_every_steps=20)
    wait_for(lambda: row_of(platform, job_id).state == "running" and platform.step_of(job_id) >= at_step, "it trains")
    owner = int(row_of(platform, job_id).worker_id.split("-")[-2])
    frozen = [*children_of(owner), owner]
    freeze(platform, frozen)
    platform.did.append(f"stopped {frozen} at step {platform.step_of(job_id)}")
    assert row_of(platform, job_id).state == "running"
    wait_for(lambda: row_of(platform, job_id).finished_at, "another worker finishes it")
    before = everything(platform)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not children_of(owner), "the stopped worker lets go of it")
    wait_for(lambda: not (platform.home / "jobs" / job_id).exists(), "its folder goes")
    assert everything(platform) == before
    (said,) = [text for text in texts_of(platform, job_id) if text.startswith("The worker said nothing for")]
    assert "failure 1 of" in said
    (other,) = [worker for worker in workers if worker.pid != owner]
    other.send_signal(signal.SIGTERM)
    assert other.wait(PATIENCE_SECONDS) == 0
    whole = new_job_in_store(platform, max_steps=200, save_every_steps=20)
    wait_for(lambda: row_of(platform, whole).finished_at, "the stopped worker works again")
    assert everything_of(before, job_id) == everything_of(everything(platform), job_id)
    assert platform.outcome(job_id) == platform.outcome(whole)
    workers.remove(other)
    return platform.outcome(job_id)


def everything_of(found: dict[str, Any], job_id: str) -> list[str]:
    return [row for name, rows in found.items() if name != "named blobs" for row in rows if job_id in row]


def texts_of(platform: Platform, job_id: str) -> list[str]:
    with platform.database.read() as connection:
        return list(
            connection.execute(select(event_rows.c.message).where(event_rows.c.job_id == job_id)).scalars().all()
        )


def survive_stops(platform: Platform, seed: int, num_rounds: int) -> None:
    upgrade(platform.database)
    choose, running = random.Random(seed), []
    for _ in range(num_rounds):
        while len(running) < 2:
            running.append(platform.run("worker"))
        wait_for(lambda: num_workers(platform) == 2, "both workers are there")
        survive_a_stop(platform, running, choose.randrange(0, 120))
    for worker in running:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_SECONDS) == 0
    assert processes_in(platform.home) == {}
    assert platform.litter() == []
    platform.assert_database_is_sound()
    platform.assert_blobs_are_sound()


def num_workers(platform: Platform) -> int:
    with platform.database.read() as connection:
        return len(connection.execute(select(worker_rows.c.id)).all())


@pytest.mark.parametrize("chaos_url", ["sqlite"], indirect=True)
def test_a_worker_stopped_beyond_its_lease_changes_nothing_once_it_goes_on(
    make_platform: Callable[..., Platform], chaos_url: str
) -> None:
    platform = make_platform(chaos_url, LEASE_SECONDS=LEASE_SECONDS)
    with reported(platform, 5):
        survive_stops(platform, 5, 1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chaos_url", BOTH, indirect=True)
def test_ten_workers_stopped_beyond_their_leases_change_nothing(
    make_platform: Callable[..., Platform], chaos_url: str
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    platform = make_platform(chaos_url, LEASE_SECONDS=LEASE_SECONDS)
    with reported(platform, seed):
        survive_stops(platform, seed, 10)


# --- PostgreSQL goes away ---------------------------------------------------------------------------------


def survive_restarts(platform: Platform, server: Any, seed: int, *, num_restarts: int, num_jobs: int) -> list[str]:
    """Jobs are created, run and asked about while the database is killed and started again; → their ids."""
    client, choose = platform.client(), random.Random(seed)
    file_id = platform.new_file(client)
    traffic = Traffic(platform, seed)
    traffic.start()
    made: list[str] = []
    for number in range(num_restarts):
        if len(made) < num_jobs and (num_restarts - number) * choose.random() <= num_jobs - len(made):
            made.append(platform.new_job(client, file_id, 0))
        time.sleep(choose.uniform(0.1, 3.0))
        server.stop("immediate")
        platform.did.append(f"{time.strftime('%H:%M:%S', time.gmtime())} the database went away")
        time.sleep(choose.uniform(0.0, 1.0))
        server.start()
    while len(made) < num_jobs:
        made.append(platform.new_job(client, file_id, 0))
    for job_id in made:
        platform.wait_for_job(client, job_id)
    traffic.end()
    print(f"{len(made)} jobs, {num_restarts} restarts, clients met {dict(platform.answers)}")
    assert platform.answers["503"] > 0
    return made


@pytest.mark.needs("postgres")
def test_restarts_of_postgresql_lose_no_job_and_double_none(
    make_platform: Callable[..., Platform], postgres_server: Any, postgres_url: str
) -> None:
    platform = make_platform(postgres_url)
    with reported(platform, 3):
        platform.start()
        (job_id,) = survive_restarts(platform, postgres_server, 3, num_restarts=2, num_jobs=1)
        assert len(platform.outcome(job_id)["metrics"]) == TRAINING["max_steps"]
        end_and_look(platform, [job_id])


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.needs("postgres")
def test_twenty_restarts_of_postgresql_lose_no_job_and_double_none(
    make_platform: Callable[..., Platform], postgres_server: Any, postgres_url: str
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    platform = make_platform(postgres_url, NUM_SLOTS=2)
    with reported(platform, seed):
        platform.start()
        first, (expected,) = undisturbed(platform, platform.client(), 1)
        made = survive_restarts(platform, postgres_server, seed, num_restarts=20, num_jobs=10)
        assert [job_id for job_id in made if platform.outcome(job_id) != expected] == []
        end_and_look(platform, first + made)


# --- a deployment -----------------------------------------------------------------------------------------


class Streamer(threading.Thread):
    """Streams one answer after another; one that has begun must come to its end."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self.platform, self.is_over = platform, threading.Event()
        self.spans: list[tuple[float, float]] = []
        self.began_at: float | None = None
        self.errors: list[str] = []

    def run(self) -> None:
        client = self.platform.client()
        while not self.is_over.is_set():
            self.began_at = None
            try:
                stream(client, self._begin, max_tokens=180)
                assert self.began_at is not None
                self.spans.append((self.began_at, time.monotonic()))
            except Exception as error:  # noqa: BLE001 - judged below
                is_refused = isinstance(error, openai.APIConnectionError) or getattr(error, "status_code", 0) == 503
                if self.began_at is not None or not is_refused:
                    self.errors.append(repr(error))

    def _begin(self) -> None:
        self.began_at = time.monotonic()


def survive_deployment(platform: Platform, job_id: str, choose: random.Random) -> int:
    """SIGTERM while a job trains and answers flow, then the next start; → answers under way that were finished."""
    before = platform.step_of(job_id)
    wait_for(lambda: platform.step_of(job_id) > before, "it trains")
    streamers = [Streamer(platform) for _ in range(3)]
    for streamer in streamers:
        streamer.start()
    wait_for(lambda: all(streamer.began_at for streamer in streamers), "answers flow")
    time.sleep(choose.uniform(0, 0.3))
    asked_at = time.monotonic()
    assert platform.stop() == 0
    for streamer in streamers:
        streamer.is_over.set()
        streamer.join(PATIENCE_SECONDS)
        assert streamer.errors == []
    assert processes_in(platform.home) == {}
    job = row_of(platform, job_id)
    assert (job.state, job.worker_id, job.num_failures) == ("queued", None, 0)
    platform.start()
    return sum(began < asked_at < ended for streamer in streamers for began, ended in streamer.spans)


def test_whatever_is_killed_or_asked_to_end_every_job_ends_once_with_the_same_bits(
    make_platform: Callable[..., Platform],
) -> None:
    """Kills first, then a deployment in the middle of a job."""
    platform, seed = make_platform(), 11
    with reported(platform, seed):
        client = platform.client()
        platform.start()
        first, expected = undisturbed(platform, client, 1)
        killed = survive_kills(platform, client, expected, seed, num_jobs=1, num_kills=4, longest_pause=1.0)
        deployed = platform.new_job(client, platform.new_file(client), 0)
        assert survive_deployment(platform, deployed, random.Random(seed)) > 0
        platform.wait_for_job(client, deployed)
        assert platform.outcome(deployed) == expected[0]
        end_and_look(platform, [*first, *killed, deployed])


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chaos_url", BOTH, indirect=True)
def test_ten_deployments_fail_no_answer_and_lose_no_step(
    make_platform: Callable[..., Platform], chaos_url: str
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    platform, choose = make_platform(chaos_url), random.Random(seed)
    with reported(platform, seed):
        client = platform.client()
        platform.start()
        training = {"max_steps": 3000, "save_every_steps": 50}
        file_id = platform.new_file(client)
        job_id = platform.new_job(client, file_id, **training)
        num_finished = sum(survive_deployment(platform, job_id, choose) for _ in range(10))
        platform.wait_for_job(client, job_id)
        whole = platform.new_job(client, file_id, **training)
        platform.wait_for_job(client, whole)
        assert platform.outcome(job_id) == platform.outcome(whole)
        print(f"10 deployments, {num_finished} answers under way were finished, none failed")
        assert num_finished > 0
        end_and_look(platform, [job_id, whole])
