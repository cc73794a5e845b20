"""Each kind of operation, run: settings and input files in, new files out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

from tunesmith.data.duplicates import Cluster, find_duplicates, write_without
from tunesmith.data.duplicates import Options as DuplicateOptions
from tunesmith.data.generation import run_add_examples, run_generate_examples, run_preview_generation
from tunesmith.data.import_operations import run_convert, run_preview_import
from tunesmith.data.operation_outputs import made_from, named
from tunesmith.data.operations import ITEMS_ENCODER, MOST_ITEMS, Done, Input, Workbench, by_rows
from tunesmith.data.personal_operations import (
    run_clean,
    run_erase_person,
    run_find_person,
    run_find_personal_data,
    run_measure_recall,
)
from tunesmith.data.row_file import RowFile
from tunesmith.data.split_file import SplitOptions, split_rows, write_split
from tunesmith.data.version_diff import Diff, changes, diff
from tunesmith.specs.data_operations import CompareSettings, DeduplicateSettings, DuplicateSettings, SplitSettings

_MOST_COPIES_SHOWN: Final = 6

Run = Callable[[Any, Sequence[Input], Workbench], Done]


def run_find_duplicates(settings: DuplicateSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    items = bench.folder / "items.jsonl"
    with RowFile(source.path) as rows, items.open("wb") as out:
        found = find_duplicates(rows, _duplicate_options(settings), by_rows(bench))
        for cluster in found.clusters[:MOST_ITEMS]:
            out.write(ITEMS_ENCODER.encode(_cluster(cluster, rows)) + b"\n")
    result = {
        "num_rows": found.num_rows, "num_groups": len(found.clusters), "num_removable": len(found.removed()),
        "num_not_listed": max(0, len(found.clusters) - MOST_ITEMS),
    }  # fmt: skip
    return Done(counts={"rows_read": found.num_rows, "groups": len(found.clusters)}, items=items, result=result)


def _cluster(cluster: Cluster, rows: RowFile) -> dict[str, Any]:
    """The kept row first, then the first few of its copies."""
    shown = [(cluster.number, cluster.line, True, 1.0)]
    shown += [(copy.number, copy.line, False, copy.similarity) for copy in cluster.copies[: _MOST_COPIES_SHOWN - 1]]
    return {
        "id": cluster.id, "similarity": min(copy.similarity for copy in cluster.copies), "num_rows": 1 + len(cluster.copies),
        "is_exact": all(copy.is_exact for copy in cluster.copies),
        "rows": [
            {"line": line, "is_kept": is_kept, "similarity": alike, "row": rows.row(number)}
            for number, line, is_kept, alike in shown
        ],
    }  # fmt: skip


def run_deduplicate(settings: DeduplicateSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    options, out = _duplicate_options(settings), bench.folder / "rows.jsonl"
    with RowFile(source.path) as rows:
        found = find_duplicates(rows, options, by_rows(bench))
        version = write_without(rows, found, options, out, settings.decisions)
    counts = version.operations[0].counts
    name = settings.filename or named(source, "distinct")
    return Done((made_from(out, inputs, name),), {**counts, "rows_written": version.num_rows})


def _duplicate_options(settings: DuplicateSettings) -> DuplicateOptions:
    return DuplicateOptions(settings.threshold, settings.compared, settings.near)


def run_split(settings: SplitSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    options = SplitOptions(settings.share, settings.seed, settings.by_group, settings.stratify)
    training, validation = bench.folder / "train.jsonl", bench.folder / "validation.jsonl"
    with RowFile(source.path) as rows:
        parts = split_rows(rows, options)
        write_split(rows, parts, options, training, validation)
    outputs = tuple(made_from(path, inputs, named(source, path.stem)) for path in (training, validation))
    counts = {
        "rows_read": parts.num_rows, "rows_training": parts.num_rows - parts.num_validation,
        "rows_validation": parts.num_validation,
    }  # fmt: skip
    return Done(outputs, counts, result=parts.as_json())


def run_compare(settings: CompareSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Rows that came, went and changed, in the order of the second file."""
    before_file, after_file = inputs
    items = bench.folder / "items.jsonl"
    with RowFile(before_file.path) as before, RowFile(after_file.path) as after, items.open("wb") as out:
        found = diff(before, after)
        for item in islice(_differences(before, after, found), MOST_ITEMS):
            out.write(ITEMS_ENCODER.encode(item) + b"\n")
    result = {
        "same": found.num_same, "moved": found.num_moved, "added": len(found.added), "removed": len(found.removed),
        "changed": len(found.changed),
    }  # fmt: skip
    return Done(counts={"rows_before": found.num_before, "rows_after": found.num_after}, items=items, result=result)


def _differences(before: RowFile, after: RowFile, found: Diff) -> Iterator[dict[str, Any]]:
    for change in changes(before, after, found):
        one, other = change.before_line, change.after_line
        texts = [each.as_json() for each in change.differences]
        rows = {"row": _row_of_line(after, other), "before": _row_of_line(before, one)}
        yield {"change": "changed", "line": other, "other_line": one, **rows, "differences": texts}
    for line in found.removed:
        yield {"change": "removed", "line": None, "other_line": line, "row": None, "before": _row_of_line(before, line)}
    for line in found.added:
        yield {"change": "added", "line": line, "other_line": None, "row": _row_of_line(after, line), "before": None}


def _row_of_line(rows: RowFile, line: int) -> dict[str, Any]:
    return rows.row(bisect_left(rows.lines, line))


RUNS: Final[Mapping[str, Run]] = {
    "preview_import": cast(Run, run_preview_import),
    "convert": cast(Run, run_convert),
    "find_personal_data": cast(Run, run_find_personal_data),
    "measure_recall": cast(Run, run_measure_recall),
    "clean": cast(Run, run_clean),
    "find_duplicates": cast(Run, run_find_duplicates),
    "deduplicate": cast(Run, run_deduplicate),
    "split": cast(Run, run_split),
    "compare": cast(Run, run_compare),
    "find_person": cast(Run, run_find_person),
    "erase_person": cast(Run, run_erase_person),
    "preview_generation": cast(Run, run_preview_generation),
    "generate_examples": cast(Run, run_generate_examples),
    "add_examples": cast(Run, run_add_examples),
}
