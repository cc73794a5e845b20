"""The worker process: it claims jobs and does them, and looks after those whose workers died.

Training goes on in as many slots as the operator set, judging of files in a lane of its own. Asked to end
(SIGTERM, Ctrl-C), it lets every child save at its next step and gives the jobs back; asked again, it breaks off.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tunesmith.core.errors import TunesmithError
from tunesmith.core.machine import Memory, cpu_has_fast_bf16, device_name, num_cores, read_memory
from tunesmith.core.settings import Settings
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import collection, operations, queue, workers
from tunesmith.store.blobs import open_blobs
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.jobs import Job
from tunesmith.store.queue import Fenced, Held
from tunesmith.worker import endings, fitting, leases
from tunesmith.worker.askable_models import AskableModels
from tunesmith.worker.attempt import Attempt, OperationAttempt, Stop, Workplace, forget_kept, remove_attempts
from tunesmith.worker.data_operation import run_operation
from tunesmith.worker.fine_tune import run_job
from tunesmith.worker.fitting import Reserved
from tunesmith.worker.judging import judge_files
from tunesmith.worker.notify import Courier, Notifier
from tunesmith.worker.process import launch

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
_SEEN_EVERY_SECONDS = 5.0
_COLLECT_EVERY_SECONDS = 3600.0
_EXPLAIN_EVERY_SECONDS = 10.0
_NUM_LANES = 2
_NUM_OPERATIONS = 2
_MOST_ESTIMATES = 1_000


def run_worker(settings: Settings) -> None:
    """Work until asked to end."""
    stop = Stop()
    with stop_on_signals(stop):
        place = open_workplace(settings)
        try:
            with Notifier(Courier.of(settings, place.database, place.now)):
                Worker(place, settings.folder / "run", num_slots=settings.num_slots).run(stop)
        finally:
            place.database.close()


def open_workplace(settings: Settings) -> Workplace:
    threads = settings.training_threads or max(1, num_cores() // settings.num_slots)
    known = KnownModels.of(
        settings.default_model, settings.default_completion_model, settings.base_models, settings.model_aliases
    )
    database = Database(settings.sqlalchemy_url)
    return Workplace(
        worker_id=f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}",
        database=database,
        blobs=open_blobs(settings, database),
        known_models=known,
        folder=settings.folder / "jobs",
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        num_threads=threads,
        offline=settings.offline,
        launcher=launch,
        askable_models=AskableModels.of(settings, known),
    )


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        stop.ask()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Busy:
    """A thread at work on a job."""

    attempt: Attempt
    thread: threading.Thread
    estimate_bytes: int = 0


class Worker:
    """One process's slots, lane and watch over others. ``run_folder`` holds the lock files of this machine's workers."""

    def __init__(
        self, place: Workplace, run_folder: Path, *, num_slots: int, memory: Callable[[], Memory] = read_memory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.place, self._run_folder, self._num_slots = place, run_folder, num_slots
        self._memory, self._clock = memory, clock
        self._training: dict[str, Busy] = {}
        self._judging: dict[str, Busy] = {}
        self._operating: dict[str, threading.Thread] = {}
        self._watch = leases.LeaseWatch(place.lease_seconds)
        self._operations_watch = leases.LeaseWatch(place.lease_seconds)
        self._done_at: dict[str, float] = {}
        self._needs: dict[tuple[str, int], int | None] = {}
        self._looked_until = 0

    def run(self, stop: Stop) -> None:
        """Until asked to end; then until every job is given back."""
        with leases.signed_in(self._run_folder, self.place.worker_id):
            try:
                while not stop.draining.is_set():
                    self._tend_safely(stop)
                    # Not the event's own wait: it holds the lock that the signal's handler, in this thread, needs.
                    time.sleep(POLL_SECONDS)
            finally:
                if not stop.draining.is_set():
                    stop.draining.set()
                for busy in (*self._training.values(), *self._judging.values()):
                    busy.thread.join()
                for thread in self._operating.values():
                    thread.join()
                self._sign_out()

    def tend(self, stop: Stop) -> None:
        """One round of everything."""
        self._say_alive()
        self._rescue()
        self._fill_lane(stop)
        self._fill_operations(stop)
        self._fill_slots(stop)
        self._tidy()

    def _tend_safely(self, stop: Stop) -> None:
        try:
            self.tend(stop)
        except DatabaseUnavailable as error:
            log.warning("%s", error.message)
        except (TunesmithError, OSError) as error:
            log.error("%s", error)

    # --- taking jobs ---

    def _fill_lane(self, stop: Stop) -> None:
        self._forget_ended(self._judging)
        while len(self._judging) < _NUM_LANES:
            with self.place.database.read() as connection:
                if not queue.is_validation_due(connection, now=self.place.now()):
                    return
            with self.place.database.write() as connection:
                job = queue.claim_validation(connection, worker_id=self.place.worker_id, now=self.place.now())
            if job is None:
                return
            self._begin(self._judging, job, stop, judge_files)

    def _fill_operations(self, stop: Stop) -> None:
        self._operating = {name: thread for name, thread in self._operating.items() if thread.is_alive()}
        while len(self._operating) < _NUM_OPERATIONS:
            with self.place.database.read() as connection:
                if not operations.is_due(connection, now=self.place.now()):
                    return
            with self.place.database.write() as connection:
                operation = operations.claim(connection, worker_id=self.place.worker_id, now=self.place.now())
            if operation is None:
                return
            attempt = OperationAttempt(self.place, operation, stop)
            log.info("%s: attempt %d begins (%s)", operation.id, operation.attempt, operation.kind)
            self._operating[operation.id] = threading.Thread(target=run_operation, args=(attempt,), name=operation.id)
            self._operating[operation.id].start()

    def _fill_slots(self, stop: Stop) -> None:
        self._forget_ended(self._training)
        if len(self._needs) > _MOST_ESTIMATES:
            self._needs.clear()
        if len(self._training) >= self._num_slots:
            return
        waiting = self._waiting()
        if not waiting:
            return
        memory = self._memory()  # once a round: on a GPU a program is asked, and there may be many jobs
        for job in waiting:
            if len(self._training) >= self._num_slots:
                return
            needed, hindrance = self._fits(job, memory)
            if hindrance is not None:
                self._explain(job, hindrance)
                continue
            with self.place.database.write() as connection:
                claimed = queue.claim_training(connection, job.id, worker_id=self.place.worker_id, now=self.place.now())
            if claimed is not None:
                self._begin(self._training, claimed, stop, run_job, needed)

    def _waiting(self) -> tuple[Job, ...]:
        """The oldest waiting jobs, and a window of those behind them, which moves on every round: a long queue is never
        read at once, and a job that fits is found however many that do not fit stand before it."""
        now = self.place.now()
        with self.place.database.read() as connection:
            oldest = queue.waiting_jobs(connection, now=now)
            if len(oldest) < queue.WINDOW:
                return oldest
            behind = max(self._looked_until, oldest[-1].seq)
            others = queue.waiting_jobs(connection, now=now, after=behind)
        self._looked_until = others[-1].seq if len(others) == queue.WINDOW else 0
        return (*oldest, *others)

    def _begin(
        self, lane: dict[str, Busy], job: Job, stop: Stop, do: Callable[[Attempt], None], estimate_bytes: int = 0
    ) -> None:
        attempt = Attempt(self.place, job, stop)
        thread = threading.Thread(target=do, args=(attempt,), name=job.id)
        log.info("%s: attempt %d begins (%s)", job.id, job.attempt, job.state.value)
        lane[job.id] = Busy(attempt, thread, estimate_bytes)
        thread.start()

    def _fits(self, job: Job, memory: Memory) -> tuple[int, str | None]:
        """What it needs, and why it must wait, if it must."""
        key = (job.id, job.attempt)
        if key not in self._needs:
            self._needs[key] = fitting.estimate_bytes(job, self.place.known_models, is_gpu=memory.is_gpu)
        needed = self._needs[key]
        if needed is None:
            return 0, None
        reserved = [Reserved(busy.estimate_bytes, busy.attempt.child_pid) for busy in self._training.values()]
        return needed, fitting.why_not(needed, memory, reserved)

    def _explain(self, job: Job, reason: str) -> None:
        if job.waiting_reason is None or self._is_due(f"explain {job.id}", _EXPLAIN_EVERY_SECONDS):
            with self.place.database.write() as connection:
                queue.explain_waiting(connection, job.id, reason)

    @staticmethod
    def _forget_ended(lane: dict[str, Busy]) -> None:
        for job_id in [job_id for job_id, busy in lane.items() if not busy.thread.is_alive()]:
            del lane[job_id]

    # --- looking after others ---

    def _rescue(self) -> None:
        """Jobs of dead workers go back to the queue, as failures; those that this one lost sight of, as none."""
        with self.place.database.read() as connection:
            held, held_operations = queue.held_jobs(connection), operations.held(connection)
        self._find_own(held, held_operations)
        dead = set(leases.dead_workers(self._run_folder)) - {self.place.worker_id}
        instant = self._clock()
        for one, cause in self._abandoned(held, self._watch.overdue(held, instant), dead):
            self._seize(one, cause)
        overdue = self._operations_watch.overdue(held_operations, instant)
        for one, cause in self._abandoned(held_operations, overdue, dead):
            self._seize_operation(one, cause)
        for worker_id in dead:
            with self.place.database.write() as connection:
                workers.remove(connection, worker_id)
            leases.forget(self._run_folder, worker_id)

    def _abandoned(
        self, held: Sequence[Held], overdue: Collection[Held], dead: Collection[str]
    ) -> Iterator[tuple[Held, str]]:
        """Those that a dead worker holds, and how it is known to be dead."""
        for one in held:
            if one.worker_id in dead:
                yield one, "The worker died"
            elif one in overdue and one.worker_id != self.place.worker_id:
                yield one, f"The worker said nothing for {self.place.lease_seconds:g} seconds"

    def _find_own(self, held: Sequence[Held], held_operations: Sequence[Held]) -> None:
        """A claim whose answer was lost, or an attempt that ended while the database was away: nobody works on it."""
        at_work = {
            job_id for job_id, busy in (*self._training.items(), *self._judging.items()) if busy.thread.is_alive()
        }
        for one in held:
            if one.worker_id == self.place.worker_id and one.job_id not in at_work:
                with suppress(Fenced), self.place.database.write() as connection:
                    queue.release(connection, one.job_id, one.attempt)
        for one in held_operations:
            thread = self._operating.get(one.job_id)
            if one.worker_id == self.place.worker_id and (thread is None or not thread.is_alive()):
                with suppress(Fenced), self.place.database.write() as connection:
                    operations.release(connection, one.job_id, one.attempt)

    def _seize(self, held: Held, cause: str) -> None:
        with self.place.database.write() as connection:
            job = queue.seize(connection, held, worker_id=self.place.worker_id)
            if job is not None:
                log.warning("%s is taken from worker %s: %s", held.job_id, held.worker_id, cause)
                endings.fail_attempt(
                    connection, job, code="worker_lost", cause=cause, max_attempts=self.place.max_attempts,
                    now=self.place.now(),
                )  # fmt: skip

    def _seize_operation(self, one: Held, cause: str) -> None:
        with self.place.database.write() as connection:
            operation = operations.seize(connection, one, worker_id=self.place.worker_id)
            if operation is not None:
                log.warning("%s is taken from worker %s: %s", one.job_id, one.worker_id, cause)
                operations.fail_attempt(
                    connection, operation.id, operation.attempt, code="worker_lost", cause=cause,
                    max_attempts=self.place.max_attempts, now=self.place.now(),
                )  # fmt: skip

    # --- the house ---

    def _say_alive(self) -> None:
        if self._is_due("register", float("inf")):
            self._done_at.pop("register")  # until it has been written
            facts = {"num_slots": self._num_slots, "num_threads": self.place.num_threads, **_device_facts(self._memory)}
            with self.place.database.write() as connection:
                workers.register(
                    connection, self.place.worker_id, host=socket.gethostname(), facts=facts, now=self.place.now()
                )
            self._done_at["register"] = self._done_at["seen"] = self._clock()
        elif self._is_due("seen", min(_SEEN_EVERY_SECONDS, self.place.lease_seconds / 3)):
            with self.place.database.write() as connection:
                workers.seen(connection, self.place.worker_id, self.place.now())

    def _tidy(self) -> None:
        """What nobody needs any more: files of ended jobs, old attempts' folders, blobs without a reference."""
        if self._is_due("tidy", _COLLECT_EVERY_SECONDS):
            threading.Thread(target=tidy, args=(self.place,), name="tidy", daemon=True).start()

    def _sign_out(self) -> None:
        with suppress(DatabaseUnavailable), self.place.database.write() as connection:
            workers.remove(connection, self.place.worker_id)

    def _is_due(self, what: str, every_seconds: float) -> bool:
        """Whether it was not done for so long; it counts as done now."""
        instant = self._clock()
        if instant - self._done_at.get(what, float("-inf")) < every_seconds:
            return False
        self._done_at[what] = instant
        return True


