"""Many jobs, workers and children killed at random, the database restarted: every job ends once, with the same bits."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tunesmith.store import blob_references
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.migrate import upgrade
from tunesmith.store.operations import State as OperationState
from tunesmith.store.tables import checkpoints, files, job_events, jobs, models

KINDS: list[dict[str, Any]] = [
    {"max_steps": 24, "save_every_steps": 4, "precision": precision, "adapter": adapter, "validation_split": 0.2, "eval_every_steps": 9}
    for adapter in ("lora", "none")
    for precision in ("fp32", "bf16")
]  # fmt: skip


_references: dict[int, dict[str, Any]] = {}


def references(world: Any, num_jobs: int) -> list[dict[str, Any]]:
    """The bits of an uninterrupted job of each kind that is needed, the same in every world."""
    for number, kind in enumerate(KINDS[:num_jobs]):
        if number not in _references:
            job_id = world.new_job(**kind)
            world.do(job_id)
            _references[number] = world.outcome(job_id)
    return [bits for _, bits in sorted(_references.items())]


def children(world: Any) -> list[int]:
    """Processes that work in an attempt's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(path / "cwd").startswith(str(world.home / "jobs")):
                found.append(int(path.name))
    return found


def num_ended(world: Any, job_ids: list[str]) -> int:
    with suppress(DatabaseUnavailable):
        return sum(world.job(job_id).state.is_final for job_id in job_ids)
    return 0


def check_all(world: Any, job_ids: list[str], expected: list[dict[str, Any]]) -> None:
    """Equal bits; and nothing twice: models, checkpoints, result files, steps' events."""
    for number, job_id in enumerate(job_ids):
        assert world.outcome(job_id) == expected[number % len(KINDS)], (job_id, KINDS[number % len(KINDS)])
    with world.database.read() as connection:

        def most(*columns: Any) -> int:
            query = select(func.count().label("n")).select_from(columns[0].table).group_by(*columns)
            return max(connection.execute(query).scalars(), default=0)

        assert most(models.c.job_id) == 1
        assert most(checkpoints.c.job_id, checkpoints.c.step_number) == 1
        numbered = select(job_events.c.job_id, job_events.c.message, func.count()).where(job_events.c.type == "metrics")
        assert all(
            row[2] == 1 for row in connection.execute(numbered.group_by(job_events.c.job_id, job_events.c.message))
        )
        num_jobs = connection.execute(select(func.count()).select_from(jobs)).scalar_one()
        assert connection.execute(select(func.count()).select_from(files)).scalar_one() == num_jobs
    assert children(world) == []
    assert list((world.home / "jobs").glob("*/attempts/*")) == []


def run_with_kills(world: Any, num_jobs: int, num_kills: int, seed: int) -> Counter[str]:
    choose, kills, names = random.Random(seed), Counter[str](), iter(range(10_000))
    expected = references(world, num_jobs)
    world.faults(step_seconds=0.01)
    job_ids = [world.new_job(**KINDS[number % len(KINDS)]) for number in range(num_jobs)]
    workers: list[Any] = []
    deadline = time.monotonic() + 60 + 30 * num_jobs
    while num_ended(world, job_ids) < num_jobs:
        assert time.monotonic() < deadline, [(world.job(j).state, world.messages(j)[-2:]) for j in job_ids]
        workers = [worker for worker in workers if worker.poll() is None]
        while len(workers) < 2:
            workers.append(world.start_worker(f"w{next(names)}", num_slots=1, lease_seconds=5.0))
        time.sleep(choose.uniform(0.05, 0.8))
        if kills.total() >= num_kills:
            continue
        what = choose.choice(["worker", "child", "child", "stop"])
        running = children(world)
        if what == "child" and running:
            with suppress(ProcessLookupError):
                os.kill(choose.choice(running), signal.SIGKILL)
                kills["child"] += 1
        elif what == "worker":
            choose.choice(workers).kill()
            kills["worker"] += 1
        elif what == "stop":
            choose.choice(workers).send_signal(signal.SIGTERM)
            kills["asked to end"] += 1
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.wait(30)
    check_all(world, job_ids, expected)
    return kills


def test_jobs_end_once_and_equal_whoever_is_killed(world_on_each: Any) -> None:
    """On a fast machine the jobs end before the last kill."""
    assert run_with_kills(world_on_each, num_jobs=2, num_kills=4, seed=5).total() >= 1


@pytest.mark.soak
def test_20_jobs_end_once_and_equal_whoever_is_killed(world_on_each: Any) -> None:
    kills = run_with_kills(world_on_each, num_jobs=20, num_kills=60, seed=int(time.time()))
    assert kills["child"] >= 10
    assert kills["worker"] >= 5


# --- operations on data -----------------------------------------------------------------------------

OPERATIONS: list[dict[str, Any]] = [
    {"kind": "split", "share": 0.2, "seed": 3},
    {"kind": "deduplicate"},
    {"kind": "clean", "policy": "surrogate"},
    {"kind": "find_duplicates"},
]


