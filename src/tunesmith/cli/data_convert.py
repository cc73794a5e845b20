"""What ``tunesmith data convert`` takes and prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tunesmith.data.importers.convert import Conversion, ConvertOptions, LeftOut, News, SourceSummary
    from tunesmith.data.importers.making import Counted

InputFormat = Literal[
    "chat", "reinforcement", "sharegpt", "preference", "kto", "prompt_completion", "seed_tasks", "alpaca", "dolly",
    "question_answer", "classification", "text", "table", "continue", "mail",
]  # fmt: skip
ContinueOutput = Literal["chat", "prompt_completion", "preference"]
_MOST_SOURCES: Final = 20
_MOST_PLACES: Final = 3
_MOST_NOTES: Final = 20


Sources = Annotated[list[Path], typer.Argument(metavar="IN", help="Files, archives or folders, read in order.")]
Out = Annotated[Path, typer.Option("--out", help="The JSON lines to write.")]
Format = Annotated[InputFormat | None, typer.Option(help="What the rows are; detected if not given.")]
Mapping = Annotated[
    str | None, typer.Option(help="What the columns of a table are: user=question,assistant=answer, or JSON.")
]
ListLabels = Annotated[
    bool, typer.Option("--list-labels", help="Of a classification: name all labels in a system message.")
]
Delimiter = Annotated[str | None, typer.Option(help="What parts the cells of a CSV; guessed if not given.")]
Header = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether a CSV's first row names its columns; guessed.")
]
Encoding = Annotated[str | None, typer.Option(help="The text's encoding; guessed if it is not UTF-8.")]
Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook; all that are shown if not given.")]
Fill = Annotated[list[str] | None, typer.Option(help="Fill a name left open: name=Tunesmith for {{name}}.")]
Me = Annotated[list[str] | None, typer.Option(help="Of mail: whose answers are learnt, by address or @domain.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of mail: leave out what is older than this day.")
]
WholeThreads = Annotated[bool, typer.Option("--whole-threads", help="Of mail: a row for each thread.")]
KeepLists = Annotated[bool, typer.Option("--keep-lists", help="Of mail: use mailing lists too.")]
WithSubject = Annotated[
    bool, typer.Option("--with-subject", help="Of mail: the subject stands above the first question.")
]
MinChars = Annotated[int, typer.Option(help="Of mail: leave out shorter questions and answers.")]
MaxChars = Annotated[int, typer.Option(help="Of mail: leave out longer questions and answers; nothing is cut.")]
Output = Annotated[ContinueOutput, typer.Option(help="Of Continue's data: what rows to make.")]
Refused = Annotated[
    bool, typer.Option("--refused", help="Of Continue's data: also suggestions that were refused or not decided on.")
]
Licence = Annotated[str | None, typer.Option(help="The data's licence, kept in the version.")]
FromWhere = Annotated[str | None, typer.Option(help="Where the data is from, kept in the version.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def convert(
    sources: Sources, out: Out, format: Format = None, mapping: Mapping = None, list_labels: ListLabels = False,
    delimiter: Delimiter = None, header: Header = None, encoding: Encoding = None, sheet: Sheet = None, fill: Fill = None,
    me: Me = None, since: Since = None, whole_threads: WholeThreads = False, keep_lists: KeepLists = False,
    with_subject: WithSubject = False, min_chars: MinChars = 1, max_chars: MaxChars = 50_000,
    output: Output = "chat", refused: Refused = False, licence: Licence = None, source: FromWhere = None,
    overwrite: Overwrite = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make one training file of what there is: chats, tables, mail, preferences, in any of their formats.

    Every row of OUT validates; whatever gave no row is counted, with its place and the reason. Nothing is written, and
    the exit code is 2, where no row can be made.
    """
    from tunesmith.data.importers.continue_rows import ContinueOptions
    from tunesmith.data.importers.convert import ConvertOptions
    from tunesmith.data.importers.mail.options import MailOptions
    from tunesmith.data.importers.placeholders import read_fills
    from tunesmith.data.importers.source import ReadOptions
    from tunesmith.data.importers.tables import read_delimiter

    told: list[str] = []
    mail = MailOptions(
        me=tuple(me or ()), since=since.date() if since else None, whole_threads=whole_threads, keep_lists=keep_lists,
        with_subject=with_subject, min_chars=min_chars, max_chars=max_chars, tell=told.append,
    )  # fmt: skip
    read = ReadOptions(
        format=format, mapping=mapping, encoding=encoding, sheet=sheet, mail=mail, delimiter=read_delimiter(delimiter),
        has_header=header, list_labels=list_labels, continue_dev=ContinueOptions(not refused, output),
    )  # fmt: skip
    options = ConvertOptions(read, read_fills(fill or []), overwrite, licence, source)
    _convert(sources, out, options, told, as_json=as_json)


