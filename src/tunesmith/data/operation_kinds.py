"""Each kind of operation, run: settings and input files in, new files out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from tunesmith.data.operations import Done, Input, Output, Progress
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.split import split
from tunesmith.data.validate import read_dataset
from tunesmith.data.versions import Operation, Version
from tunesmith.specs.data_operations import Settings, SplitSettings

Run = Callable[[Any, Sequence[Input], Path, Progress], Done]


def run_split(settings: SplitSettings, inputs: Sequence[Input], folder: Path, progress: Progress) -> Done:
    source = inputs[0]
    dataset, _ = read_dataset(source.path)
    training, validation = split(dataset, settings.share, settings.seed)
    lines = source.path.read_bytes().splitlines()
    counts = {
        "rows_read": len(dataset.examples), "rows_training": len(training.examples),
        "rows_validation": len(validation.examples),
    }  # fmt: skip
    outputs = []
    for name, part in (("train", training), ("validation", validation)):
        path = folder / f"{name}.jsonl"
        written = _write_lines(path, (lines[example.line - 1] for example in part.examples))
        outputs.append(
            Output(path, f"{stem(source.name)}.{name}.jsonl", made_by("split", settings, counts, [source], written))
        )
    return Done(tuple(outputs), counts)


def _write_lines(path: Path, lines: Iterable[bytes]) -> RowWriter:
    with RowWriter(path) as out:
        for line in lines:
            out.write_line(line)
    return out


def made_by(
    name: str, settings: Settings, counts: Mapping[str, int], inputs: Sequence[Input], written: RowWriter
) -> Version:
    """Licence and source are those of the first input that says them."""
    known = [each.version for each in inputs if each.version is not None]
    done = Operation(name, settings.model_dump(mode="json"), dict(counts))
    return Version(
        written.sha256, written.num_rows, written.num_bytes, tuple(each.parent for each in inputs), (done,),
        licence=next((each.licence for each in known if each.licence), None),
        source=next((each.source for each in known if each.source), None),
    )  # fmt: skip


def stem(name: str) -> str:
    """``chats.jsonl.gz`` → ``chats``."""
    base = name.rsplit("/", 1)[-1]
    return (base.split(".", 1)[0] or "data")[:150]


RUNS: Final[Mapping[str, Run]] = {"split": cast(Run, run_split)}
