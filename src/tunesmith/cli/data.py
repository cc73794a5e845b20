"""``tunesmith data``: what people have becomes training data: brought in, checked, mended, cleaned, split, compared."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal, NoReturn

import typer

from tunesmith.cli.data_clean import canaries, clean, restore
from tunesmith.cli.data_convert import convert
from tunesmith.cli.data_diff import diff, version
from tunesmith.cli.data_duplicates import duplicates
from tunesmith.cli.data_fix import fix
from tunesmith.cli.data_person import person_app
from tunesmith.cli.data_split import split
from tunesmith.cli.data_synthesize import synthesize
from tunesmith.data.examples import FileFormat

data_app = typer.Typer(
    help="Bring data in, check it, mend and clean it, split it, and see what of it is trained on.", no_args_is_help=True
)


@data_app.callback()
def _root() -> None:
    # Asked to end, a command leaves no more behind than after Ctrl-C.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


File = Annotated[Path, typer.Argument(help="JSON lines (chat, prompt/completion, Alpaca) or a JSON array.")]
Format = Annotated[FileFormat | None, typer.Option(help="The file's format; detected if not given.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; marks instead.")]


@data_app.command()
def check(
    file: File,
    base_model: Annotated[str | None, typer.Option(help="Count tokens as this base model does.")] = None,
    format: Format = None,
    max_seq_len: Annotated[int | None, typer.Option(min=2, help="Tell what does not fit in so many tokens.")] = None,
    method: Annotated[Literal["lora", "full"], typer.Option(help="Of the training whose cost is told.")] = "lora",
    harm_list: Annotated[
        list[Path] | None, typer.Option(help="Harmful terms of your own, beside those that are known; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    no_color: NoColor = False,
) -> None:
    """Name every bad row of FILE, and show its statistics. Leaves with 2 if there are errors."""
    from tunesmith.cli.data_pages import show_check

    show_check(file, base_model, format, max_seq_len, method, harm_list or (), as_json=as_json, no_color=no_color)


@data_app.command()
def preview(
    file: File,
    base_model: Annotated[str, typer.Option(help="Whose template and tokenizer to use.")] = "starter",
    format: Format = None,
    line: Annotated[int | None, typer.Option(min=1, help="Show the example of this line.")] = None,
    rows: Annotated[int | None, typer.Option(min=1, help="Show so many examples (3, or 1 with --line).")] = None,
    no_color: NoColor = False,
) -> None:
    """Show examples as the model sees them, with the tokens that are trained on painted."""
    from tunesmith.cli.data_pages import show_preview

    show_preview(file, base_model, format, line, rows, no_color=no_color)


data_app.command()(convert)
data_app.command()(fix)
data_app.command()(clean)
data_app.command()(canaries)
data_app.command()(restore)
data_app.add_typer(person_app, name="person")
data_app.command()(duplicates)
data_app.command()(split)
data_app.command()(synthesize)
data_app.command()(diff)
data_app.command()(version)
