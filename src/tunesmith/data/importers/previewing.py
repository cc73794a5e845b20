"""The first rows of a file as `convert` would make them, before anybody says that it shall: what it is taken for and why,
its columns and what they are guessed to be, and each of the first pieces with the row that it gives, or why it gives none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.data.findings import path_text
from tunesmith.data.importers.checked import encoded, error_of, shape_of_row
from tunesmith.data.importers.making import Notes
from tunesmith.data.importers.reading import read_sources
from tunesmith.data.importers.rows import Left, Made, Outcome, Place
from tunesmith.data.importers.source import PlainLines, ReadOptions, Source

MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One piece of the file: the row that it gives, or why it gives none. ``record`` is a table's row as it was found."""

    place: Place
    row: dict[str, Any] | None = None
    left: Left | None = None
    record: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """``mapping`` is what was asked for, or guessed; ``is_sure`` says whether `convert` would use it, or read the columns as
    the format has them, by itself. ``holder`` is what kind of file it is; of text with delimiters, ``delimiter`` and
    ``has_header`` say how it is read. Only the first file of an archive is shown; ``num_sources`` counts those that were
    looked at."""

    format: str
    reason: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    mapping: dict[str, Any] | None
    mapping_reason: str | None
    is_sure: bool
    samples: tuple[Sample, ...]
    num_sources: int
    holder: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None


def preview(path: Path, options: ReadOptions, most: int = MOST_SHOWN) -> Preview:
    """Raises UserError where an option cannot be followed, or the file is a bomb."""
    notes, lefts = Notes(), list[Left]()
    with closing(read_sources([path], options, notes)) as found:
        for number, source in enumerate(found, 1):
            if isinstance(source, Left):
                lefts.append(source)
            else:
                return _of_source(source, most, notes, number)
    samples = tuple(Sample(left.place, left=left) for left in lefts[:most])
    reason = lefts[0].message if lefts else "nothing stands in it"
    return Preview("unknown", reason, (), (), None, None, False, samples, len(lefts))


def _of_source(source: Source, most: int, notes: Notes, num_sources: int) -> Preview:
    samples = tuple(islice((sample for outcome in source.outcomes for sample in _samples(outcome, source)), most))
    if source.columns and not any(sample.row for sample in samples):
        samples = (*samples, *(Sample(record.place, record=record.value) for record in source.first_records))[:most]
    guess = source.guessed
    guessed = guess.mapping.as_json() if guess and guess.mapping else None
    told = [note.message for note in notes.counted.values()]
    return Preview(
        format=source.format,
        reason=source.reason,
        notes=tuple(told[:20]),
        columns=source.columns,
        mapping=source.mapping or guessed,
        mapping_reason=guess.reason if guess else None,
        is_sure=source.format != "unknown" or not source.columns,
        samples=samples,
        num_sources=num_sources,
        holder=source.holder,
        delimiter=source.dialect.delimiter if source.dialect else None,
        has_header=source.dialect.has_header if source.dialect else None,
    )


def _samples(outcome: Outcome | PlainLines, source: Source) -> Iterator[Sample]:
    if isinstance(outcome, list):
        yield from (Sample(Place(source.name), row=msgspec.json.decode(line)) for line in outcome)
    elif isinstance(outcome, Left):
        yield Sample(outcome.place, left=outcome)
    else:
        yield _checked(outcome, source)


def _checked(made: Made, source: Source) -> Sample:
    """As `convert` checks what it writes."""
    format = shape_of_row(made.row, is_reinforcement=source.format == "reinforcement")
    finding = error_of(made.row, format)
    line = encoded(made.row) if finding is None else finding
    if isinstance(line, bytes):
        return Sample(made.place, row=made.row)
    where = ".".join(_parts(made.place.path, path_text(line.path))) or None
    place = Place(made.place.file, made.place.line, made.place.column, where)
    return Sample(place, left=Left(line.rule, line.message, line.hint, place, "error"), record=made.row)


def _parts(*given: str | None) -> Iterator[str]:
    return (part for part in given if part)
