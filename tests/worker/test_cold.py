"""The worker and its children as they start in life, cold, and killed: the honest counterpart of the forked tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunesmith.worker.lifeline import CANCELLED, ORPHANED
from tunesmith.worker.process import Child
from tunesmith.worker.protocol import Order, Word

LONG: dict[str, Any] = {"max_steps": 300, "batch_size": 4, "save_every_steps": 20}


def start_cold(world: Any, **environment: str) -> subprocess.Popen[bytes]:
    given = {
        "TUNESMITH_HOME": str(world.home), "TUNESMITH_BASE_MODELS": json.dumps(world.base_models), "TUNESMITH_OFFLINE": "1",
        "TUNESMITH_LEASE_SECONDS": "3600", "TUNESMITH_MAX_ATTEMPTS": "100", "TUNESMITH_TRAINING_THREADS": "1",
        "TUNESMITH_SMTP_URL": "smtp://user:hidden-word@localhost:1", **environment,
    }  # fmt: skip
    log = (world.home / "worker.log").open("ab")
    command = [sys.executable, "-m", "tunesmith", "worker"]
    process = subprocess.Popen(command, env={**os.environ, **given}, stdout=log, stderr=log)
    log.close()
    world.processes.append(process)
    return process


def trainer_of(worker: subprocess.Popen[bytes]) -> int | None:
    """The process id of the worker's training child, if it has one."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == worker.pid and b"tunesmith.worker.child" in (path / "cmdline").read_bytes():
                return int(path.name)
    return None


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_worker_and_child_killed_cold_lead_to_the_same_end(world: Any) -> None:
    reference = world.new_job(**LONG)
    world.do(reference)
    job_id = world.new_job(**LONG)
    first = start_cold(world)
    world.wait_for(lambda: world.job(job_id).step >= 1)
    child = trainer_of(first)
    assert child is not None
    assert os.getpriority(os.PRIO_PROCESS, child) == 10
    assert b"hidden-word" not in Path(f"/proc/{child}/environ").read_bytes()
    os.kill(child, signal.SIGKILL)
    world.wait_for(lambda: trainer_of(first) not in (None, child) or world.job(job_id).state.is_final)
    other = trainer_of(first)
    first.kill()
    first.wait()
    if other is not None:
        world.wait_for(lambda: is_gone(other), seconds=10)
    second = start_cold(world)
    world.wait_for(lambda: world.job(job_id).state.is_final)
    assert world.outcome(job_id) == world.outcome(reference)
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert "hidden-word" not in (world.home / "worker.log").read_text()
    assert list((world.home / "run").glob("worker-*.lock")) == []


IDLE = """
import sys, time
from tunesmith.worker.lifeline import Lifeline, settle_in
from tunesmith.worker.protocol import Order
lifeline = Lifeline(0, int(sys.argv[1]))
settle_in(lifeline.read_order(Order).parent_pid)
time.sleep(60)
"""


def start_idle(folder: Path, **changes: Any) -> Child:
    """A child that does nothing but listen."""

    def start(module: str, folder: Path, environment: Any, stdin: int, reports: int, stderr: int) -> Any:
        command = [sys.executable, "-c", IDLE, str(reports)]
        return subprocess.Popen(command, stdin=stdin, stderr=stderr, env=environment, pass_fds=[reports])

    given: dict[str, Any] = {
        "spec": {}, "base_model": "tiny", "base_location": "", "training_file": "t.jsonl", "validation_file": None,
        "lease_seconds": 60.0, "parent_pid": os.getpid(), "num_threads": 1, "offline": True,
    }  # fmt: skip
    return Child("idle", folder, Order(**{**given, **changes}), start)


def test_a_child_ends_when_its_worker_falls_silent(tmp_path: Path) -> None:
    child = start_idle(tmp_path, lease_seconds=0.5)
    assert child.process.wait(60) == ORPHANED
    child.close()


def test_a_child_lives_as_long_as_it_hears_its_worker(tmp_path: Path) -> None:
    child = start_idle(tmp_path, lease_seconds=2.0)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        child.say(Word.HEARTBEAT)
        time.sleep(0.1)
    assert child.process.poll() is None
    child.say(Word.CANCEL)
    assert child.process.wait(60) == CANCELLED
    child.close()


def test_a_child_whose_parent_is_another_ends_at_once(tmp_path: Path) -> None:
    child = start_idle(tmp_path, parent_pid=1)
    assert child.process.wait(60) == ORPHANED
    child.close()


def test_a_child_whose_worker_lets_go_of_it_ends_at_once(tmp_path: Path) -> None:
    child = start_idle(tmp_path)
    os.close(child._stdin)
    assert child.process.wait(60) == ORPHANED
