"""An operation's story: fetch its files, let a child process work on them, keep what it made, all of it or nothing."""

from __future__ import annotations

import json
import logging
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from tunesmith.core import durable
from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.core.log import redacted
from tunesmith.specs.data_operations import ASKS_A_MODEL
from tunesmith.store import audit, blob_references, file_versions, operations
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.instance import surrogate_key
from tunesmith.store.operations import INDEX, INPUT_PREFIX, ITEMS, NewFile, Operation
from tunesmith.store.queue import Fenced
from tunesmith.worker.asked_model import as_text
from tunesmith.worker.attempt import OperationAttempt, forget_kept, kept_folder
from tunesmith.worker.process import describe_end, until_told
from tunesmith.worker.protocol import OperationOrder, Refusal

log = logging.getLogger(__name__)

CHILD: Final = "tunesmith.worker.data_child"
PLACE: Final = struct.Struct("<Q")
_LISTEN_SECONDS = 0.2
_OUT = "out"
_CODES: Final[Mapping[Refusal, str]] = {
    Refusal.USER: "invalid_data",
    Refusal.DIVERGED: "operation_failed",
    Refusal.MEMORY: "out_of_memory",
    Refusal.DISK_FULL: "disk_full",
    Refusal.MACHINE: "operation_failed",
}


def run_operation(attempt: OperationAttempt) -> None:
    """Do it, or write down why it cannot be done."""
    stop = attempt.stop
    with _border(attempt), attempt:
        word: Mapping[str, Any] | None = None
        with attempt.child(CHILD, _order(attempt)) as child:
            for message in until_told(child, _LISTEN_SECONDS):
                if stop.draining.is_set():  # begun anew by whoever comes next
                    child.kill()
                word = _heard(attempt, message) or word
            code, said = child.end(), child.last_line
        if word is None and stop.draining.is_set():
            attempt.write(lambda c, operation: operations.release(c, operation.id, operation.attempt))
        elif word is None:
            _ended_without_a_word(attempt, *describe_end(code, said, "data"))
        elif word["type"] == "refused":
            _refused(attempt, word)
        else:
            _keep(attempt, word)
    _forget_if_ended(attempt)


def _forget_if_ended(attempt: OperationAttempt) -> None:
    """What attempts leave for each other is of no use any more; where the database is away, it is tidied up later."""
    with suppress(DatabaseUnavailable):
        with attempt.place.database.read() as connection:
            token = operations.token_of(connection, attempt.operation.id)
        if token == operations.NO_MORE:
            forget_kept(attempt.folder.parent.parent)