def made_by_operation(world: Any, operation_id: str) -> tuple[Any, ...]:
    """The bits of an operation that succeeded: its files and its list."""
    done = world.operation(operation_id)
    assert done.state is OperationState.SUCCEEDED, (done.state, done.error)
    with world.database.read() as connection:
        listed = {ref.name: ref.sha256 for ref in blob_references.of(connection, "operation", operation_id)}
    return [world.content(file_id) for file_id in done.output_file_ids], listed, done.counts, done.num_items


def operate_with_kills(world: Any, num_operations: int, num_kills: int, seed: int) -> Counter[str]:
    choose, kills, names = random.Random(seed), Counter[str](), iter(range(10_000))
    rows = [*world.rows, *world.rows[:9]] * 40
    content = "".join(json.dumps({**row, "number": n}) + "\n" for n, row in enumerate(rows)).encode()
    expected = []
    for asked in OPERATIONS:
        operation_id = world.new_operation(content, **asked)
        world.operate(operation_id)
        expected.append(made_by_operation(world, operation_id))
    before = num_files(world)
    ids = [world.new_operation(content, **OPERATIONS[n % len(OPERATIONS)]) for n in range(num_operations)]
    workers: list[Any] = []
    deadline = time.monotonic() + 60 + 10 * num_operations
    while not all(world.operation(each).state.is_final for each in ids):
        assert time.monotonic() < deadline, [world.operation(each).state for each in ids]
        workers = [worker for worker in workers if worker.poll() is None]
        while len(workers) < 2:
            workers.append(world.start_worker(f"o{next(names)}", num_slots=1))
        time.sleep(choose.uniform(0.02, 0.4))
        if kills.total() >= num_kills:
            continue
        running = children(world)
        if running and choose.random() < 0.7:
            with suppress(ProcessLookupError):
                os.kill(choose.choice(running), signal.SIGKILL)
                kills["child"] += 1
        elif running:
            choose.choice(workers).kill()
            kills["worker"] += 1
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.wait(30)
    assert [made_by_operation(world, each) for each in ids] == [
        expected[n % len(expected)] for n in range(num_operations)
    ]
    num_made = sum(len(world.operation(each).output_file_ids) for each in ids)
    assert num_files(world) == before + num_operations + num_made  # what they read, and what they made, once
    assert children(world) == []
    return kills


def num_files(world: Any) -> int:
    with world.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(files)).scalar_one())


@pytest.mark.soak
def test_20_operations_end_once_and_equal_whoever_is_killed(world_on_each: Any) -> None:
    kills = operate_with_kills(world_on_each, num_operations=20, num_kills=20, seed=int(time.time()))
    assert kills["child"] >= 1
    assert kills["worker"] >= 1


# --- PostgreSQL restarted ---------------------------------------------------------------------------


@pytest.fixture
def own_postgres(postgres_server: Any) -> Iterator[Any]:
    """A server that nobody else needs."""
    server = type(postgres_server)()
    server.execute("CREATE DATABASE own")
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


def run_with_restarts(world: Any, server: Any, num_jobs: int, num_restarts: int, seed: int) -> int:
    """→ how often it was restarted before the jobs were done."""
    choose = random.Random(seed)
    expected = references(world, num_jobs)
    world.faults(step_seconds=0.05)
    job_ids = [world.new_job(**KINDS[number % len(KINDS)]) for number in range(num_jobs)]
    workers = [world.start_worker(f"w{number}", max_attempts=3) for number in range(2)]
    restarts = 0
    deadline = time.monotonic() + 120 + 30 * num_jobs
    while num_ended(world, job_ids) < num_jobs:
        assert time.monotonic() < deadline
        time.sleep(choose.uniform(0.3, 1.5))
        if restarts < num_restarts:
            server.stop("immediate")
            time.sleep(choose.uniform(0, 0.5))
            server.start()
            restarts += 1
    assert all(worker.poll() is None for worker in workers), "no worker ended by it"
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.wait(60)
    check_all(world, job_ids, expected)
    return restarts


@pytest.fixture
def restarted_world(own_postgres: Any, make_world: Callable[[Database], Any]) -> Iterator[Any]:
    database = Database(own_postgres.url("own"))
    upgrade(database)
    yield make_world(database)
    database.close()


@pytest.mark.needs("postgres")
def test_a_restarted_postgres_costs_no_job(restarted_world: Any, own_postgres: Any) -> None:
    assert run_with_restarts(restarted_world, own_postgres, num_jobs=1, num_restarts=2, seed=1) >= 1


@pytest.mark.soak
@pytest.mark.needs("postgres")
def test_postgres_restarted_20_times_costs_no_job(restarted_world: Any, own_postgres: Any) -> None:
    assert run_with_restarts(restarted_world, own_postgres, num_jobs=30, num_restarts=20, seed=int(time.time())) == 20
