"""The platform's story ★: a claimed job becomes a model that answers.

Fetch its files, start the training process, record what it tells, keep what it saves, and end the job in one
transaction. Whoever loses the job on the way, cancelled or cut off, changes nothing afterwards.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tunesmith.core.certificates import Certificate
from tunesmith.store import (
    blob_references,
    checkpoints,
    deliveries,
    files,
    job_certificates,
    job_events,
    job_metrics,
    models,
    queue,
    resume_states,
)
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.job_events import Level
from tunesmith.store.jobs import Job
from tunesmith.train.run_folder import read_metrics
from tunesmith.worker import artifacts, endings
from tunesmith.worker.attempt import Attempt
from tunesmith.worker.border import attempt_border
from tunesmith.worker.lifeline import ORPHANED
from tunesmith.worker.metrics import checkpoint_metrics, metrics_event, result_table
from tunesmith.worker.preparing import make_order, restore_newest
from tunesmith.worker.process import Child, describe_end, until_told
from tunesmith.worker.protocol import Order, Word

CHILD = "tunesmith.worker.child"
RESULT_FILE = "step_metrics.csv"
# The newest ones that are kept, so that a damaged one is no loss.
_NUM_RESUME_STATES = 2
_FLUSH_SECONDS = 0.5
_LISTEN_SECONDS = 0.1


def run_job(attempt: Attempt) -> None:
    """Train a claimed job as far as it goes under this attempt's fencing token."""
    place = attempt.place
    with attempt_border(attempt), attempt:
        _say_started(attempt)
        order = make_order(attempt)
        resumed_step = restore_newest(attempt)
        record = Record(attempt, resumed_step)
        with attempt.child(CHILD, replace(order, resume=resumed_step is not None)) as child:
            last_word = follow(child, record)
            exit_code, said = child.end(), child.last_line
        match last_word:
            case {"type": "trained", "folder": folder, "certificates": measured}:
                succeed(attempt, order, attempt.folder / folder, [Certificate.of(raw) for raw in measured])
            case {"type": "interrupted"}:
                attempt.write(lambda c, job: _stop_in_good_order(attempt, c, job))
            case {"type": "refused"}:
                attempt.write(
                    lambda c, job: endings.refuse(c, job, last_word, max_attempts=place.max_attempts, now=place.now())
                )
            case _:
                attempt.write(lambda c, job: _stop_without_a_word(attempt, c, job, exit_code, said))


def follow(child: Child, record: Record) -> Mapping[str, Any]:
    """Record what the child tells until it ends, handing on what people ask of it; → its last word, or nothing."""
    attempt, last_word, told = record.attempt, {}, set[Word]()
    for message in until_told(child, _LISTEN_SECONDS):
        match message.get("type"):
            case "begun":
                record.begin(message)
            case "said":
                record.say(message["text"], message["level"])
            case "step":
                record.step(message["metrics"])
            case "checkpoint":
                record.keep_resume_state(message["step"], message["folder"])
            case "published":
                record.publish(message["metrics"], message["folder"])
            case "trained" | "interrupted" | "refused":
                last_word = message
        record.flush(is_due_only=True)
        for word, is_asked in ((Word.PAUSE, attempt.pause_asked), (Word.SAVE, attempt.stop.draining)):
            if is_asked.is_set() and word not in told:
                told.add(word)
                child.say(word)
        if attempt.stop.broken_off.is_set():
            child.kill()
    record.flush()
    return last_word


def _say_started(attempt: Attempt) -> None:
    text, now = "Fine-tuning job started", attempt.place.now()
    attempt.write(lambda c, job: job_events.add(c, job.id, message=text, once="started", now=now))