def _heard(attempt: OperationAttempt, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The child's last word, if this is it."""
    if message.get("type") == "progress":
        share = float(message["share"])
        attempt.write(lambda c, operation: operations.note_progress(c, operation.id, operation.attempt, share))
        return None
    return message or None


def _order(attempt: OperationAttempt) -> OperationOrder:
    """Fetch the files; raises DamagedBlob, and UserError where one is gone."""
    place, operation = attempt.place, attempt.operation
    refs = {ref.name: ref for ref in attempt.read(lambda c: blob_references.of(c, "operation", operation.id))}
    named = attempt.read(lambda c: operations.inputs(c, operation))
    key = attempt.write(lambda c, _: surrogate_key(c, operation.project_id))
    inputs = []
    for index, (file_id, filename) in enumerate(named):
        ref = refs.get(f"{INPUT_PREFIX}{index}")
        if ref is None:
            raise UserError(f"The bytes of {file_id} are gone.", "upload the file again")
        path = f"{index}{_suffix(filename)}"
        place.blobs.fetch(ref.sha256, attempt.folder / path)
        version = attempt.read(lambda c, file_id=file_id: file_versions.of(c, [file_id])).get(file_id)  # type: ignore[misc]
        text = "" if version is None else json.dumps(version)
        inputs.append({"path": path, "name": filename, "sha256": ref.sha256, "version": text})
    return OperationOrder(
        kind=operation.kind,
        settings=operation.settings,
        inputs=inputs,
        out_folder=_OUT,
        kept_folder=os.path.relpath(kept_folder(attempt.folder.parent.parent), attempt.folder),
        surrogate_key=key,
        lease_seconds=place.lease_seconds,
        parent_pid=os.getpid(),
        num_threads=place.num_threads,
        offline=place.offline,
        asked_model=_asked_model(attempt),
    )


def _asked_model(attempt: OperationAttempt) -> str:
    operation = attempt.operation
    if operation.kind not in ASKS_A_MODEL:
        return ""
    name = operation.settings.get("model")
    return as_text(attempt.read(lambda c: attempt.place.askable_models.find(c, operation.project_id, name)))


def _suffix(filename: str) -> str:
    """Endings tell formats apart (``.jsonl.gz``); anything else of a name that somebody typed stays out of paths."""
    suffixes = Path(filename).suffixes[-2:]
    kept = "".join(suffixes)
    return kept if kept.isascii() and kept.replace(".", "").isalnum() and len(kept) <= 24 else ""


def _keep(attempt: OperationAttempt, word: Mapping[str, Any]) -> None:
    made = [_put_output(attempt, each) for each in word["outputs"]]
    items, num_items = _put_items(attempt, word["items"])

    def succeed(connection: Connection, operation: Operation) -> None:
        now = attempt.place.now()
        after = operations.succeed(
            connection, operation, counts=word["counts"], problems=word["problems"], made=made, items=items,
            num_items=num_items, result=word["result"], now=now,
        )  # fmt: skip
        for file_id in after.output_file_ids or ():
            audit.record_made(connection, after.project_id, after.member_id, file_id, after.id, after.kind, now)

    attempt.write(succeed)


def _put_output(attempt: OperationAttempt, output: Mapping[str, Any]) -> NewFile:
    path = _within(attempt.folder, output["path"])
    sha256, num_bytes = durable.sha256_of(path), path.stat().st_size
    attempt.patiently(lambda: attempt.place.blobs.put_file(path, sha256))
    return NewFile(output["name"], output["purpose"], num_bytes, sha256, output["version"])


def _put_items(attempt: OperationAttempt, path: str | None) -> tuple[list[BlobRef], int]:
    """The list, and where each of its items begins."""
    if path is None:
        return [], 0
    items = _within(attempt.folder, path)
    index, at, num_items = attempt.folder / INDEX, 0, 0
    with items.open("rb") as file, index.open("wb") as out:
        for line in file:
            out.write(PLACE.pack(at))
            at += len(line)
            num_items += 1
    refs = []
    for name, each in ((ITEMS, items), (INDEX, index)):
        ref = BlobRef(name, durable.sha256_of(each), each.stat().st_size)
        attempt.patiently(lambda each=each, ref=ref: attempt.place.blobs.put_file(each, ref.sha256))  # type: ignore[misc]
        refs.append(ref)
    return refs, num_items


def _within(folder: Path, path: str) -> Path:
    """A child that was tricked by its input may name no file but its own."""
    found = (folder / path).resolve()
    if not found.is_relative_to((folder / _OUT).resolve()) or not found.is_file():
        raise UserError("The data process named a file that it has not made.", "try again; tell us if it stays so")
    return found


# --- endings ------------------------------------------------------------------------------------------


def _refused(attempt: OperationAttempt, word: Mapping[str, Any]) -> None:
    why, message = Refusal(word["why"]), str(word["message"])
    if why is Refusal.USER:
        text = f"{message} {word['hint']}".strip()
        problems, now = word["problems"], attempt.place.now()
        attempt.write(
            lambda c, operation: operations.fail(
                c, operation.id, operation.attempt, code=_CODES[why], message=text, problems=problems, now=now
            )
        )
    else:
        cause = "There was not enough memory" if why is Refusal.MEMORY else message.rstrip(".")
        _ended_without_a_word(attempt, _CODES[why], cause)


def _ended_without_a_word(attempt: OperationAttempt, code: str, cause: str) -> None:
    limit, now = attempt.place.max_attempts, attempt.place.now()
    attempt.write(
        lambda c, operation: operations.fail_attempt(
            c, operation.id, operation.attempt, code=code, cause=cause, max_attempts=limit, now=now
        )
    )


@contextmanager
def _border(attempt: OperationAttempt) -> Iterator[None]:
    """Whatever goes wrong around an operation becomes a move of it, and never harms another one."""
    name = attempt.operation.id
    with attempt.heartbeat():
        try:
            yield
        except Fenced:
            log.info("%s is no longer this worker's", name)
        except DatabaseUnavailable:
            log.warning("%s was left where it is: the database does not answer", name)
        except Exception as error:
            if not isinstance(error, TunesmithError):
                log.exception("%s: attempt %d ended by an error", name, attempt.operation.attempt)
            with suppress(Fenced, DatabaseUnavailable):
                _end(attempt, error)


def _end(attempt: OperationAttempt, error: Exception) -> None:
    now = attempt.place.now()
    if isinstance(error, UserError):
        text = f"{error.message} {error.hint}".strip()
        attempt.write(
            lambda c, operation: operations.fail(
                c, operation.id, operation.attempt, code=_CODES[Refusal.USER], message=text, now=now
            )
        )
    elif attempt.stop.broken_off.is_set():
        attempt.write(lambda c, operation: operations.release(c, operation.id, operation.attempt))
    else:
        said = error.message if isinstance(error, TunesmithError) else redacted(f"{type(error).__name__}: {error}")
        _ended_without_a_word(attempt, "operation_failed", said.rstrip("."))
