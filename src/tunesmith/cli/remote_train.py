"""``tunesmith train CONFIG.yaml --server URL`` and ``tunesmith jobs create``: files up, a job made, and followed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tunesmith.cli.follow import command, finish, follow
from tunesmith.cli.remote import NotThere, RemoteFile, RemoteJob, RemotePreview, RemoteServer, open_server
from tunesmith.cli.server_pages import JOBS, pair, print_json, size, upload, warn_of_bad_rows
from tunesmith.core.errors import UserError
from tunesmith.data.examples import FileFormat
from tunesmith.data.validate import read_dataset
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.yaml_file import load_spec

# What the wire has under a name of its own; every other key of the file travels under the file's name.
_ON_WIRE: Final = ("base_model", "training_file", "validation_file", "method")
_FILES: Final = ("training_file", "validation_file")


def train_on_server(config: Path, url: str, *, as_json: bool) -> None:
    """Check the files here, send them, make the job, follow it to its end."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    spec = load_spec(config)
    files = {name: config.resolve().parent / Path(given).expanduser() for name, given in _files(spec).items()}
    for path in files.values():
        _check(path, None if spec.file_format == "auto" else spec.file_format, console)
    with open_server(url) as server:
        check_settings(server, body_of(spec, {}))
        sent = {name: _send(server, path, console) for name, path in files.items()}
        start_and_follow(server, body_of(spec, sent), console, watch=True, as_json=as_json)


def create_job(
    url: str, model: str, training_file: str, validation_file: str | None, suffix: str | None, seed: int | None,
    settings: Sequence[str], *, watch: bool, as_json: bool,
) -> None:  # fmt: skip
    """A job from options. A FILE that lies here is sent first."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    named = {"training_file": training_file, "validation_file": validation_file}
    given: dict[str, Any] = {"model": model, "suffix": suffix, "seed": seed}
    settings_given = {name: value for name, value in given.items() if value is not None}
    settings_given |= dict(_setting(text) for text in settings)
    files = {name: text for name, text in named.items() if text is not None}
    with open_server(url) as server:
        if any(_is_here(text) for text in files.values()):
            check_settings(server, settings_given)
        body = settings_given | {name: _file_id(server, text, console) for name, text in files.items()}
        start_and_follow(server, body, console, watch=watch, as_json=as_json)


def check_settings(server: RemoteServer, body: Mapping[str, Any]) -> None:
    """Raises UserError with all that the server would refuse, before a file is sent that no job would use."""
    try:
        preview = server.post(f"{JOBS}/preview", body).read(RemotePreview)
    except NotThere:  # a server that judges the job alone
        return
    # A worker may have, or fetch, a model that is known and not on the machine of the API.
    left_to_workers = None if preview.model is None else "model_not_available"
    refused = [
        problem for problem in preview.problems
        if problem.severity == "error" and problem.path not in _FILES and problem.rule != left_to_workers
    ]  # fmt: skip
    if refused:
        params = dict.fromkeys(problem.path for problem in refused if problem.path)
        hint = f"mend {', '.join(params)}; nothing was sent" if params else "nothing was sent"
        raise UserError(" ".join(problem.message for problem in refused), hint)


def body_of(spec: FineTuneSpec, files: Mapping[str, str]) -> dict[str, Any]:
    """The job as the wire has it: what the YAML says, no default that it does not; its seed always."""
    given = spec.model_dump(include=spec.model_fields_set - set(_ON_WIRE), exclude_none=True)
    return {"model": spec.base_model, **files, **given, "seed": spec.seed}


def start_and_follow(
    server: RemoteServer, body: Mapping[str, Any], console: Console, *, watch: bool, as_json: bool
) -> None:
    answer = server.post(JOBS, body)
    job = answer.read(RemoteJob)
    console.print(f"Job {job.id} on {server.url}", style="bold", markup=False, soft_wrap=True)
    if watch:
        finish(follow(server, job.id, console), console, as_json=as_json)
    elif as_json:
        print_json(answer.raw)
    else:
        console.print(f"Watch it: {command(server, 'watch', job.id)}", markup=False, soft_wrap=True)


def _files(spec: FineTuneSpec) -> dict[str, str]:
    named = {"training_file": spec.training_file, "validation_file": spec.validation_file}
    return {name: given for name, given in named.items() if given is not None}


def _check(path: Path, form: FileFormat | None, console: Console) -> None:
    """Every bad row is named before anything is sent."""
    dataset, _ = read_dataset(path, form)
    console.print(f"{path}: {dataset.format}, {len(dataset.examples):,} examples", markup=False, soft_wrap=True)


def _send(server: RemoteServer, path: Path, console: Console) -> str:
    file = upload(server, path, "fine-tune", console).read(RemoteFile)
    console.print(f"{file.filename} is on the server: {file.id}, {size(file.bytes)}", markup=False, soft_wrap=True)
    return file.id


def _file_id(server: RemoteServer, given: str, console: Console) -> str:
    """An id as it is; a file here, sent, with a warning where no job can use it."""
    if not _is_here(given):
        return given
    path = Path(given).expanduser()
    warn_of_bad_rows(path, console)
    return _send(server, path, console)


def _is_here(given: str) -> bool:
    return not given.startswith("file-") or Path(given).expanduser().is_file()


def _setting(text: str) -> tuple[str, Any]:
    key, given = pair(text)
    try:
        found = YAML(typ="safe", pure=True).load(given)
        json.dumps(found)
    except (YAMLError, TypeError, ValueError):
        raise UserError(f"--set {text}: the value is no YAML.", "quote it if it is text") from None
    return key, found
