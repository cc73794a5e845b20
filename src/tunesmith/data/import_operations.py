"""Files of any kind into training data, as operations: the first rows seen, then the whole made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.importers import placeholders
from tunesmith.data.importers.continue_rows import ContinueOptions
from tunesmith.data.importers.convert import Conversion, ConvertOptions, News, NothingMade, convert
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.making import Counted, Notes
from tunesmith.data.importers.previewing import MOST_SHOWN, Preview, Sample, preview
from tunesmith.data.importers.source import ReadOptions
from tunesmith.data.importers.tables import read_delimiter
from tunesmith.data.operation_outputs import stem
from tunesmith.data.operations import ITEMS_ENCODER, Done, Input, Output, Progress, Workbench
from tunesmith.specs.data_operations import ConvertSettings, ImportSettings

_LOOKED_THROUGH: Final = 100
"""So many pieces of a file are looked at, for rows to show and names left open in them."""
_LOOKED_FURTHER: Final = 5_000
"""Where none of those gives a row: of mail, what is left out comes first."""
_MOST_LEFT_SHOWN: Final = 8


def run_preview_import(settings: ImportSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """The first rows; nothing is made."""
    (source,) = inputs
    told: list[str] = []
    options = _read_options(settings, inputs, told)
    seen = _with_columns(_first_rows(source, options), source, options)
    noted, fills = Notes(), _fills(settings)
    samples = [_with_fills(sample, fills, noted) for sample in seen.samples]
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for sample in _best(samples):
            out.write(ITEMS_ENCODER.encode(_sample(sample)) + b"\n")
    notes = [*seen.notes, *_without_names(noted.counted.values()), *told]
    result = {
        "format": seen.format, "reason": seen.reason, "notes": notes, "columns": list(seen.columns),
        "mapping": seen.mapping, "mapping_reason": seen.mapping_reason, "is_sure": seen.is_sure, "holder": seen.holder,
        "delimiter": seen.delimiter, "has_header": seen.has_header,
        "open_names": _open_names(noted.counted.values()),
    }  # fmt: skip
    num_rows = sum(sample.row is not None for sample in samples)
    return Done(counts={"sources_seen": seen.num_sources, "rows_seen": num_rows}, items=items, result=result)


def _first_rows(source: Input, options: ReadOptions) -> Preview:
    seen = preview(source.path, options, _LOOKED_THROUGH)
    is_cut = len(seen.samples) == _LOOKED_THROUGH
    if is_cut and all(sample.left for sample in seen.samples):
        seen = preview(source.path, options, _LOOKED_FURTHER)
    return seen


def _best(samples: Sequence[Sample]) -> list[Sample]:
    """In the file's order, and most of them rows where there are any."""
    rows = [index for index, sample in enumerate(samples) if sample.row is not None]
    others = [index for index, sample in enumerate(samples) if sample.row is None]
    num_others = max(MOST_SHOWN - len(rows), _MOST_LEFT_SHOWN)
    num_rows = MOST_SHOWN - min(num_others, len(others))
    return [samples[index] for index in sorted([*rows[:num_rows], *others[:num_others]])]


_TABLES: Final = frozenset({"delimited", "excel", "parquet", "arrow"})
_FLAT: Final = frozenset({"prompt_completion", "alpaca", "dolly", "question_answer", "classification", "text"})
"""Formats whose rows are texts under names, as a table's are."""


def _with_columns(seen: Preview, source: Input, options: ReadOptions) -> Preview:
    """Whatever a table or rows of texts are read as, a person may map their columns."""
    is_known = seen.format not in ("table", "unknown", "mail", "continue")
    if seen.columns or not is_known or not (seen.holder in _TABLES or (seen.holder != "text" and seen.format in _FLAT)):
        return seen
    table = preview(source.path, replace(options, format="table", mapping=None, list_labels=False), 1)
    return replace(seen, columns=table.columns, mapping=table.mapping, mapping_reason=table.mapping_reason)


def _with_fills(sample: Sample, fills: Mapping[str, str], noted: Notes) -> Sample:
    """As `convert` will write it; names are noted whether or not they are filled."""
    if sample.row is None:
        return sample
    placeholders.filled(sample.row, {}, noted, sample.place)
    return replace(sample, row=placeholders.filled(sample.row, fills, Notes(), sample.place))


