"""``tunesmith data split``: one file into a training and a validation file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from tunesmith.data.split_file import Split

_MOST_LABELS_SHOWN: Final = 20


def split(
    file: Annotated[Path, typer.Argument(metavar="IN", help="JSON lines, or a JSON array.")],
    out_train: Annotated[Path, typer.Option(help="The training file to write.")],
    out_validation: Annotated[Path, typer.Option(help="The validation file to write.")],
    share: Annotated[float, typer.Option(help="Share of the rows for validation.")] = 0.1,
    by_group: Annotated[
        str | None, typer.Option(metavar="KEY", help="Keep rows with the same value on one side: thread, author, a path.")
    ] = None,
    stratify: Annotated[
        str | None, typer.Option(metavar="KEY", help="Share of each value alike on both sides: label, or a path.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides which rows are held back.")] = 42,
    exact: Annotated[bool, typer.Option("--exact", help="Keep only exact copies together, not near ones.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Split IN into a training and a validation file. Rows that say the same stay on one side."""
    from tunesmith.core.errors import UserError
    from tunesmith.data.derived import check_output
    from tunesmith.data.row_file import RowFile
    from tunesmith.data.split_file import SplitOptions, split_rows, write_split

    for out in (out_train, out_validation):
        check_output(out, [file], overwrite=overwrite)
    if out_train.resolve() == out_validation.resolve():
        raise UserError("Both parts would be written to one file.", "give --out-train and --out-validation two names")
    options = SplitOptions(share, seed, by_group, stratify, near=not exact)
    with RowFile(file) as rows:
        done = split_rows(rows, options)
        versions = write_split(rows, done, options, out_train, out_validation)
    if as_json:
        written = {"training": versions[0].as_json(), "validation": versions[1].as_json()}
        typer.echo(json.dumps({"format": 1, **done.as_json(), "versions": written}, ensure_ascii=False))
        return
    _show(done, out_train, out_validation, by_group)


def _show(done: Split, out_train: Path, out_validation: Path, by_group: str | None) -> None:
    num_training = done.num_rows - done.num_validation
    typer.echo(f"{out_train}: {num_training:,} rows\n{out_validation}: {done.num_validation:,} rows")
    typer.echo(
        f"{done.num_groups:,} groups, none of them on both sides; {done.num_exact:,} exact copies and "
        f"{done.num_joined:,} near ones stay with what they copy."
    )
    if done.num_ungrouped:
        typer.echo(f"{done.num_ungrouped:,} rows have no {by_group}: each stands for itself.")
    if done.labels:
        typer.echo("\nlabel: share in training, in validation")
    for label, (training, validation) in list(done.labels.items())[:_MOST_LABELS_SHOWN]:
        typer.echo(f"  {label or '(none)'}: {training / num_training:.1%}, {validation / done.num_validation:.1%}")
    if len(done.labels) > _MOST_LABELS_SHOWN:
        typer.echo(f"  … and {len(done.labels) - _MOST_LABELS_SHOWN:,} more (all of them with --json)")