def _convert(sources: list[Path], out: Path, options: ConvertOptions, told: list[str], *, as_json: bool) -> None:
    """What becomes of the files is shown, whether a row can be made or not. ``told`` is filled on the way."""
    from tunesmith.data.importers.convert import NothingMade
    from tunesmith.data.importers.convert import convert as convert_files

    try:
        with _news() as news:
            conversion = convert_files(sources, out, options, news)
    except NothingMade as nothing:
        _show(nothing.conversion, told, as_json=as_json)
        raise
    _show(conversion, told, as_json=as_json)


@contextmanager
def _news() -> Iterator[News]:
    """A line that tells how far it is, on a terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, emoji=False)
    if not console.is_terminal:
        yield lambda name, made, left: None
        return
    with console.status("Reading …") as status:

        def show(name: str, made: int, left: int) -> None:
            from rich.markup import escape

            status.update(escape(f"{name}: {made:,} rows made, {left:,} left out"))

        yield show


def _show(conversion: Conversion, told: list[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**conversion.as_json(), "told": told}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    for source in conversion.sources[:_MOST_SOURCES]:
        _show_source(console, source)
    if len(conversion.sources) > _MOST_SOURCES:
        _say(console, f"… and {len(conversion.sources) - _MOST_SOURCES:,} more files (all of them with --json)")
    for sentence in told:
        _say(console, sentence)
    _show_notes(console, conversion.notes)
    _show_left(console, conversion.left)
    if conversion.version:
        _show_written(console, conversion)


def _show_source(console: Console, source: SourceSummary) -> None:
    num_left = sum(source.left.values())
    _say(console, f"{source.name}: {source.format}, {source.made:,} rows made, {num_left:,} left out", "bold")
    _say(console, f"  {source.reason}", "dim")
    if source.mapping:
        from tunesmith.data.importers.mapped_source import shown_mapping

        _say(console, f"  --mapping {shown_mapping(source.mapping)}")


def _show_notes(console: Console, notes: tuple[Counted, ...]) -> None:
    for note in notes[:_MOST_NOTES]:
        rows = "" if note.count == 1 else f" ({note.count:,} times)"
        where = ":".join(str(part) for part in (note.first.file, note.first.line) if part is not None)
        style = "bold yellow" if note.rule == "encoding_guessed" else "cyan"
        _say(console, f"note {where}: {note.message}{rows}", style)
    if len(notes) > _MOST_NOTES:
        _say(console, f"… and {len(notes) - _MOST_NOTES:,} more notes (all of them with --json)")


def _show_left(console: Console, left_out: tuple[LeftOut, ...]) -> None:
    for left in left_out:
        style = "bold red" if left.severity == "error" else "yellow"
        _say(console, f"{left.count:,} left out: {left.rule}", style)
        for one in left.first[:_MOST_PLACES]:
            problem = one.as_problem()
            _say(console, f"  {problem.where()}: {problem.message}")
        _say(console, f"    → {left.first[0].hint}", "dim")
        if left.count > _MOST_PLACES:
            _say(console, f"  … and {left.count - _MOST_PLACES:,} more")


def _show_written(console: Console, conversion: Conversion) -> None:
    from tunesmith.data.versions import version_path

    out = Path(conversion.out)
    _say(console, f"{out}: {conversion.num_rows:,} {conversion.format} rows", "bold")
    _say(console, f"{version_path(out)}: what they were made of")


def _say(console: Console, text: str, style: str = "") -> None:
    """Long lines are left to the terminal; what files say cannot paint or ring."""
    from rich.text import Text

    from tunesmith.data.preview import visible

    lines = "\n".join(map(visible, text.split("\n")))
    console.print(Text(lines, style), soft_wrap=True)
