"""``tunesmith data clean``, ``canaries``, ``restore``: personal data taken out, the detectors measured, surrogates undone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

File = Annotated[Path, typer.Argument(help="JSON lines, or a JSON array.")]
Kinds = Annotated[str | None, typer.Option(help="Look for these kinds only, with commas between.")]
KeepKinds = Annotated[str | None, typer.Option(help="Leave these kinds in the data.")]
Recognizers = Annotated[
    list[str] | None,
    typer.Option("--recognizer", help="A named-entity model: the name of an entry point, or module:name."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def clean(
    file: File,
    out: Annotated[Path | None, typer.Option(help="Where the cleaned file goes.")] = None,
    policy: Annotated[
        Literal["redact", "surrogate", "drop"],
        typer.Option(help="A tag instead of the value; a value that is nobody's, always the same; or no row."),
    ] = "redact",
    kinds: Kinds = None,
    keep_kinds: KeepKinds = None,
    recognizer: Recognizers = None,
    decisions: Annotated[Path | None, typer.Option(help="What was accepted and rejected of the findings.")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="The key of the surrogates: the same key, the same surrogates. Drawn anew if not given."),
    ] = None,
    vault: Annotated[Path | None, typer.Option(help="Keep surrogates and originals here, encrypted.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")] = False,
    list_findings: Annotated[
        bool,
        typer.Option(
            "--list", help="List every finding with its id, and write nothing. With --json: one object a line."
        ),
    ] = False,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="List the values too, and the text around them.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Take personal data out of FILE: names, addresses, numbers, keys. FILE itself stays as it is."""
    from tunesmith.cli import clean_pages

    request = clean_pages.Request(
        file, policy, _split(kinds), _split(keep_kinds) or (), tuple(recognizer or ()), decisions, key_file, vault
    )
    if list_findings:
        clean_pages.show_findings(request, as_json=as_json, show_values=show_values)
    elif dry_run or out is None:
        clean_pages.show_survey(request, is_dry=dry_run, as_json=as_json)
    else:
        clean_pages.run_clean(request, out, overwrite=overwrite, as_json=as_json)


def canaries(
    file: File,
    count: Annotated[int, typer.Option(min=2, help="So many values of each kind.")] = 100,
    kinds: Kinds = None,
    recognizer: Recognizers = None,
    seed: Annotated[int, typer.Option(help="Draw the same values again.")] = 0,
    as_json: Json = False,
) -> None:
    """Plant values of people who do not exist in copies of FILE's rows, and count how many of them are found."""
    from tunesmith.cli import clean_pages

    clean_pages.show_canaries(file, count, _split(kinds), tuple(recognizer or ()), seed, as_json=as_json)


def restore(
    file: Annotated[Path | None, typer.Argument(help="A file with surrogates.")] = None,
    vault: Annotated[Path, typer.Option(help="The vault that --vault has written.")] = Path("vault.json"),
    out: Annotated[Path | None, typer.Option(help="Where the restored file goes.")] = None,
    show: Annotated[str | None, typer.Option(help="Only show what this surrogate stands for.")] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Put the originals back in the place of the surrogates in FILE, or look one up. Asks for the vault's passphrase."""
    from tunesmith.cli import clean_pages
    from tunesmith.core.errors import UserError

    if show is not None:
        clean_pages.show_original(vault, show, as_json=as_json)
    elif file is None or out is None:
        raise UserError("There is nothing to restore.", "give FILE and --out, or --show SURROGATE")
    else:
        clean_pages.run_restore(file, vault, out, overwrite=overwrite, as_json=as_json)


def _split(kinds: str | None) -> tuple[str, ...] | None:
    return None if kinds is None else tuple(kind.strip() for kind in kinds.split(",") if kind.strip())
