"""What an attempt needs in its folder before its child begins: files, a tuned model to start from, a state to resume."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.versions import version_path
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.pinned import pinned
from tunesmith.store import blob_references, file_versions, job_events, resume_states
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.blobs import DamagedBlob
from tunesmith.store.jobs import START_PREFIX, Job
from tunesmith.worker import artifacts
from tunesmith.worker.attempt import Attempt
from tunesmith.worker.protocol import Order

_ADAPTER_CONFIG = "adapter_config.json"
_START, _RUN = "start", "run"


def make_order(attempt: Attempt) -> Order:
    """Fetch the job's files and say what a child shall do with them. Raises DamagedBlob, or UserError where the base
    model is no longer offered."""
    place, job = attempt.place, attempt.job
    known = place.known_models.resolve(job.base_model)
    if known is None:
        raise UserError(f"The base model {job.base_model} is not offered here any more.", "choose another one")
    refs = {ref.name: ref for ref in attempt.read(lambda c: blob_references.of(c, "job", job.id))}
    start = [replace(ref, name=name) for name, ref in refs.items() if name.startswith(START_PREFIX)]
    artifacts.fetch_all(place.blobs, start, attempt.folder)
    is_adapter = (attempt.folder / _START / _ADAPTER_CONFIG).is_file()
    training_file = _fetch_file(attempt, refs, "training_file", job.training_file_id)
    validation_file = None
    if job.validation_file_id is not None:
        validation_file = _fetch_file(attempt, refs, "validation_file", job.validation_file_id)
    return Order(
        spec=spec_of(job, training_file, validation_file).model_dump(),
        base_model=known.name,
        base_location=known.location,
        training_file=training_file,
        validation_file=validation_file,
        lease_seconds=place.lease_seconds,
        parent_pid=os.getpid(),
        num_threads=place.num_threads,
        offline=place.offline,
        base_folder=_START if start and not is_adapter else None,
        initial_adapter=_START if is_adapter else None,
        run_folder=_RUN,
    )


def spec_of(job: Job, training_file: str, validation_file: str | None) -> FineTuneSpec:
    """As asked for, with what the first attempt resolved, if there was one.

    ``compile`` stays ``auto``: a machine without a compiler goes on without, and a run that resumes keeps its own.
    """
    files = {"training_file": training_file, "validation_file": validation_file}
    spec = FineTuneSpec.model_validate({**job.spec, **files})
    if job.resolved is None:
        return spec
    return pinned(spec, job.resolved).model_copy(update={"compile": spec.compile})


def restore_newest(attempt: Attempt) -> int | None:
    """Put the newest resume state whose every byte is right into the run's folder; → its step."""
    place, job = attempt.place, attempt.job
    states = attempt.read(lambda c: resume_states.newest_first(c, job.id))
    refs = attempt.read(lambda c: [blob_references.of(c, "resume_state", state.id) for state in states])
    for state, files in zip(states, refs, strict=True):
        try:
            if not files:
                raise DamagedBlob("its files are gone")
            artifacts.fetch_all(place.blobs, files, attempt.folder / _RUN)
        except DamagedBlob as damage:
            shutil.rmtree(attempt.folder / _RUN, ignore_errors=True)
            _say_damaged(attempt, state.step_number, damage)
        else:
            return state.step_number
    return None


def _fetch_file(attempt: Attempt, refs: Mapping[str, BlobRef], name: str, file_id: str) -> str:
    """Under its file id, which messages may repeat; beside it what it is made of, where that is known."""
    ref = refs.get(name)
    if ref is None:
        raise UserError(f"The bytes of {file_id} are gone.", "upload the file again and create a new job")
    to = f"{file_id}.jsonl"
    attempt.place.blobs.fetch(ref.sha256, attempt.folder / to)
    version = attempt.read(lambda c: file_versions.of(c, [file_id])).get(file_id)
    if version is not None:
        durable.write_json(version_path(attempt.folder / to), version)
    return to


def _say_damaged(attempt: Attempt, step: int, damage: DamagedBlob) -> None:
    text = f"The saved state of step {step} is damaged and was left out: {damage.message}"
    now = attempt.place.now()
    attempt.write(lambda c, job: job_events.add(c, job.id, message=text, level="warn", now=now))
