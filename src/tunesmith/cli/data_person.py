"""``tunesmith data person``: the rows that speak of one person, found and erased."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

person_app = typer.Typer(help="The rows that speak of one person: find them, erase them.", no_args_is_help=True)

Who = Annotated[
    list[str], typer.Option("--who", help="A name, an e-mail address or a phone number of the person; several times.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@person_app.command()
def find(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, or JSON arrays.")], who: Who, as_json: Json = False
) -> None:
    """Name every row that speaks of the person, in every form of the name."""
    from tunesmith.cli.clean_pages import show_person

    show_person(files, who, as_json=as_json)


@person_app.command()
def erase(
    file: Annotated[Path, typer.Argument(help="JSON lines, or a JSON array.")],
    who: Who,
    out: Annotated[Path, typer.Option(help="Where the file without the person goes.")],
    erasure: Annotated[Literal["drop", "redact"], typer.Option(help="Leave the rows out, or put a tag.")] = "drop",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Write FILE again without the person. FILE itself stays as it is."""
    from tunesmith.cli.clean_pages import run_erase

    run_erase(file, who, out, erasure, overwrite=overwrite, as_json=as_json)
