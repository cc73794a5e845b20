"""``tunesmith data duplicates``: rows that say the same, in clusters, and the file without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tunesmith.data.duplicates import Cluster, Decisions, Duplicates
    from tunesmith.data.row_file import RowFile

_MOST_SHOWN: Final = 20
_MOST_COPIES_SHOWN: Final = 3


def duplicates(
    file: Annotated[Path, typer.Argument(metavar="IN", help="JSON lines, or a JSON array.")],
    out: Annotated[Path | None, typer.Option(help="Write the rows that stay to this file, with its version.")] = None,
    threshold: Annotated[float, typer.Option(min=0.5, max=1, help="How alike near duplicates are at least.")] = 0.8,
    compare: Annotated[
        Literal["both", "question", "answer"], typer.Option(help="Which text near duplicates share.")
    ] = "both",
    exact: Annotated[bool, typer.Option("--exact", help="Exact copies only.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Show every cluster, not the first 20.")] = False,
    decisions: Annotated[
        Path | None, typer.Option(help='JSON: {"<cluster>": "accept" or "reject"}; those rejected keep all rows.')
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file at --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find rows of IN that say the same, exactly or nearly. The first row of each cluster stays."""
    from rich.console import Console

    from tunesmith.cli.data_progress import progress_shown
    from tunesmith.data.derived import check_output
    from tunesmith.data.duplicates import Options, find_duplicates, read_decisions, write_without
    from tunesmith.data.row_file import RowFile

    chosen: Decisions = read_decisions(decisions) if decisions else {}
    if out is not None:
        check_output(out, [file], overwrite=overwrite)
    options = Options(threshold, compare, near=not exact)
    with RowFile(file) as rows:
        with progress_shown() as progress:
            found = find_duplicates(rows, options, progress)
        version = write_without(rows, found, options, out, chosen) if out else None
        if as_json:
            said = {**_as_json(rows, found, chosen), "out": str(out) if out else None}
            typer.echo(json.dumps({**said, "version": version.as_json() if version else None}, ensure_ascii=False))
            return
        console = Console(highlight=False, emoji=False)
        for line in _lines(rows, found, chosen, None if list_all else _MOST_SHOWN):
            _print(console, line)
        if version is not None:
            _print(console, f"{out}: {version.num_rows:,} rows. {file} is as it was.")


def _print(console: Console, line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


def _as_json(rows: RowFile, found: Duplicates, chosen: Decisions) -> dict[str, Any]:
    removed = found.removed(chosen)
    return {
        "format": 1,
        "file": str(rows.path),
        "num_rows": found.num_rows,
        "num_clusters": len(found.clusters),
        "num_exact": sum(copy.is_exact for copy in removed.values()),
        "num_near": sum(not copy.is_exact for copy in removed.values()),
        "clusters": [
            {**cluster.as_json(), "decision": chosen.get(cluster.id, "accept"), "differences": _differences(rows, cluster)}
            for cluster in found.clusters
        ],
    }  # fmt: skip


def _differences(rows: RowFile, cluster: Cluster) -> dict[int, list[dict[str, Any]]]:
    """By line, of the first few near copies."""
    from tunesmith.data.differences import differences

    kept = rows.row(cluster.number)
    near = [copy for copy in cluster.copies if not copy.is_exact][:_MOST_COPIES_SHOWN]
    return {copy.line: [one.as_json() for one in differences(kept, rows.row(copy.number))] for copy in near}


def _lines(rows: RowFile, found: Duplicates, chosen: Decisions, most: int | None) -> Iterator[str]:
    from tunesmith.data.preview import visible

    for cluster in found.clusters[:most]:
        decision = "rejected, all rows stay" if chosen.get(cluster.id) == "reject" else f"line {cluster.line} stays"
        yield f"cluster {cluster.id}: {1 + len(cluster.copies):,} rows, {decision}"
        yield f"    line {cluster.line}: {visible(_head(rows, cluster.number))}"
        listed = _differences(rows, cluster)
        for copy in cluster.copies[:_MOST_COPIES_SHOWN]:
            how = "an exact copy" if copy.is_exact else f"{copy.similarity:.0%} alike"
            yield f"    line {copy.line}: {how}"
            for one in listed.get(copy.line, ()):
                yield f"        {one['path']}: {visible(_quoted(one['before']))} → {visible(_quoted(one['after']))}"
        if len(cluster.copies) > _MOST_COPIES_SHOWN:
            yield f"    and {len(cluster.copies) - _MOST_COPIES_SHOWN:,} more"
    if most is not None and len(found.clusters) > most:
        yield f"… and {len(found.clusters) - most:,} more clusters (all of them with --list)"
    yield _summary(rows, found, chosen)


def _summary(rows: RowFile, found: Duplicates, chosen: Decisions) -> str:
    removed = found.removed(chosen)
    num_exact = sum(copy.is_exact for copy in removed.values())
    if not found.clusters:
        return f"{rows.path}: {found.num_rows:,} rows, no duplicates."
    return (
        f"{rows.path}: {found.num_rows:,} rows; {len(removed):,} say what an earlier one says, {num_exact:,} of them "
        f"exactly; {found.num_rows - len(removed):,} stay."
    )


def _head(rows: RowFile, number: int) -> str:
    from tunesmith.data.findings import shorten

    return shorten(rows.row(number), 160)


def _quoted(text: str | None) -> str:
    return "nothing" if text is None else f"“{text}”"