def _sample(sample: Sample) -> dict[str, Any]:
    place = sample.place
    spots = [place.file, f"line {place.line}" if place.line is not None else None, place.path]
    left = sample.left and {"rule": sample.left.rule, "message": sample.left.message, "hint": sample.left.hint}
    where = ", ".join(spot for spot in spots if spot)
    return {"row": sample.row, "record": _plain(sample.record), "place": where, "left": left}


def _plain(record: Any) -> Any:
    """What a table held may be no value of JSON: dates, decimals."""
    return None if record is None else msgspec.json.decode(msgspec.json.encode(record, enc_hook=str))


def run_convert(settings: ConvertSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Every input in order into one file."""
    told: list[str] = []
    options = ConvertOptions(
        _read_options(settings, inputs, told), _fills(settings), licence=settings.licence, source=settings.source
    )
    out = bench.folder / "rows.jsonl"
    share = _share_of(inputs, bench.progress)
    try:
        made = convert([each.path for each in inputs], out, options, share)
    except NothingMade as nothing:
        names = ", ".join(each.name for each in inputs[:5])
        message = f"No row could be made of {names}: nothing is written."
        hint = "Change how it is read, or mend what is listed."
        raise Problems(message, _problems_of(nothing.conversion), hint) from nothing
    version = made.version
    if version is None:
        raise NothingMade(made)
    name = settings.filename or f"{stem(inputs[0].name)}.jsonl"
    version = replace(version, parents=tuple(each.parent for each in inputs))
    counts = {"rows_written": made.num_rows, "left_out": made.num_left}
    counts |= {f"left.{left.rule}": left.count for left in made.left}
    result = {
        "file_format": made.format,
        "notes": [*_without_names(made.notes)[:50], *told],
        "open_names": _open_names(made.notes),
        "sources": [
            {"name": each.name, "format": each.format, "reason": each.reason, "made": each.made}
            for each in made.sources[:100]
        ],
    }
    return Done((Output(out, name, version),), counts, _problems_of(made), result=result)


def _fills(settings: ImportSettings) -> dict[str, str]:
    return {placeholders.plain_name(name): value for name, value in settings.fill.items()}


_MOST_NAMES: Final = 100


def _open_names(notes: Iterable[Counted]) -> list[dict[str, Any]]:
    """What each is filled by, how it is written, and in how many rows."""
    found = placeholders.names_left_open(notes)[:_MOST_NAMES]
    return [
        {"name": placeholders.plain_name(written), "written": written, "num_rows": count} for written, count in found
    ]


def _without_names(notes: Iterable[Counted]) -> list[str]:
    return [note.message for note in notes if note.rule != placeholders.RULE]


def _read_options(settings: ImportSettings, inputs: Sequence[Input], told: list[str]) -> ReadOptions:
    """Files lie under numbers here; people know them by their names."""
    mail = MailOptions(
        tuple(settings.me), whole_threads=settings.whole_threads, keep_lists=settings.keep_lists, since=settings.since,
        tell=told.append,
    )  # fmt: skip
    mapping = None if settings.mapping is None else json.dumps(settings.mapping)
    # Labels are listed where columns are read.
    is_listed = settings.list_labels and settings.format == "classification"
    return ReadOptions(
        "table" if is_listed else settings.format, mapping, settings.encoding, settings.sheet, mail, delimiter=read_delimiter(settings.delimiter),
        has_header=settings.header, list_labels=settings.list_labels,
        continue_dev=ContinueOptions(not settings.refused, settings.continue_output),
        names={each.path: each.name for each in inputs},
    )  # fmt: skip


def _share_of(inputs: Sequence[Input], progress: Progress) -> News:
    """By files that are done: how large a file's rows will be, nobody knows."""
    names = [each.name for each in inputs]

    def tell(name: str, made: int, left: int) -> None:
        at = names.index(name) if name in names else 0
        progress((at + 0.5) / len(names))

    return tell


def _problems_of(made: Conversion) -> tuple[Problem, ...]:
    """The first of each reason, in turn, so that every reason is among them."""
    firsts = [[one.as_problem() for one in left.first[:50]] for left in made.left]
    return tuple(problem for turn in zip_longest(*firsts) for problem in turn if problem is not None)