def tidy(place: Workplace) -> None:
    try:
        with place.database.write() as connection:
            for job in queue.ended_jobs_with_states(connection):
                endings.let_go_of_inputs(connection, job)
            operations.let_go_of_inputs(connection)
        for folder in (*sorted(place.folder.glob("ftjob-*")), *sorted(place.folder.glob("dataop-*"))):
            tokens = operations if folder.name.startswith("dataop-") else queue
            with place.database.read() as connection:
                token = tokens.token_of(connection, folder.name)
            remove_attempts(folder / "attempts", before=token)
            with suppress(OSError):
                (folder / "attempts").rmdir()
            if token == operations.NO_MORE:
                forget_kept(folder)
            with suppress(OSError):
                folder.rmdir()
        collection.collect(place.database, place.blobs, place.now())
    except (TunesmithError, OSError) as error:
        log.warning("tidying up: %s", error)


def _device_facts(memory: Callable[[], Memory]) -> dict[str, Any]:
    """What people are shown of the device, and what a job's preview decides by."""
    try:
        found = memory()
    except OSError:
        found = Memory(0, 0)
    is_gpu = found.is_gpu
    return {
        "device": device_name(is_gpu=is_gpu),
        "is_gpu": is_gpu,
        "memory_bytes": found.total_bytes,
        "has_fast_bf16": is_gpu or cpu_has_fast_bf16(),
    }
