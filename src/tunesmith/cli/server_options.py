"""The options that every command against a server takes."""

from __future__ import annotations

from typing import Annotated, Final

import typer

DEFAULT_SERVER: Final = "http://127.0.0.1:8000"
KEY_VARIABLES: Final = ("TUNESMITH_API_KEY", "OPENAI_API_KEY")

Server = Annotated[
    str,
    typer.Option(
        envvar="TUNESMITH_SERVER",
        help="The server's URL. Its key is taken from TUNESMITH_API_KEY, or OPENAI_API_KEY.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the server's JSON instead.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")]
Everything = Annotated[bool, typer.Option("--all", help="All of them, page after page.")]
