"""``tunesmith data fix``: the safe fixes of a training file, into another file, each listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tunesmith.data.fixes import FixReport

_PLACES_SHOWN = 3
_PROBLEMS_SHOWN = 10


def fix(
    file: Annotated[Path, typer.Argument(help="JSON lines or a JSON array.")],
    out: Annotated[Path, typer.Option(help="Where to write the mended file. FILE itself stays as it is.")],
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Leave out rows that repeat another.")
    ] = False,
    drop_bad: Annotated[bool, typer.Option("--drop-bad", help="Leave out rows that cannot be mended.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Mend what needs no guess in FILE, and say what was done. Leaves with 2 if errors remain."""
    import json

    from rich.console import Console
    from rich.progress import Progress

    from tunesmith.core.errors import UserError
    from tunesmith.data.fixes import fix_file

    if out.exists() and file.exists() and out.samefile(file):
        raise UserError(f"{out} is the file that is read, and no file is changed in place.", "name another with --out")
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists.", "name another file with --out, or add --overwrite")
    console = Console(stderr=True, highlight=False, emoji=False)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"mending {file.name}", total=1.0)
        report = fix_file(
            file, out, drops_duplicates=drop_duplicates, drops_bad=drop_bad,
            progress=lambda share: progress.update(task, completed=share),
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print_report(Console(highlight=False, emoji=False), report, out)
    if report.num_remaining:
        raise typer.Exit(UserError.exit_code)


def _print_report(console: Console, report: FixReport, out: Path) -> None:
    from rich.text import Text

    from tunesmith.data.preview import visible

    def say(text: str, style: str = "") -> None:
        console.print(Text(visible(text), style), soft_wrap=True)

    for one in report.fixes:
        first = ", ".join(f"{line}{f' ({path})' if path else ''}" for line, path in one.places[:_PLACES_SHOWN])
        more = ", …" if one.count > _PLACES_SHOWN else ""
        say(f"{one.count:>9,}  {one.what}")
        say(f"{'':>9}  line {first}{more}", "dim")
    if not report.fixes:
        say("Nothing was to be mended.")
    for problems, style in ((report.left_out, "yellow"), (report.remaining, "red")):
        for problem in problems[:_PROBLEMS_SHOWN]:
            say(f"  {problem}", style)
        if len(problems) > _PROBLEMS_SHOWN:
            say(f"  … and {len(problems) - _PROBLEMS_SHOWN:,} more; --json lists a thousand", style)
    rows = f"{report.num_rows_read:,} rows read, {report.num_rows:,} written to {out}"
    if report.num_remaining:
        say(
            f"\n✗ {rows}; {report.num_remaining:,} error{'s remain' if report.num_remaining > 1 else ' remains'}: mend them by hand, or add --drop-bad",
            "bold red",
        )
    else:
        say(f"\n✓ {rows}; no errors remain", "bold green")
