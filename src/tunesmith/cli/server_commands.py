"""``tunesmith files``, ``jobs`` and ``models``: what a server keeps, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunesmith.cli.server_options import DEFAULT_SERVER, Everything, Json, Limit, Server

files_app = typer.Typer(help="Files on a server: upload, list, show, download, delete.", no_args_is_help=True)
jobs_app = typer.Typer(help="Fine-tuning jobs on a server: create, watch, list, stop.", no_args_is_help=True)
models_app = typer.Typer(help="Models on a server: base models, and your tuned ones.", no_args_is_help=True)

FileId = Annotated[str, typer.Argument(metavar="FILE_ID", help="Such as file-abc123.")]
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="Such as ftjob-abc123.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="Such as ft:starter:default:my-name:abc123.")]


# ---- files ---------------------------------------------------------------------------------------


@files_app.command("list")
def list_files(
    server: Server = DEFAULT_SERVER,
    purpose: Annotated[str | None, typer.Option(help="Only files of this purpose, such as fine-tune.")] = None,
    limit: Limit = 20,
    everything: Everything = False,
    json: Json = False,
) -> None:
    """The files of your project."""
    from tunesmith.cli.server_pages import show_files

    show_files(server, purpose, None if everything else limit, as_json=json)


@files_app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="JSON lines for fine-tuning; an Alpaca JSON array is sent as lines.")],
    server: Server = DEFAULT_SERVER,
    purpose: Annotated[str, typer.Option(help="What it is for.")] = "fine-tune",
    json: Json = False,
) -> None:
    """Send a file, piece by piece."""
    from tunesmith.cli.server_pages import send_file

    send_file(server, file, purpose, as_json=json)


@files_app.command("show")
def show_file(file_id: FileId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """What the server knows about a file."""
    from tunesmith.cli.server_pages import show_file

    show_file(server, file_id, as_json=json)


@files_app.command()
def download(
    file_id: FileId,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it here [default: standard output].")] = None,
    server: Server = DEFAULT_SERVER,
) -> None:
    """A file's content: examples, or a job's metrics."""
    from tunesmith.cli.server_pages import fetch_file

    fetch_file(server, file_id, out)


@files_app.command("delete")
def delete_file(file_id: FileId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Delete a file; a job that uses it is not hurt."""
    from tunesmith.cli.server_pages import delete_file

    delete_file(server, file_id, as_json=json)


# ---- jobs ----------------------------------------------------------------------------------------


@jobs_app.command("list")
def list_jobs(
    server: Server = DEFAULT_SERVER,
    limit: Limit = 20,
    everything: Everything = False,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only jobs with this metadata; may be given again.")
    ] = None,
    json: Json = False,
) -> None:
    """The jobs of your project."""
    from tunesmith.cli.server_pages import show_jobs

    show_jobs(server, None if everything else limit, tuple(metadata or ()), as_json=json)


@jobs_app.command("show")
def show_job(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """A job: its state, its settings with their reasons, its result."""
    from tunesmith.cli.server_pages import show_job

    show_job(server, job_id, as_json=json)


@jobs_app.command()
def events(
    job_id: JobId,
    server: Server = DEFAULT_SERVER,
    limit: Limit = 20,
    everything: Everything = False,
    json: Json = False,
) -> None:
    """What happened, the newest last."""
    from tunesmith.cli.server_pages import show_events

    show_events(server, job_id, None if everything else limit, as_json=json)


@jobs_app.command()
def checkpoints(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """The checkpoints of a job; each answers chat by its name."""
    from tunesmith.cli.server_pages import show_checkpoints

    show_checkpoints(server, job_id, as_json=json)


@jobs_app.command()
def create(
    model: Annotated[str, typer.Option(help="A base model of the server, or a tuned one to go on from.")],
    training_file: Annotated[str, typer.Option(metavar="FILE", help="A file's id, or a file here to upload.")],
    server: Server = DEFAULT_SERVER,
    validation_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file's id, or a file here to upload.")
    ] = None,
    suffix: Annotated[str | None, typer.Option(help="Part of the tuned model's name.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides the order of examples and the first weights.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any key of the configuration, as YAML; may be given again."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the job until it ends.")] = False,
    json: Json = False,
) -> None:
    """Start a job."""
    from tunesmith.cli.remote_train import create_job

    create_job(
        server, model, training_file, validation_file, suffix, seed, tuple(settings or ()), watch=watch, as_json=json
    )


@jobs_app.command()
def cancel(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """End a job now; its checkpoints stay."""
    from tunesmith.cli.server_pages import move_job

    move_job(server, job_id, "cancel", as_json=json)


@jobs_app.command()
def pause(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Save a checkpoint and stand still until it is resumed."""
    from tunesmith.cli.server_pages import move_job

    move_job(server, job_id, "pause", as_json=json)


@jobs_app.command()
def resume(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Go on with a paused job."""
    from tunesmith.cli.server_pages import move_job

    move_job(server, job_id, "resume", as_json=json)


@jobs_app.command()
def watch(job_id: JobId, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Follow a job until it ends: its state, its progress, its loss. Leaves with 0 if it succeeded."""
    from tunesmith.cli.follow import watch_job

    watch_job(server, job_id, as_json=json)


# ---- models --------------------------------------------------------------------------------------


@models_app.command("list")
def list_models(server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Base models, and the tuned models of your project."""
    from tunesmith.cli.server_pages import show_models

    show_models(server, as_json=json)


@models_app.command("show")
def show_model(model: ModelName, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """What the server knows about a model."""
    from tunesmith.cli.server_pages import show_model

    show_model(server, model, as_json=json)


@models_app.command("delete")
def delete_model(model: ModelName, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Delete a tuned model (owners only); the job that made it stays."""
    from tunesmith.cli.server_pages import delete_model

    delete_model(server, model, as_json=json)
