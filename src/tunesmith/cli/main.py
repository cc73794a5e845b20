"""The `tunesmith` command: its sub-commands, and the border where errors become sentences and exit codes.

Exit codes: 0 good, 1 the machine's fault, 2 the user's mistake, 130 interrupted with a checkpoint saved.
Nothing heavy is imported here; each command brings what it needs.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tunesmith import __version__
from tunesmith.cli.access import keys_app, members_app, migrate, projects_app
from tunesmith.cli.data import data_app
from tunesmith.cli.server_commands import files_app, jobs_app, models_app
from tunesmith.core.errors import MachineError, TunesmithError, UserError, is_out_of_memory

app = typer.Typer(
    help="Fine-tune language models, and prove that it helped.", no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
app.add_typer(data_app, name="data")
app.add_typer(files_app, name="files")
app.add_typer(jobs_app, name="jobs")
app.add_typer(models_app, name="models")
app.add_typer(projects_app, name="projects")
app.add_typer(members_app, name="members")
app.add_typer(keys_app, name="keys")
app.command()(migrate)


OnServer = Annotated[
    str | None,
    typer.Option("--server", help="Do it on this server, such as http://127.0.0.1:8000; key from TUNESMITH_API_KEY."),
]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"tunesmith {__version__}")
        raise typer.Exit


@app.command()
def quickstart(
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the run [default: runs/quickstart].")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint in the folder.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print report.json at the end.")] = False,
) -> None:
    """Fine-tune the embedded starter on real examples, prove that it helped, save the model and a report."""
    from tunesmith.cli.quickstart import run_quickstart

    run_quickstart(out, resume=resume, as_json=json)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="The YAML file that describes the job.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the run [default: runs/NAME].")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint in the folder.")] = False,
    server: OnServer = None,
    json: Annotated[bool, typer.Option("--json", help="Print report.json, or the server's job, at the end.")] = False,
) -> None:
    """Check the data, train, evaluate, and write a report; with --server, send it there and follow the job."""
    if server is not None:
        from tunesmith.cli.remote_train import train_on_server

        if out is not None or resume:
            raise UserError("--out and --resume are for training here.", "the server keeps what its jobs need")
        train_on_server(config, server, as_json=json)
        return
    from tunesmith.cli.local import train_from_file

    train_from_file(config, out, resume=resume, as_json=json)


@app.command()
def chat(
    model: Annotated[
        str, typer.Argument(help="A run's folder, a model's folder, starter, or a hub id; with --server, a name there.")
    ],
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Ask once, print the answer, and leave.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="A system message.")] = None,
    temperature: Annotated[float, typer.Option(help="0 always takes the likeliest token.")] = 0.0,
    top_p: Annotated[float, typer.Option(help="Sample among the tokens that hold this much probability.")] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="Longest answer in tokens.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the sampling.")] = 0,
    stop: Annotated[list[str] | None, typer.Option(help="Text that ends the answer; may be given again.")] = None,
    server: OnServer = None,
) -> None:
    """Talk to a model; answers stream."""
    from tunesmith.cli.chat_options import ChatOptions

    options = ChatOptions(model, message, system, temperature, top_p, max_tokens, seed, tuple(stop or ()))
    if server is not None:
        from tunesmith.cli.remote_chat import run_remote_chat

        run_remote_chat(options, server)
        return
    if model.startswith("ft:") and not Path(model).exists():
        from tunesmith.cli.command_name import command_name
        from tunesmith.cli.server_options import DEFAULT_SERVER

        raise UserError(
            f"{model} is a model of a server, and none is named.",
            f"{command_name()} chat {model} --server {DEFAULT_SERVER}",
        )
    from tunesmith.cli.chat import run_chat

    run_chat(options)


Home = Annotated[
    Path | None, typer.Option(help="Where everything is kept; only you may read it [default: ~/.tunesmith].")
]
Host = Annotated[str | None, typer.Option(help="The address to listen on [default: 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one [default: 8000].")]


@app.command()
def up(
    home: Home = None,
    host: Host = None,
    port: Port = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the Studio, where a person sits before a screen.")
    ] = True,
) -> None:
    """Run the platform here: API, Studio, worker and serving process, until Ctrl-C.

    Options go before TUNESMITH_ variables.
    """
    from tunesmith.cli.processes import run_up
    from tunesmith.core.settings import read_settings

    run_up(read_settings(home=home, host=host, port=port), opens_browser=browser)


@app.command()
def api(
    home: Home = None,
    host: Host = None,
    port: Port = None,
    unix_socket: Annotated[Path | None, typer.Option(help="Listen on this Unix socket instead.")] = None,
    descriptor: Annotated[
        int | None, typer.Option(help="Listen on this socket, open already, instead.", hidden=True)
    ] = None,
) -> None:
    """Run the API alone."""
    from tunesmith.cli.parts import run_api
    from tunesmith.core.settings import read_settings

    run_api(read_settings(home=home, host=host, port=port), unix_socket, descriptor)


@app.command()
def worker(home: Home = None) -> None:
    """Run a worker alone: it trains the jobs of its database, one after the other."""
    from tunesmith.cli.parts import run_worker
    from tunesmith.core.settings import read_settings

    run_worker(read_settings(home=home))


@app.command()
def serve(home: Home = None) -> None:
    """Run the serving process alone: it answers chat for the API of the same home."""
    from tunesmith.cli.parts import run_serve
    from tunesmith.core.settings import read_settings

    run_serve(read_settings(home=home))


@app.command()
def doctor(
    whole: Annotated[
        bool, typer.Option("--whole", help="Every check: more shapes, and torch.compile. Minutes.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what this machine has, and prove that the engine computes right on it. Leaves with 1 if it does not."""
    from tunesmith.cli.doctor import run_doctor

    run_doctor(whole=whole, as_json=json)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; → its exit code. The one place where exceptions become sentences."""
    try:
        app(args=list(arguments), prog_name="tunesmith")
        return 0
    except SystemExit as leaving:
        # So typer ends a command, also one that is interrupted, a command line that it cannot read, and output that
        # nobody reads any more.
        if leaving.code == 130 and _was_interrupted(leaving):  # otherwise the command chose the code, and has said why
            _complain("Interrupted.", "yellow")
        return 0 if isinstance(leaving.__context__, BrokenPipeError) else int(leaving.code or 0)
    except TunesmithError as error:
        _complain(str(error), "yellow" if error.exit_code == 130 else "red")
        return error.exit_code
    except KeyboardInterrupt:
        _complain("Interrupted.", "yellow")
        return 130
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _complain(
            "There is not enough memory.\n→ lower micro_batch_tokens, set activation_checkpointing: true, or choose a smaller base model",
            "red",
        )
        return MachineError.exit_code
    except OSError as error:
        _complain(_disk_sentence(error), "red")
        return MachineError.exit_code


def _was_interrupted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def _complain(text: str, style: str) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(text, markup=False, style=style)


def _disk_sentence(error: OSError) -> str:
    name = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return f"The disk is full: {name} could not be written.\n→ free some space, then start again with --resume"
    return f"{name}: {error.strerror or error}.\n→ check the path and its permissions"
