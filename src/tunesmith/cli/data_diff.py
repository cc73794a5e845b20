"""``tunesmith data diff`` and ``tunesmith data version``: what changed between two data files, and where one comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from tunesmith.data.row_file import RowFile
    from tunesmith.data.version_diff import Change, Diff, Link
    from tunesmith.data.versions import Version

_MOST_SHOWN: Final = 20
_MOST_IN_JSON: Final = 1_000

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The file before.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The file after.")],
    as_json: AsJson = False,
) -> None:
    """Show which rows were added, removed and changed from A to B, and by what operations B was made."""
    from tunesmith.data import version_diff
    from tunesmith.data.row_file import RowFile

    with ExitStack() as open_files:
        rows = [open_files.enter_context(RowFile(path)) for path in (before, after)]
        found = version_diff.diff(rows[0], rows[1])
        links = version_diff.between(before, after)
        changes = version_diff.changes(rows[0], rows[1], found)
        if as_json:
            typer.echo(json.dumps(_diff_json(rows, found, changes, links), ensure_ascii=False))
            return
        for line in _diff_lines(rows, found, changes, links):
            typer.echo(line)


def version(
    file: Annotated[Path, typer.Argument(help="A data file.")],
    licence: Annotated[str | None, typer.Option(help="Say under which licence the data is, such as CC-BY-4.0.")] = None,
    source: Annotated[str | None, typer.Option(help="Say where the data comes from.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what FILE was made from and how; --licence and --source are noted beside it."""
    from tunesmith.core.errors import UserError
    from tunesmith.data.version_diff import chain
    from tunesmith.data.versions import write_version

    if file.is_dir():
        raise UserError(f"{file} is a folder.", "name a file in it")
    if licence is not None or source is not None:
        write_version(file, _described(file, licence, source))
    links = list(chain(file))
    if links[0].version is None:
        links = [_unversioned(file)]
    if as_json:
        typer.echo(json.dumps({"format": 1, "chain": [link.as_json() for link in links]}, ensure_ascii=False))
        return
    for link in links:
        for line in _link_lines(link):
            typer.echo(line)


def _described(file: Path, licence: str | None, source: str | None) -> Version:
    """The file's version, or a first one, with what is said of it."""
    from dataclasses import replace

    from tunesmith.core import durable
    from tunesmith.data.row_file import RowFile
    from tunesmith.data.versions import Version, read_version

    known = read_version(file)
    if known is None:
        with RowFile(file) as rows:
            known = Version(durable.sha256_of(file), len(rows), file.stat().st_size)
    return replace(known, licence=licence or known.licence, source=source or known.source)


def _unversioned(file: Path) -> Link:
    from tunesmith.core import durable
    from tunesmith.core.errors import UserError
    from tunesmith.data.version_diff import Link

    try:
        return Link(file.name, durable.sha256_of(file), file, None)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.", "check its name and its permissions") from None


def _diff_json(rows: list[RowFile], found: Diff, changes: Iterator[Change], links: list[Link] | None) -> dict[str, Any]:
    return {
        "format": 1,
        "before": str(rows[0].path),
        "after": str(rows[1].path),
        "num_before": found.num_before,
        "num_after": found.num_after,
        "num_same": found.num_same,
        "num_moved": found.num_moved,
        "num_added": len(found.added),
        "num_removed": len(found.removed),
        "num_changed": len(found.changed),
        "added": found.added[:_MOST_IN_JSON].tolist(),
        "removed": found.removed[:_MOST_IN_JSON].tolist(),
        "changed": [change.as_json() for change in islice(changes, _MOST_IN_JSON)],
        "operations": None if links is None else [link.as_json() for link in links],
    }


def _diff_lines(rows: list[RowFile], found: Diff, changes: Iterator[Change], links: list[Link] | None) -> Iterator[str]:
    from tunesmith.data.preview import visible

    for change in islice(changes, _MOST_SHOWN):
        yield f"changed: line {change.before_line} → line {change.after_line}"
        for one in change.differences:
            yield f"    {one.path}: {visible(_quoted(one.before))} → {visible(_quoted(one.after))}"
    if len(found.changed) > _MOST_SHOWN:
        yield f"… and {len(found.changed) - _MOST_SHOWN:,} more changed rows (the first 1,000 with --json)"
    for word, lines in (("removed: lines of A", found.removed), ("added: lines of B", found.added)):
        if lines:
            rest = f" and {len(lines) - _MOST_SHOWN:,} more" if len(lines) > _MOST_SHOWN else ""
            yield f"{word} {', '.join(str(line) for line in lines[:_MOST_SHOWN])}{rest}"
    yield (
        f"{rows[0].path}: {found.num_before:,} rows → {rows[1].path}: {found.num_after:,} rows; {found.num_same:,} the "
        f"same ({found.num_moved:,} in another order), {len(found.changed):,} changed, {len(found.removed):,} removed, "
        f"{len(found.added):,} added."
    )
    if links is None:
        yield "No chain of versions leads from B to A."
        return
    for link in reversed(links):
        yield from _operation_lines(link)


def _link_lines(link: Link) -> Iterator[str]:
    known = link.version
    yield f"{link.name}  sha256 {link.sha256[:12]}" + ("" if link.path else "  (not in this folder, or changed since)")
    if known is None:
        if link.path is not None:
            yield "  no version stands beside it"
        return
    yield f"  {known.num_rows:,} rows, {known.num_bytes:,} bytes"
    yield f"  licence: {known.licence or 'not stated'}; source: {known.source or 'not stated'}"
    yield from _operation_lines(link)
    if known.parents:
        yield f"  made from {', '.join(parent.name for parent in known.parents)}"


def _operation_lines(link: Link) -> Iterator[str]:
    for operation in link.version.operations if link.version else ():
        counts = ", ".join(f"{name} {count:,}" for name, count in operation.counts.items())
        yield f"  {operation.name}: {counts or 'no counts'}"


def _quoted(text: str | None) -> str:
    return "nothing" if text is None else f"“{text}”"
