"""What ``tunesmith files``, ``jobs`` and ``models`` ask a server for, and print."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from tunesmith.cli.command_name import command_name
from tunesmith.cli.remote import (
    Answer,
    RemoteCheckpoint,
    RemoteEvent,
    RemoteFile,
    RemoteJob,
    RemoteModel,
    RemoteServer,
    open_server,
    segment,
)
from tunesmith.cli.rows_file import as_lines
from tunesmith.cli.tables import Column, print_table
from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.preview import visible
from tunesmith.data.validate import check_file

JOBS: Final = "fine_tuning/jobs"
_MOST_SHOWN: Final = 3
_STYLES: Final = {"succeeded": "green", "running": "cyan", "failed": "red", "cancelled": "yellow", "paused": "yellow"}


# ---- files ---------------------------------------------------------------------------------------


def show_files(url: str, purpose: str | None, most: int | None, *, as_json: bool) -> None:
    with open_server(url) as server:
        items = list(server.items("files", {"purpose": purpose} if purpose else {}, most))
    if as_json:
        print_json(items)
        return
    rows = [
        (f.id, f.filename, size(f.bytes), f.purpose, f.status, minute(f.created_at)) for f in _all(items, RemoteFile)
    ]
    columns = (
        Column("id"), Column("name", folds=True), Column("size", 1), Column("purpose", 2), Column("status", 4),
        Column("created", 3),
    )  # fmt: skip
    _print_table(columns, rows, "There is no file yet. Send one with: tunesmith files upload FILE")


def send_file(url: str, path: Path, purpose: str, *, as_json: bool) -> None:
    console = Console(stderr=True, highlight=False, emoji=False)
    if purpose == "fine-tune":
        warn_of_bad_rows(path, console)
    with open_server(url) as server:
        answer = upload(server, path, purpose, console)
    if as_json:
        print_json(answer.raw)
    else:
        file = answer.read(RemoteFile)
        _print(f"{file.id}  {file.filename}, {size(file.bytes)}, {file.status}")


def warn_of_bad_rows(path: Path, console: Console) -> None:
    """What ``tunesmith data check`` would refuse: said, and no more, as the file may be sent to be mended there."""
    report = check_file(path) if path.is_file() else None
    if report is None or not report.errors:
        return
    errors = f"{report.num_errors:,} error{'s' if report.num_errors != 1 else ''}"
    text = f"{path} has {errors} in {report.num_rows:,} rows: no job can be trained on it as it is."
    shown = [f"  {visible(str(problem))}" for problem in report.errors[:_MOST_SHOWN]]
    more = f"{command_name()} data check {shlex.quote(str(path))} shows all"
    console.print("\n".join([text, *shown, f"→ {more}"]), style="yellow", markup=False, soft_wrap=True)


def upload(server: RemoteServer, path: Path, purpose: str, console: Console) -> Answer:
    """Send it, with a bar on a terminal. A JSON array for fine-tuning goes as JSON lines, which the API asks for."""
    with as_lines(path) if purpose == "fine-tune" else nullcontext((path, path.name)) as (source, name):
        columns = (
            TextColumn("Uploading {task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        bar = Progress(
            *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal, transient=True
        )
        with bar, durable.disk_errors(source):
            task = bar.add_task(name, total=source.stat().st_size if source.exists() else None)
            return server.upload(source, name, purpose, lambda number: bar.advance(task, number))


def show_file(url: str, file_id: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        answer = server.get(f"files/{segment(file_id)}")
    if as_json:
        print_json(answer.raw)
        return
    file = answer.read(RemoteFile)
    facts = {
        "id": file.id, "name": file.filename, "size": size(file.bytes), "purpose": file.purpose,
        "status": f"{file.status} {file.status_details or ''}".strip(), "created": when(file.created_at),
    }  # fmt: skip
    if file.expires_at:
        facts["expires"] = when(file.expires_at)
    _print_facts(facts)


def fetch_file(url: str, file_id: str, out: Path | None) -> None:
    path = f"files/{segment(file_id)}/content"
    with open_server(url) as server:
        if out is None:
            server.download(path, sys.stdout.buffer.write)
            sys.stdout.buffer.flush()
            return

        def fill(temporary: Path) -> None:
            with temporary.open("wb") as file:
                server.download(path, file.write)

        durable.write_file(out, fill)


def delete_file(url: str, file_id: str, *, as_json: bool) -> None:
    _delete(url, f"files/{segment(file_id)}", as_json=as_json)


# ---- jobs ----------------------------------------------------------------------------------------


def show_jobs(url: str, most: int | None, metadata: Sequence[str], *, as_json: bool) -> None:
    asked = {f"metadata[{key}]": value for key, value in (pair(text) for text in metadata)}
    with open_server(url) as server:
        items = list(server.items(JOBS, asked, most))
    if as_json:
        print_json(items)
        return
    rows = [(j.id, state(j), j.model, minute(j.created_at), j.fine_tuned_model or "") for j in _all(items, RemoteJob)]
    columns = (
        Column("id"), Column("state"), Column("model", 2), Column("created", 3),
        Column("tuned model", 1),
    )  # fmt: skip
    _print_table(columns, rows, "There is no such job." if metadata else "There is no job yet.")


def show_job(url: str, job_id: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        answer = server.get(f"{JOBS}/{segment(job_id)}")
    if as_json:
        print_json(answer.raw)
    else:
        print_job(answer, Console(highlight=False, emoji=False))


def print_job(answer: Answer, console: Console) -> None:
    job = answer.read(RemoteJob)
    facts: dict[str, str | Text] = {
        "id": job.id,
        "state": state(job),
        "model": job.model,
        "created": when(job.created_at),
    }
    if job.waiting_reason and not job.has_ended:
        facts["it waits"] = job.waiting_reason
    if job.total_steps is not None:
        facts["steps"] = f"{job.step or 0:,} of {job.total_steps:,}"
    if job.estimated_finish and not job.has_ended:
        facts["expected to end"] = when(job.estimated_finish)
    if job.finished_at:
        facts["ended"] = when(job.finished_at)
    facts["training file"] = job.training_file
    if job.validation_file:
        facts["validation file"] = job.validation_file
    if job.trained_tokens is not None:
        facts["trained tokens"] = f"{job.trained_tokens:,}"
    if job.fine_tuned_model:
        facts["tuned model"] = job.fine_tuned_model
    if job.result_files:
        facts["metrics"] = ", ".join(job.result_files)
    if job.error and job.error.message:
        facts["reason"] = job.error.message
    _print_facts(facts, console)
    if job.resolved:
        console.print()
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for name, setting in job.resolved.items():
            table.add_row(name, Text(value(setting.value)), Text(setting.reason or "", "dim"))
        console.print(table)


def show_events(url: str, job_id: str, most: int | None, *, as_json: bool) -> None:
    with open_server(url) as server:
        items = list(server.items(f"{JOBS}/{segment(job_id)}/events", most=most))
    if as_json:
        print_json(items)
        return
    for event in reversed(_all(items, RemoteEvent)):
        _print(Text.assemble((when(event.created_at), "dim"), "  ", styled(event)))


def show_checkpoints(url: str, job_id: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        items = list(server.items(f"{JOBS}/{segment(job_id)}/checkpoints"))
    if as_json:
        print_json(items)
        return
    rows = [
        (f"{c.step_number:,}", figure(c.metrics.get("train_loss")), figure(c.metrics.get("full_valid_loss")), c.fine_tuned_model_checkpoint)
        for c in _all(items, RemoteCheckpoint)
    ]  # fmt: skip
    columns = (
        Column("step"), Column("train_loss", 1), Column("full_valid_loss", 2), Column("model")
    )  # fmt: skip
    _print_table(columns, rows, "There is no checkpoint yet.")


def move_job(url: str, job_id: str, move: Literal["cancel", "pause", "resume"], *, as_json: bool) -> None:
    with open_server(url) as server:
        answer = server.post(f"{JOBS}/{segment(job_id)}/{move}")
    if as_json:
        print_json(answer.raw)
    else:
        job = answer.read(RemoteJob)
        _print(f"{job.id} is {job.status}.")


# ---- models --------------------------------------------------------------------------------------


def show_models(url: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        items = list(server.items("models"))
    if as_json:
        print_json(items)
        return
    rows = [(m.id, m.owned_by, minute(m.created)) for m in _all(items, RemoteModel)]
    columns = (Column("model"), Column("owned by", 2), Column("created", 1))
    _print_table(columns, rows, "There is no model.")


def show_model(url: str, name: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        answer = server.get(f"models/{segment(name)}")
    if as_json:
        print_json(answer.raw)
    else:
        model = answer.read(RemoteModel)
        behind = {"alias of": model.alias_of, "base model": model.base_model}
        facts = {"model": model.id, **behind, "owned by": model.owned_by, "created": when(model.created)}
        _print_facts({name: fact for name, fact in facts.items() if fact is not None})


def delete_model(url: str, name: str, *, as_json: bool) -> None:
    _delete(url, f"models/{segment(name)}", as_json=as_json)


# ---- words and tables ----------------------------------------------------------------------------


def when(instant: int) -> str:
    """Unix seconds as this machine's time; nobody knows when a base model was made, which the wire tells by 0."""
    if instant == 0:
        return "–"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(instant))