class Record:
    """What the child tells, on its way into the store: at most half a second late, and nothing twice."""

    def __init__(self, attempt: Attempt, resumed_step: int | None) -> None:
        self.attempt = attempt
        self._run = attempt.folder / "run"
        self._resumed_step = resumed_step
        self._events: list[dict[str, Any]] = []
        self._steps: list[Mapping[str, Any]] = []
        self._flushed_at = self._begun_at = time.monotonic()
        self._first_step = self._step = resumed_step or 0
        self._total_steps = 0
        self._trained_tokens = _tokens_until(self._run / "metrics.csv", self._step)

    def begin(self, message: Mapping[str, Any]) -> None:
        self._first_step, self._total_steps = message["first_step"], message["total_steps"]
        self._step = self._first_step  # less than was restored where the child found that damaged
        self._trained_tokens = _tokens_until(self._run / "metrics.csv", self._first_step)
        self._begun_at = time.monotonic()

        def note(connection: Connection, job: Job) -> None:
            queue.note_settings(connection, job.id, job.attempt, message["resolved"], self._total_steps)
            job_certificates.note_attempt(
                connection, job.id, job.attempt, first_step=self._first_step, fingerprint=message["fingerprint"],
                saved=message["saved_fingerprint"], now=self.attempt.place.now(),
            )  # fmt: skip

        self.attempt.write(note)
        self.flush()

    def say(self, text: str, level: Level = "info") -> None:
        self._add(text, once=f"said:{hashlib.sha256(text.encode()).hexdigest()}", level=level)

    def step(self, metrics: Mapping[str, Any]) -> None:
        self._step = metrics["step"]
        self._trained_tokens += metrics["num_tokens"] or 0
        self._events.append(metrics_event(metrics, self._total_steps))
        self._steps.append(metrics)

    def flush(self, *, is_due_only: bool = False) -> None:
        """Write down what has gathered, in one transaction."""
        instant = time.monotonic()
        if not self._events or (is_due_only and instant - self._flushed_at < _FLUSH_SECONDS):
            return
        events, steps, now = self._events, self._steps, self.attempt.place.now()

        def write(connection: Connection, job: Job) -> None:
            for event in events:
                job_events.add(connection, job.id, now=now, **event)
            job_metrics.put(connection, job.id, steps)
            queue.note_progress(
                connection, job.id, job.attempt, step=self._step, trained_tokens=self._trained_tokens,
                estimated_finish_at=self._estimate_end(now, instant),
            )  # fmt: skip

        self.attempt.write(write)
        self._events, self._steps, self._flushed_at = [], [], instant

    def keep_resume_state(self, step: int, folder: str) -> None:
        """Upload a training checkpoint with the run's files, and let the oldest go."""
        self.flush()
        place = self.attempt.place
        try:
            refs = self.attempt.patiently(lambda: self._put_state(step, folder))
        except artifacts.Gone:  # the child went on and replaced it by newer ones, which come next
            return

        def write(connection: Connection, job: Job) -> None:
            before = resume_states.newest_first(connection, job.id)
            state = resume_states.add(connection, job.id, attempt=job.attempt, step_number=step, now=place.now())
            blob_references.refer(connection, "resume_state", state.id, refs, place.now())
            for old in before[_NUM_RESUME_STATES - 1 :]:
                blob_references.drop(connection, "resume_state", old.id)
                resume_states.remove(connection, old.id)
            if not before or step > before[0].step_number:
                queue.note_saved(connection, job.id, job.attempt)

        self.attempt.write(write)

    def _put_state(self, step: int, folder: str) -> list[BlobRef]:
        blobs = self.attempt.place.blobs
        refs = artifacts.put_folder(blobs, self.attempt.folder / folder, f"checkpoints/step-{step:06d}/")
        _check_whole(self.attempt.folder / folder, refs)
        names = ("metrics.csv", "resolved.json", "spec.yaml")
        return refs + [artifacts.put_file(blobs, self._run / name, name, grows=True) for name in names]

    def publish(self, metrics: Mapping[str, Any], folder: str) -> None:
        """A model of the way, callable by its name from this transaction on."""
        self.flush()
        place, step = self.attempt.place, int(metrics["step"])
        refs = self.attempt.patiently(lambda: artifacts.put_folder(place.blobs, self.attempt.folder / folder))

        def write(connection: Connection, job: Job) -> None:
            now = place.now()
            made = checkpoints.add(connection, job, step_number=step, metrics=checkpoint_metrics(metrics), now=now)
            if not checkpoints.is_deleted(connection, made):
                blob_references.refer(connection, "checkpoint", made.id, refs, now)
            text = f"Checkpoint created at step {step}"
            job_events.add(connection, job.id, message=text, once=f"checkpoint:{step}", now=now)

        self.attempt.write(write)
        shutil.rmtree(self.attempt.folder / folder, ignore_errors=True)

    def _add(self, message: str, once: str | None = None, level: Level = "info") -> None:
        self._events.append({"message": message, "once": once, "level": level})

    def _estimate_end(self, now: float, instant: float) -> int | None:
        done = self._step - self._first_step
        if done <= 0:
            return None
        return int(now + (instant - self._begun_at) / done * (self._total_steps - self._step))