def minute(instant: int) -> str:
    """The same, as much of it as a table has room for."""
    return when(instant).rpartition(":")[0] or "–"


def size(num_bytes: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if num_bytes < 1024:
            return f"{num_bytes:,.0f} {unit}" if unit == "bytes" else f"{num_bytes:,.1f} {unit}"
        num_bytes /= 1024  # type: ignore[assignment]
    return f"{num_bytes:,.1f} GiB"


def state(job: RemoteJob) -> Text:
    return Text(job.status, _STYLES.get(job.status, ""))


def styled(event: RemoteEvent) -> Text:
    return Text(event.message, {"warn": "yellow", "warning": "yellow", "error": "red"}.get(event.level, ""))


def figure(number: float | None) -> str:
    return "" if number is None else f"{number:.4f}"


def value(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def pair(text: str) -> tuple[str, str]:
    """``key=value``."""
    key, equals, found = text.partition("=")
    if not equals or not key:
        raise UserError(f"{text!r} is no KEY=VALUE.", "write a key, an equals sign, a value")
    return key, found


def print_json(found: Any) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


def _delete(url: str, path: str, *, as_json: bool) -> None:
    with open_server(url) as server:
        answer = server.delete(path)
    if as_json:
        print_json(answer.raw)
    else:
        _print(f"{answer.raw['id']} is deleted.")


def _all(items: Iterable[Any], shape: type[msgspec.Struct]) -> Sequence[Any]:
    return [Answer(item).read(shape) for item in items]


def _print_table(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], empty: str) -> None:
    if rows:
        print_table(columns, rows)
    else:
        _print(empty)


def _print_facts(facts: dict[str, Any], console: Console | None = None) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(Text(name, "dim"), fact if isinstance(fact, Text) else Text(str(fact)))
    (console or Console(highlight=False, emoji=False)).print(table)


def _print(text: str | Text) -> None:
    Console(highlight=False, emoji=False).print(text if isinstance(text, Text) else Text(text), soft_wrap=True)