def succeed(attempt: Attempt, order: Order, model_folder: Path, measured: Sequence[Certificate]) -> None:
    """Model, certificates, result file, events, notices and the job's end: all of it or nothing."""
    place = attempt.place
    rows = read_metrics(attempt.folder / order.run_folder / "metrics.csv")
    table = attempt.patiently(lambda: artifacts.put_bytes(place.blobs, result_table(rows).encode(), RESULT_FILE))
    refs = attempt.patiently(lambda: artifacts.put_folder(place.blobs, model_folder))
    trained_tokens = sum(row.num_tokens or 0 for row in rows)
    attempt.write(lambda c, job: _register(attempt, c, job, refs, table, trained_tokens, measured))


def _register(
    attempt: Attempt, connection: Connection, job: Job, refs: list[BlobRef], table: BlobRef, trained_tokens: int,
    measured: Sequence[Certificate],
) -> None:  # fmt: skip
    now = attempt.place.now()
    job_certificates.put(connection, job.id, measured, now)
    model = models.register(connection, job, now, job.base_model)
    blob_references.refer(connection, "model", model.id, refs, now)
    result = files.create(
        connection, job.project_id, filename=table.name, purpose="fine-tune-results", num_bytes=table.num_bytes,
        sha256=table.sha256, now=now,
    )  # fmt: skip
    ended = queue.succeed(
        connection, job.id, job.attempt, fine_tuned_model=model.name, result_file_id=result.id,
        trained_tokens=trained_tokens, now=now,
    )  # fmt: skip
    job_events.add(connection, job.id, message=f"New fine-tuned model created: {model.name}", once="created", now=now)
    job_events.add(connection, job.id, message="The job has successfully completed", once="completed", now=now)
    endings.let_go_of_inputs(connection, job)
    deliveries.enqueue_job_ended(connection, ended, "fine_tuning.job.succeeded", now)


def _stop_in_good_order(attempt: Attempt, connection: Connection, job: Job) -> None:
    """Everything is saved: the job rests where a person asked for that, and waits for another worker otherwise."""
    if attempt.pause_asked.is_set():
        endings.rest(connection, job, reason=None, now=attempt.place.now())
    else:
        queue.release(connection, job.id, job.attempt)


def _stop_without_a_word(attempt: Attempt, connection: Connection, job: Job, exit_code: int, said: str) -> None:
    place = attempt.place
    if attempt.stop.broken_off.is_set() or exit_code == ORPHANED:
        queue.release(connection, job.id, job.attempt)
        return
    code, cause = describe_end(exit_code, said, "training")
    endings.fail_attempt(connection, job, code=code, cause=cause, max_attempts=place.max_attempts, now=place.now())


def _check_whole(folder: Path, refs: Sequence[BlobRef]) -> None:
    """Raises Gone for a checkpoint that its child was deleting meanwhile: half of it would pass for the newest one."""
    try:
        promised = json.loads((folder / "manifest.json").read_bytes())["sha256"]
    except FileNotFoundError:
        raise artifacts.Gone(folder.name) from None
    there = {ref.name.rpartition("/")[2]: ref.sha256 for ref in refs}
    if "manifest.json" not in there or any(there.get(name) != sha256 for name, sha256 in promised.items()):
        raise artifacts.Gone(folder.name)


def _tokens_until(path: Path, step: int) -> int:
    if not path.is_file():
        return 0
    return sum(row.num_tokens or 0 for row in read_metrics(path) if row.step <= step)
